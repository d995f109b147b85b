//! Stopping and continuing, from a shell on a terminal and by signals. See termios(3), pty(7).

use crate::{
    Run, shapes,
    support::{LAUNCHER, LONG, Scratch, kernel, plans, until},
};
use std::{
    fs::File,
    io::{Read, Write},
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
    time::Instant,
};

#[test]
fn a_stop_stops_the_tool_and_continue_continues_both() {
    for steps in &shapes()[2..] {
        let mut run = Run::new(steps.clone(), "echo; read line; echo got $line");
        let state = |pid: i32| kernel::process(pid).map(|p| p.state);
        let command = kernel::below(run.pid())
            .into_iter()
            .rfind(|p| p.name == "sh")
            .expect("the command")
            .pid;
        kernel::kill(run.pid(), libc::SIGTSTP);
        until("both are stopped", LONG, || {
            (state(run.pid()) == Some('T') && state(command) == Some('T')).then_some(())
        });
        kernel::kill(run.pid(), libc::SIGCONT);
        run.child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(b"it\n")
            .expect("it reads");
        assert_eq!(run.rest(), "got it\n", "{steps}");
        assert!(run.child.wait().expect("it ends").success());
    }
}

/// A terminal: our side and theirs. See pty(7).
fn terminal() -> (File, OwnedFd) {
    let (mut near, mut far) = (0, 0);
    let none = std::ptr::null_mut();
    // SAFETY: two descriptors are stored; no name, settings or size are asked for.
    let made =
        unsafe { libc::openpty(&raw mut near, &raw mut far, none, none.cast(), none.cast()) };
    assert_eq!(made, 0, "a terminal");
    // SAFETY: both are new and ours.
    unsafe { (File::from_raw_fd(near), OwnedFd::from_raw_fd(far)) }
}

/// Reads the terminal until it has shown this.
fn shown(terminal: &mut File, seen: &mut String, text: &str) {
    let deadline = Instant::now() + LONG;
    while !seen.contains(text) {
        assert!(Instant::now() < deadline, "{text:?} in {seen:?}");
        let mut poll = libc::pollfd {
            fd: terminal.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one structure of ours.
        if unsafe { libc::poll(&raw mut poll, 1, 1000) } > 0 {
            let mut bytes = [0; 4096];
            let n = terminal
                .read(&mut bytes)
                .unwrap_or_else(|e| panic!("{e}: {text:?} in {seen:?}"));
            seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
    }
}

#[test]
fn control_z_of_a_terminal_stops_and_fg_continues() {
    const SHELL: &str = r#""$0" "$1" -- /bin/sh -c 'echo ready; read line; echo got $line'
        echo stopped=$?; fg >/dev/null; echo ended=$?"#;
    for steps in shapes() {
        let scratch = Scratch::new();
        let plan = scratch.plan(&plans::plan(steps.clone()));
        let (mut near, far) = terminal();
        let end = || Stdio::from(far.try_clone().expect("a copy"));
        let mut shell = Command::new("/bin/sh");
        shell.args(["-m", "-c", SHELL, LAUNCHER]).arg(&plan);
        shell.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: two system calls between fork and exec: a session of its own with this terminal.
        unsafe {
            shell.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            })
        };
        let mut child = shell.spawn().expect("a shell");
        let mut seen = String::new();
        shown(&mut near, &mut seen, "ready");
        near.write_all(b"\x1a").expect("control-Z");
        shown(&mut near, &mut seen, "stopped=14");
        near.write_all(b"it\n").expect("a line");
        shown(&mut near, &mut seen, "got it");
        shown(&mut near, &mut seen, "ended=0");
        assert!(child.wait().expect("it ends").success(), "{steps} {seen}");
    }
}

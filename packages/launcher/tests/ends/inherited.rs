//! What the command inherits: its words, what the plan says, its three streams; nothing else of the caller.

use crate::{
    Run, shapes,
    support::{LAUNCHER, LONG, Scratch, finish, kernel, launcher, plans, sh, until},
};
use serde_json::json;
use std::{
    ffi::CStr,
    fs::File,
    io::Write,
    os::{fd::AsRawFd, unix::process::CommandExt},
    process::Command,
};

#[test]
fn nobody_but_the_command_holds_its_output_and_input() {
    for steps in shapes() {
        let mut run = Run::new(
            steps.clone(),
            "trap 'exit 3' USR1; echo; exec >&-; while :; do sleep 0.02; done",
        );
        assert_eq!(run.rest(), "", "the end of output, while it runs: {steps}");
        assert!(run.child.try_wait().expect("its state").is_none());
        kernel::kill(run.pid(), libc::SIGUSR1);
        assert_eq!(run.child.wait().expect("it ends").code(), Some(3));

        let mut run = Run::new(
            steps.clone(),
            "trap 'exit 3' USR1; exec <&-; echo; while :; do sleep 0.02; done",
        );
        // The supervisor wakes when the command is executed, and lets go then.
        until("nobody reads", LONG, || {
            let written = run.child.stdin.as_mut().expect("a pipe").write_all(b"x");
            written.is_err().then_some(())
        });
        kernel::kill(run.pid(), libc::SIGUSR1);
        assert_eq!(run.child.wait().expect("it ends").code(), Some(3));
    }
}

#[test]
fn descriptors_of_the_caller_do_not_reach_the_command() {
    let scratch = Scratch::new();
    let secret = File::open(scratch.file("secret", "secret")).expect("a file");
    let number = secret.as_raw_fd();
    let list = ["/bin/ls", "/proc/self/fd"];
    let leaking = |command: &mut Command| {
        // SAFETY: one system call between fork and exec: the descriptor becomes one that is inherited.
        unsafe {
            command.pre_exec(move || {
                libc::dup2(number, 50);
                Ok(())
            })
        };
        finish(command).ok()
    };
    let control = leaking(Command::new(list[0]).arg(list[1]));
    assert!(control.lines().any(|l| l == "50"), "{control}");
    for steps in shapes() {
        let plan = scratch.plan(&plans::plan(steps.clone()));
        let out = leaking(&mut launcher(&plan, &list));
        // ls opens the directory itself.
        assert_eq!(
            out.lines().collect::<Vec<_>>(),
            ["0", "1", "2", "3"],
            "{steps}"
        );
        let words = format!(
            "exec 9<'{}'; exec {LAUNCHER} @plan=9,keep=50 -- {}",
            plan.display(),
            list.join(" ")
        );
        let out = leaking(Command::new("/bin/sh").args(["-c", &words]));
        assert_eq!(
            out.lines().collect::<Vec<_>>(),
            ["0", "1", "2", "3", "50"],
            "{steps}"
        );
    }
}

#[test]
fn signals_ignored_or_blocked_by_the_caller_are_not_for_the_command() {
    for steps in shapes() {
        let scratch = Scratch::new();
        let plan = scratch.plan(&plans::plan(steps.clone()));
        let script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; exit 7";
        let mut command = launcher(&plan, &["/bin/sh", "-c", script]);
        // SAFETY: system calls between fork and exec, on this child's own signals.
        unsafe {
            command.pre_exec(|| {
                for signal in [libc::SIGCHLD, libc::SIGPIPE, libc::SIGXFSZ, libc::SIGTERM] {
                    libc::signal(signal, libc::SIG_IGN);
                }
                let mut set = std::mem::zeroed();
                libc::sigfillset(&raw mut set);
                libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
                Ok(())
            })
        };
        let ended = finish(&mut command);
        assert_eq!(ended.code(), Some(7), "{steps} {ended:?}");
        let masks: Vec<&str> = ended.out.split_whitespace().collect();
        assert_eq!(
            masks,
            ["SigBlk:", "0000000000000000", "SigIgn:", "0000000000000000"],
            "{steps}"
        );
    }
}

const KEY: &CStr = c"srcon-test-secret";

/// Run as a command by the test below: whether the key can be had.
#[test]
fn a_command_that_looks_for_the_key() {
    const SEARCH: i32 = 10;
    const SESSION: i32 = -3;
    if std::env::var_os("SRCON_TEST_KEY").is_some() {
        let kind = c"user".as_ptr();
        // SAFETY: two strings of ours and numbers.
        let key =
            unsafe { libc::syscall(libc::SYS_keyctl, SEARCH, SESSION, kind, KEY.as_ptr(), 0) };
        println!("the key is {}", if key > 0 { "there" } else { "not there" });
    }
}

#[test]
fn the_caller_s_keys_are_not_the_command_s() {
    let me = std::env::current_exe().expect("this test program");
    let look = [
        me.to_str().expect("UTF-8"),
        "a_command_that_looks_for_the_key",
        "--nocapture",
    ];
    let with_key = |command: &mut Command| {
        // SAFETY: strings of ours; the key lives in the session keyring of the child alone.
        unsafe {
            command.pre_exec(|| {
                libc::syscall(libc::SYS_keyctl, 1, std::ptr::null::<libc::c_char>());
                let (kind, value) = (c"user".as_ptr(), c"x".as_ptr());
                libc::syscall(libc::SYS_add_key, kind, KEY.as_ptr(), value, 1usize, -3);
                Ok(())
            })
        };
        finish(command.env("SRCON_TEST_KEY", "1")).out
    };
    let control = with_key(Command::new(look[0]).args(&look[1..]));
    if !control.contains("the key is there") {
        return; // A kernel without keys.
    }
    for steps in shapes() {
        let scratch = Scratch::new();
        let plan = scratch.plan(&plans::plan(steps.clone()));
        let out = with_key(&mut launcher(&plan, &look));
        assert!(out.contains("the key is not there"), "{steps}: {out}");
    }
}

#[test]
fn words_and_environment_arrive_unchanged() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    let scratch = Scratch::new();
    let plan = scratch.plan(&plans::plan(json!([plans::user(), plans::new(&["uts"])])));
    let odd = [
        &b"1e3"[..],
        b"-x",
        b"--",
        b"",
        b"a\nb",
        b"\xff\xfe",
        "é".as_bytes(),
    ];
    let mut command = Command::new(LAUNCHER);
    command.arg(&plan).args(["--", "/usr/bin/printf", "[%s]"]);
    command.args(odd.iter().map(|w| OsString::from_vec(w.to_vec())));
    let out = command.output().expect("it runs").stdout;
    assert_eq!(out, b"[1e3][-x][--][][a\nb][\xff\xfe][\xc3\xa9]");

    let edits = json!([{ "name": "A", "value": "1" }, { "name": "B" }, { "name": "C", "value": { "base64": "/w==" } }]);
    let plan = scratch.plan(&plans::plan(json!([{ "do": "run.env", "edits": edits }])));
    let mut command = launcher(&plan, &["/usr/bin/env"]);
    let out = command
        .env_clear()
        .env("A", "0")
        .env("B", "2")
        .env("D", "4")
        .output()
        .expect("it runs")
        .stdout;
    let mut lines: Vec<&[u8]> = out
        .split(|&b| b == b'\n')
        .filter(|l| !l.is_empty())
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, [&b"A=1"[..], b"C=\xff", b"D=4"]);
}

#[test]
fn directory_and_limits_are_the_plan_s() {
    let cwd = json!({ "do": "run.cwd", "path": "/usr/bin" });
    assert_eq!(sh(json!([cwd]), "pwd").ok(), "/usr/bin\n");
    let files = json!({ "do": "run.rlimit", "resource": "nofile", "soft": 77, "hard": 88 });
    assert_eq!(
        sh(json!([files]), "ulimit -Sn; ulimit -Hn").ok(),
        "77\n88\n"
    );
    let lost = json!({ "do": "run.cwd", "path": "/no/such/directory" });
    let ended = sh(json!([lost]), "echo executed");
    assert_eq!((ended.code(), ended.out.as_str()), (Some(125), ""));
    assert_eq!(
        ended.err,
        "srcon-launch: step 0 (run.cwd) failed: chdir /no/such/directory: No such file or directory (os error 2)\n"
    );
}

//! A filter that asks, and who answers: the listener's way out of the process, in every form that a worker
//! can have, and that nobody waits for ever. See seccomp_unotify(2), docs/seccomp-notify.md.

mod support;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use srcon_listener::{Answer, Ended, Listener, Notification, Reply, Session, handover, program};
use std::{
    fs,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::net::UnixListener,
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
    time::Duration,
};
use support::{
    LAUNCHER, LONG, Scratch, carry_out, finish, host, kernel, launcher,
    plans::{self, new, pid, root, user},
    until,
};

/// Seconds that no other test sleeps.
const SLEEP: &str = "101.25";
const NO_NEW_PRIVS: &str = "caps.no-new-privs";

/// A load of this program, with a listener.
fn load(program: &[u8], listener: Value) -> [Value; 2] {
    let load = json!({
        "do": "seccomp.load", "arch": std::env::consts::ARCH,
        "program": BASE64_STANDARD.encode(program), "listener": listener,
    });
    [json!({ "do": NO_NEW_PRIVS }), load]
}

fn uname_asks() -> Vec<u8> {
    program::only(&[libc::SYS_uname as u32])
}

/// Answers everything alike and counts.
struct Always {
    reply: Reply,
    calls: Vec<Notification>,
}

impl Answer for Always {
    fn answer(&mut self, _: &Listener, call: &Notification) -> Reply {
        self.calls.push(*call);
        self.reply
    }
}

fn always(reply: Reply) -> (Session<Always>, OwnedFd) {
    let calls = Vec::new();
    Session::start(Always { reply, calls }).expect("a session")
}

/// Has `command` inherit this descriptor as 3.
fn give(command: &mut Command, fd: &OwnedFd) {
    let fd = fd.as_raw_fd();
    // SAFETY: dup2 is async-signal-safe, and so is fcntl.
    unsafe {
        command.pre_exec(move || {
            if fd == 3 {
                libc::fcntl(3, libc::F_SETFD, 0);
            } else {
                libc::dup2(fd, 3);
            }
            Ok(())
        });
    }
}

/// Carries the steps out under a session; what the command said, and how the session ended.
#[track_caller]
fn under(
    reply: Reply,
    before: &[Value],
    program: &[u8],
    command: &[&str],
) -> (support::Ended, Ended<Always>) {
    let (session, far) = always(reply);
    let scratch = Scratch::new();
    let steps = plans::steps(&[before, &load(program, json!({ "descriptor": 3 }))]);
    let plan = scratch.plan(&plans::plan(steps));
    let mut start = launcher(&plan, command);
    give(&mut start, &far);
    let ended = finish(&mut start);
    drop(far);
    (ended, session.end().expect("its thread ended well"))
}

/// Root's forms of a worker: alone; below a supervisor (a vfork); born as pid 1; below an init; and in
/// namespaces of its own. The last two are an ordinary user's too.
fn forms() -> Vec<(&'static str, Vec<Value>)> {
    let mut forms: Vec<(&str, Vec<Value>)> = vec![("alone", vec![])];
    if host::privileged() {
        forms.push(("pid 1", vec![pid(false)]));
        forms.push(("below an init", vec![pid(true)]));
        let nested = vec![pid(true), pid(true)];
        forms.push(("below two", nested));
    }
    forms.push(("a user namespace", vec![user(), new(&["mnt", "uts"])]));
    let mut all = vec![user(), new(&["mnt", "uts", "ipc"]), pid(true)];
    all.extend(root());
    forms.push(("a container", all));
    forms
}

#[test]
fn asks_and_is_answered_in_every_form() {
    for (name, before) in forms() {
        let (ended, session) = under(Reply::Errno(7), &before, &uname_asks(), &["uname"]);
        assert!(
            ended.err.contains("too long"),
            "{name}: E2BIG is said by uname: {ended:?}"
        );
        assert_eq!(ended.code(), Some(1), "{name}: {ended:?}");
        assert!(session.served, "{name}");
        assert_eq!(session.error, None, "{name}");
        assert!(!session.answer.calls.is_empty(), "{name}");
        for call in session.answer.calls {
            assert_eq!(i64::from(call.nr), libc::SYS_uname, "{name}");
            assert!(call.tid > 1, "{name}: seen from outside");
        }
        let (ended, _) = under(Reply::Continue, &before, &uname_asks(), &["uname"]);
        assert_eq!(ended.ok(), "Linux\n", "{name}: the control");
    }
}

/// Every call asks, from the load on, those of the launcher itself too.
#[test]
fn everything_may_ask() {
    for (name, before) in forms() {
        let (ended, session) = under(
            Reply::Continue,
            &before,
            &program::all(),
            &["sh", "-c", "echo a | cat"],
        );
        assert_eq!(ended.ok(), "a\n", "{name}");
        let numbers: Vec<i64> = session
            .answer
            .calls
            .iter()
            .map(|c| i64::from(c.nr))
            .collect();
        for call in [
            libc::SYS_execve,
            libc::SYS_read,
            libc::SYS_write,
            libc::SYS_wait4,
        ] {
            assert!(numbers.contains(&call), "{name}: {call}");
        }
        assert!(
            !numbers.contains(&libc::SYS_exit_group),
            "{name}: nobody needs to ask to end"
        );
    }
}

/// No thread, no child, no zombie, no descriptor of the hand-over is the command's.
#[test]
fn the_command_finds_nothing_of_it() {
    // Looked up by the shell itself, whatever proc it sees.
    let script = "set -- /proc/self/fd/*; echo $#; set -- /proc/self/task/*; echo $#; read x </proc/thread-self/children; echo \"[$x]\"";
    for (name, before) in forms() {
        let control = carry_out(plans::steps(&[&before]), &["sh", "-c", script]);
        let (ended, _) = under(
            Reply::Continue,
            &before,
            &program::all(),
            &["sh", "-c", script],
        );
        assert_eq!(ended.out, control.out, "{name}: {ended:?}");
        assert_eq!(control.out, "4\n1\n[]\n", "{name}: {control:?}");
    }
}

#[test]
fn a_listener_that_goes_away_leaves_nobody_waiting() {
    let (session, far) = always(Reply::Continue);
    let scratch = Scratch::new();
    let steps = plans::steps(&[&load(&program::all(), json!({ "descriptor": 3 }))]);
    let mut start = launcher(
        &scratch.plan(&plans::plan(steps)),
        &["sh", "-c", "echo up; read x; echo no"],
    );
    give(&mut start, &far);
    let mut child = start
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the launcher");
    drop(far);
    let mut up = [0; 3];
    std::io::Read::read_exact(child.stdout.as_mut().expect("a pipe"), &mut up).expect("it runs");
    session.stop();
    assert!(session.end().expect("ended").served);
    drop(child.stdin.take());
    let status = child.wait().expect("it ends: exit needs no answer");
    assert!(!status.success(), "its calls are ENOSYS: {status:?}");
}

/// Whoever was to take it is gone, or was never there: the start fails and says so.
#[test]
fn nobody_there() {
    let scratch = Scratch::new();
    let touched = scratch.path().join("touched");
    let touch = ["touch", touched.to_str().expect("a path")];
    for (name, before) in forms() {
        let path = scratch.path().join("nobody.sock");
        let steps = plans::steps(&[&before, &load(&program::all(), json!({ "path": path }))]);
        let ended = carry_out(steps, &touch);
        assert_eq!(ended.code(), Some(125), "{name}: {ended:?}");
        assert!(
            ended.err.contains("connect") && ended.err.contains("nobody.sock"),
            "{name}: {ended:?}"
        );
        let (near, far) = handover::pair().expect("two ends");
        drop(near);
        let steps = plans::steps(&[&before, &load(&program::all(), json!({ "descriptor": 3 }))]);
        let plan = scratch.plan(&plans::plan(steps));
        let mut start = launcher(&plan, &touch);
        give(&mut start, &far);
        let ended = finish(&mut start);
        assert_eq!(ended.code(), Some(125), "{name}: {ended:?}");
        assert!(
            ended.err.contains("sendmsg") && ended.err.contains("gone"),
            "{name}: {ended:?}"
        );
    }
    assert!(!touched.exists(), "nothing was executed");
}

/// OCI's `listenerPath`: one message, the state of the process as JSON, the descriptor beside it.
#[test]
fn a_socket_by_its_path() {
    for (name, before) in forms() {
        let scratch = Scratch::new();
        let path = scratch.path().join("agent.sock");
        let agent = UnixListener::bind(&path).expect("a socket");
        let listener = json!({ "path": path, "metadata": "job 7" });
        let steps = plans::steps(&[&before, &load(&uname_asks(), listener)]);
        let plan = scratch.plan(&plans::plan(steps));
        let agent = std::thread::spawn(move || {
            let (socket, _) = agent.accept().expect("the launcher");
            let (never, _stop) = std::io::pipe().expect("a pipe");
            let (fd, message) = handover::receive(socket.as_fd(), never.as_fd())
                .expect("a message")
                .expect("a listener");
            let listener = Listener::from(fd);
            let call = listener.receive().expect("a call").expect("still there");
            let exe = fs::read_link(format!("/proc/{}/exe", call.tid)).expect("its program");
            listener.reply(call.id, Reply::Errno(7)).expect("answered");
            let state: Value = serde_json::from_slice(&message).expect("JSON");
            (state, call, exe)
        });
        let ended = finish(&mut launcher(&plan, &["uname"]));
        assert!(ended.err.contains("too long"), "{name}: {ended:?}");
        let (state, call, exe) = agent.join().expect("answered");
        assert!(
            exe.ends_with("uname") || exe.ends_with("coreutils"),
            "{name}: {exe:?}"
        );
        assert_eq!(state["fds"], json!(["seccompFd"]), "{name}");
        assert_eq!(state["metadata"], "job 7", "{name}");
        assert_eq!(state["state"]["status"], "creating", "{name}");
        assert_eq!(
            state["pid"], call.tid,
            "{name}: the command's pid as we see it"
        );
        assert_eq!(state["state"]["pid"], call.tid, "{name}");
        let here = std::env::current_dir().expect("a directory");
        assert_eq!(state["state"]["bundle"], json!(here), "{name}");
    }
}

/// The kernel has one listener a process.
#[test]
fn a_second_listener_is_refused() {
    let (session, far) = always(Reply::Continue);
    let (other, far_other) = always(Reply::Continue);
    let scratch = Scratch::new();
    let first = load(&uname_asks(), json!({ "descriptor": 3 }));
    let second = load(&uname_asks(), json!({ "path": "/nowhere" }));
    let plan = scratch.plan(&plans::plan(plans::steps(&[&first, &second])));
    let mut start = launcher(&plan, &["true"]);
    give(&mut start, &far);
    let ended = finish(&mut start);
    drop((far, far_other));
    assert_eq!(ended.code(), Some(125), "{ended:?}");
    assert!(
        ended.err.contains("seccomp") && ended.err.contains("busy"),
        "{ended:?}"
    );
    assert!(session.end().expect("ended").served);
    assert!(
        !other.end().expect("ended").served,
        "its end of the socket just closed"
    );
}

/// kill -9 of the launcher's process at any moment of the hand-over: the session ends, nobody is left.
#[test]
fn killed_at_any_moment() {
    // SAFETY: a number is set.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    let scratch = Scratch::new();
    for (name, before) in forms() {
        let steps = plans::steps(&[&before, &load(&program::all(), json!({ "descriptor": 3 }))]);
        let plan = scratch.plan(&plans::plan(steps));
        for round in 0..20_u32 {
            let (session, far) = always(Reply::Continue);
            let mut start = Command::new(LAUNCHER);
            start.arg(&plan).args(["--", "sleep", SLEEP]);
            give(&mut start, &far);
            let mut child = start
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the launcher");
            drop(far);
            std::thread::sleep(Duration::from_micros(u64::from(round) * 150));
            child.kill().expect("killed");
            child.wait().expect("ended");
            drop(session.end().expect("it ends by itself"));
        }
        let plan = plan.to_string_lossy().into_owned();
        until(&format!("{name}: no process is left"), LONG, || {
            let left = kernel::below(std::process::id() as i32)
                .into_iter()
                .any(|p| {
                    let words = fs::read_to_string(format!("/proc/{}/cmdline", p.pid));
                    let words = words.unwrap_or_default();
                    p.state != 'Z' && (words.contains(&plan) || words.contains(SLEEP))
                });
            (!left).then_some(())
        });
    }
}

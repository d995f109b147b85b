//! How a run ends and what reaches the command: codes, signals, the terminal, the clock; and that the
//! command inherits nothing but what it should. See docs/launcher.md.

mod support;

use serde_json::{Value, json};
use std::{
    ffi::CStr,
    fs::File,
    io::{Read, Write},
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use support::{
    LAUNCHER, LONG, Scratch, carry_out, finish, kernel, launcher,
    plans::{self, new, pid, user},
    sh, until,
};

/// The shapes of a run: in place, with a keeper beside it, supervised, with an init.
fn shapes() -> [Value; 4] {
    [
        json!([]),
        json!([user()]),
        json!([user(), pid(false)]),
        json!([user(), pid(true)]),
    ]
}

/// A started launcher whose command has said that it is there.
struct Run {
    child: Child,
    _scratch: Scratch,
}

impl Run {
    fn new(steps: Value, script: &str) -> Self {
        let scratch = Scratch::new();
        let plan = scratch.plan(&plans::plan(steps));
        let mut child = launcher(&plan, &["/bin/sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut byte = [0];
        child
            .stdout
            .as_mut()
            .expect("a pipe")
            .read_exact(&mut byte)
            .expect("a line");
        Self {
            child,
            _scratch: scratch,
        }
    }

    fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    fn rest(&mut self) -> String {
        let mut text = String::new();
        self.child
            .stdout
            .as_mut()
            .expect("a pipe")
            .read_to_string(&mut text)
            .expect("text");
        text
    }
}

#[test]
fn the_code_is_the_command_s() {
    for steps in shapes() {
        for code in [0, 1, 7, 125, 255] {
            let ended = sh(steps.clone(), &format!("exit {code}"));
            assert_eq!(
                (ended.code(), ended.err.as_str()),
                (Some(code), ""),
                "{steps}"
            );
        }
    }
}

#[test]
fn the_signal_is_the_command_s_and_there_is_no_core_of_ours() {
    let signals = [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGKILL,
        libc::SIGSEGV,
        libc::SIGPIPE,
        libc::SIGTERM,
        libc::SIGUSR1,
        40,
    ];
    for (at, steps) in shapes().into_iter().enumerate() {
        for signal in signals {
            // A pid 1 takes none of these from itself: its child does, and an exit code remains.
            let ended = match at {
                2 => sh(
                    steps.clone(),
                    &format!("sh -c 'ulimit -c 0; kill -{signal} $$'; exit 9"),
                ),
                _ => sh(steps.clone(), &format!("ulimit -c 0; kill -{signal} $$")),
            };
            let expected = if at == 2 {
                (Some(9), None)
            } else {
                (None, Some(signal))
            };
            assert_eq!(
                (ended.code(), ended.signal()),
                expected,
                "{steps} {ended:?}"
            );
            assert!(!ended.status.core_dumped(), "{ended:?}");
        }
    }
}

#[test]
fn a_command_that_cannot_be_executed() {
    let scratch = Scratch::new();
    let plain = scratch.file("plain", "no program");
    let orphan = scratch.file("orphan", "#!/nonexistent/interpreter\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&orphan, mode).expect("a program");
    for steps in shapes() {
        let said = |file: &str, code: i32, words: &[&str]| {
            let ended = carry_out(steps.clone(), &[file]);
            assert_eq!(
                (ended.code(), ended.out.as_str()),
                (Some(code), ""),
                "{ended:?}"
            );
            assert!(
                ended.err.starts_with("srcon-launch: cannot execute "),
                "{ended:?}"
            );
            assert!(
                words.iter().all(|w| ended.err.contains(w)),
                "{words:?} in {ended:?}"
            );
        };
        said(
            "srcon-no-such-command",
            127,
            &["srcon-no-such-command", "No such file"],
        );
        said(
            "/no/such/command",
            127,
            &["/no/such/command", "No such file"],
        );
        said(plain.to_str().expect("UTF-8"), 126, &["plain", "denied"]);
        said("/", 126, &["denied"]);
        said(
            orphan.to_str().expect("UTF-8"),
            126,
            &["orphan", "interpreter or loader is missing"],
        );
    }
}

#[test]
fn signals_sent_to_the_tool_reach_the_command() {
    for steps in shapes() {
        for name in ["TERM", "HUP", "USR1", "INT", "WINCH"] {
            let script =
                format!("trap 'echo {name}; exit 5' {name}; echo; while :; do sleep 0.02; done");
            let mut run = Run::new(steps.clone(), &script);
            let number = match name {
                "TERM" => libc::SIGTERM,
                "HUP" => libc::SIGHUP,
                "USR1" => libc::SIGUSR1,
                "INT" => libc::SIGINT,
                _ => libc::SIGWINCH,
            };
            kernel::kill(run.pid(), number);
            assert_eq!(run.rest(), format!("{name}\n"), "{steps}");
            assert_eq!(
                run.child.wait().expect("it ends").code(),
                Some(5),
                "{steps}"
            );
        }
    }
}

#[test]
fn a_command_without_handlers_ends_below_an_init() {
    let mut run = Run::new(json!([user(), pid(true)]), "echo; exec sleep 1000");
    kernel::kill(run.pid(), libc::SIGTERM);
    assert_eq!(
        run.child.wait().expect("it ends").signal(),
        Some(libc::SIGTERM)
    );
}

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
        let written = run.child.stdin.as_mut().expect("a pipe").write_all(b"x");
        assert!(written.is_err(), "nobody reads: {steps}");
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

#[test]
fn the_time_limit_ends_first_with_term_then_with_kill() {
    let limit = json!({ "do": "run.time-limit", "wallMs": 150, "graceMs": 150 });
    for init in [true, false] {
        let steps = json!([user(), pid(init), limit]);
        let start = Instant::now();
        let ended = sh(
            steps.clone(),
            "trap 'echo term' TERM; while :; do sleep 0.02; done",
        );
        let took = start.elapsed();
        assert_eq!(
            (ended.out.as_str(), ended.signal()),
            ("term\n", Some(libc::SIGKILL)),
            "{ended:?}"
        );
        assert!(
            took >= Duration::from_millis(300) && took < LONG / 2,
            "{took:?}"
        );
        let ended = sh(
            steps.clone(),
            "trap 'exit 4' TERM; while :; do sleep 0.02; done",
        );
        assert_eq!(ended.code(), Some(4), "{ended:?}");
        // Well within the limit it changes nothing.
        let long = json!([user(), pid(init), { "do": "run.time-limit", "wallMs": 1_u64 << 40 }]);
        assert_eq!(sh(long, "exit 6").code(), Some(6));
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
    let plan = scratch.plan(&plans::plan(json!([user(), new(&["uts"])])));
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

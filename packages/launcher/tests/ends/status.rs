//! Codes and signals: those of the command, those sent to the tool, those of the clock.

use crate::{
    Run, shapes,
    support::{
        LONG, Scratch, carry_out, kernel,
        plans::{pid, user},
        sh,
    },
};
use serde_json::json;
use std::{
    os::unix::process::ExitStatusExt,
    time::{Duration, Instant},
};

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

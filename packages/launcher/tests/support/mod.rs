//! What the tests of the launcher share: a directory that goes away, the launcher as a black box, and
//! the state of the kernel that they look at. See proc(5).

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod groups;
pub mod host;
pub mod kernel;
pub mod plans;

use serde_json::Value;
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread::sleep,
    time::{Duration, Instant},
};

/// The launcher as cargo has built it for this test.
pub const LAUNCHER: &str = env!("CARGO_BIN_EXE_srcon-launch");
/// What no healthy start takes.
pub const LONG: Duration = Duration::from_secs(20);

/// A directory of this test's own, removed with what is in it.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "srcon-launcher-test-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a directory for the test");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file for the test");
        path
    }

    /// A plan in it.
    pub fn plan(&self, plan: &Value) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}.plan.json", COUNT.fetch_add(1, Relaxed));
        self.file(&name, plan.to_string())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a launcher ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Its output, where all went well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code(), Some(0), "{self:?}");
        self.out
    }
}

/// The launcher with a plan and a command, not yet started.
pub fn launcher(plan: &Path, command: &[&str]) -> Command {
    let mut launcher = Command::new(LAUNCHER);
    launcher.arg(plan).arg("--").args(command);
    launcher
}

/// Carries out steps and a command and waits for the end.
#[track_caller]
pub fn carry_out(steps: Value, command: &[&str]) -> Ended {
    let scratch = Scratch::new();
    let plan = scratch.plan(&plans::plan(steps));
    finish(&mut launcher(&plan, command))
}

/// Carries out steps and a script of sh.
#[track_caller]
pub fn sh(steps: Value, script: &str) -> Ended {
    carry_out(steps, &["/bin/sh", "-c", script])
}

/// Runs a command to its end, but no longer than [`LONG`].
#[track_caller]
pub fn finish(command: &mut Command) -> Ended {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the launcher starts");
    end_of(child)
}

/// Waits for a child whose output is piped.
#[track_caller]
pub fn end_of(child: Child) -> Ended {
    let pid = child.id();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || send.send(child.wait_with_output()));
    match receive.recv_timeout(LONG) {
        Ok(output) => {
            let output = output.expect("its output");
            Ended {
                status: output.status,
                out: String::from_utf8_lossy(&output.stdout).into_owned(),
                err: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        }
        Err(_) => {
            kernel::kill(pid as i32, libc::SIGKILL);
            panic!("process {pid} did not end in {LONG:?}");
        }
    }
}

/// Waits until the kernel shows what is expected, as the exception to waiting for an event: nobody
/// tells when a zombie of another process is gone.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not in {limit:?}: {what}");
        sleep(Duration::from_micros(500));
    }
}

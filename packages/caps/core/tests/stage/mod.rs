//! A stage for steps: a child process that plays the launcher's worker. What it saw comes back as
//! text.

use srcon_step::{Descriptors, Failure, Launch, Plan};
use std::{
    fs::File,
    io::{Read, Write},
    os::fd::{BorrowedFd, OwnedFd},
};

/// Plays a plan of these steps after `before` and returns the `Cap…`, id and no_new_privs lines of
/// its status afterwards as `key=value` words, or `Err` of the step that failed.
pub fn play(before: fn(), steps: &str) -> Result<String, String> {
    let text = format!("{{\"version\":1,\"steps\":{steps}}}");
    let plan = Plan::parse(text.as_bytes(), &[caps_core::KINDS])
        .map_err(|r| format!("refused: {}", r.what))?;
    let (from, to) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    // SAFETY: the child ends by _exit and uses only what glibc makes safe after a fork.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        before();
        let text = act(&plan).unwrap_or_else(|f| format!("failed {f}"));
        let _ = File::from(to).write_all(text.as_bytes());
        // SAFETY: ends the child without the test harness's exit handlers.
        unsafe { libc::_exit(0) };
    }
    drop(to);
    let mut said = String::new();
    File::from(from).read_to_string(&mut said).unwrap();
    let mut status = 0;
    // SAFETY: `status` is a valid int.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } != child {}
    match said.strip_prefix("failed ") {
        Some(failure) => Err(failure.to_owned()),
        None => Ok(said),
    }
}

/// One value of what [`play`] returned.
pub fn value(seen: &str, key: &str) -> String {
    let found = seen
        .split(' ')
        .find_map(|w| w.strip_prefix(key)?.strip_prefix('='));
    found.unwrap_or_default().to_owned()
}

/// The same as a set.
pub fn bits(seen: &str, key: &str) -> u64 {
    u64::from_str_radix(&value(seen, key), 16).unwrap()
}

pub fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn act(plan: &Plan) -> Result<String, Failure> {
    let mut worker = Worker(Descriptors::default());
    for step in &plan.steps {
        step.act(&mut worker)?;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = |l: &str| {
        let (key, value) = l.split_once(':')?;
        let value = value.split_whitespace().collect::<Vec<_>>().join(",");
        Some(format!("{key}={value}"))
    };
    Ok(status
        .lines()
        .filter_map(line)
        .collect::<Vec<_>>()
        .join(" "))
}

struct Worker(Descriptors);

impl Launch for Worker {
    fn proc(&self) -> BorrowedFd<'_> {
        unreachable!("no step of caps looks at proc")
    }
    fn outside(&mut self, _send: &[BorrowedFd<'_>]) -> Result<Vec<OwnedFd>, Failure> {
        unreachable!("no step of caps needs the keeper")
    }
    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.0
    }
    fn owns_mounts(&self) -> bool {
        false
    }
    fn enter_pid_namespace(&mut self, _init: bool) -> Result<(), Failure> {
        unreachable!()
    }
    fn credentials_changed(&mut self) {}
    fn set_env(&mut self, _name: &[u8], _value: Option<&[u8]>) {}
}

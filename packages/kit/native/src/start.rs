//! A start beside this process: what the launcher needs is opened, its words are written, then it is
//! executed in a child. Its own descriptors stand above the highest that the command gets.

use crate::{
    Failed, StartRequest,
    child::{self, Move},
    memory, nofile,
    program::Program,
    status::Shared,
    stdio::{self, Stdio},
    watch::{Report, Started, watch},
    words::{self, Words},
};
use std::{
    ffi::CString,
    os::fd::{AsRawFd, RawFd},
    time::Instant,
};

/// A start that came as far as the launcher.
pub struct Running {
    /// Its number with the watch.
    pub id: u32,
    /// Its pid.
    pub pid: i32,
    /// Our ends of pipes.
    pub pipes: Vec<RawFd>,
}

/// Starts the launcher.
pub fn start(
    request: &StartRequest,
    packed: &[u8],
    env: Option<&[u8]>,
    owner: u32,
    report: Report,
) -> Result<Running, Failed> {
    let watch = watch()?;
    let program = Program::of(&request.launcher)?;
    let cwd = request
        .cwd
        .as_ref()
        .map(|c| CString::new(c.as_str()))
        .transpose();
    let cwd = cwd.map_err(|_| Failed::new("chdir", libc::EINVAL))?;
    let stdio = Stdio::open(&request.stdio)?;
    let plan = memory::sealed(c"srcon-plan", request.plan.as_bytes())?;
    let (page, page_fd) = Shared::new()?;
    let (done, far_done) = stdio::pipe()?;

    let first = RawFd::try_from(request.stdio.len().max(3))
        .map_err(|_| Failed::new("dup3", libc::EMFILE))?;
    let ours = [plan.as_raw_fd(), page_fd.as_raw_fd(), far_done.as_raw_fd()];
    let all = stdio
        .moves
        .iter()
        .copied()
        .chain(ours.into_iter().zip(first..));
    let mut moves: Vec<Move> = all.map(|(from, to)| Move { from, to, high: -1 }).collect();
    let head = head(first, &stdio.kept());
    let argv = Words::new(&["srcon-launch", &head], packed);
    let own = env.map(|packed| Words::new(&[], packed));
    let path = match &*program {
        Program::Installed(path) => path.as_c_str(),
        Program::Copy(_) => c"",
    };

    let at = Instant::now();
    let (pid, pidfd) = child::start(child::Plan {
        program: program.descriptor(),
        path,
        argv: argv.as_ptr(),
        envp: own.as_ref().map_or_else(words::environment, Words::as_ptr),
        cwd: cwd.as_deref(),
        moves: &mut moves,
        above: first + 3,
    })?;
    drop(far_done);
    let started = Started {
        pid,
        pidfd,
        done: Some(done),
        page,
        at,
        owner,
        report: Some(report),
    };
    let id = watch.add(started)?;
    Ok(Running {
        id,
        pid,
        pipes: stdio.into_ours(),
    })
}

fn head(first: RawFd, kept: &[RawFd]) -> String {
    let (page, done, pid) = (first + 1, first + 2, std::process::id());
    let mut head = format!(
        "@plan={first},page={page},done={done},nofile={},parent={pid}",
        nofile::of_the_shell()
    );
    if !kept.is_empty() {
        let numbers: Vec<String> = kept.iter().map(ToString::to_string).collect();
        head.push_str(&format!(",keep={}", numbers.join(":")));
    }
    head
}

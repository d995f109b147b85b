//! The supervisor: the tool's own pid beside a container. It does no step. It waits, passes signals
//! on, and ends as the command ended. See sigwaitinfo(2), waitpid(2).

use crate::{
    common::Common,
    explain, hygiene, keeper,
    process::{print, wait_for},
};
use rustix::event::{PollFd, PollFlags, poll};
use srcon_step::{ParentDeath, page::Phase};
use std::{
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

struct Watch<'a> {
    common: &'a Common,
    keeper: i32,
    /// The worker's wait status once it has ended.
    status: Option<i32>,
}

/// Waits for the command; returns the exit code, or ends by the command's own signal.
pub fn supervise(common: &Common, keeper: i32, live: OwnedFd) -> i32 {
    let start = &common.start;
    hygiene::set_name(c"srcon-super");
    hygiene::set_dumpable(false);
    // What the command is to get at the death of our parent, we pass on like any other signal.
    let asked = match start.plan.needs().parent_death {
        Some(ParentDeath::Signal(signal)) => Some(signal),
        _ => None,
    };
    if let Some(signal) = asked {
        hygiene::set_parent_death(signal);
    }
    if let Some(parent) = start.parent {
        hygiene::set_parent_death(asked.unwrap_or(libc::SIGKILL));
        if rustix::process::getppid().is_none_or(|p| p.as_raw_nonzero().get() != parent) {
            return crate::FAILED;
        }
    }
    let Some(signals) = signal_descriptor() else {
        return crate::FAILED;
    };
    let mut stopped = common.stopped.as_ref().map(|(read, _)| read.as_fd());
    let mut keep = vec![live.as_raw_fd(), signals.as_raw_fd()];
    keep.extend(stopped.map(|s| s.as_raw_fd()));
    hygiene::close_all_but(&keep);
    let mut watch = Watch {
        common,
        keeper,
        status: None,
    };
    watch.reap();
    while watch.status.is_none() {
        let mut fds = vec![PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN)];
        fds.extend(stopped.map(|s| PollFd::from_borrowed_fd(s, PollFlags::IN)));
        if poll(&mut fds, None).is_err() {
            continue;
        }
        let from_init = fds.get(1).map_or(PollFlags::empty(), PollFd::revents);
        if fds[0].revents().contains(PollFlags::IN) {
            watch.signal(&signals);
        }
        match stopped {
            Some(pipe) if from_init.contains(PollFlags::IN) => {
                let _ = rustix::io::read(pipe, &mut [0; 16]);
                watch.stop_with_it();
            }
            // No init holds the other end: asked again, poll would not sleep any more.
            _ if !from_init.is_empty() => stopped = None,
            _ => {}
        }
    }
    // The end of this pipe is the keeper's word to undo.
    drop(live);
    // Without a keeper, or where it was killed, even just now, this process undoes.
    if watch.keeper <= 0 || wait_for(watch.keeper) != Some(0) {
        keeper::undo_all(common);
    }
    end(common, watch.status.unwrap_or(0))
}

impl Watch<'_> {
    /// The process that is our child: the init, where there is one, else the worker.
    fn child(&self) -> i32 {
        let page = self.common.start.page;
        match page.init.load(Acquire) {
            0 => page.worker.load(Acquire),
            init => init,
        }
    }

    fn has_init(&self) -> bool {
        self.common.start.page.init.load(Acquire) != 0
    }

    fn signal(&mut self, signals: &OwnedFd) {
        // SAFETY: signalfd_siginfo is plain data and the read is of its size.
        let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: `info` is writable for `size` bytes.
        let n = unsafe { libc::read(signals.as_raw_fd(), (&raw mut info).cast(), size) };
        if n != size as isize {
            return;
        }
        let number = info.ssi_signo as i32;
        let by_process = info.ssi_code <= 0;
        match number {
            libc::SIGCHLD => self.reap(),
            libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU if !self.has_init() => {
                // A pid 1 without a handler ignores them; STOP from outside is not ignored.
                self.send(libc::SIGSTOP);
            }
            libc::SIGCONT => self.send(libc::SIGCONT),
            libc::SIGURG | libc::SIGWINCH if !by_process => {}
            _ if by_process => self.send(number),
            _ => {}
        }
    }

    fn send(&self, signal: i32) {
        let child = self.child();
        if child > 0 && self.status.is_none() {
            // SAFETY: our own child, not yet waited for: its pid cannot be another's.
            unsafe { libc::kill(child, signal) };
        }
    }

    fn reap(&mut self) {
        loop {
            let mut status = 0;
            // SAFETY: both outputs live through the call; the launcher has no other children.
            let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
            // SAFETY: as above.
            let pid = unsafe {
                libc::wait4(
                    -1,
                    &raw mut status,
                    libc::WNOHANG | libc::WUNTRACED | libc::__WALL,
                    &raw mut usage,
                )
            };
            if pid <= 0 {
                return;
            }
            if libc::WIFSTOPPED(status) {
                if pid == self.child() {
                    self.stop_with_it();
                }
            } else if self.keeper > 0 && pid == self.keeper {
                // Nobody is left outside: the command ends, and we undo.
                self.keeper = 0;
                self.send(libc::SIGKILL);
            } else if pid == self.child() {
                self.record(status, &usage);
            }
        }
    }

    fn record(&mut self, status: i32, usage: &libc::rusage) {
        let page = self.common.start.page;
        self.status = Some(status);
        let usec = |t: libc::timeval| t.tv_sec * 1_000_000 + t.tv_usec;
        let cpu = usec(usage.ru_utime) + usec(usage.ru_stime);
        page.cpu_usec
            .store(u64::try_from(cpu).unwrap_or(0), Relaxed);
        if page.ended.load(Acquire) == 0 {
            page.status.store(status, Relaxed);
            page.ended.store(1, Release);
        }
    }

    /// The command has stopped: so do we, until our own caller continues us.
    fn stop_with_it(&self) {
        // SAFETY: stops this process.
        unsafe { libc::kill(libc::getpid(), libc::SIGSTOP) };
        self.send(libc::SIGCONT);
    }
}

/// Ends as the command ended: a failed set-up with our own code, a signal by the same signal.
fn end(common: &Common, raw: i32) -> i32 {
    let start = &common.start;
    let page = start.page;
    match page.phase() {
        Phase::Exec => {}
        Phase::ExecFailed => return libc::WEXITSTATUS(raw),
        Phase::Starting => {
            if !start.watched && start.explain.is_empty() {
                print(2, &explain::died(raw));
            }
            return crate::FAILED;
        }
        _ => return crate::FAILED,
    }
    let status = if page.ended.load(Acquire) == 1 {
        page.status.load(Relaxed)
    } else {
        raw
    };
    if libc::WIFEXITED(status) {
        return libc::WEXITSTATUS(status);
    }
    let signal = libc::WTERMSIG(status);
    die_by(signal);
    128 + signal
}

/// Ends this process by the signal, without a core of ours. Returns only where it cannot: as a pid 1.
fn die_by(signal: i32) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    hygiene::reset_signals();
    // SAFETY: the default action of a signal that has ended a process ends this one too.
    unsafe { libc::kill(libc::getpid(), signal) };
}

fn signal_descriptor() -> Option<OwnedFd> {
    // SAFETY: the set is initialised by sigfillset; the descriptor is new and ours.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC);
        (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
    }
}

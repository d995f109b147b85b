//! The keeper: forked first, in a session of its own, with the caller's namespaces, cgroup and
//! credentials. It does what must be done from outside and, at the end, undoes it.
//!
//! It holds the plan itself and takes from the worker nothing but "do the outside half of step N",
//! each once and in order: a worker that went wrong cannot ask for anything else. When the pipe that
//! only the supervisor writes to ends, it kills the worker by its pidfd, undoes, and ends. A normal
//! end takes the same path, so that path is always tried.

use crate::{
    common::Common,
    explain, hygiene,
    wire::{Message, Wire, Word},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Signal, getppid, kill_process, pidfd_send_signal},
};
use srcon_step::{Failure, Keeper, Undo, page::Phase};
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

/// Between TERM and KILL at a time limit, where the plan does not say.
const GRACE: Duration = Duration::from_secs(2);
/// Between one KILL at a time limit and the next, until the supervisor has ended.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a killed worker may take to be gone before we undo all the same.
const PATIENCE: Timespec = Timespec {
    tv_sec: 5,
    tv_nsec: 0,
};

struct Outside<'a> {
    common: &'a Common,
    wire: Wire,
    worker: i32,
    pidfd: Option<OwnedFd>,
    /// The next step that may be asked for.
    next: usize,
    index: usize,
    held: Vec<OwnedFd>,
    explained: bool,
    deadline: Option<Instant>,
    grace: Duration,
}

/// Runs the keeper to its end. `live`: the pipe whose end means that the supervisor is gone; without
/// a supervisor the keeper ends with the wire.
pub fn keep(common: &Common, wire: Wire, live: Option<OwnedFd>) -> ! {
    let _ = rustix::process::setsid();
    hygiene::set_name(c"srcon-keeper");
    hygiene::set_dumpable(false);
    let mut open = vec![wire.as_fd().as_raw_fd(), common.proc.as_raw_fd()];
    open.extend(live.as_ref().map(AsRawFd::as_raw_fd));
    hygiene::close_all_but(&open);
    let needs = common.start.plan.needs();
    let mut outside = Outside {
        common,
        wire,
        worker: 0,
        pidfd: None,
        next: 0,
        index: 0,
        held: Vec::new(),
        explained: false,
        deadline: needs.time_limit.map(|limit| Instant::now() + limit),
        grace: needs.grace.unwrap_or(GRACE),
    };
    outside.serve(live.as_ref());
    outside.finish(live.is_some());
    crate::process::end(0)
}

impl Outside<'_> {
    fn serve(&mut self, live: Option<&OwnedFd>) {
        let mut wire_open = true;
        while wire_open || live.is_some() {
            let mut fds = Vec::with_capacity(2);
            if let Some(live) = live {
                fds.push(PollFd::new(live, PollFlags::IN));
            }
            if wire_open {
                fds.push(PollFd::from_borrowed_fd(self.wire.as_fd(), PollFlags::IN));
            }
            let timeout = self
                .deadline
                .map(|d| timespec(d.saturating_duration_since(Instant::now())));
            if poll(&mut fds, timeout.as_ref()).is_err() {
                continue;
            }
            let ready: Vec<bool> = fds.iter().map(|f| !f.revents().is_empty()).collect();
            if live.is_some() && ready[0] {
                self.drain();
                return;
            }
            if wire_open && ready.last() == Some(&true) && (live.is_none() || ready.len() == 2) {
                match self.wire.receive() {
                    Some(message) => self.answer(message),
                    None => wire_open = false,
                }
            }
            self.watch_the_clock();
        }
    }

    /// At the end: whom a successor announced meanwhile is the one to be killed.
    fn drain(&mut self) {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        loop {
            let mut fds = [PollFd::from_borrowed_fd(self.wire.as_fd(), PollFlags::IN)];
            if !matches!(poll(&mut fds, Some(&now)), Ok(n) if n > 0) {
                return;
            }
            match self.wire.receive() {
                Some(message) if message.word == Word::Successor => self.answer(message),
                Some(_) => {}
                None => return,
            }
        }
    }

    fn answer(&mut self, message: Message) {
        let Message {
            word,
            index,
            fds,
            pid,
        } = message;
        self.worker = pid;
        let answer = match word {
            Word::Successor => {
                self.pidfd = fds.into_iter().next();
                return;
            }
            Word::Outside => self.step(index, fds),
            Word::Explain => {
                self.explain();
                Ok(Vec::new())
            }
            Word::Done | Word::Failed => Err(Failure::wrong("not a question")),
        };
        let sent = match answer {
            Ok(fds) => {
                let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
                self.wire.send(Word::Done, index, &borrowed)
            }
            Err(failure) => {
                self.common.start.page.fail(self.index, &failure);
                self.wire.send(Word::Failed, index, &[])
            }
        };
        // A worker that is gone is seen as the end of the wire.
        let _ = sent;
    }

    fn step(&mut self, index: u32, fds: Vec<OwnedFd>) -> Result<Vec<OwnedFd>, Failure> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let common = self.common;
        let step = common
            .start
            .plan
            .steps
            .get(index)
            .filter(|s| index >= self.next && s.needs().keeper);
        let Some(step) = step else {
            return Err(Failure::wrong("asked out of order"));
        };
        self.next = index + 1;
        self.index = index;
        step.outside(self, fds)
    }

    fn watch_the_clock(&mut self) {
        if self.deadline.is_none_or(|d| Instant::now() < d) {
            return;
        }
        let page = self.common.start.page;
        let signal = if page.timed_out.swap(1, Relaxed) == 0 {
            self.deadline = Some(Instant::now() + self.grace);
            Signal::TERM
        } else {
            // The supervisor may stop itself after our CONT below, and then it is to be waked again.
            self.deadline = Some(Instant::now() + AGAIN);
            Signal::KILL
        };
        if let Some(pidfd) = &self.pidfd {
            let _ = pidfd_send_signal(pidfd, signal);
            // A stopped process takes TERM only when it is continued.
            let _ = pidfd_send_signal(pidfd, Signal::CONT);
        }
        // It stops when its command stops, and must see the end of it. It is our parent while it lives.
        if let Some(supervisor) = getppid() {
            let _ = kill_process(supervisor, Signal::CONT);
        }
    }

    fn explain(&mut self) {
        let start = &self.common.start;
        if !self.explained && !start.explain.is_empty() && !start.watched {
            self.explained = true;
            explain::run(&start.explain, start.page, &start.text);
        }
    }

    fn finish(&mut self, supervised: bool) {
        let died_in_setup = self.common.start.page.phase() == Phase::Starting;
        if !supervised {
            if died_in_setup {
                self.explain();
            }
            return;
        }
        if let Some(pidfd) = &self.pidfd {
            let _ = pidfd_send_signal(pidfd, Signal::KILL);
            let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
            let _ = poll(&mut fds, Some(&PATIENCE));
        }
        undo_all(self.common);
        if died_in_setup {
            self.explain();
        }
    }
}

/// Undoes every step, the last first. Also run by a supervisor whose keeper is gone.
pub fn undo_all(common: &Common) {
    for (index, step) in common.start.plan.steps.iter().enumerate().rev() {
        if step.needs().undo {
            step.undo(&Undo {
                index,
                run_name: &common.run_name,
                page: common.start.page,
            });
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    // Rounded up, so that the deadline has passed when poll returns.
    let duration = duration + Duration::from_millis(1);
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

impl Keeper for Outside<'_> {
    fn worker(&self) -> i32 {
        self.worker
    }

    fn index(&self) -> usize {
        self.index
    }

    fn run_name(&self) -> &str {
        &self.common.run_name
    }

    fn proc(&self) -> BorrowedFd<'_> {
        self.common.proc.as_fd()
    }

    fn hold(&mut self, fd: OwnedFd) {
        self.held.push(fd);
    }
}

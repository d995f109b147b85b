//! The worker: the process that is changed, step by step, and becomes the command.
//!
//! Where a step makes a pid namespace, the steps after it are done by a child, the new worker; where
//! an init of ours is to stay, by a child of that. So the steps are a loop that can be taken up at any
//! index, in another process; see `clone` for what such a child costs.

use crate::{
    clone::{self, Memory},
    command::Command,
    common::Common,
    environment::Environment,
    explain, hygiene, init, keep, process,
    wire::{Wire, Word},
};
use rustix::process::{PidfdFlags, getpid, pidfd_open};
use srcon_step::{Descriptors, Failure, Launch, Mark, ParentDeath, fail};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What ties a worker to the other roles.
#[derive(Clone, Copy, Default)]
pub struct Ties<'a> {
    /// To the keeper.
    pub wire: Option<&'a Wire>,
    /// End of file here: the supervisor is gone.
    pub live: Option<&'a OwnedFd>,
    /// The worker was born as pid 1 of the first pid namespace that the plan makes.
    pub born_first: bool,
}

/// What a step in progress can reach.
struct Worker<'a> {
    common: &'a Common,
    ties: Ties<'a>,
    environment: Environment,
    descriptors: Descriptors,
    index: usize,
    /// The marks of all steps done so far.
    marks: Vec<Mark>,
    /// A pid namespace was unshared by the step just done; `true`: with an init of ours.
    entering: Option<bool>,
    place: Place,
    /// The command, once all is ready for it.
    command: Option<Command>,
    /// The signal that a step asked for, instead of KILL where there is a supervisor.
    parent_death: Option<i32>,
    /// The init below which it runs cannot be looked into any more.
    closed: bool,
}

/// Where in a pid namespace of this plan the worker stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In none, or as one of many.
    Outside,
    /// As its pid 1, and so will be the command.
    First,
    /// As its pid 1, for now: an init of ours will take that place.
    FirstForNow,
    /// Below an init.
    BelowInit,
}

/// Does all steps and executes the command; comes back with the exit code of a failure.
pub fn become_command(common: &Common, ties: Ties<'_>) -> i32 {
    let mut worker = Worker {
        common,
        ties,
        environment: common.start.environment.clone(),
        descriptors: Descriptors::default(),
        index: 0,
        marks: Vec::new(),
        entering: None,
        place: Place::Outside,
        command: None,
        parent_death: None,
        closed: false,
    };
    hygiene::set_dumpable(true);
    worker.watch_parent();
    worker.announce_and_run(0)
}

impl Worker<'_> {
    /// A worker that begins here: the keeper must know whom to kill before anything is done.
    fn announce_and_run(&mut self, from: usize) -> i32 {
        match self.announce() {
            Ok(()) => self.run(from),
            Err(failure) => self.failed(&failure),
        }
    }

    /// The steps from this index on, then the command.
    fn run(&mut self, from: usize) -> i32 {
        let common = self.common;
        for (index, step) in common.start.plan.steps.iter().enumerate().skip(from) {
            self.index = index;
            let marks = step.marks();
            // After a filter even a sigprocmask may be refused: everything else comes before it.
            if marks.contains(&Mark::Filter)
                && let Some(code) = self.get_ready()
            {
                return code;
            }
            if let Err(failure) = step.act(self) {
                return self.failed(&failure);
            }
            self.marks.extend(marks);
            if let Some(with_init) = self.entering.take() {
                return self.go_on_as_first(with_init);
            }
        }
        self.index = common.start.plan.steps.len();
        if let Some(code) = self.get_ready() {
            return code;
        }
        self.watch_parent();
        let code = match &self.command {
            Some(command) => command.execute(common.start.page),
            None => crate::FAILED,
        };
        self.give_up(code)
    }

    /// The last things before the command that are not steps. With a code: another process has done
    /// them and what follows, and this one is to end.
    fn get_ready(&mut self) -> Option<i32> {
        if self.command.is_some() {
            return None;
        }
        if self.place == Place::FirstForNow {
            return Some(self.go_on_below_init());
        }
        let start = &self.common.start;
        if keep::nothing_needs_it(&start.plan.steps[self.index..])
            && let Err(failure) = keep::give_up()
        {
            return Some(self.failed(&failure));
        }
        hygiene::limit_files(start.nofile);
        hygiene::blocking_stdio();
        hygiene::reset_signals();
        self.command = Some(Command::new(&start.argv, &self.environment));
        self.close_memory();
        None
    }

    /// The process that sleeps in this memory (an init, the supervisor) wakes when the command is executed,
    /// and must not be open to it until it has closed itself. The command gets a memory, and that flag,
    /// anew. Id maps are written to a process that is open, so not before the last of them.
    fn close_memory(&mut self) {
        let mut later = self.common.start.plan.steps.iter().skip(self.index);
        self.closed = !later.any(|s| s.marks().contains(&Mark::User));
        if self.closed {
            hygiene::set_dumpable(false);
        }
    }

    /// A command that was ready before its environment changed is made anew.
    fn renew_command(&mut self) {
        if self.command.is_some() {
            self.command = Some(Command::new(&self.common.start.argv, &self.environment));
        }
    }

    /// The new worker is pid 1 and, by CLONE_PARENT, the supervisor's child; the old one ends. From a
    /// pid 1 CLONE_PARENT is EINVAL: that level stays, as an init. The kernel stores the new pid in
    /// the page that the supervisor looks at before clone returns.
    fn go_on_as_first(&mut self, with_init: bool) -> i32 {
        let common = self.common;
        let nested = self.place != Place::Outside;
        let later = &common.start.plan.steps[self.index + 1..];
        let memory = if nested {
            Memory::Copied
        } else {
            clone::memory_for_first(with_init, later)
        };
        let page = common.start.page;
        let flags = if nested {
            libc::SIGCHLD
        } else {
            libc::CLONE_PARENT | libc::CLONE_PARENT_SETTID
        };
        let act = || {
            self.place = if with_init {
                Place::FirstForNow
            } else {
                Place::First
            };
            if nested {
                hygiene::set_dumpable(true);
                init::note_worker(common);
                return self.run(self.index + 1);
            }
            self.watch_parent();
            self.announce_and_run(self.index + 1)
        };
        if nested {
            // This level stays, in sight of what follows.
            hygiene::set_dumpable(false);
        }
        // SAFETY: this process is single-threaded and, after the call, only waits or ends.
        match unsafe { clone::child(memory, flags, page.worker.as_ptr(), act) } {
            Ok(child) if nested => init::stay(common, child),
            Ok(_) => 0,
            Err(errno) => self.failed(&fail("clone")(errno)),
        }
    }

    /// This process stays as the init; a child goes on.
    fn go_on_below_init(&mut self) -> i32 {
        let common = self.common;
        let act = || {
            self.place = Place::BelowInit;
            init::note_worker(common);
            self.run(self.index)
        };
        // SAFETY: this process is single-threaded and, after the call, only waits.
        match unsafe { clone::child(Memory::Shared, libc::SIGCHLD, std::ptr::null_mut(), act) } {
            Ok(child) => init::stay(common, child),
            Err(errno) => self.failed(&fail("clone")(errno)),
        }
    }

    /// Tells the keeper which process is to be killed from now on. Nobody has to answer: what it is
    /// asked later comes later.
    fn announce(&self) -> Result<(), Failure> {
        let (Some(wire), Some(_)) = (self.ties.wire, self.ties.live) else {
            return Ok(());
        };
        let me = pidfd_open(getpid(), PidfdFlags::empty()).map_err(fail("pidfd_open"))?;
        wire.send(Word::Successor, 0, &[me.as_fd()])
            .map_err(fail("sendmsg"))
    }

    /// Arms the parent-death signal, then looks whether the parent was already gone before. A child
    /// of an init needs none: it dies with its pid namespace.
    fn watch_parent(&self) {
        let asked = self.parent_death;
        let gone = match (self.ties.live, self.common.start.parent) {
            _ if self.place == Place::BelowInit => {
                if let Some(signal) = asked {
                    hygiene::set_parent_death(signal);
                }
                return;
            }
            (Some(live), _) => {
                hygiene::set_parent_death(asked.unwrap_or(libc::SIGKILL));
                hung_up(live.as_fd())
            }
            (None, Some(parent)) => {
                hygiene::set_parent_death(asked.unwrap_or(libc::SIGKILL));
                rustix::process::getppid().is_none_or(|p| p.as_raw_nonzero().get() != parent)
            }
            (None, None) => {
                if let Some(signal) = asked {
                    hygiene::set_parent_death(signal);
                }
                return;
            }
        };
        if gone {
            process::end(crate::FAILED);
        }
    }

    fn failed(&self, failure: &Failure) -> i32 {
        self.common.start.page.fail(self.index, failure);
        self.give_up(crate::FAILED)
    }

    /// After a failure: have it explained, or say it, where nobody else will.
    fn give_up(&self, code: i32) -> i32 {
        let start = &self.common.start;
        if start.watched {
            return code;
        }
        if start.explain.is_empty() {
            process::print(2, &explain::record(start.page, &start.text));
        } else if let Some(wire) = self.ties.wire
            && wire.send(Word::Explain, 0, &[]).is_ok()
        {
            wire.receive();
        }
        code
    }
}

fn hung_up(fd: BorrowedFd<'_>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    matches!(poll(&mut polled, Some(&now)), Ok(n) if n > 0)
}

impl Launch for Worker<'_> {
    fn proc(&self) -> BorrowedFd<'_> {
        self.common.proc.as_fd()
    }

    fn outside(&mut self, send: &[BorrowedFd<'_>]) -> Result<Vec<OwnedFd>, Failure> {
        let wire = self.ties.wire.ok_or_else(|| {
            Failure::wrong("this step asks for a keeper that it did not announce")
        })?;
        let index = u32::try_from(self.index).unwrap_or(u32::MAX);
        wire.send(Word::Outside, index, send)
            .map_err(fail("sendmsg"))?;
        match wire.receive() {
            Some(m) if m.word == Word::Done => Ok(m.fds),
            Some(_) => Err(Failure::wrong("recorded by the keeper")),
            None => Err(Failure::wrong("the keeper is gone")),
        }
    }

    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.descriptors
    }

    fn owns_mounts(&self) -> bool {
        let last = |mark| self.marks.iter().rposition(|&m| m == mark);
        match (last(Mark::Mount), last(Mark::User)) {
            (Some(mount), Some(user)) => mount > user,
            (mount, _) => mount.is_some(),
        }
    }

    fn enter_pid_namespace(&mut self, with_init: bool) -> Result<(), Failure> {
        if self.ties.born_first && self.place == Place::Outside {
            self.place = if with_init {
                Place::FirstForNow
            } else {
                Place::First
            };
            return Ok(());
        }
        srcon_step::sys::unshare(libc::CLONE_NEWPID).map_err(fail("unshare"))?;
        self.entering = Some(with_init);
        Ok(())
    }

    fn credentials_changed(&mut self) {
        hygiene::set_dumpable(!self.closed);
        self.watch_parent();
    }

    fn end_with(&mut self, failure: &Failure) -> ! {
        process::end(self.failed(failure))
    }

    fn parent_death(&mut self, asked: ParentDeath) -> i32 {
        self.parent_death = match asked {
            ParentDeath::Signal(signal) => Some(signal),
            // What watches a supervisor stays where there was nothing to keep.
            ParentDeath::Keep => {
                let own = self.ties.live.is_none() && self.common.start.parent.is_none();
                (own || self.common.parent_death != 0).then_some(self.common.parent_death)
            }
        };
        self.watch_parent();
        hygiene::parent_death()
    }

    fn clear_env(&mut self) {
        self.environment.clear();
        self.renew_command();
    }

    fn set_env(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.environment.set(name, value);
        self.renew_command();
    }
}

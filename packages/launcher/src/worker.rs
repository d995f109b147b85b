//! The worker: the process that is changed, step by step, and becomes the command.

use crate::{
    clone,
    command::{self, Command},
    explain, hygiene, init,
    roles::{self, Common},
    wire::{Wire, Word},
};
use rustix::process::{PidfdFlags, getpid, pidfd_open};
use srcon_step::{Descriptors, Failure, Launch, Mark, Step, fail};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What a step in progress can reach.
pub struct Worker {
    common: Common,
    wire: Option<Wire>,
    /// End of file here: the supervisor is gone.
    live: Option<OwnedFd>,
    descriptors: Descriptors,
    index: usize,
    /// The marks of all steps done so far.
    marks: Vec<Mark>,
    /// We are pid 1 of a pid namespace of this plan.
    is_init: bool,
    /// … and shall leave an init of ours behind.
    wants_init: bool,
    /// We are the child of an init.
    init_made: bool,
    /// The command, once all is ready for it.
    command: Option<Command>,
}

/// Does all steps and executes the command; returns the exit code of a failure.
pub fn become_command(common: Common, wire: Option<Wire>, live: Option<OwnedFd>) -> i32 {
    let mut worker = Worker {
        common,
        wire,
        live,
        descriptors: Descriptors::default(),
        index: 0,
        marks: Vec::new(),
        is_init: false,
        wants_init: false,
        init_made: false,
        command: None,
    };
    match worker.run() {
        Ok(never) => match never {},
        Err(code) => worker.give_up(code),
    }
}

enum Never {}

impl Worker {
    fn run(&mut self) -> Result<Never, i32> {
        hygiene::set_dumpable(true);
        self.watch_parent();
        let steps = std::mem::take(&mut self.common.start.plan.steps);
        for (index, step) in steps.iter().enumerate() {
            self.index = index;
            self.one(step.as_ref()).map_err(|failure| {
                self.common.start.page.fail(index, &failure);
                crate::FAILED
            })?;
        }
        self.index = steps.len();
        self.get_ready()?;
        self.watch_parent();
        let command = self
            .command
            .take()
            .unwrap_or_else(|| command::prepare(&self.common.start));
        Err(command.execute(self.common.start.page))
    }

    fn one(&mut self, step: &dyn Step) -> Result<(), Failure> {
        let marks = step.marks();
        if marks.contains(&Mark::Filter) {
            // After a filter even a sigprocmask may be refused: everything else comes before it.
            self.get_ready().map_err(|_| Failure::last("fork"))?;
        }
        step.act(self)?;
        self.marks.extend(marks);
        Ok(())
    }

    /// The last things before the command that are not steps.
    fn get_ready(&mut self) -> Result<(), i32> {
        if self.command.is_some() {
            return Ok(());
        }
        if self.is_init && self.wants_init {
            init::leave_behind(&self.common).map_err(|()| {
                self.common
                    .start
                    .page
                    .fail(self.index, &Failure::last("fork"));
                crate::FAILED
            })?;
            self.is_init = false;
            self.init_made = true;
        }
        hygiene::limit_files(self.common.start.nofile);
        hygiene::blocking_stdio();
        hygiene::reset_signals();
        self.command = Some(command::prepare(&self.common.start));
        Ok(())
    }

    /// Tells the keeper which process is to be killed from now on. Nobody has to answer: what it is
    /// asked later comes later.
    fn announce(&self) -> Result<(), Failure> {
        let Some(wire) = &self.wire else {
            return Ok(());
        };
        let me = pidfd_open(getpid(), PidfdFlags::empty()).map_err(fail("pidfd_open"))?;
        wire.send(Word::Successor, 0, &[me.as_fd()])
            .map_err(fail("sendmsg"))
    }

    /// Arms the parent-death signal, then looks whether the parent was already gone before.
    fn watch_parent(&self) {
        if self.live.is_none() && self.common.start.parent.is_none()
            || self.marks.contains(&Mark::Pid) && !self.is_init
        {
            return;
        }
        hygiene::die_with_parent();
        let gone = match &self.live {
            Some(live) => hung_up(live.as_fd()),
            None => {
                rustix::process::getppid().map(|p| p.as_raw_nonzero().get())
                    != self.common.start.parent
            }
        };
        if gone {
            roles::end(crate::FAILED);
        }
    }

    /// After a failure: have it explained, or say it, where nobody else will.
    fn give_up(&self, code: i32) -> i32 {
        let start = &self.common.start;
        if start.watched {
            return code;
        }
        if start.explain.is_empty() {
            crate::start::print(2, &explain::record(start.page, &start.text));
        } else if let Some(wire) = &self.wire
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

impl Launch for Worker {
    fn proc(&self) -> BorrowedFd<'_> {
        self.common.proc.as_fd()
    }

    fn outside(&mut self, send: &[BorrowedFd<'_>]) -> Result<Vec<OwnedFd>, Failure> {
        let wire = self.wire.as_ref().ok_or_else(|| {
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

    /// The old worker exits, the new one is pid 1 and, by CLONE_PARENT, also the supervisor's child.
    /// Its pid is stored by the kernel in the page that the supervisor looks at, before clone returns.
    fn enter_pid_namespace(&mut self, wants_init: bool) -> Result<(), Failure> {
        srcon_step::sys::unshare(libc::CLONE_NEWPID).map_err(fail("unshare"))?;
        let mut pidfd = -1;
        let worker = self.common.start.page.worker.as_ptr();
        // From a pid 1, CLONE_PARENT is EINVAL: that level stays, as a reaper.
        let nested = self.is_init;
        let (flags, signal) = if nested {
            (0, libc::SIGCHLD)
        } else {
            (libc::CLONE_PARENT | libc::CLONE_PARENT_SETTID, 0)
        };
        // SAFETY: this process is single-threaded; the page is mapped for ever.
        let pid =
            unsafe { clone::copy(flags, signal, &mut pidfd, worker) }.map_err(fail("clone3"))?;
        if pid > 0 {
            if nested {
                init::stay(&self.common, pid);
            }
            roles::end(0);
        }
        self.is_init = true;
        self.wants_init = wants_init;
        self.init_made = nested;
        if !nested {
            self.announce()?;
            self.watch_parent();
        }
        Ok(())
    }

    fn credentials_changed(&mut self) {
        hygiene::set_dumpable(true);
        self.watch_parent();
    }

    fn set_env(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.common.start.environment.set(name, value);
        if self.command.is_some() {
            self.command = Some(command::prepare(&self.common.start));
        }
    }
}

//! The worker: the process that is changed, step by step, and becomes the command.

use crate::{
    command::{self, Command},
    explain, hygiene, init,
    roles::Common,
    wire::{Wire, Word},
};
use srcon_step::{Descriptors, Failure, Launch, Mark, Step, page::Phase};
use std::{
    os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    sync::atomic::Ordering::Relaxed,
};

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
        self.hello()?;
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
        }
        hygiene::limit_files(self.common.start.nofile);
        hygiene::blocking_stdio();
        hygiene::reset_signals();
        self.command = Some(command::prepare(&self.common.start));
        Ok(())
    }

    fn hello(&self) -> Result<(), i32> {
        let Some(wire) = &self.wire else {
            return Ok(());
        };
        let answered = wire.send(Word::Hello, 0, &[]).is_ok()
            && wire.receive().is_some_and(|m| m.word == Word::Done);
        if answered { Ok(()) } else { Err(crate::FAILED) }
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
            // SAFETY: ends the process; the keeper undoes.
            unsafe { libc::_exit(crate::FAILED) }
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
            .map_err(srcon_step::fail("sendmsg"))?;
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
        srcon_step::sys::unshare(libc::CLONE_NEWPID).map_err(srcon_step::fail("unshare"))?;
        let (go_read, go_write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(srcon_step::fail("pipe2"))?;
        let nested = self.is_init;
        let (pid, pidfd) = clone_first(&self.common, nested)?;
        if pid == 0 {
            drop(go_write);
            let mut byte = [0];
            if !matches!(rustix::io::read(&go_read, &mut byte), Ok(1)) {
                // SAFETY: the process that made us is gone; so is the container.
                unsafe { libc::_exit(crate::FAILED) }
            }
            self.is_init = true;
            self.wants_init = wants_init;
            self.watch_parent();
            return Ok(());
        }
        if let (false, Some(wire), Some(pidfd)) = (nested, &self.wire, &pidfd) {
            let told = wire.send(Word::Successor, 0, &[pidfd.as_fd()]).is_ok()
                && wire.receive().is_some_and(|m| m.word == Word::Done);
            if !told {
                // SAFETY: without `go` the child ends by itself.
                unsafe { libc::_exit(crate::FAILED) }
            }
        }
        let _ = rustix::io::write(&go_write, b"g");
        if nested {
            // From a pid 1, CLONE_PARENT is EINVAL: this level stays, as a reaper.
            init::stay(&self.common, pid);
        }
        // SAFETY: ends this process; the new worker goes on.
        unsafe { libc::_exit(0) }
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

/// clone3(2) of the first process of the pid namespace just unshared. 0 and no descriptor in the child.
fn clone_first(common: &Common, nested: bool) -> Result<(i32, Option<OwnedFd>), Failure> {
    let mut pidfd: RawFd = -1;
    let worker = &common.start.page.worker;
    debug_assert_eq!(common.start.page.phase(), Phase::Starting);
    // SAFETY: clone_args is plain data; zero is its neutral value.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = (libc::CLONE_PIDFD | libc::CLONE_PARENT_SETTID) as u64;
    args.pidfd = std::ptr::from_mut(&mut pidfd) as u64;
    args.parent_tid = worker.as_ptr() as u64;
    if nested {
        args.exit_signal = libc::SIGCHLD as u64;
        args.flags &= !(libc::CLONE_PARENT_SETTID as u64);
    } else {
        args.flags |= libc::CLONE_PARENT as u64;
    }
    // SAFETY: without CLONE_VM the child has its own copy of this single-threaded process; the
    // pointers live through the call.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            std::ptr::from_ref(&args),
            size_of::<libc::clone_args>(),
        )
    };
    match pid {
        -1 => Err(Failure::last("clone3")),
        0 => Ok((0, None)),
        pid => {
            if !nested {
                worker.store(i32::try_from(pid).unwrap_or(-1), Relaxed);
            }
            // SAFETY: the kernel has just given us this descriptor.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok((i32::try_from(pid).unwrap_or(-1), Some(pidfd)))
        }
    }
}

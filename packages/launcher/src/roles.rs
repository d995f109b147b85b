//! Which processes carry the plan out. Fixed before the first step:
//!
//! - the **worker** does all steps and becomes the command; alone it is the tool's own pid;
//! - the **supervisor**, then the tool's pid, only waits, passes signals on and ends as the command
//!   ended: needed for a pid namespace, a time limit, anything to undo;
//! - the **keeper** stays outside, in the caller's namespaces, cgroup and credentials: writes id
//!   maps, makes and removes cgroups, watches the clock, explains a failure.

use crate::{
    clone::{self, Memory},
    hygiene, keeper,
    start::Start,
    supervisor,
    wire::Wire,
    worker::{self, Ties},
};
use rustix::{
    fs::{Mode, OFlags},
    process::getpid,
};
use srcon_step::{Mark, Refusal, Step, page};
use std::{
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
    sync::atomic::Ordering::Release,
};

/// What the roles share from before they part.
pub struct Common {
    /// What the launcher was told.
    pub start: Start,
    /// `/proc` of the caller.
    pub proc: OwnedFd,
    /// Unique name of this run, for what must have one on the host.
    pub run_name: String,
    /// Here an init of ours says that the command has stopped, and the supervisor hears it.
    pub stopped: Option<(OwnedFd, OwnedFd)>,
}

/// Carries the plan out; ends with the exit code of a failure or of a supervisor, where this
/// process has not become the command.
pub fn carry_out(start: Start) -> ! {
    let code = match prepare(start) {
        Ok(common) => {
            let code = part(&common);
            std::mem::forget(common);
            code
        }
        Err((page, watched, refusal)) => {
            page.refuse(&refusal);
            if !watched {
                crate::start::print(2, &crate::explain::lines(&refusal));
            }
            crate::FAILED
        }
    };
    end(code)
}

/// Ends this process at once, without a destructor: the roles have closed by number what Rust still
/// believes open.
pub fn end(code: i32) -> ! {
    // SAFETY: nothing is left to be run at exit.
    unsafe { libc::_exit(code) }
}

fn prepare(start: Start) -> Result<Common, (&'static page::Page, bool, Refusal)> {
    crate::seal::reseal_if_seen(&start);
    hygiene::block_signals();
    hygiene::hear_children();
    hygiene::close_on_exec(&start.keep);
    hygiene::fresh_keyring();
    let refuse = |what: &str| (start.page, start.watched, Refusal::plan(what));
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let proc = rustix::fs::open(c"/proc", flags, Mode::empty())
        .map_err(|_| refuse("cannot open /proc"))?;
    let mut random = [0; 8];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())
        .map_err(|_| refuse("no random bytes"))?;
    let run_name = format!("srcon-{:016x}", u64::from_ne_bytes(random));
    let stopped = start
        .plan
        .needs()
        .supervisor
        .then(pipe)
        .and_then(Result::ok);
    Ok(Common {
        start,
        proc,
        run_name,
        stopped,
    })
}

/// Makes the processes that are needed.
fn part(common: &Common) -> i32 {
    let needs = common.start.plan.needs();
    let with_keeper = needs.keeper || !common.start.explain.is_empty();
    match (needs.supervisor, with_keeper) {
        (false, false) => worker::become_command(common, Ties::default()),
        (false, true) => match part_keeper_only(common) {
            Some(wire) => worker::become_command(
                common,
                Ties {
                    wire: Some(&wire),
                    live: None,
                    born_first: false,
                },
            ),
            None => crate::FAILED,
        },
        (true, _) => part_all(common, with_keeper).unwrap_or(crate::FAILED),
    }
}

/// With a supervisor, which this process becomes. The write end of `live` is held by it alone: its
/// end of file tells keeper and worker that it is gone.
fn part_all(common: &Common, with_keeper: bool) -> Option<i32> {
    let page = common.start.page;
    let (live, live_write) = pipe().ok()?;
    page.supervisor
        .store(getpid().as_raw_nonzero().get(), Release);
    let wires = if with_keeper {
        Some(Wire::pair()?)
    } else {
        None
    };
    let keeper = match wires.as_ref().map(|_| fork()) {
        None => 0,
        Some(Ok(0)) => {
            drop(live_write);
            let (near, far) = wires?;
            drop(near);
            keeper::keep(common, far, Some(live))
        }
        Some(keeper) => keeper.ok()?,
    };
    page.keeper.store(keeper, Release);
    // The keeper alone holds the other end: this process sleeps while the worker asks, and a keeper
    // that was killed must be the end of the wire.
    let wire = wires.map(|(near, _far)| near);
    let worker = |born_first: bool| {
        // By number: what is dropped here would be gone for the supervisor too.
        hygiene::close(live_write.as_raw_fd());
        worker::become_command(
            common,
            Ties {
                wire: wire.as_ref(),
                live: Some(&live),
                born_first,
            },
        )
    };
    let needs = common.start.plan.needs();
    let clone = |flags: i32, born_first: bool| {
        let memory = if born_first {
            memory_for_first(needs.visible, steps_after_pid(common))
        } else {
            Memory::Shared
        };
        let flags = flags | libc::SIGCHLD | libc::CLONE_PARENT_SETTID;
        // SAFETY: this process is single-threaded; the worker drops nothing of ours.
        unsafe { clone::child(memory, flags, page.worker.as_ptr(), || worker(born_first)) }
    };
    // Where it cannot be had with the first clone, the step itself fails, and is explained.
    let born_first = if pid_may_be_first(common) {
        clone(libc::CLONE_NEWPID, true).ok()
    } else {
        None
    };
    match born_first.map_or_else(|| clone(0, false), Ok) {
        Ok(_) => {
            drop((wire, live));
            Some(supervisor::supervise(common, keeper, live_write))
        }
        Err(_) => {
            drop(live_write);
            supervisor::wait_for(keeper);
            None
        }
    }
}

/// The memory of a process that will be pid 1: one that will stay, as an init, would never let a parent
/// go on that sleeps until it executes something.
pub fn memory_for_first(with_init: bool, later: &[Box<dyn Step>]) -> Memory {
    let stays = with_init || later.iter().any(|s| s.marks().contains(&Mark::Pid));
    if stays {
        Memory::Copied
    } else {
        Memory::Shared
    }
}

fn steps_after_pid(common: &Common) -> &[Box<dyn Step>] {
    let steps = &common.start.plan.steps;
    let at = steps.iter().position(|s| s.marks().contains(&Mark::Pid));
    at.map_or(&[], |at| &steps[at + 1..])
}

/// Whether all steps before the first pid namespace do the same inside it: then the worker is made in
/// it, and one process less is needed.
fn pid_may_be_first(common: &Common) -> bool {
    let steps = &common.start.plan.steps;
    let at = steps.iter().position(|s| s.marks().contains(&Mark::Pid));
    at.is_some_and(|at| steps[..at].iter().all(|s| s.may_follow_pid()))
}

/// A keeper beside a worker that is the tool's own pid: forked twice, so that the command does not
/// find a child that it never started. It ends when the worker's end of the wire closes at exec.
fn part_keeper_only(common: &Common) -> Option<Wire> {
    let (near, far) = Wire::pair()?;
    match fork().ok()? {
        0 => {
            drop(near);
            match fork() {
                Ok(0) => keeper::keep(common, far, None),
                _ => end(0),
            }
        }
        middle => {
            supervisor::wait_for(middle);
            Some(near)
        }
    }
}

/// fork(2). The launcher is single-threaded, so the child may do whatever it likes.
pub fn fork() -> Result<i32, ()> {
    // SAFETY: one thread; no lock can be held by another.
    match unsafe { libc::fork() } {
        -1 => Err(()),
        pid => Ok(pid),
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd), rustix::io::Errno> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
}

/// A status page of our own, shared by the roles.
pub fn own_page() -> Result<&'static page::Page, Refusal> {
    let page = map(None)?;
    page.begin();
    Ok(page)
}

/// The status page of a caller that watches.
pub fn map_page(fd: RawFd) -> Result<&'static page::Page, Refusal> {
    let page = map(Some(fd))?;
    if page.valid() {
        Ok(page)
    } else {
        Err(Refusal::plan("page= is not a status page"))
    }
}

fn map(fd: Option<RawFd>) -> Result<&'static page::Page, Refusal> {
    use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous};
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    if let Some(fd) = fd {
        // SAFETY: borrowed for the calls below only.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let size = rustix::fs::fstat(borrowed).map_or(0, |s| s.st_size);
        if size < page::SIZE as i64 {
            return Err(Refusal::plan("page= is not a status page"));
        }
    }
    // SAFETY: a new mapping at an address of the kernel's choice, never unmapped; the page type is
    // valid for all bit patterns and the file is as long as the mapping.
    unsafe {
        let mapped = match fd {
            Some(fd) => {
                let fd = BorrowedFd::borrow_raw(fd);
                mmap(
                    std::ptr::null_mut(),
                    page::SIZE,
                    protection,
                    MapFlags::SHARED,
                    fd,
                    0,
                )
            }
            None => mmap_anonymous(
                std::ptr::null_mut(),
                page::SIZE,
                protection,
                MapFlags::SHARED,
            ),
        };
        let address =
            mapped.map_err(|e| Refusal::plan(format!("cannot map the status page: {e}")))?;
        Ok(&*address.cast::<page::Page>())
    }
}

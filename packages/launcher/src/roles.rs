//! Which processes carry the plan out. Fixed before the first step:
//!
//! - the **worker** does all steps and becomes the command; alone it is the tool's own pid;
//! - the **supervisor**, then the tool's pid, only waits, passes signals on and ends as the command
//!   ended: needed for a pid namespace, a time limit, anything to undo;
//! - the **keeper** stays outside, in the caller's namespaces, cgroup and credentials: writes id
//!   maps, makes and removes cgroups, watches the clock, explains a failure.

use crate::{hygiene, keeper, start::Start, supervisor, wire::Wire, worker};
use rustix::fs::{Mode, OFlags};
use srcon_step::{Refusal, page};
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

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
        Ok(common) => part(common),
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

/// Forks what is needed. `live`: its write end is held by the supervisor only, so that its end of
/// file says that the supervisor is gone, to keeper and worker alike.
fn part(common: Common) -> i32 {
    let needs = common.start.plan.needs();
    let with_keeper = needs.keeper || !common.start.explain.is_empty();
    if !needs.supervisor {
        let wire = with_keeper.then(|| part_keeper_only(&common)).flatten();
        if with_keeper && wire.is_none() {
            return crate::FAILED;
        }
        return worker::become_command(common, wire, None);
    }
    let Ok((live_read, live_write)) = pipe() else {
        return crate::FAILED;
    };
    let Some((near, far)) = Wire::pair() else {
        return crate::FAILED;
    };
    let page = common.start.page;
    let me = rustix::process::getpid().as_raw_nonzero().get();
    page.supervisor
        .store(me, std::sync::atomic::Ordering::Relaxed);
    // The worker first, so that it is at work while the keeper is being made, and so that the keeper
    // inherits a pidfd that cannot have become another process. Until the keeper is there, the worker's
    // own parent-death signal guards it; what it asks of the keeper waits in the socket.
    let (worker, pidfd) = match fork_with_pidfd() {
        Ok((0, _)) => {
            drop((live_write, far));
            end(worker::become_command(common, Some(near), Some(live_read)))
        }
        Ok((worker, Some(pidfd))) => (worker, pidfd),
        _ => return crate::FAILED,
    };
    match fork() {
        Ok(0) => {
            drop((live_write, near));
            keeper::keep(&common, far, Some((live_read, pidfd)))
        }
        Ok(keeper) => {
            page.keeper
                .store(keeper, std::sync::atomic::Ordering::Relaxed);
            drop((near, far, live_read, pidfd));
            supervisor::supervise(&common, keeper, worker, live_write)
        }
        Err(()) => {
            let _ = rustix::process::pidfd_send_signal(&pidfd, rustix::process::Signal::KILL);
            supervisor::wait_for(worker);
            crate::FAILED
        }
    }
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

/// clone3(2) as fork, with a pidfd of the child for the parent.
fn fork_with_pidfd() -> Result<(i32, Option<OwnedFd>), ()> {
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_PIDFD;
    // SAFETY: a plain copy of this single-threaded process; `pidfd` lives through the call.
    match unsafe { crate::clone::copy(flags, libc::SIGCHLD, &mut pidfd, std::ptr::null_mut()) } {
        Err(_) => Err(()),
        Ok(0) => Ok((0, None)),
        // SAFETY: the kernel has just given us this descriptor.
        Ok(pid) => Ok((pid, Some(unsafe { OwnedFd::from_raw_fd(pidfd) }))),
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

//! Which processes carry the plan out. Fixed before the first step:
//!
//! - the **worker** does all steps and becomes the command; alone it is the tool's own pid;
//! - the **supervisor**, then the tool's pid, only waits, passes signals on and ends as the command
//!   ended: needed for a pid namespace, a time limit, anything to undo;
//! - the **keeper** stays outside, in the caller's namespaces, cgroup and credentials: writes id
//!   maps, makes and removes cgroups, watches the clock, explains a failure.

use crate::{
    clone::{self, Memory},
    common::Common,
    hygiene, keeper,
    process::{end, fork, print, wait_for},
    start::Start,
    supervisor,
    wire::Wire,
    worker::{self, Ties},
};
use rustix::{
    fs::{Mode, OFlags},
    process::getpid,
};
use srcon_step::{Mark, Refusal, Step, page::Page};
use std::{
    os::fd::{AsRawFd, OwnedFd},
    sync::atomic::Ordering::Release,
};

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
                print(2, &crate::explain::lines(&refusal));
            }
            crate::FAILED
        }
    };
    end(code)
}

fn prepare(start: Start) -> Result<Common, (&'static Page, bool, Refusal)> {
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
        parent_death: hygiene::parent_death(),
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
            clone::memory_for_first(needs.visible, steps_after_pid(common))
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
            wait_for(keeper);
            None
        }
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
            wait_for(middle);
            Some(near)
        }
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd), rustix::io::Errno> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
}

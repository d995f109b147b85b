//! What a step may ask of the launcher that carries it out: three small interfaces, one for each
//! role. The launcher implements them; a core's own tests may implement them in ten lines.

use crate::{Descriptors, Failure, ParentDeath, page::Page};
use std::os::fd::{BorrowedFd, OwnedFd};

/// The worker's side: the process that is being changed and becomes the command.
pub trait Launch {
    /// `/proc` of the caller (`O_PATH`, opened at the start): `openat(proc, "self/…")` works after
    /// pivot_root and in nested pid namespaces.
    fn proc(&self) -> BorrowedFd<'_>;

    /// Has the keeper do this step's outside half, once; returns the descriptors it sent back.
    ///
    /// # Errors
    /// The keeper's failure; it is already recorded, just return it.
    fn outside(&mut self, send: &[BorrowedFd<'_>]) -> Result<Vec<OwnedFd>, Failure>;

    /// The descriptors that steps hand to one another.
    fn descriptors(&mut self) -> &mut Descriptors;

    /// Whether this plan has made a mount namespace after its last user namespace.
    fn owns_mounts(&self) -> bool;

    /// Unshares the pid namespace and continues as its first process: both in one, because a
    /// process forked in between would become its init. With `init`, the launcher itself stays as
    /// pid 1 in the end (it forks before the first system-call filter, else before the command)
    /// to reap orphans and pass signals on.
    ///
    /// # Errors
    /// Of unshare or clone.
    fn enter_pid_namespace(&mut self, init: bool) -> Result<(), Failure>;

    /// To be called after each change of ids or capabilities: the kernel has cleared `dumpable`
    /// and the parent-death signal.
    fn credentials_changed(&mut self);

    /// Ends the worker with the failure of the step in progress, said and explained as if [`Step::act`]
    /// had returned it. For a thread that such a step has made, where the worker's own can make no
    /// system call any more.
    ///
    /// [`Step::act`]: crate::Step::act
    fn end_with(&mut self, failure: &Failure) -> ! {
        let _ = failure;
        std::process::exit(125)
    }

    /// Arms the signal for the parent's death, and again wherever the kernel has cleared it. Returns
    /// its number, 0: none. Only the launcher remembers; a stage of a test needs not implement it.
    fn parent_death(&mut self, asked: ParentDeath) -> i32 {
        let ParentDeath::Signal(signal) = asked else {
            return 0;
        };
        // SAFETY: a number only.
        unsafe { libc::syscall(libc::SYS_prctl, libc::PR_SET_PDEATHSIG, signal, 0, 0, 0) };
        signal
    }

    /// Environment of the command: sets (`Some`) or removes (`None`) one variable.
    fn set_env(&mut self, name: &[u8], value: Option<&[u8]>);

    /// Removes every variable. Only the launcher has any: a stage of a test needs not implement it.
    fn clear_env(&mut self) {}
}

/// The keeper's side: forked first, still in the caller's namespaces, cgroup and credentials.
pub trait Keeper {
    /// The worker, as the kernel told (SCM_CREDENTIALS), in the keeper's pid namespace.
    fn worker(&self) -> i32;

    /// Index of the step being done, from 0.
    fn index(&self) -> usize;

    /// Name of this run, fixed before the start and unique on this host: `srcon-…`.
    fn run_name(&self) -> &str;

    /// `/proc` of the caller.
    fn proc(&self) -> BorrowedFd<'_>;

    /// Keeps a descriptor open as long as the keeper lives.
    fn hold(&mut self, fd: OwnedFd);
}

/// What an undoing step gets. It may run in the keeper or, where that died, in the supervisor:
/// so it rests on nothing but the plan and the name of the run.
pub struct Undo<'a> {
    /// Index of the step, from 0.
    pub index: usize,
    /// As in [`Keeper::run_name`].
    pub run_name: &'a str,
    /// Where statistics are put before they are gone (peak memory, OOM kills).
    pub page: &'a Page,
}

//! The way from this process into the launcher: clone(2) with CLONE_VM and CLONE_VFORK, so that no
//! page table is copied, whatever the size of Node's heap. The child borrows our memory until it
//! executes, while the calling thread waits.
//!
//! Between clone and exec other threads of Node go on and may hold any lock: the child makes system
//! calls on what was prepared and nothing else. No allocation, no lock, no panic, no return. See
//! vfork(2), signal-safety(7).

use crate::{Failed, signals::Blocked};
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    os::fd::{FromRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicI32, Ordering::Relaxed},
};

const STACK: usize = 64 << 10;
const GUARD: usize = 4 << 10;

/// A descriptor on its way: from one of ours, by way of a number out of everybody's way, to the
/// number it has in the command.
pub struct Move {
    /// Ours.
    pub from: RawFd,
    /// The child's.
    pub to: RawFd,
    /// Where it waits meanwhile; the child fills it in.
    pub high: RawFd,
}

/// Everything that the child needs, prepared.
pub struct Plan<'a> {
    /// The program, open; or -1 and `path`.
    pub program: RawFd,
    /// The program where it is not open.
    pub path: &'a CStr,
    /// The words, null at the end.
    pub argv: *const *const c_char,
    /// The environment, null at the end.
    pub envp: *const *const c_char,
    /// Working directory; none: ours.
    pub cwd: Option<&'a CStr>,
    /// The descriptors that it gets; all others are closed by its exec.
    pub moves: &'a mut [Move],
    /// The first number above all that `moves` go to.
    pub above: RawFd,
}

/// The calls that may fail in the child, by number: text would have to be agreed on.
const CALLS: [&str; 5] = ["fcntl", "close_range", "dup3", "chdir", "execve"];

struct Shared<'a> {
    plan: Plan<'a>,
    call: AtomicI32,
    errno: AtomicI32,
}

/// Starts it: pid and pidfd of a process that has executed the launcher.
pub fn start(plan: Plan<'_>) -> Result<(i32, OwnedFd), Failed> {
    let stack = Stack::new()?;
    let mut shared = Shared {
        plan,
        call: AtomicI32::new(-1),
        errno: AtomicI32::new(0),
    };
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let pid = {
        // None of Node's handlers may run in the child, in our memory.
        let _blocked = Blocked::all();
        // SAFETY: `run` obeys the rules above; with CLONE_VFORK this thread waits until the child has
        // executed or ended, so `stack`, `shared` and `pidfd` outlive its use of them.
        unsafe {
            libc::clone(
                run,
                stack.top(),
                flags,
                (&raw mut shared).cast(),
                &raw mut pidfd,
            )
        }
    };
    if pid < 0 {
        return Err(Failed::last("clone"));
    }
    // SAFETY: the kernel has just given us this descriptor.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    match usize::try_from(shared.call.load(Relaxed)) {
        Err(_) => Ok((pid, pidfd)),
        Ok(call) => {
            let mut status = 0;
            // SAFETY: our own child, which has ended; nobody else waits for it.
            unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) };
            Err(Failed::new(
                CALLS.get(call).copied().unwrap_or("clone"),
                shared.errno.load(Relaxed),
            ))
        }
    }
}

/// The child. Signals stay blocked: the launcher, which resets them for its command, unblocks them.
extern "C" fn run(shared: *mut c_void) -> c_int {
    // SAFETY: `start` passes its own `Shared` and waits meanwhile.
    let shared = unsafe { &mut *shared.cast::<Shared<'_>>() };
    let call = arrange(&mut shared.plan);
    // The C library's `errno` is that of the waiting thread: nobody looks at it meanwhile.
    // SAFETY: the address is valid for every thread of the C library.
    shared
        .errno
        .store(unsafe { *libc::__errno_location() }, Relaxed);
    shared.call.store(call, Relaxed);
    // SAFETY: ends the child only, without running handlers that belong to our process.
    unsafe { libc::_exit(125) }
}

/// Executes the launcher; returns which call failed.
fn arrange(plan: &mut Plan<'_>) -> c_int {
    // SAFETY: numbers and prepared, NUL-terminated memory are passed to async-signal-safe calls; the
    // table of descriptors is the child's own.
    unsafe {
        let mut program = plan.program;
        if program >= 0 {
            program = libc::fcntl(program, libc::F_DUPFD_CLOEXEC, plan.above);
            if program < 0 {
                return 0;
            }
        }
        // First all up, then all down: no number is overwritten while it is still needed.
        for each in plan.moves.iter_mut() {
            each.high = libc::fcntl(each.from, libc::F_DUPFD_CLOEXEC, plan.above);
            if each.high < 0 {
                return 0;
            }
        }
        if libc::syscall(
            libc::SYS_close_range,
            3,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        ) != 0
        {
            return 1;
        }
        for each in plan.moves.iter() {
            if libc::dup3(each.high, each.to, 0) < 0 {
                return 2;
            }
        }
        if let Some(cwd) = plan.cwd
            && libc::chdir(cwd.as_ptr()) != 0
        {
            return 3;
        }
        if program >= 0 {
            libc::syscall(
                libc::SYS_execveat,
                program,
                c"".as_ptr(),
                plan.argv,
                plan.envp,
                libc::AT_EMPTY_PATH,
            );
        } else {
            libc::execve(plan.path.as_ptr(), plan.argv, plan.envp);
        }
    }
    4
}

/// A small stack of its own: on ours the child would overwrite what we return to.
struct Stack(*mut c_void);

impl Stack {
    fn new() -> Result<Self, Failed> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                STACK + GUARD,
                libc::PROT_READ | libc::PROT_WRITE,
                flags,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(Failed::last("mmap"));
        }
        let stack = Self(at);
        // SAFETY: the lowest part of our own mapping: running over it faults instead of overwriting.
        match unsafe { libc::mprotect(at, GUARD, libc::PROT_NONE) } {
            0 => Ok(stack),
            _ => Err(Failed::last("mprotect")),
        }
    }

    /// Stacks grow downwards on every machine that we run on.
    fn top(&self) -> *mut c_void {
        // SAFETY: one past the end of the mapping.
        unsafe { self.0.byte_add(STACK + GUARD) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: our own mapping; the child has left it.
        unsafe { libc::munmap(self.0, STACK + GUARD) };
    }
}

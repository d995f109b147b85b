//! clone(2), where possible as a vfork: the child runs in the parent's memory, on a stack of its own,
//! and the parent sleeps until it executes the command or ends. Nothing is copied: a fork would cost
//! more than all steps of a container together (page tables, then a fault for every page that either
//! side touches). A child that will stay, as an init, never lets its parent go on: it gets a copy.

use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use srcon_step::{Mark, Step};
use std::ffi::{c_int, c_void};

/// Touched as far as it is used; the lowest page stays out of bounds.
const STACK: usize = 512 << 10;
const GUARD: usize = 4096;

/// Whose memory the child runs in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// The parent's, which sleeps meanwhile.
    Shared,
    /// A copy: the parent goes on at once.
    Copied,
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

/// Runs `act` in a child and returns the child's pid, as this process sees it; with shared memory once
/// the child has executed something or ended. What `act` returns is the child's exit code.
///
/// # Safety
/// The process must be single-threaded. A child that shares all memory still has descriptors of its
/// own: `act` must not drop what the parent goes on to use, and closes by number. `parent_tid` is
/// written where CLONE_PARENT_SETTID is given.
pub unsafe fn child<F: FnOnce() -> i32>(
    memory: Memory,
    flags: i32,
    parent_tid: *mut i32,
    act: F,
) -> Result<i32, Errno> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let map = MapFlags::PRIVATE | MapFlags::STACK | MapFlags::NORESERVE;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let stack = unsafe { mmap_anonymous(std::ptr::null_mut(), STACK, protection, map) }?;
    // SAFETY: the first page of our own mapping, which nobody uses yet.
    unsafe { mprotect(stack, GUARD, MprotectFlags::empty()) }?;
    let mut act = Some(act);
    let shared = libc::CLONE_VM | libc::CLONE_VFORK;
    let flags = if memory == Memory::Shared {
        flags | shared
    } else {
        flags
    };
    // SAFETY: the stack is ours and grows down from its end; `act` lives in this frame, which is
    // asleep until the child has left our memory, or copied.
    let pid = unsafe {
        let top = stack.byte_add(STACK);
        libc::clone(enter::<F>, top, flags, (&raw mut act).cast(), parent_tid)
    };
    let errno = std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO);
    // SAFETY: the child is gone from it, or never was on it.
    let _ = unsafe { munmap(stack, STACK) };
    if pid < 0 {
        Err(Errno::from_raw_os_error(errno))
    } else {
        Ok(pid)
    }
}

extern "C" fn enter<F: FnOnce() -> i32>(act: *mut c_void) -> c_int {
    // SAFETY: `child` passes a pointer to this very type, alive while we run.
    let act = unsafe { &mut *act.cast::<Option<F>>() };
    let code = act.take().map_or(crate::FAILED, |act| act());
    crate::process::end(code)
}

//! Loading a filter whose listener goes to somebody else. As soon as it is loaded, every call of the
//! thread that loaded it may wait for an answer that nobody can give yet: it cannot send the listener
//! itself, not even sleep until it is sent.
//!
//! So a second *thread* is made before, which the filter does not concern (it is loaded for the calling
//! thread only). A thread and not a process: it shares the descriptors, is in the same namespaces with
//! the same ids, the kernel ends it with the process, and it leaves nothing for the command to wait
//! for, neither a child nor a zombie. It works below a vfork too: the new thread is of the worker, not
//! of the supervisor that sleeps in the same memory. Nothing but user space joins the two: the worker
//! spins on a word of memory. Where the hand-over fails, the thread ends the process, closing the
//! listener first: the worker could not even do that. See clone(2), seccomp(2), seccomp_unotify(2).

use crate::{bpf::Insn, load::load};
use rustix::{
    io::Errno,
    mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap},
};
use srcon_step::{Failure, Launch, fail};
use std::{
    arch::asm,
    ffi::{c_int, c_void},
    hint::spin_loop,
    os::fd::{FromRawFd, OwnedFd},
    sync::atomic::{
        AtomicI32,
        Ordering::{Acquire, Release},
    },
};

/// Room for an explanation; touched only as far as it is used.
const STACK: usize = 256 << 10;
const GUARD: usize = 4096;

/// What the two threads say to one another: a descriptor's number, or one of these.
const NOT_YET: i32 = -1;
const NOT_LOADED: i32 = -2;
const GIVEN: i32 = -3;

/// Hands the listener on; runs in the second thread.
pub(crate) type Give<'a> = &'a dyn Fn(&mut dyn Launch, OwnedFd) -> Result<(), Failure>;

struct Shared<'a> {
    word: AtomicI32,
    launch: &'a mut dyn Launch,
    give: Give<'a>,
}

/// Loads the filter and has `give` hand its listener on. Returns when that is done; where it fails,
/// the process ends by [`Launch::end_with`].
pub(crate) fn load_and_give(
    program: &[Insn],
    flags: libc::c_ulong,
    launch: &mut dyn Launch,
    give: Give<'_>,
) -> Result<(), Failure> {
    let shared = Shared {
        word: AtomicI32::new(NOT_YET),
        launch,
        give,
    };
    let shared = &raw const shared;
    start(shared.cast_mut().cast()).map_err(fail("clone"))?;
    // SAFETY: `shared` lives in this frame, which is left only after the thread's last use of it. The
    // thread alone uses `launch` and `give` meanwhile.
    let word = unsafe { &(*shared).word };
    match load(program, flags) {
        Ok(listener) => word.store(listener, Release),
        Err(errno) => {
            word.store(NOT_LOADED, Release);
            // It may still be asleep, and must not outlive this frame.
            while word.load(Acquire) != GIVEN {
                spin_loop();
            }
            return Err(Failure::new("seccomp", errno));
        }
    }
    // From here on no system call, whatever it is, may be made before the listener is in good hands.
    while word.load(Acquire) != GIVEN {
        spin_loop();
    }
    Ok(())
}

/// Makes the thread. It has the same thread-local memory as this one, which meanwhile uses none.
fn start(shared: *mut c_void) -> Result<(), Errno> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let map = MapFlags::PRIVATE | MapFlags::STACK | MapFlags::NORESERVE;
    // SAFETY: a new mapping at an address of the kernel's choice. It is never unmapped: the command's
    // exec does away with it, and until then a call to do so might wait.
    let stack = unsafe { mmap_anonymous(std::ptr::null_mut(), STACK, protection, map) }?;
    // SAFETY: the first page of our own mapping, which nobody uses yet.
    unsafe { mprotect(stack, GUARD, MprotectFlags::empty()) }?;
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_SYSVSEM
        | libc::CLONE_THREAD;
    // SAFETY: the stack is ours and grows down from its end; `shared` is a `Shared` that outlives the
    // thread's use of it. Below a vfork too, the new thread is one of this process.
    let result = unsafe { clone_thread(flags, stack.byte_add(STACK), shared) };
    if result >= 0 {
        return Ok(());
    }
    // SAFETY: our own mapping, which no thread came to use.
    let _ = unsafe { munmap(stack, STACK) };
    let errno = i32::try_from(-result).unwrap_or(libc::EAGAIN);
    Err(Errno::from_raw_os_error(errno))
}

/// clone(2) by hand: that of musl refuses CLONE_THREAD, and a thread of the C library's own would
/// change what it keeps in memory that a sleeping supervisor shares. The child calls [`run`] on its
/// stack, then ends alone, by exit(2). A negative result is the error.
///
/// # Safety
/// `stack` is the end of memory for the thread alone; `arg` is what [`run`] takes.
unsafe fn clone_thread(flags: c_int, stack: *mut c_void, arg: *mut c_void) -> isize {
    let result: isize;
    // SAFETY: the parent sees a system call that changes no memory of its own; the child never comes
    // back. Registers that hold the function and its argument are the kernel's to copy.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "xor edi, edi",
            "mov eax, {exit}",
            "syscall",
            "ud2",
            "2:",
            exit = const libc::SYS_exit,
            inlateout("rax") libc::SYS_clone as isize => result,
            in("rdi") flags as isize,
            in("rsi") stack,
            in("rdx") 0,
            in("r10") 0,
            in("r8") 0,
            in("r12") arg,
            in("r13") run as extern "C" fn(*mut c_void),
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x20",
            "blr x21",
            "mov x0, xzr",
            "mov x8, {exit}",
            "svc 0",
            "brk 1",
            "2:",
            exit = const libc::SYS_exit,
            inlateout("x0") flags as isize => result,
            in("x1") stack,
            in("x2") 0,
            in("x3") 0,
            in("x4") 0,
            in("x8") libc::SYS_clone,
            in("x20") arg,
            in("x21") run as extern "C" fn(*mut c_void),
        );
    }
    result
}

/// The thread.
extern "C" fn run(shared: *mut c_void) {
    // SAFETY: `load_and_give` passes its own `Shared` and uses nothing but `word` until that says "given".
    let shared = unsafe { &mut *shared.cast::<Shared<'_>>() };
    let listener = loop {
        match shared.word.load(Acquire) {
            // Loading takes some 50 µs, most of it in the kernel.
            NOT_YET => std::thread::yield_now(),
            NOT_LOADED => {
                shared.word.store(GIVEN, Release);
                return;
            }
            number => break number,
        }
    };
    // SAFETY: the kernel has just given this descriptor to the other thread, which never uses it; the
    // table of descriptors is the same.
    let listener = unsafe { OwnedFd::from_raw_fd(listener) };
    match (shared.give)(shared.launch, listener) {
        Ok(()) => shared.word.store(GIVEN, Release),
        // Whoever waits for an answer has got ENOSYS: the listener is closed.
        Err(failure) => shared.launch.end_with(&failure),
    }
}

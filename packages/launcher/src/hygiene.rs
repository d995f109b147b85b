//! What a command must not inherit from whoever started us, and what a plan may rest on.
//! See signal(7), prctl(2), close_range(2).

use rustix::process::{Resource, Rlimit, setrlimit};
use srcon_step::{Facts, Refusal};
use std::os::fd::RawFd;

const CAP_SYS_ADMIN: u32 = 21;

/// Refuses a plan that was made for another host.
pub fn same_host(facts: &Facts) -> Result<(), Refusal> {
    let other = |what: String| {
        Err(Refusal::plan(what)
            .because("it was made for another host", "make the plan on this host"))
    };
    if let Some(arch) = &facts.arch
        && arch != std::env::consts::ARCH
    {
        return other(format!(
            "the plan is for {arch}, this is {}",
            std::env::consts::ARCH
        ));
    }
    if let Some(last) = facts.last_cap {
        let here = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap_or_default();
        if here.trim().parse() != Ok(last) {
            return other(format!(
                "the plan knows {last} as the last capability, this kernel {}",
                here.trim()
            ));
        }
    }
    Ok(())
}

/// Whether the caller has CAP_SYS_ADMIN where it stands.
pub fn may_mount() -> bool {
    rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.bits() & (1 << CAP_SYS_ADMIN) != 0)
}

/// Blocks every signal; the worker unblocks them before the command.
pub fn block_signals() {
    set_mask(u64::MAX);
}

/// An ignored SIGCHLD, inherited from a caller, would hide how children ended.
pub fn hear_children() {
    // SAFETY: SIG_DFL installs no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// All signals to their default action and none blocked: Node ignores SIGPIPE and SIGXFSZ, and an
/// ignored signal stays ignored through exec.
pub fn reset_signals() {
    // By the kernel's own call: the C library keeps three signals to itself, and an ignored one of
    // them would stay so. No handler, no flags, no mask.
    let default = [0_u64; 4];
    for signal in 1..=64 {
        // SAFETY: SIG_DFL installs no handler; KILL and STOP are EINVAL.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                std::ptr::null_mut::<u64>(),
                8,
            );
        }
    }
    set_mask(0);
}

/// Sets the signal mask by the kernel's own call: the C library would spare its internal signals.
pub fn set_mask(mask: u64) {
    // SAFETY: `mask` is 8 bytes, the size that is passed, and outlives the call.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            std::ptr::from_ref(&mask),
            std::ptr::null_mut::<u64>(),
            8,
        );
    }
}

/// Marks every descriptor from 3 on close-on-exec, except those the command is to inherit.
pub fn close_on_exec(keep: &[RawFd]) {
    // SAFETY: only flags of descriptors change.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    for &fd in keep {
        // SAFETY: only a flag of a descriptor changes; a wrong number is EBADF.
        unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
    }
}

/// Closes everything but these (sorted or not) and standard error: what a waiting role must not
/// hold, or `… | cat` would wait for it.
pub fn close_all_but(keep: &[RawFd]) {
    let mut keep: Vec<u32> = keep
        .iter()
        .filter_map(|&fd| u32::try_from(fd).ok())
        .chain([2])
        .collect();
    keep.sort_unstable();
    keep.dedup();
    let mut from = 0;
    for fd in keep.into_iter().chain([u32::MAX]) {
        if fd > from {
            // SAFETY: the roles own nothing in this range; Rust owners of these are forgotten.
            unsafe { libc::syscall(libc::SYS_close_range, from, fd - 1, 0) };
        }
        from = fd.saturating_add(1);
    }
}

/// Closes one descriptor by number.
pub fn close(fd: RawFd) {
    // SAFETY: the caller gives this copy of the descriptor up, in this process only.
    unsafe { libc::close(fd) };
}

/// Gives the command the limit of open files that its caller had.
pub fn limit_files(nofile: Option<(u64, u64)>) {
    if let Some((soft, hard)) = nofile {
        // A hard limit that may not be raised stays; the soft one is what programs look at.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(soft),
                maximum: Some(hard),
            },
        );
    }
}

/// Switches `O_NONBLOCK` off on 0 to 2, where a Node that shared them left it on.
pub fn blocking_stdio() {
    for fd in 0..3 {
        // SAFETY: only status flags change; a closed descriptor is EBADF.
        unsafe {
            let flags = libc::fcntl(fd, libc::F_GETFL);
            if flags >= 0 && flags & libc::O_NONBLOCK != 0 {
                libc::fcntl(fd, libc::F_SETFL, flags & !libc::O_NONBLOCK);
            }
        }
    }
}

/// prctl(2) with up to two numbers.
pub fn prctl(option: i32, value: u64) {
    // SAFETY: the options used take numbers, or a pointer to a static string (PR_SET_NAME).
    unsafe { libc::syscall(libc::SYS_prctl, option, value, 0, 0, 0) };
}

/// Names this process for `ps`.
pub fn set_name(name: &'static std::ffi::CStr) {
    prctl(libc::PR_SET_NAME, name.as_ptr() as u64);
}

/// Whether others of the same uid may look into this process.
pub fn set_dumpable(on: bool) {
    prctl(libc::PR_SET_DUMPABLE, u64::from(on));
}

/// Has the kernel send us this signal when the parent ends (more exactly: the thread that forked us).
pub fn set_parent_death(signal: i32) {
    prctl(libc::PR_SET_PDEATHSIG, signal as u64);
}

/// What it would send now; 0: nothing.
pub fn parent_death() -> i32 {
    let mut signal: libc::c_int = 0;
    // SAFETY: the kernel stores one int.
    unsafe { libc::syscall(libc::SYS_prctl, libc::PR_GET_PDEATHSIG, &raw mut signal) };
    signal
}

/// A fresh session keyring: the caller's keys are not the command's. Where it is forbidden, the
/// command cannot reach keys either.
pub fn fresh_keyring() {
    const JOIN_SESSION_KEYRING: i32 = 1;
    // SAFETY: a null name makes an anonymous keyring.
    unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, 0, 0, 0, 0) };
}

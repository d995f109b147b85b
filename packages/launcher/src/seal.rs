//! A container that sees one of our processes must not get at a file of the host through its
//! `/proc/PID/exe` (CVE-2019-5736). An init of ours is such a process; without a user namespace of
//! its own a container's root may look at it. Then we start again from a sealed copy in memory.

use crate::start::Start;
use rustix::fs::{Mode, OFlags, SealFlags, SeekFrom, fcntl_add_seals, seek};
use srcon_step::{Mark, sys};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// Executes ourselves again from a sealed memory file, where that is needed and not yet done.
/// Where it cannot be done, we go on: the container is then as safe as its capabilities make it.
pub fn reseal_if_seen(start: &Start) {
    let marks: Vec<Mark> = start.plan.steps.iter().flat_map(|s| s.marks()).collect();
    if !marks.contains(&Mark::Pid) || marks.contains(&Mark::User) {
        return;
    }
    let exe = rustix::fs::readlink(c"/proc/self/exe", Vec::new()).unwrap_or_default();
    if exe.as_bytes().starts_with(b"/memfd:") {
        return;
    }
    if let Some(copy) = sealed_copy() {
        again(start, &copy);
    }
}

fn sealed_copy() -> Option<OwnedFd> {
    let from = rustix::fs::open(
        c"/proc/self/exe",
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    let size = usize::try_from(rustix::fs::fstat(&from).ok()?.st_size).ok()?;
    let to = sys::memfd(c"srcon-launch", true).ok()?;
    let mut copied = 0;
    while copied < size {
        match rustix::fs::sendfile(&to, &from, None, size - copied) {
            Ok(n) if n > 0 => copied += n,
            _ => return None,
        }
    }
    fcntl_add_seals(
        &to,
        SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE,
    )
    .ok()?;
    Some(to)
}

/// The words name descriptors: they stay open over this one exec.
fn again(start: &Start, copy: &OwnedFd) {
    for &fd in &start.descriptors {
        // SAFETY: only a flag and an offset of our own descriptors change.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let _ = rustix::io::fcntl_setfd(borrowed, rustix::io::FdFlags::empty());
        let _ = seek(borrowed, SeekFrom::Start(0));
    }
    let argv: Vec<_> = start
        .words
        .iter()
        .map(|w| w.as_ptr())
        .chain([std::ptr::null()])
        .collect();
    let envp = start.environment.pointers();
    // SAFETY: both vectors end with a null pointer; the strings live as long as the process.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            copy.as_raw_fd(),
            c"".as_ptr(),
            argv.as_ptr(),
            envp.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
    }
}

//! A container that sees one of our processes must not get at a file of the host through its
//! `/proc/PID/exe` (CVE-2019-5736). An init of ours is such a process; without a user namespace of
//! its own a container's root may look at it. A library starts us from a sealed copy; else we start
//! again, from a file that cannot be written to.

use crate::start::Start;
use rustix::fs::{CWD, Mode, OFlags, SealFlags, SeekFrom, fcntl_add_seals, seek};
use rustix::mount::{OpenTreeFlags, open_tree};
use srcon_step::{
    Mark,
    sys::{self, MountAttr},
};
use std::{
    ffi::CStr,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
};

/// What our own name is after that.
const SEALED: &CStr = c"(srcon-launch)";

/// Executes ourselves again from a file that cannot be written to, where that is needed and not yet
/// done: a read-only mount of our own file that is attached nowhere, else a sealed copy in memory.
/// Where neither can be had, we go on: the container is then as safe as its capabilities make it.
pub fn reseal_if_seen(start: &Start) {
    let marks: Vec<Mark> = start.plan.steps.iter().flat_map(|s| s.marks()).collect();
    // A second pid namespace leaves the first one's init behind, asked for or not.
    let nested = marks.iter().filter(|&&m| m == Mark::Pid).count() > 1;
    let visible = nested || start.plan.needs().visible;
    if !visible || marks.contains(&Mark::User) || start.words.first() == Some(&SEALED) {
        return;
    }
    let exe = rustix::fs::readlink(c"/proc/self/exe", Vec::new()).unwrap_or_default();
    if exe.as_bytes().starts_with(b"/memfd:") {
        return;
    }
    if let Some(file) = read_only_mount().or_else(sealed_copy) {
        again(start, &file);
    }
}

/// Not in any mount namespace: nobody can find it there to remount it.
fn read_only_mount() -> Option<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(CWD, c"/proc/self/exe", flags).ok()?;
    let attr = MountAttr {
        attr_set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID,
        ..MountAttr::default()
    };
    sys::mount_setattr(tree.as_fd(), c"", libc::AT_EMPTY_PATH as u32, &attr).ok()?;
    Some(tree)
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
    let words = [SEALED]
        .into_iter()
        .chain(start.words.iter().skip(1).copied());
    let argv: Vec<_> = words.map(CStr::as_ptr).chain([std::ptr::null()]).collect();
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

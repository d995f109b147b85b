//! The keeper's half of `ns.user`: writes the maps of the worker's new user namespace. The file must
//! be opened by a process of the parent user namespace (see user_namespaces(7)); where that is not
//! the keeper's own, a child enters it first. A grandparent's write is EPERM.

use crate::{Setgroups, User, idmap, maphelper, user::identity};
use rustix::fs::{Mode, OFlags, openat};
use srcon_step::{Failure, Keeper, fail, sys};
use std::{
    ffi::CString,
    fs::File,
    io::{Read, Write},
    os::fd::BorrowedFd,
};

/// Writes the maps of the keeper's worker, from inside `parent`.
///
/// # Errors
/// The write that failed, or what the helper program said.
pub fn write(step: &User, keeper: &dyn Keeper, parent: BorrowedFd<'_>) -> Result<(), Failure> {
    let (proc, worker) = (keeper.proc(), keeper.worker());
    check_proc(proc)?;
    if is_own(proc, parent) {
        return write_here(step, proc, worker);
    }
    in_child(|| {
        sys::setns(parent, libc::CLONE_NEWUSER).map_err(fail("setns"))?;
        write_here(step, proc, worker)
    })
}

/// The worker is named by its pid, so the numbers in this proc must be those of our pid namespace:
/// in another's, the same number is somebody else.
fn check_proc(proc: BorrowedFd<'_>) -> Result<(), Failure> {
    let own = rustix::process::getpid().as_raw_nonzero().to_string();
    let path = "/proc/self";
    let there = rustix::fs::readlinkat(proc, c"self", Vec::new())
        .map_err(|e| Failure::new("readlinkat", e).at(path))?;
    if there.to_bytes() != own.as_bytes() {
        let note = format!("it says {}, not {own}", there.to_string_lossy());
        return Err(Failure::wrong(note).at(path));
    }
    Ok(())
}

fn is_own(proc: BorrowedFd<'_>, parent: BorrowedFd<'_>) -> bool {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Ok(own) = openat(proc, c"self/ns/user", flags, Mode::empty()) else {
        return false;
    };
    matches!((identity(&own), identity(parent)), (Ok(a), Ok(b)) if a == b)
}

fn write_here(step: &User, proc: BorrowedFd<'_>, worker: i32) -> Result<(), Failure> {
    match step.setgroups {
        Some(Setgroups::Deny) => put(proc, worker, "setgroups", b"deny")?,
        Some(Setgroups::Allow) => put(proc, worker, "setgroups", b"allow")?,
        None => {}
    }
    if step.helper {
        maphelper::run("newgidmap", worker, &step.gid_map)?;
        return maphelper::run("newuidmap", worker, &step.uid_map);
    }
    if !step.gid_map.is_empty() {
        put(
            proc,
            worker,
            "gid_map",
            idmap::to_text(&step.gid_map).as_bytes(),
        )?;
    }
    if !step.uid_map.is_empty() {
        put(
            proc,
            worker,
            "uid_map",
            idmap::to_text(&step.uid_map).as_bytes(),
        )?;
    }
    Ok(())
}

/// One write, as the kernel wants it.
fn put(proc: BorrowedFd<'_>, worker: i32, name: &str, text: &[u8]) -> Result<(), Failure> {
    let path = format!("{worker}/{name}");
    let shown = format!("/proc/{path}");
    let c_path = CString::new(path).map_err(|_| Failure::wrong("path"))?;
    let file = openat(
        proc,
        &c_path,
        OFlags::WRONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(|e| Failure::new("openat", e).at(&shown))?;
    let note = String::from_utf8_lossy(text).trim_end().replace('\n', ", ");
    match rustix::io::write(&file, text) {
        Ok(n) if n == text.len() => Ok(()),
        Ok(n) => Err(Failure::wrong(format!("{n} bytes of {} were taken", text.len())).at(shown)),
        Err(e) => Err(Failure::new("write", e).at(shown).note(note)),
    }
}

/// The calls that can fail in the child: a `Failure` names its call by a static text.
const CALLS: [&str; 11] = [
    "setns",
    "openat",
    "write",
    "verify",
    "newuidmap",
    "newgidmap",
    "pipe2",
    "fork",
    "execve",
    "waitpid",
    "read",
];

/// Runs `work` in a child process of its own and brings its failure back. The keeper has one
/// thread, so the child may do anything.
fn in_child(work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let (from, to) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(fail("pipe2"))?;
    // SAFETY: the launcher is single-threaded; the child ends by _exit.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return Err(Failure::last("fork"));
    }
    if child == 0 {
        drop(from);
        let text = match work() {
            Ok(()) => "ok".to_owned(),
            Err(f) => {
                let call = CALLS.iter().position(|c| *c == f.syscall).unwrap_or(3);
                format!("{call}\0{}\0{}\0{}", f.errno, f.path, f.note)
            }
        };
        let _ = File::from(to).write_all(text.as_bytes());
        // SAFETY: ends this child only, without running what the keeper has set up.
        unsafe { libc::_exit(0) };
    }
    drop(to);
    let mut text = String::new();
    let read = File::from(from).read_to_string(&mut text);
    maphelper::wait(child)?;
    read.map_err(|_| Failure::last("read"))?;
    if text == "ok" {
        return Ok(());
    }
    let parts: Vec<&str> = text.splitn(4, '\0').collect();
    let [call, errno, path, note] = parts[..] else {
        return Err(Failure::wrong("the map writer ended without a word"));
    };
    Err(Failure {
        syscall: call
            .parse()
            .ok()
            .and_then(|i: usize| CALLS.get(i).copied())
            .unwrap_or("verify"),
        errno: errno.parse().unwrap_or(0),
        path: path.to_owned(),
        note: note.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn a_failure_crosses_the_fork() {
        let failure = Failure::new("write", Errno::PERM)
            .at("/proc/1/uid_map")
            .note("0 0 1");
        assert_eq!(in_child(|| Err(failure.clone())), Err(failure.clone()));
        assert_eq!(in_child(|| Ok(())), Ok(()));
        // SAFETY: ends the child.
        let dead = in_child(|| unsafe { libc::_exit(3) });
        assert!(dead.unwrap_err().note.contains("without a word"));
    }
}

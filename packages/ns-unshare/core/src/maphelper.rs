//! newuidmap(1) and newgidmap(1): setuid programs that write the maps which /etc/subuid and
//! /etc/subgid allow. Found in fixed directories, run without a shell and with an empty environment;
//! what they say on stderr becomes the failure's note.

use crate::IdMap;
use srcon_step::{Failure, fail};
use std::{
    ffi::CString,
    fs::File,
    io::Read,
    os::fd::AsRawFd,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Where it is looked for: never in the caller's PATH.
const DIRECTORIES: [&str; 6] = [
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
    "/usr/local/bin",
    "/run/wrappers/bin",
];
/// Most of its stderr that is kept, bytes.
const MAX_SAID: u64 = 512;

/// The program's absolute path.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let candidates = DIRECTORIES.iter().map(|d| Path::new(d).join(name));
    candidates
        .into_iter()
        .find(|p| rustix::fs::access(p, rustix::fs::Access::EXEC_OK).is_ok())
}

/// Runs `name` for process `worker` and waits for it.
///
/// # Errors
/// It is not there, or it failed: then `note` is what it said.
pub fn run(name: &'static str, worker: i32, map: &[IdMap]) -> Result<(), Failure> {
    let path = find(name).ok_or_else(|| {
        Failure::new(name, rustix::io::Errno::NOENT).note("not in the system's directories")
    })?;
    let shown = path.display().to_string();
    let file = CString::new(path.as_os_str().as_bytes()).map_err(|_| Failure::wrong("path"))?;
    let words = arguments(name, worker, map)?;
    let mut argv: Vec<*const libc::c_char> = words.iter().map(|w| w.as_ptr()).collect();
    argv.push(std::ptr::null());
    let envp: [*const libc::c_char; 1] = [std::ptr::null()];
    let (from, to) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(fail("pipe2"))?;
    // SAFETY: the launcher is single-threaded; between here and execve the child only calls the
    // kernel, and everything that it reads was made before.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return Err(Failure::last("fork"));
    }
    if child == 0 {
        // SAFETY: the pointers live in `words`, `file` and the arrays above.
        unsafe {
            libc::dup2(to.as_raw_fd(), 2);
            libc::execve(file.as_ptr(), argv.as_ptr(), envp.as_ptr());
            libc::_exit(126);
        }
    }
    drop(to);
    let mut said = Vec::new();
    let read = File::from(from).take(MAX_SAID).read_to_end(&mut said);
    let status = wait(child)?;
    read.map_err(|_| Failure::last("read"))?;
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&said).trim().replace('\n', "; ");
    let end = if libc::WIFEXITED(status) {
        format!("exit {}", libc::WEXITSTATUS(status))
    } else {
        format!("signal {}", libc::WTERMSIG(status))
    };
    let note = if said.is_empty() { end } else { said };
    Err(Failure {
        syscall: name,
        errno: 0,
        path: shown,
        note,
    })
}

fn arguments(name: &str, worker: i32, map: &[IdMap]) -> Result<Vec<CString>, Failure> {
    let numbers = map
        .iter()
        .flat_map(|m| [m.inside, m.outside, m.count].map(|n| n.to_string()));
    [name.to_owned(), worker.to_string()]
        .into_iter()
        .chain(numbers)
        .map(|w| CString::new(w).map_err(|_| Failure::wrong("a NUL byte in a word")))
        .collect()
}

/// Waits for this child and no other; its wait(2) status.
///
/// # Errors
/// Of waitpid.
pub fn wait(child: i32) -> Result<i32, Failure> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a valid int.
        let got = unsafe { libc::waitpid(child, &raw mut status, 0) };
        if got == child {
            return Ok(status);
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Err(Failure::last("waitpid"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_helper() {
        let map = [
            IdMap {
                inside: 0,
                outside: 1000,
                count: 1,
            },
            IdMap {
                inside: 1,
                outside: 100_000,
                count: 65536,
            },
        ];
        let words = arguments("newuidmap", 42, &map).unwrap();
        let text: Vec<_> = words.iter().map(|w| w.to_str().unwrap()).collect();
        assert_eq!(
            text,
            ["newuidmap", "42", "0", "1000", "1", "1", "100000", "65536"]
        );
    }

    #[test]
    fn a_helper_that_is_not_there_is_said() {
        assert_eq!(find("srcon-no-such-helper"), None);
        let failure = run("srcon-no-such-helper", 1, &[]).unwrap_err();
        assert_eq!(failure.errno, libc::ENOENT);
    }

    #[test]
    fn what_a_helper_says_is_kept() {
        // `ls 999999999 0 1 2` fails and says why on stderr.
        let map = [IdMap {
            inside: 0,
            outside: 1,
            count: 2,
        }];
        let failure = run("ls", 999_999_999, &map).unwrap_err();
        assert!(failure.note.contains("999999999"), "{failure}");
        assert_eq!(run("true", 1, &map), Ok(()));
        assert_eq!(run("false", 1, &map).unwrap_err().note, "exit 1");
    }
}

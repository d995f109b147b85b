//! Executing the command: PATH is searched after all steps, in the root and with the PATH that the
//! command will have. Everything that allocates is done before a filter can forbid it. See execve(2).

use crate::environment::{Environment, pointers};
use srcon_step::page::Page;
use std::ffi::{CString, c_char};

const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NOT_FOUND: i32 = 127;
const NOT_EXECUTABLE: i32 = 126;

/// The command, ready to be executed without another allocation.
pub struct Command {
    files: Vec<CString>,
    _argv: Vec<CString>,
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
}

impl Command {
    /// Prepares it; `environment` must outlive it unchanged.
    pub fn new(words: &[Vec<u8>], environment: &Environment) -> Self {
        let strings: Vec<CString> = words.iter().map(|w| c_string(w)).collect();
        let files = candidates(&words[0], environment.get(b"PATH").unwrap_or(DEFAULT_PATH));
        Self {
            files,
            argv: pointers(&strings),
            _argv: strings,
            envp: environment.pointers(),
        }
    }

    /// Executes it. Returns the exit code, having recorded why it could not be.
    pub fn execute(&self, page: &Page) -> i32 {
        page.exec();
        // As execvp: a file that exists but may not be executed is remembered, the search goes on.
        let mut refused: Option<(i32, usize)> = None;
        for (at, file) in self.files.iter().enumerate() {
            // SAFETY: both vectors end with a null pointer and point to C strings that we own.
            unsafe { libc::execve(file.as_ptr(), self.argv.as_ptr(), self.envp.as_ptr()) };
            let errno = std::io::Error::last_os_error()
                .raw_os_error()
                .unwrap_or(libc::EIO);
            // A directory of PATH that may not be searched holds nothing for this user.
            let closed = errno == libc::EACCES && self.files.len() > 1;
            let missing =
                (closed || matches!(errno, libc::ENOENT | libc::ENOTDIR)) && !exists(file);
            if !missing {
                refused = refused.or(Some((errno, at)));
                if errno != libc::EACCES {
                    break;
                }
            }
        }
        match refused {
            Some((errno, at)) => {
                let note = if errno == libc::ENOENT {
                    "its interpreter or loader is missing"
                } else {
                    ""
                };
                page.exec_failed(errno, &self.files[at].to_string_lossy(), note);
                NOT_EXECUTABLE
            }
            None => {
                let name = self._argv[0].to_string_lossy();
                page.exec_failed(libc::ENOENT, &name, "");
                NOT_FOUND
            }
        }
    }
}

fn candidates(file: &[u8], path: &[u8]) -> Vec<CString> {
    if file.contains(&b'/') {
        return vec![c_string(file)];
    }
    path.split(|&b| b == b':')
        .map(|dir| match dir {
            [] => c_string(file),
            dir => c_string(&[dir, b"/", file].concat()),
        })
        .collect()
}

fn exists(file: &CString) -> bool {
    rustix::fs::statat(
        rustix::fs::CWD,
        file.as_c_str(),
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )
    .is_ok()
}

/// Words come from C strings or from a plan, which has no NUL in them.
fn c_string(bytes: &[u8]) -> CString {
    CString::new(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn path_is_searched_as_exec_would() {
        let text = |file: &str, path: &str| -> Vec<String> {
            let all = candidates(file.as_bytes(), path.as_bytes());
            all.iter()
                .map(|c| c.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(text("sh", "/bin:/usr/bin"), ["/bin/sh", "/usr/bin/sh"]);
        assert_eq!(text("sh", ":/bin"), ["sh", "/bin/sh"]);
        assert_eq!(text("./sh", "/bin"), ["./sh"]);
    }
}

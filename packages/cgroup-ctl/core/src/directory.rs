//! A directory of a cgroup hierarchy, held by descriptor: whatever is renamed or mounted over its
//! path meanwhile, what is read and written is this group. Its path is kept for messages only.

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, unlinkat};
use rustix::io::{Errno, read, write};
use srcon_step::{Failure, fail};
use std::{
    ffi::{CStr, CString},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// Most that is read of one control file; `cgroup.procs` of a large group is far below.
const LARGEST_FILE: usize = 4 << 20;

/// Flags of every directory opened here.
pub(crate) const OPEN: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
    path: String,
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Directory {
    pub(crate) fn new(fd: OwnedFd, path: String) -> Self {
        Self { fd, path }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// The path of something in it, for messages.
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.path.trim_end_matches('/'))
    }

    /// Opens a child group; `None` if there is none of that name.
    pub(crate) fn child(&self, name: &CStr) -> Result<Option<Self>, Errno> {
        match openat(&self.fd, name, OPEN, Mode::empty()) {
            Ok(fd) => Ok(Some(Self::new(fd, self.path_of(&name.to_string_lossy())))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Opens one of its files.
    pub(crate) fn open(&self, file: &str, flags: OFlags) -> Result<OwnedFd, Failure> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        openat(&self.fd, file, flags, Mode::empty())
            .map_err(|e| fail("open")(e).at(self.path_of(file)))
    }

    /// The content of a control file without the final newline.
    pub(crate) fn read(&self, file: &str) -> Result<String, Failure> {
        let fd = self.open(file, OFlags::RDONLY)?;
        let mut text = Vec::new();
        let mut part = [0_u8; 4096];
        while text.len() < LARGEST_FILE {
            match read(&fd, &mut part) {
                Ok(0) => break,
                Ok(n) => text.extend_from_slice(&part[..n]),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(fail("read")(errno).at(self.path_of(file))),
            }
        }
        Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
    }

    /// Writes a control file: one write(2), since each write is one order to the kernel.
    pub(crate) fn write(&self, file: &str, value: &str) -> Result<(), Failure> {
        let fd = self.open(file, OFlags::WRONLY)?;
        let failed = |f: Failure| f.at(self.path_of(file)).note(format!("value {value}"));
        match write(&fd, value.as_bytes()) {
            Ok(n) if n == value.len() => Ok(()),
            Ok(n) => Err(failed(Failure::wrong("")).note(format!("only {n} bytes were taken"))),
            Err(errno) => Err(failed(fail("write")(errno))),
        }
    }

    /// Removes a child group.
    pub(crate) fn remove(&self, name: &CStr) -> Result<(), Errno> {
        unlinkat(&self.fd, name, AtFlags::REMOVEDIR)
    }

    /// The names of its child groups, at most `limit`; an unreadable directory has none.
    pub(crate) fn children(&self, limit: usize) -> Vec<CString> {
        let Ok(entries) = Dir::read_from(&self.fd) else {
            return Vec::new();
        };
        (entries.filter_map(Result::ok))
            .filter(|e| e.file_type() == FileType::Directory)
            .map(|e| e.file_name().to_owned())
            .filter(|name| !matches!(name.to_bytes(), b"." | b".."))
            .take(limit)
            .collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{fs, path::PathBuf};

    /// Plain files that look like a hierarchy, for what no host has on demand.
    pub(crate) struct Tree(PathBuf);

    impl Tree {
        pub(crate) fn new(files: &[(&str, &str)]) -> Self {
            use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!(
                "cgroup-ctl-{}-{}",
                std::process::id(),
                NEXT.fetch_add(1, Relaxed)
            );
            let tree = Self(std::env::temp_dir().join(name));
            for (file, text) in files {
                let path = tree.0.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            tree
        }

        pub(crate) fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }

        pub(crate) fn read(&self, file: &str) -> String {
            fs::read_to_string(self.0.join(file)).unwrap()
        }

        pub(crate) fn open(&self) -> super::Directory {
            super::Directory::new(fs::File::open(&self.0).unwrap().into(), String::new())
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

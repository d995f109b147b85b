//! Directories and symbolic links inside the root: what `/dev` needs beside its nodes.

use crate::filesystem::check_target;
use crate::place;
use crate::root::Root;
use rustix::fs::{Mode, OFlags, fchmod, mkdirat, openat, readlinkat, symlinkat};
use rustix::io::Errno;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step};
use std::os::fd::AsFd;

/// Makes a directory, unless there is one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Directory {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    path: Bytes,
    /// Permission bits of a directory that is made, whatever the umask.
    #[serde(default)]
    mode: Option<u32>,
}

impl Step for Directory {
    fn name(&self) -> &'static str {
        "fs.directory"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        if self.mode.is_some_and(|m| m > 0o7777) {
            return Err("mode: permission bits are at most 0o7777 (4095)".to_owned());
        }
        check_target(&self.path).map_err(|e| e.replace("target", "path"))
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let at = |f: Failure| f.at(self.path.to_text());
        let mode = Mode::from_raw_mode(self.mode.unwrap_or(0o755));
        let root = Root::of(launch)?;
        let (dir, name) = place::parent(root.as_fd(), &self.path)?;
        match mkdirat(&dir, &name, Mode::RWXU) {
            Ok(()) => {}
            Err(Errno::EXIST) => {
                let found = place::open(root.as_fd(), &self.path, place::Links::Inside)?;
                return match place::is_directory(&found)? {
                    true => Ok(()),
                    false => Err(at(Failure::new("mkdirat", Errno::NOTDIR))),
                };
            }
            Err(e) => return Err(at(Failure::new("mkdirat", e))),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made =
            openat(&dir, &name, flags, Mode::empty()).map_err(|e| at(Failure::new("openat", e)))?;
        fchmod(&made, mode).map_err(|e| at(Failure::new("fchmod", e)))
    }
}

/// Makes a symbolic link; one that says the same may be there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Symlink {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    path: Bytes,
    to: Bytes,
}

impl Step for Symlink {
    fn name(&self) -> &'static str {
        "fs.symlink"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        if self.to.as_bytes().is_empty() {
            return Err("to: must not be empty".to_owned());
        }
        check_target(&self.path).map_err(|e| e.replace("target", "path"))
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let fail = |e: Errno| Failure::new("symlinkat", e).at(self.path.to_text());
        let root = Root::of(launch)?;
        let (dir, name) = place::parent(root.as_fd(), &self.path)?;
        match symlinkat(self.to.as_c_str(), &dir, &name) {
            Err(Errno::EXIST) => {}
            other => return other.map_err(fail),
        }
        match readlinkat(&dir, &name, Vec::new()) {
            Ok(says) if says.as_bytes() == self.to.as_bytes() => Ok(()),
            _ => Err(fail(Errno::EXIST)),
        }
    }
}

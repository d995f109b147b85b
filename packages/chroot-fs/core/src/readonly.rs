//! What the command must not write: the root, or a path inside it. Only ever adds a flag: a
//! remount would have to repeat the flags that are locked, and is EPERM if it forgets one.

use crate::attributes::{self, Attribute};
use crate::filesystem::check_target;
use crate::place::{self, Links};
use crate::{root::Root, tree};
use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
use rustix::io::Errno;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step};
use std::os::fd::{AsFd, OwnedFd};

/// Makes the root, or a path in it, read-only; a path that is not there needs nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReadOnly {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    path: Option<Bytes>,
    #[serde(default)]
    recursive: bool,
}

impl Step for ReadOnly {
    fn name(&self) -> &'static str {
        "fs.read-only"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        match &self.path {
            Some(path) => check_target(path).map_err(|e| e.replace("target", "path")),
            None => Ok(()),
        }
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let root = Root::of(launch)?;
        let Some(path) = &self.path else {
            return attributes::add(root.as_fd(), &[Attribute::Ro], self.recursive)
                .map_err(|f| f.at("/"));
        };
        let at = |f: Failure| f.at(path.to_text());
        let target = match place::open(root.as_fd(), path, Links::Inside) {
            Err(f) if f.errno == Errno::NOENT.raw_os_error() => return Ok(()),
            other => other?,
        };
        if is_mount(&target).map_err(at)? {
            return attributes::add(target.as_fd(), &[Attribute::Ro], self.recursive).map_err(at);
        }
        // Not a mount of its own: a copy of it, read-only, on top of itself.
        let copy = tree::clone_of(target.as_fd(), true).map_err(at)?;
        attributes::add(copy.as_fd(), &[Attribute::Ro], true).map_err(at)?;
        tree::put(copy.as_fd(), target.as_fd()).map_err(at)
    }
}

fn is_mount(fd: &OwnedFd) -> Result<bool, Failure> {
    let stat = statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::empty())
        .map_err(|e| Failure::new("statx", e))?;
    Ok(stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

//! A device node of the host inside the root. Bound, not made: mknod(2) is refused in a user
//! namespace. What is bound is first seen to be that device, by its numbers on the open file: a
//! `/dev/null` that is a link to something else would be an open door (CVE-2025-31133).

use crate::filesystem::check_target;
use crate::place::{self, Links, Sort};
use crate::{root::Root, tree};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, major, minor, openat};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step};
use std::os::fd::{AsFd, OwnedFd};

/// Binds a character device of the caller's root at the same path inside the new one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Device {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    path: Bytes,
    major: u32,
    minor: u32,
}

impl Step for Device {
    fn name(&self) -> &'static str {
        "fs.device"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        check_target(&self.path).map_err(|e| e.replace("target", "path"))
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let at = |f: Failure| f.at(self.path.to_text());
        let node = open(&self.path, self.major, self.minor)?;
        let copy = tree::clone_of(node.as_fd(), false).map_err(at)?;
        let root = Root::of(launch)?;
        let target = place::target(root.as_fd(), &self.path, Sort::File, Links::None, true)?;
        tree::put(copy.as_fd(), target.as_fd()).map_err(at)
    }
}

/// Opens a character device (`O_PATH`: the driver is not asked) and sees that it is the right one.
pub fn open(path: &Bytes, wanted_major: u32, wanted_minor: u32) -> Result<OwnedFd, Failure> {
    let at = |f: Failure| f.at(path.to_text());
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = openat(CWD, path.as_c_str(), flags, Mode::empty())
        .map_err(|e| at(Failure::new("openat", e)))?;
    let stat = fstat(&fd).map_err(|e| at(Failure::new("fstat", e)))?;
    let is = (major(stat.st_rdev), minor(stat.st_rdev));
    let is_char = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
    if !is_char || is != (wanted_major, wanted_minor) {
        let wanted = format!("it is not the character device {wanted_major}:{wanted_minor}");
        return Err(at(Failure::wrong(wanted)));
    }
    Ok(fd)
}

//! What the command must not read: a file shows `/dev/null`, a directory an empty, read-only tmpfs.
//! One tmpfs serves all directories of a plan. See runtime-spec config-linux.md, maskedPaths.

use crate::attributes::Attribute;
use crate::filesystem::check_target;
use crate::place::{self, Links};
use crate::{attributes, device, root::Root, tree};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount,
    fsopen,
};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step};
use std::os::fd::{AsFd, OwnedFd};

/// The shared empty tmpfs, once it is attached somewhere.
const EMPTY: &str = "fs:empty";
/// The verified null device.
const NULL: &str = "fs:null";
const CLOSED: &[Attribute] = &[
    Attribute::Ro,
    Attribute::NoSuid,
    Attribute::NoDev,
    Attribute::NoExec,
];

/// Hides a file or a directory; one that is not there needs no hiding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Mask {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    path: Bytes,
}

impl Step for Mask {
    fn name(&self) -> &'static str {
        "fs.mask"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        check_target(&self.path).map_err(|e| e.replace("target", "path"))
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let target = {
            let root = Root::of(launch)?;
            match place::open(root.as_fd(), &self.path, Links::Inside) {
                Err(f) if f.errno == Errno::NOENT.raw_os_error() => return Ok(()),
                other => other?,
            }
        };
        let at = |f: Failure| f.at(self.path.to_text());
        if !place::is_directory(&target)? {
            let cover = null(launch)?;
            return tree::put(cover.as_fd(), target.as_fd()).map_err(at);
        }
        // The first is kept: only a tree that is attached can be copied before Linux 6.15. One that
        // went with a former root cannot be copied either (EINVAL).
        let first = launch.descriptors().get(EMPTY);
        if let Some(Ok(cover)) = first.map(|first| tree::clone_of(first, false)) {
            return tree::put(cover.as_fd(), target.as_fd()).map_err(at);
        }
        let cover = empty().map_err(at)?;
        tree::put(cover.as_fd(), target.as_fd()).map_err(at)?;
        launch.descriptors().put(EMPTY, cover);
        Ok(())
    }
}

/// A copy of the mount of `/dev/null`, which is opened and looked at once for all masks of a plan.
fn null(launch: &mut dyn Launch) -> Result<OwnedFd, Failure> {
    if let Some(Ok(copy)) = launch
        .descriptors()
        .get(NULL)
        .map(|node| tree::clone_of(node, false))
    {
        return Ok(copy);
    }
    let path = Bytes::new("/dev/null").ok_or_else(|| Failure::wrong("/dev/null"))?;
    let node = device::open(&path, 1, 3)?;
    let copy = tree::clone_of(node.as_fd(), false)?;
    launch.descriptors().put(NULL, node);
    Ok(copy)
}

fn empty() -> Result<OwnedFd, Failure> {
    let config = |e: Errno| Failure::new("fsconfig", e);
    let context =
        fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).map_err(|e| Failure::new("fsopen", e))?;
    for (key, value) in [("source", "masked"), ("mode", "0555"), ("nr_inodes", "1")] {
        fsconfig_set_string(context.as_fd(), key, value).map_err(config)?;
    }
    fsconfig_create(context.as_fd()).map_err(config)?;
    let bits = u32::try_from(attributes::bits(CLOSED)).unwrap_or_default();
    let flags = MountAttrFlags::from_bits_retain(bits);
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, flags)
        .map_err(|e| Failure::new("fsmount", e))
}

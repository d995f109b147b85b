//! A root that is read and never written: an overlay over the copy that `fs.open` made, with the changes in
//! a tmpfs of its own, or in a directory that keeps them. See the kernel's overlayfs documentation.
//!
//! overlayfs takes names, not descriptors (before Linux 6.13), so it gets those of /proc/self/fd. A mount
//! that is attached nowhere may be a layer since Linux 6.15; before, both are put on top of `/` first, where
//! no look-up of this process sees them and from where they go with the old tree.

use crate::{root, tree};
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Lays an overlay over a copied tree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Overlay {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    tree: String,
    /// Keeps the changes, in `upper` and `work`; else they are gone with the container.
    path: Option<Bytes>,
    /// Of the tmpfs, as tmpfs takes it.
    size: Option<String>,
}

impl Step for Overlay {
    fn name(&self) -> &'static str {
        "fs.overlay"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        if self.path.is_some() && self.size.is_some() {
            return Err("size: a directory has none".to_owned());
        }
        root::check_name(&self.tree)
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let lower = root::take_tree(launch, &self.tree)?;
        let place = match &self.path {
            Some(path) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                openat(CWD, path.as_c_str(), flags, Mode::empty())
                    .map_err(|e| Failure::new("openat", e).at(path.to_text()))?
            }
            None => tmpfs(self.size.as_deref())?,
        };
        let at = |f: Failure| match &self.path {
            Some(path) => f.at(path.to_text()),
            None => f,
        };
        for name in [c"upper", c"work"] {
            match mkdirat(&place, name, Mode::from_raw_mode(0o755)) {
                Ok(()) => {}
                Err(Errno::EXIST) if self.path.is_some() => {}
                Err(e) => return Err(at(Failure::new("mkdirat", e))),
            }
        }
        let made = match overlay(&lower, &place) {
            Err(f) if f.errno == Errno::INVAL.raw_os_error() => {
                tree::put(lower.as_fd(), root::current()?.as_fd())?;
                if self.path.is_none() {
                    tree::put(place.as_fd(), root::current()?.as_fd())?;
                }
                overlay(&lower, &place)
            }
            other => other,
        };
        launch.descriptors().put(&self.tree, made.map_err(at)?);
        Ok(())
    }
}

fn tmpfs(size: Option<&str>) -> Result<OwnedFd, Failure> {
    let fail = |call| move |e| Failure::new(call, e).note("tmpfs");
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).map_err(fail("fsopen"))?;
    fsconfig_set_string(context.as_fd(), "mode", "0755").map_err(fail("fsconfig"))?;
    if let Some(size) = size {
        fsconfig_set_string(context.as_fd(), "size", size).map_err(fail("fsconfig"))?;
    }
    mounted(&context, "tmpfs")
}

fn overlay(lower: &OwnedFd, place: &OwnedFd) -> Result<OwnedFd, Failure> {
    let fail = |call| move |e| Failure::new(call, e).note("overlay");
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).map_err(fail("fsopen"))?;
    let set = |key: &str, value: String| {
        fsconfig_set_string(context.as_fd(), key, value).map_err(fail("fsconfig"))
    };
    set("source", "overlay".to_owned())?;
    set("lowerdir", format!("/proc/self/fd/{}", lower.as_raw_fd()))?;
    set(
        "upperdir",
        format!("/proc/self/fd/{}/upper", place.as_raw_fd()),
    )?;
    set(
        "workdir",
        format!("/proc/self/fd/{}/work", place.as_raw_fd()),
    )?;
    if in_user_namespace() {
        // trusted.* is for the first user namespace only.
        fsconfig_set_flag(context.as_fd(), "userxattr").map_err(fail("fsconfig"))?;
    }
    mounted(&context, "overlay")
}

fn mounted(context: &OwnedFd, name: &'static str) -> Result<OwnedFd, Failure> {
    let fail = |call| move |e| Failure::new(call, e).note(name);
    fsconfig_create(context.as_fd()).map_err(fail("fsconfig"))?;
    let flags = FsMountFlags::FSMOUNT_CLOEXEC;
    fsmount(context.as_fd(), flags, MountAttrFlags::empty()).map_err(fail("fsmount"))
}

/// Whether ids are mapped in any way: see user_namespaces(7).
fn in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    !map.split_whitespace().eq(["0", "0", "4294967295"])
}

//! `ns.proc`: a proc of the current pid namespace over `/proc`, for a plan that keeps its root. (A
//! root of its own gets its proc from chroot-fs.) Nothing else shows the new pids: see
//! pid_namespaces(7), "/proc and PID namespaces".

use crate::mountinfo;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags,
    fsconfig_create, fsmount, fsopen, mount_change, move_mount,
};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Mark, Step};
use std::os::fd::AsFd;

const PATH: &str = "/proc";

/// Mounts a new proc on `/proc`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proc {
    #[serde(rename = "do")]
    _do: IgnoredAny,
}

/// The place must not hand the mount on to the host: its own mount is made private, and where it
/// is no mount point, the mount below must not be shared.
fn keep_to_ourselves(launch: &dyn Launch) -> Result<(), Failure> {
    match mount_change(c"/proc", MountPropagationFlags::PRIVATE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL) => {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let target = openat(CWD, c"/proc", flags, Mode::empty())
                .map_err(|e| Failure::new("openat", e).at(PATH))?;
            if mountinfo::is_shared(launch.proc(), target.as_fd())? {
                let note = "/proc is no mount point and lies on a shared mount: a mount there would reach other mount namespaces";
                return Err(Failure::wrong(note).at(PATH));
            }
            Ok(())
        }
        Err(e) => Err(Failure::new("mount", e).at(PATH).note("propagation")),
    }
}

impl Step for Proc {
    fn name(&self) -> &'static str {
        "ns.proc"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts, Mark::Proc]
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let failed = |call: &'static str| move |e: Errno| Failure::new(call, e).at(PATH);
        keep_to_ourselves(launch)?;
        let fs = fsopen(c"proc", FsOpenFlags::FSOPEN_CLOEXEC).map_err(failed("fsopen"))?;
        fsconfig_create(fs.as_fd()).map_err(failed("fsconfig"))?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        let mount = fsmount(fs.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
            .map_err(failed("fsmount"))?;
        move_mount(
            mount.as_fd(),
            c"",
            CWD,
            c"/proc",
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
        )
        .map_err(failed("move_mount"))
    }
}

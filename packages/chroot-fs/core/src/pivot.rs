//! The prepared root becomes `/`, and the old tree is gone. See pivot_root(2), NOTES:
//! `pivot_root(".", ".")` stacks the old root on the new one, so no directory is needed for it.

use crate::root;
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};
use rustix::process::{fchdir, pivot_root};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Mark, Step, fail};

/// Enters the prepared root and detaches the old one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Pivot {
    #[serde(rename = "do")]
    _do: IgnoredAny,
}

impl Step for Pivot {
    fn name(&self) -> &'static str {
        "fs.pivot"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::NewRoot]
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let old = root::current()?;
        let new = root::take(launch)
            .ok_or_else(|| Failure::wrong("no fs.attach before it prepares a root"))?;
        fchdir(&new).map_err(fail("fchdir"))?;
        pivot_root(c".", c".").map_err(fail("pivot_root"))?;
        fchdir(&old).map_err(fail("fchdir"))?;
        // Detaching a shared tree detaches its peers: 16 of 23 mounts of the host went that way.
        mount_change(
            c".",
            MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC,
        )
        .map_err(fail("mount"))?;
        unmount(c".", UnmountFlags::DETACH).map_err(fail("umount2"))?;
        root::stand_at_root()
    }
}

//! A mount tree that is ours to change: a mount namespace, and mounts that pass nothing on. See
//! mount_namespaces(7): without the second, a bind here appears on the host, and taking down a
//! copy of a shared tree takes down the original.

use rustix::mount::{MountPropagationFlags, mount_change};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Mark, Step, sys};

/// Makes a mount namespace, unless the plan has made one after its last user namespace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OwnMounts {
    #[serde(rename = "do")]
    _do: IgnoredAny,
}

impl Step for OwnMounts {
    fn name(&self) -> &'static str {
        "fs.own-mounts"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::Mount]
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        if launch.owns_mounts() {
            return Ok(());
        }
        sys::unshare(libc::CLONE_NEWNS).map_err(|e| Failure::new("unshare", e))
    }
}

/// How mounts pass changes on, see mount_namespaces(7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    /// Nothing in or out.
    #[default]
    Private,
    /// Changes of the original arrive here, ours stay here.
    Slave,
    /// Both ways.
    Shared,
}

impl Propagation {
    /// As mount_setattr(2) takes it.
    pub const fn bits(self) -> u64 {
        match self {
            Self::Private => libc::MS_PRIVATE,
            Self::Slave => libc::MS_SLAVE,
            Self::Shared => libc::MS_SHARED,
        }
    }
}

/// Sets the propagation of `/` and of every mount below it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Private {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    #[serde(default)]
    propagation: Propagation,
}

impl Step for Private {
    fn name(&self) -> &'static str {
        "fs.private"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        let kind = match self.propagation {
            Propagation::Private => MountPropagationFlags::PRIVATE,
            Propagation::Slave => MountPropagationFlags::DOWNSTREAM,
            Propagation::Shared => MountPropagationFlags::SHARED,
        };
        mount_change(c"/", kind | MountPropagationFlags::REC)
            .map_err(|e| Failure::new("mount", e).at("/"))
    }
}

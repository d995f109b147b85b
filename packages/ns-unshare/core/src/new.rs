//! `ns.new`: new namespaces of any types but user and pid, in one call. A mount namespace copies the
//! mounts and stays tied to the others by propagation, so that is set in the same step: otherwise
//! what the container mounts appears on the host. See unshare(2), mount_namespaces(7).

use crate::{TimeOffsets, timens};
use rustix::mount::{MountPropagationFlags, mount_change};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Mark, Step, sys};

/// A type of namespace, by the name of its file in `/proc/PID/ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NsType {
    /// Clocks.
    Time,
    /// The root of the cgroup tree.
    Cgroup,
    /// Mounts.
    Mnt,
    /// Host and domain name.
    Uts,
    /// System V IPC and POSIX message queues.
    Ipc,
    /// Network interfaces, addresses, routes.
    Net,
    /// Process ids; only for files.
    Pid,
    /// Ids and capabilities; only for files.
    User,
}

impl NsType {
    /// `CLONE_NEW…`
    #[must_use]
    pub const fn flag(self) -> i32 {
        match self {
            Self::Time => libc::CLONE_NEWTIME,
            Self::Cgroup => libc::CLONE_NEWCGROUP,
            Self::Mnt => libc::CLONE_NEWNS,
            Self::Uts => libc::CLONE_NEWUTS,
            Self::Ipc => libc::CLONE_NEWIPC,
            Self::Net => libc::CLONE_NEWNET,
            Self::Pid => libc::CLONE_NEWPID,
            Self::User => libc::CLONE_NEWUSER,
        }
    }

    /// Name of its file in `/proc/PID/ns`.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Cgroup => "cgroup",
            Self::Mnt => "mnt",
            Self::Uts => "uts",
            Self::Ipc => "ipc",
            Self::Net => "net",
            Self::Pid => "pid",
            Self::User => "user",
        }
    }
}

/// What becomes of the mounts' ties to other mount namespaces, recursively from `/`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    /// Nothing is passed on, in neither direction.
    #[default]
    Private,
    /// What is mounted outside appears inside, not the other way round.
    Slave,
    /// Both directions.
    Shared,
    /// Left as copied.
    Unchanged,
}

impl Propagation {
    fn flags(self) -> Option<MountPropagationFlags> {
        let kind = match self {
            Self::Private => MountPropagationFlags::PRIVATE,
            Self::Slave => MountPropagationFlags::DOWNSTREAM,
            Self::Shared => MountPropagationFlags::SHARED,
            Self::Unchanged => return None,
        };
        Some(kind | MountPropagationFlags::REC)
    }
}

/// New namespaces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct New {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    types: Vec<NsType>,
    propagation: Option<Propagation>,
    time_offsets: Option<TimeOffsets>,
}

impl New {
    fn has(&self, kind: NsType) -> bool {
        self.types.contains(&kind)
    }
}

impl Step for New {
    fn name(&self) -> &'static str {
        "ns.new"
    }

    fn marks(&self) -> Vec<Mark> {
        let mark = |t: &NsType| match t {
            NsType::Mnt => Some(Mark::Mount),
            NsType::Uts => Some(Mark::Uts),
            NsType::Net => Some(Mark::Net),
            _ => None,
        };
        self.types.iter().filter_map(mark).collect()
    }

    fn validate(&self) -> Result<(), String> {
        if self.types.is_empty() {
            return Err("types: at least one".to_owned());
        }
        for (i, kind) in self.types.iter().enumerate() {
            if matches!(kind, NsType::User | NsType::Pid) {
                return Err(format!("types: {} has a step of its own", kind.file()));
            }
            if self.types[..i].contains(kind) {
                return Err(format!("types: {} twice", kind.file()));
            }
        }
        if self.propagation.is_some() && !self.has(NsType::Mnt) {
            return Err("propagation: only with the type mnt".to_owned());
        }
        if self.time_offsets.is_some() && !self.has(NsType::Time) {
            return Err("timeOffsets: only with the type time".to_owned());
        }
        Ok(())
    }

    /// A new time namespace is entered by children only: there the order matters.
    fn may_follow_pid(&self) -> bool {
        !self.types.contains(&NsType::Time)
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let flags = self.types.iter().fold(0, |all, t| all | t.flag());
        let names = || {
            self.types
                .iter()
                .map(|t| t.file())
                .collect::<Vec<_>>()
                .join(" ")
        };
        sys::unshare(flags).map_err(|e| Failure::new("unshare", e).note(names()))?;
        if self.has(NsType::Time) {
            timens::enter(launch, self.time_offsets.unwrap_or_default())?;
        }
        if self.has(NsType::Mnt)
            && let Some(flags) = self.propagation.unwrap_or_default().flags()
        {
            mount_change(c"/", flags)
                .map_err(|e| Failure::new("mount", e).at("/").note("propagation"))?;
        }
        Ok(())
    }
}

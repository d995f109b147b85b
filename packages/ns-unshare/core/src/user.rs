//! `ns.user`: a new user namespace with its id maps. The worker unshares; the maps are written by
//! the keeper, because only a process in the *parent* namespace has the capabilities there that a
//! map of more than one's own id needs. See user_namespaces(7).

use crate::{idmap, idmap::IdMap, mapwriter};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Keeper, Launch, Mark, Needs, Step, fail, sys};
use std::{
    io::Read,
    os::fd::{AsFd, OwnedFd},
};

/// What is written to `/proc/PID/setgroups` before the group map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setgroups {
    /// setgroups(2) works inside.
    Allow,
    /// It does not; what an unprivileged writer of a group map must accept.
    Deny,
}

/// A new user namespace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct User {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    #[serde(default)]
    pub(crate) uid_map: Vec<IdMap>,
    #[serde(default)]
    pub(crate) gid_map: Vec<IdMap>,
    pub(crate) setgroups: Option<Setgroups>,
    /// The maps are written by newuidmap(1) and newgidmap(1).
    #[serde(default)]
    pub(crate) helper: bool,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl User {
    fn outside_needed(&self) -> bool {
        !self.uid_map.is_empty() || !self.gid_map.is_empty() || self.setgroups.is_some()
    }
}

/// The id to become: what was asked for, else 0 where 0 is mapped, else none.
fn wanted(asked: Option<u32>, map: &[IdMap]) -> Option<u32> {
    asked.or_else(|| map.iter().any(|m| m.has(0)).then_some(0))
}

impl Step for User {
    fn name(&self) -> &'static str {
        "ns.user"
    }

    fn needs(&self) -> Needs {
        Needs {
            keeper: self.outside_needed(),
            ..Needs::default()
        }
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::User]
    }

    fn validate(&self) -> Result<(), String> {
        idmap::check("uidMap", &self.uid_map)?;
        idmap::check("gidMap", &self.gid_map)?;
        if self.helper && (self.uid_map.is_empty() || self.gid_map.is_empty()) {
            return Err("helper: needs uidMap and gidMap".to_owned());
        }
        let mapped =
            |id: Option<u32>, map: &[IdMap]| id.is_none_or(|i| map.iter().any(|m| m.has(i)));
        if !mapped(self.uid, &self.uid_map) {
            return Err("uid: not in uidMap".to_owned());
        }
        if !mapped(self.gid, &self.gid_map) {
            return Err("gid: not in gidMap".to_owned());
        }
        Ok(())
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let parent = openat(launch.proc(), c"self/ns/user", flags, Mode::empty())
            .map_err(|e| Failure::new("openat", e).at("/proc/self/ns/user"))?;
        sys::unshare(libc::CLONE_NEWUSER)
            .map_err(|e| Failure::new("unshare", e).note("CLONE_NEWUSER"))?;
        launch.credentials_changed();
        if self.outside_needed() {
            launch.outside(&[parent.as_fd()])?;
        }
        drop(parent);
        if let Some(gid) = wanted(self.gid, &self.gid_map) {
            leave_groups(launch)?;
            become_gid(gid)?;
        }
        if let Some(uid) = wanted(self.uid, &self.uid_map) {
            become_uid(uid)?;
        }
        launch.credentials_changed();
        Ok(())
    }

    fn outside(
        &self,
        keeper: &mut dyn Keeper,
        received: Vec<OwnedFd>,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let parent = received
            .first()
            .ok_or_else(|| Failure::wrong("no user namespace was sent"))?;
        mapwriter::write(self, keeper, parent.as_fd())?;
        Ok(Vec::new())
    }
}

fn check(syscall: &'static str, value: libc::c_long) -> Result<libc::c_long, Failure> {
    if value < 0 {
        return Err(Failure::last(syscall));
    }
    Ok(value)
}

/// Supplementary groups of outside would still open files of theirs, so they go; where setgroups is
/// denied they cannot go, which is what the caller of `deny` accepts.
fn leave_groups(launch: &dyn Launch) -> Result<(), Failure> {
    // SAFETY: size 0 asks for the number only.
    let count = check("getgroups", unsafe {
        libc::syscall(libc::SYS_getgroups, 0, 0)
    })?;
    if count == 0 {
        return Ok(());
    }
    // SAFETY: no group is read.
    let result = check("setgroups", unsafe {
        libc::syscall(libc::SYS_setgroups, 0, 0)
    });
    match result {
        Err(f) if f.errno == Errno::PERM.raw_os_error() && denied(launch) => Ok(()),
        other => other.map(drop),
    }
}

fn denied(launch: &dyn Launch) -> bool {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Ok(fd) = openat(launch.proc(), c"self/setgroups", flags, Mode::empty()) else {
        return false;
    };
    let mut text = String::new();
    std::fs::File::from(fd).read_to_string(&mut text).is_ok() && text.starts_with("deny")
}

fn become_gid(gid: u32) -> Result<(), Failure> {
    // SAFETY: no memory is passed. The raw call: libc's would tell other threads, there are none.
    check("setresgid", unsafe {
        libc::syscall(libc::SYS_setresgid, gid, gid, gid)
    })
    .map_err(|f| f.note(format!("gid {gid}")))?;
    let now = rustix::process::getgid().as_raw();
    if now != gid {
        return Err(Failure::wrong(format!("gid is {now}, not {gid}")));
    }
    Ok(())
}

fn become_uid(uid: u32) -> Result<(), Failure> {
    // SAFETY: as above.
    check("setresuid", unsafe {
        libc::syscall(libc::SYS_setresuid, uid, uid, uid)
    })
    .map_err(|f| f.note(format!("uid {uid}")))?;
    let now = rustix::process::getuid().as_raw();
    if now != uid {
        return Err(Failure::wrong(format!("uid is {now}, not {uid}")));
    }
    Ok(())
}

/// Reads a descriptor's inode and device: two namespaces are the same when both are.
pub(crate) fn identity(fd: impl AsFd) -> Result<(u64, u64), Failure> {
    let stat = rustix::fs::fstat(fd).map_err(fail("fstat"))?;
    Ok((stat.st_dev, stat.st_ino))
}

//! Owner, mode, time and extended attributes: what an entry says and what may be had of it.
//!
//! The order matters: chown(2) clears set-id bits and file capabilities, so it comes first; the times
//! come last, everything else changes them.

use super::Tree;
use crate::failure::{Failure, system};
use crate::owners::Owners;
use crate::tar::Entry;
use rustix::fs::{
    AtFlags, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, chownat, fchmod, fchown, fsetxattr,
    futimens, utimensat,
};
use rustix::io::Errno;
use std::os::fd::AsFd;

const SET_UID: u32 = 0o4000;
const SET_GID: u32 = 0o2000;

/// What an entry says of its file beside the content.
#[derive(Debug, Clone)]
pub(crate) struct Attributes {
    mode: u32,
    uid: u32,
    gid: u32,
    mtime: (i64, u32),
    extended: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Attributes {
    /// Takes over the entry's attributes.
    pub(crate) fn of(entry: &mut Entry) -> Self {
        let Entry {
            mode,
            uid,
            gid,
            mtime,
            ..
        } = *entry;
        Self {
            mode,
            uid,
            gid,
            mtime,
            extended: std::mem::take(&mut entry.attributes),
        }
    }

    fn times(&self) -> Timestamps {
        let time = Timespec {
            tv_sec: self.mtime.0,
            tv_nsec: self.mtime.1.into(),
        };
        Timestamps {
            last_access: time,
            last_modification: time,
        }
    }
}

impl Tree<'_> {
    /// Gives a file or a directory its attributes.
    pub(super) fn dress(&mut self, fd: impl AsFd, attributes: &Attributes) -> Result<(), Failure> {
        if self.keeps_owner(attributes) {
            fchown(
                &fd,
                Some(Uid::from_raw(attributes.uid)),
                Some(Gid::from_raw(attributes.gid)),
            )
            .map_err(|e| owner_refused("fchown", e, attributes))?;
        }
        for (name, value) in &attributes.extended {
            self.extend(&fd, name, value)?;
        }
        fchmod(&fd, Mode::from_raw_mode(self.mode(attributes))).map_err(system("fchmod"))?;
        futimens(&fd, &attributes.times()).map_err(system("futimens"))
    }

    /// The same by name, for links and devices, which cannot be opened. `mode`: a link has none.
    pub(super) fn dress_name(
        &mut self,
        parent: impl AsFd,
        name: &[u8],
        attributes: &Attributes,
        mode: bool,
    ) -> Result<(), Failure> {
        if self.keeps_owner(attributes) {
            let (uid, gid) = (Uid::from_raw(attributes.uid), Gid::from_raw(attributes.gid));
            chownat(
                &parent,
                name,
                Some(uid),
                Some(gid),
                AtFlags::SYMLINK_NOFOLLOW,
            )
            .map_err(|e| owner_refused("fchownat", e, attributes))?;
        }
        self.report.attributes += attributes.extended.len() as u64;
        if mode {
            let mode = Mode::from_raw_mode(self.mode(attributes));
            rustix::fs::chmodat(&parent, name, mode, AtFlags::empty())
                .map_err(system("fchmodat"))?;
        }
        utimensat(
            &parent,
            name,
            &attributes.times(),
            AtFlags::SYMLINK_NOFOLLOW,
        )
        .map_err(system("utimensat"))
    }

    fn keeps_owner(&mut self, attributes: &Attributes) -> bool {
        match self.owners {
            Owners::Exact => true,
            Owners::Squash => {
                let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
                if attributes.uid != uid.as_raw() || attributes.gid != gid.as_raw() {
                    self.report.owners += 1;
                }
                false
            }
        }
    }

    /// The mode to set. Where owners are squashed, a set-id bit remains only if it meant the caller, or
    /// root, who owns the file inside a container. Kept on another's file it would turn that id into root.
    fn mode(&mut self, attributes: &Attributes) -> u32 {
        let mut drop = 0;
        if self.strip_set_id {
            drop = SET_UID | SET_GID;
        } else if self.owners == Owners::Squash {
            let (uid, gid) = (
                rustix::process::geteuid().as_raw(),
                rustix::process::getegid().as_raw(),
            );
            drop |= if attributes.uid == 0 || attributes.uid == uid {
                0
            } else {
                SET_UID
            };
            drop |= if attributes.gid == 0 || attributes.gid == gid {
                0
            } else {
                SET_GID
            };
        }
        if attributes.mode & drop != 0 {
            self.report.set_ids += 1;
        }
        attributes.mode & !drop
    }

    /// Allowed are the user's own attributes, file capabilities and ACLs. Labels of a security module
    /// (`security.selinux`) and `trusted.*`, which steers overlayfs, are the host's to give.
    fn extend(&mut self, fd: impl AsFd, name: &[u8], value: &[u8]) -> Result<(), Failure> {
        let needs_ids = matches!(
            name,
            b"security.capability" | b"system.posix_acl_access" | b"system.posix_acl_default"
        );
        let allowed = name.starts_with(b"user.") || (needs_ids && self.owners == Owners::Exact);
        if !allowed || name.contains(&0) {
            self.report.attributes += 1;
            return Ok(());
        }
        match fsetxattr(&fd, name, value, XattrFlags::empty()) {
            Ok(()) => Ok(()),
            // The file system has none of that sort.
            Err(Errno::OPNOTSUPP) => {
                self.report.attributes += 1;
                Ok(())
            }
            Err(e) => Err(system("fsetxattr")(e)),
        }
    }
}

fn owner_refused(syscall: &'static str, errno: Errno, attributes: &Attributes) -> Failure {
    let mut failure = system(syscall)(errno);
    failure.message = format!(
        "cannot give it to {}:{}: {}",
        attributes.uid, attributes.gid, failure.message
    );
    failure
}

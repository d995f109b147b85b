//! Owner, mode, time and extended attributes: what an entry says and what may be had of it.
//!
//! The order matters: chown(2) clears set-id bits and file capabilities, so it comes first; the times
//! come last, everything else changes them.

use super::{Place, Tree};
use crate::failure::{Failure, system};
use crate::owners::Owners;
use crate::tar::Entry;
use crate::unpack::Xattrs;
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, chownat,
    fchmod, fchown, fsetxattr, fstat, futimens, openat, utimensat,
};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd};

const SET_UID: u32 = 0o4000;
const SET_GID: u32 = 0o2000;

/// What is to be dressed.
#[derive(Clone, Copy)]
pub(super) enum Made {
    /// A file just made with this mode, in a directory that is `plain`.
    File {
        /// As given to openat(2).
        mode: Mode,
        plain: bool,
    },
    Directory,
}

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

impl Tree {
    /// Whether a new file of the caller has the right owner already.
    fn is_mine(&self, attributes: &Attributes, plain: bool) -> bool {
        plain && attributes.uid == self.uid && attributes.gid == self.gid
    }

    /// The mode to make a file with; all of it where nothing need be changed afterwards.
    pub(super) fn first_mode(&self, attributes: &Attributes) -> Mode {
        if self.exact_modes && attributes.extended.is_empty() {
            Mode::from_raw_mode(attributes.mode & 0o777)
        } else {
            Mode::RUSR | Mode::WUSR
        }
    }

    /// Gives a file or a directory its attributes.
    pub(super) fn dress(
        &mut self,
        fd: impl AsFd,
        attributes: &Attributes,
        made: Made,
    ) -> Result<(), Failure> {
        let right = matches!(made, Made::File { plain, .. } if self.is_mine(attributes, plain));
        if self.keeps_owner(attributes) && !right {
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
        let mode = Mode::from_raw_mode(self.mode(attributes));
        if !matches!(made, Made::File { mode: first, .. } if self.exact_modes && first == mode) {
            fchmod(&fd, mode).map_err(system("fchmod"))?;
        }
        futimens(&fd, &attributes.times()).map_err(system("futimens"))
    }

    /// The same for links and devices, which cannot be opened: by a descriptor that only names them, and
    /// only if it is what was just made. What stands at the name now may be somebody's link.
    pub(super) fn dress_name(
        &mut self,
        parent: &Place,
        name: &[u8],
        attributes: &Attributes,
        kind: FileType,
    ) -> Result<(), Failure> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(&parent.fd, name, flags, Mode::empty()).map_err(system("openat"))?;
        let stat = fstat(&fd).map_err(system("fstat"))?;
        if FileType::from_raw_mode(stat.st_mode) != kind || stat.st_nlink != 1 {
            return Err(super::stranger());
        }
        if self.keeps_owner(attributes) && !self.is_mine(attributes, parent.plain) {
            let (uid, gid) = (Uid::from_raw(attributes.uid), Gid::from_raw(attributes.gid));
            chownat(&fd, c"", Some(uid), Some(gid), AtFlags::EMPTY_PATH)
                .map_err(|e| owner_refused("fchownat", e, attributes))?;
        }
        self.report.attributes += attributes.extended.len() as u64;
        let through = || format!("/proc/self/fd/{}", fd.as_raw_fd());
        if kind != FileType::Symlink {
            let mode = Mode::from_raw_mode(self.mode(attributes));
            rustix::fs::chmod(through(), mode).map_err(system("chmod"))?;
        }
        match utimensat(&fd, c"", &attributes.times(), AtFlags::EMPTY_PATH) {
            // Before Linux 5.8.
            Err(Errno::INVAL) => utimensat(CWD, through(), &attributes.times(), AtFlags::empty()),
            other => other,
        }
        .map_err(system("utimensat"))
    }

    fn keeps_owner(&mut self, attributes: &Attributes) -> bool {
        match self.options.owners {
            Owners::Exact => true,
            Owners::Squash => {
                if attributes.uid != self.uid || attributes.gid != self.gid {
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
        if self.options.strip_set_id {
            drop = SET_UID | SET_GID;
        } else if self.options.owners == Owners::Squash {
            let (uid, gid) = (self.uid, self.gid);
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
        let known =
            name.starts_with(b"user.") || (needs_ids && self.options.owners == Owners::Exact);
        let wanted = match &self.options.xattrs {
            Xattrs::Known => true,
            Xattrs::None => false,
            Xattrs::Only(patterns) => {
                patterns
                    .iter()
                    .any(|pattern| match pattern.strip_suffix('*') {
                        Some(start) => name.starts_with(start.as_bytes()),
                        None => name == pattern.as_bytes(),
                    })
            }
        };
        if !known || !wanted || name.contains(&0) {
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

//! The thin napi-rs layer over chroot-fs-core: looking at the mounts of a process.

use chroot_fs_core::mountinfo;
use napi::bindgen_prelude::{Error, Result};
use napi_derive::napi;

/// One mount, as proc_pid_mountinfo(5) describes it.
#[napi(object)]
pub struct MountRow {
    /// Number of this mount.
    pub id: u32,
    /// Number of the mount that it is on.
    pub parent: u32,
    /// `major:minor` of its files.
    pub device: String,
    /// Which directory of the file system is mounted.
    pub root: String,
    /// Where it is, from the process's root.
    pub target: String,
    /// Attributes of this mount.
    pub attributes: Vec<String>,
    /// `shared:N`, `master:N`, …; empty: private.
    pub propagation: Vec<String>,
    /// Type of the file system.
    #[napi(js_name = "type")]
    pub kind: String,
    /// What is mounted.
    pub source: String,
    /// Options of the file system.
    pub options: Vec<String>,
}

/// The mounts of a process; 0 is the caller. Throws with the kernel's name as `code`.
#[napi]
pub fn read_mounts(pid: u32) -> Result<Vec<MountRow>, String> {
    let mounts = mountinfo::read(pid).map_err(|e| Error::new(code(&e), e.to_string()))?;
    Ok(mounts.into_iter().map(row).collect())
}

fn code(error: &std::io::Error) -> String {
    let name = match error.kind() {
        std::io::ErrorKind::NotFound => "ENOENT",
        std::io::ErrorKind::PermissionDenied => "EACCES",
        // A zombie has no mounts any more.
        std::io::ErrorKind::InvalidInput => "EINVAL",
        _ => "EIO",
    };
    name.to_owned()
}

fn row(mount: mountinfo::MountEntry) -> MountRow {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    MountRow {
        id: mount.id,
        parent: mount.parent,
        device: mount.device,
        root: text(mount.root),
        target: text(mount.target),
        attributes: mount.attributes,
        propagation: mount.propagation,
        kind: mount.kind,
        source: text(mount.source),
        options: mount.options,
    }
}

//! The thin napi-rs layer over ns-unshare-core: what only an ioctl tells of a namespace.

#![warn(missing_docs)]

use napi_derive::napi;

/// How a namespace stands to others; what cannot be seen from here is left out. Inodes are below
/// 2^32, so a number holds them.
#[napi(object)]
pub struct Relations {
    /// Inode of the user namespace that owns it; of a user namespace: its parent.
    pub user_namespace: Option<f64>,
    /// Inode of the parent, of user and pid namespaces.
    pub parent: Option<f64>,
    /// User id, as seen here, of the owner of the user namespace that owns it, or of itself.
    pub owner_uid: Option<u32>,
}

/// Looks at a namespace file such as `/proc/1/ns/user`; null where it cannot be opened or is none.
#[napi]
#[must_use]
pub fn relations(path: String) -> Option<Relations> {
    #[allow(clippy::cast_precision_loss)]
    let number = |inode: u64| inode as f64;
    let found = ns_unshare_core::look::relations(&path).ok()?;
    Some(Relations {
        user_namespace: found.user_namespace.map(number),
        parent: found.parent.map(number),
        owner_uid: found.owner_uid,
    })
}

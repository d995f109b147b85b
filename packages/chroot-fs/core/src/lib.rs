//! The steps and the looking of chroot-fs; knows nothing of Node. Policy (which mounts, in which
//! order, with which attributes) is decided in TypeScript; here is how one of them is made.
//!
//! Everything inside a root goes by descriptor: a root file system is hostile input, its `/proc`,
//! `/dev` or `/etc` may be links to anywhere. See [`place`].

#![warn(missing_docs)]

mod attributes;
mod bind;
mod device;
mod entry;
mod filesystem;
mod hold;
mod mask;
pub mod mountinfo;
mod namespace;
mod overlay;
mod pivot;
mod place;
mod plain;
mod readonly;
mod root;
mod tree;

use srcon_step::{Kind, kind};

/// The steps of this tool.
pub const KINDS: &[Kind] = &[
    kind::<namespace::OwnMounts>("fs.own-mounts"),
    kind::<namespace::Private>("fs.private"),
    kind::<hold::Hold>("fs.hold"),
    kind::<tree::Open>("fs.open"),
    kind::<overlay::Overlay>("fs.overlay"),
    kind::<tree::Attach>("fs.attach"),
    kind::<filesystem::Mount>("fs.mount"),
    kind::<bind::Bind>("fs.bind"),
    kind::<device::Device>("fs.device"),
    kind::<entry::Directory>("fs.directory"),
    kind::<entry::Symlink>("fs.symlink"),
    kind::<mask::Mask>("fs.mask"),
    kind::<readonly::ReadOnly>("fs.read-only"),
    kind::<pivot::Pivot>("fs.pivot"),
    kind::<plain::Chroot>("fs.chroot"),
];

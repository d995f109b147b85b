//! The thin napi-rs layer over chroot-fs-core.

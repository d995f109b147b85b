//! The thin napi-rs layer over rootfs-fetch-core.

//! The thin napi-rs layer over ns-unshare-core.

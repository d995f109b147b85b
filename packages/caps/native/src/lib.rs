//! The thin napi-rs layer over caps-core.

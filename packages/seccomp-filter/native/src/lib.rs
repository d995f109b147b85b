//! The thin napi-rs layer over seccomp-filter-core.

//! The thin napi-rs layer over cgroup-ctl-core.

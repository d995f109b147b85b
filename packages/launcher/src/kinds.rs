//! All kinds of steps: the launcher is the only place that knows every tool's.

use srcon_step::Kind;

/// Each tool's list, and our own `run.` steps.
pub const ALL: &[&[Kind]] = &[
    ns_unshare_core::KINDS,
    chroot_fs_core::KINDS,
    cgroup_ctl_core::KINDS,
    caps_core::KINDS,
    seccomp_filter_core::KINDS,
    crate::steps::KINDS,
];

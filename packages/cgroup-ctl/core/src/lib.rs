//! The steps and the looking of cgroup-ctl; knows nothing of Node.
//!
//! One step, `cgroup.join`: a transient group in one or more hierarchies, made and removed by the
//! keeper, joined by the worker itself. [`Holding`] is the same without a worker, for a library
//! that keeps a group for several commands. See cgroups(7).

#![warn(missing_docs)]

mod controllers;
mod cpuset;
mod directory;
mod hierarchy;
mod holding;
mod join;
mod limits;
mod make;
mod members;
mod remove;
mod statistics;
mod sweep;

pub use hierarchy::{Group, Write};
pub use holding::Holding;
pub use join::Join;
pub use statistics::Statistics;

use srcon_step::{Kind, kind};

/// The steps of this tool.
pub const KINDS: &[Kind] = &[kind::<Join>("cgroup.join")];

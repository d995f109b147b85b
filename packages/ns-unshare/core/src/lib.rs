//! The steps and the looking of ns-unshare; knows nothing of Node.
//!
//! Each step leaves no descriptor inheritable and asks the keeper for what only a process outside
//! the new namespaces may do. See namespaces(7).

#![warn(missing_docs)]

mod file;
mod hostname;
mod idmap;
pub mod look;
mod loopback;
mod maphelper;
mod mapwriter;
mod mountinfo;
mod new;
mod pid;
mod proc;
mod timens;
mod user;

pub use file::File;
pub use hostname::Hostname;
pub use idmap::IdMap;
pub use loopback::Loopback;
pub use new::{New, NsType, Propagation};
pub use pid::Pid;
pub use proc::Proc;
pub use timens::TimeOffsets;
pub use user::{Setgroups, User};

use srcon_step::{Kind, kind};

/// The steps that this core knows.
pub const KINDS: &[Kind] = &[
    kind::<User>("ns.user"),
    kind::<New>("ns.new"),
    kind::<Pid>("ns.pid"),
    kind::<File>("ns.file"),
    kind::<Hostname>("ns.hostname"),
    kind::<Loopback>("ns.loopback"),
    kind::<Proc>("ns.proc"),
];

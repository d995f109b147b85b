//! The launcher's own steps, `run.*`: what belongs to no tool but to running as such.

mod cwd;
mod env;
mod rlimit;
mod time_limit;

use srcon_step::{Kind, kind};

/// See `plan.schema.json` of this package.
pub const KINDS: &[Kind] = &[
    kind::<cwd::Cwd>("run.cwd"),
    kind::<env::Env>("run.env"),
    kind::<rlimit::Limit>("run.rlimit"),
    kind::<time_limit::TimeLimit>("run.time-limit"),
];

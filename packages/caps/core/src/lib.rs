//! The steps and the looking of caps; knows nothing of Node.
//!
//! Every result is read back from the kernel: a request that cannot be met fails, it is never
//! half done in silence. All calls are raw ones of the single thread. See capabilities(7).

#![warn(missing_docs)]

mod account;
pub mod all_threads;
mod ambient;
mod bounding;
pub mod calls;
mod cap;
pub mod file_caps;
pub mod ids;
pub mod kernel;
pub mod namespace;
mod no_new_privs;
mod parent_death;
pub mod record;
mod securebits;
mod set;
mod sets;
mod status;
pub mod trace;

pub use ambient::Ambient;
pub use bounding::Bounding;
pub use cap::Cap;
pub use ids::{GroupWord, Groups, Ids};
pub use no_new_privs::NoNewPrivs;
pub use parent_death::Pdeathsig;
pub use securebits::Securebits;
pub use set::CapSet;
pub use sets::Sets;

use srcon_step::{Kind, kind};

/// The steps that this core knows.
pub const KINDS: &[Kind] = &[
    kind::<Bounding>("caps.bounding"),
    kind::<Ids>("caps.ids"),
    kind::<Sets>("caps.sets"),
    kind::<Ambient>("caps.ambient"),
    kind::<Securebits>("caps.securebits"),
    kind::<Pdeathsig>("caps.pdeathsig"),
    kind::<NoNewPrivs>("caps.no-new-privs"),
];

//! What a step is: the words that the launcher, the tools' cores and the addons share.
//!
//! A *plan* is data ([`plan`]); each of its steps is a type that implements [`Step`]; a tool's core
//! lists its types as [`Kind`]s and the launcher, the only place that knows all of them, carries
//! them out. Nothing in this crate decides what a container gets.

#![warn(missing_docs)]

mod bytes;
mod descriptors;
mod failure;
mod launch;
pub mod order;
pub mod page;
pub mod plan;
pub mod resolve;
mod step;
pub mod sys;

pub use bytes::Bytes;
pub use descriptors::Descriptors;
pub use failure::{Failure, Refusal, fail, one_line};
pub use launch::{Keeper, Launch, Undo};
pub use order::Mark;
pub use plan::{Facts, Plan};
pub use step::{Kind, Needs, ParentDeath, Step, kind};

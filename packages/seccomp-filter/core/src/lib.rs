//! System-call policies compiled to BPF, the step that loads one, and the looking at a live process.
//! Knows nothing of Node.
//!
//! A policy's text ([`source`], in the form of [`oci`] or [`terse`]) becomes a [`Policy`] for one host, that a decision graph, and that a
//! [`Program`]. The launcher needs none of this: its step ([`KINDS`]) loads a program as it is.

#![warn(missing_docs)]

mod action;
pub mod analysis;
mod arch;
mod arguments;
pub mod attached;
pub mod bpf;
mod compile;
mod emit;
mod error;
mod graph;
mod handover;
mod listener;
mod load;
pub mod machine;
pub mod names;
mod numbers;
pub mod oci;
mod policy;
pub mod print;
pub mod record;
mod search;
pub mod source;
pub mod status;
pub mod table;
pub mod terse;
pub mod why;
pub mod words;

pub use action::Action;
pub use arch::{Arch, X32_BIT};
pub use compile::{Program, compile};
pub use error::{Note, PolicyError};
pub use load::{KINDS, load};
pub use policy::{Condition, Entry, Narrowed, Op, Policy, Rule};

//! Archives made to do harm. `Scratch::unpack_as` asserts after every one of them that the victim outside
//! is untouched and that nothing new stands beside it.
#![allow(missing_docs)]

mod attacker;
mod attributes;
mod damage;
mod fuzz;
mod limits;
mod links;
mod names;
mod replacing;
#[path = "../support/mod.rs"]
mod support;

use rootfs_fetch_core::Kind;
use support::Scratch;

/// Unpacks, expects this kind of failure.
pub fn refused(archive: &[u8], kind: Kind) -> rootfs_fetch_core::Failure {
    let scratch = Scratch::new();
    let failure = scratch.unpack(archive).expect_err("must be refused");
    assert_eq!(failure.kind, kind, "{failure}");
    failure
}

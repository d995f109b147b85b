//! `srcon-launch`: carries out a plan, then *becomes* the command.
//!
//! Read it from the top: [`start`] reads the words and the plan, all of it, before anything is
//! done; [`roles`] decides which processes are needed; then the [`worker`] does the steps in order
//! and executes the command, while the [`supervisor`] waits and the [`keeper`] does from outside
//! what cannot be done from inside. See docs/launcher.md.

#![cfg_attr(not(test), no_main)]
#![warn(missing_docs)]

mod clone;
mod command;
mod common;
mod environment;
mod explain;
mod hygiene;
mod init;
mod keep;
mod keeper;
mod kinds;
mod process;
mod roles;
mod seal;
mod start;
mod status;
mod steps;
mod supervisor;
#[cfg(panic = "abort")]
mod unwind;
mod wire;
mod worker;

use start::Mode;
use std::ffi::{CStr, c_char, c_int};

/// Our own failure, usage errors included.
pub(crate) const FAILED: i32 = 125;

/// The C entry point: no runtime of Rust before it, which would make system calls of its own.
///
/// # Safety
/// Called by the C start-up code with the process's own vectors.
// SAFETY: no other symbol of this name is in the program.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn main(
    _argc: c_int,
    argv: *const *const c_char,
    envp: *const *const c_char,
) -> c_int {
    // SAFETY: as the C start-up code promises, both end with a null pointer and live for ever.
    let (words, environment) = unsafe { (strings(argv), strings(envp)) };
    match start::read(&words, environment) {
        Ok(Mode::Carry(start)) => roles::carry_out(*start),
        Ok(Mode::Say(text)) => {
            process::print(1, &text);
            0
        }
        Err(refusal) => {
            process::print(2, &explain::lines(&refusal));
            FAILED
        }
    }
}

/// A null-terminated vector of C strings as a slice of borrowed ones.
///
/// # Safety
/// The vector and its strings must live, unchanged in length, as long as the process.
unsafe fn strings(mut vector: *const *const c_char) -> Vec<&'static CStr> {
    let mut all = Vec::new();
    // SAFETY: by contract the vector ends with a null pointer and each string with a NUL.
    unsafe {
        while !vector.is_null() && !(*vector).is_null() {
            all.push(CStr::from_ptr(*vector));
            vector = vector.add(1);
        }
    }
    all
}

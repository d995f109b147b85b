//! The terse form of a policy: a line language, of which the first rule that matches decides. Its grammar
//! stands in docs/policy-language.md. It knows groups, arguments and constants by name, and how wide an
//! argument is.

mod ast;
mod condition;
pub mod constants;
pub mod format;
pub mod groups;
mod lexer;
mod nearest;
mod parse;
mod resolve;
mod values;

pub(crate) use ast::Text;
pub(crate) use nearest::hint;
pub(crate) use parse::parse;
pub(crate) use resolve::{Base, resolve};

use crate::PolicyError;

/// Reads a text without resolving names of arguments or what it extends.
///
/// # Errors
/// What is wrong with it, with its place.
pub fn check(text: &str) -> Result<(), PolicyError> {
    parse(text).map(drop)
}

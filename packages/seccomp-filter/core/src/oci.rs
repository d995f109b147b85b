//! The field's standard form of a policy: `linux.seccomp` of an OCI config, alone or in a whole
//! `config.json`, and the profiles of Docker and podman, which add conditions on the host. Read here
//! and not in JavaScript, because values have 64 bits. See the runtime-spec, config-linux.md.
//!
//! Where the form leaves a meaning open we do as runc does: rules equal to the default are left out,
//! a rule without conditions wins over one with, several conditions on one argument mean "any of
//! them", names that no table knows are skipped. Of rules that contradict each other the strictest
//! wins, for which libseccomp has no rule at all.

mod disjoint;
mod host;
mod listener;
mod plain;
mod resolve;
mod shape;
mod words;
mod write;
mod written;

pub use plain::plain;
pub use write::write;
pub use written::{Written, written};

use crate::{Action, Arch, Note, Policy, PolicyError};

/// Largest policy text, bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// How wide an argument is when it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widths {
    /// As wide as the kernel reads it: of an `int` the upper half of the register does not count.
    Kernel,
    /// All bits of the register, as libseccomp does on 64-bit architectures.
    Register,
}

/// What the meaning of a profile depends on.
#[derive(Debug, Clone)]
pub struct Context {
    /// The architecture of the kernel.
    pub arch: Arch,
    /// Capabilities that the process will have in its bounding set, for `includes.caps`.
    pub caps: Vec<String>,
    /// Version of the kernel, for `minKernel`.
    pub kernel: (u32, u32),
    /// How arguments are compared.
    pub widths: Widths,
    /// The answer to calls by a way in that the policy does not list.
    pub closed: Action,
}

/// `listenerPath` and `listenerMetadata`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// A Unix socket of the caller's; absolute.
    pub path: String,
    /// What is passed on to it, as it is.
    pub metadata: Option<String>,
}

/// A profile, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What it says for this host.
    pub policy: Policy,
    /// `SECCOMP_FILTER_FLAG_LOG` was asked for.
    pub log: bool,
    /// `SECCOMP_FILTER_FLAG_SPEC_ALLOW` was asked for.
    pub spec_allow: bool,
    /// `SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV` was asked for.
    pub wait_killable: bool,
    /// Who answers the calls that it has notified; absent where it has none.
    pub listener: Option<Listener>,
    /// What its author should know.
    pub notes: Vec<Note>,
    /// Where it extends others: the names of all, its own first (see [`crate::source::place`]).
    pub files: Vec<String>,
}

impl Profile {
    /// A policy and nothing else.
    #[must_use]
    pub(crate) const fn of(policy: Policy) -> Self {
        Self {
            policy,
            log: false,
            spec_allow: false,
            wait_killable: false,
            listener: None,
            notes: Vec::new(),
            files: Vec::new(),
        }
    }
}

/// Reads a profile, a `linux.seccomp` object or a config that has one.
///
/// # Errors
/// Where and why it is refused: not JSON, an unknown field, action, operator or architecture, or a
/// notification that nobody could answer.
pub fn read(text: &str, context: &Context) -> Result<Profile, PolicyError> {
    read_as(text, context, None, None)
}

/// The same for other ways in than it lists, and with another default.
pub(crate) fn read_as(
    text: &str,
    context: &Context,
    arches: Option<&[Arch]>,
    default: Option<Action>,
) -> Result<Profile, PolicyError> {
    if text.len() > MAX_BYTES {
        return Err(PolicyError::whole(format!(
            "the policy is larger than {MAX_BYTES} bytes"
        )));
    }
    let source = shape::Source::new(text);
    let form = source.form()?;
    resolve::Resolver::new(&source, context).resolve(&form, arches, default)
}

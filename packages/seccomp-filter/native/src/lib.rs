//! The thin napi-rs layer over seccomp-filter-core: policies to programs, and the looking at a process.
//! A refusal comes back as data, with its place in the text, because an exception could not carry it.

#![warn(missing_docs)]

pub mod analysis;
pub mod facts;
pub mod language;
pub mod listen;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use seccomp_filter_core::{
    Action, Arch, PolicyError, bpf, compile as compile_policy, oci,
    source::{self, Form, Source},
    status, why,
};

/// What the meaning of a profile depends on.
#[napi(object)]
pub struct Context {
    /// `uname -m`.
    pub arch: String,
    /// Capabilities in the bounding set of the command, `CAP_CHOWN`.
    pub caps: Vec<String>,
    /// Version of the kernel.
    pub major: u32,
    /// Its second number.
    pub minor: u32,
    /// Compare whole registers, as libseccomp does, instead of what the kernel reads of them.
    pub registers: bool,
    /// Wanted too: the filter that asks where this one refuses.
    pub asking: Option<bool>,
}

/// A remark on a place in the text.
#[napi(object)]
pub struct Remark {
    /// Line, from 1; 0 where it concerns the whole.
    pub line: u32,
    /// Column, from 1; 0 where it concerns the whole line.
    pub column: u32,
    /// One line.
    pub message: String,
    /// The text that the line is of, where it is one that the policy extends.
    pub file: Option<String>,
}

/// A compiled profile, or why it is refused.
#[napi(object)]
#[derive(Default)]
pub struct Compiled {
    /// The array of `struct sock_filter`; absent if refused.
    pub program: Option<Buffer>,
    /// The refusal.
    pub error: Option<Remark>,
    /// What its author should know.
    pub notes: Vec<Remark>,
    /// It asks for SECCOMP_FILTER_FLAG_LOG.
    pub log: bool,
    /// It asks for SECCOMP_FILTER_FLAG_SPEC_ALLOW.
    pub spec_allow: bool,
    /// It asks for SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
    pub wait_killable: bool,
    /// Path of the socket that its listener goes to; absent where no call is notified.
    pub listener: Option<String>,
    /// What is told there.
    pub listener_metadata: Option<String>,
    /// The same policy as a filter that asks where this one refuses; absent where it asks already.
    pub asking: Option<Buffer>,
    /// The ways into the kernel that it opens, as OCI names them.
    pub architectures: Vec<String>,
}

/// A profile in plain OCI form, or why it is refused.
#[napi(object)]
pub struct Plain {
    /// JSON text of a `linux.seccomp` object; absent if refused.
    pub text: Option<String>,
    /// The refusal.
    pub error: Option<Remark>,
}

/// Seccomp as the kernel reports it for a process.
#[napi(object)]
pub struct Status {
    /// 0 none, 1 strict, 2 filter.
    pub mode: u32,
    /// Number of filters; absent before Linux 5.9.
    pub filters: Option<u32>,
    /// no_new_privs is set.
    pub no_new_privs: bool,
}

/// Compiles a policy in whatever form. `name` is its file's, or a preset's, whose text stands here.
#[napi]
#[must_use]
pub fn compile(text: Option<Buffer>, name: String, context: Context) -> Compiled {
    match bytes_of(text.as_ref(), &name).and_then(|bytes| attempt(bytes, &name, &context)) {
        Ok(compiled) => compiled,
        Err(error) => Compiled {
            error: Some(remark(error)),
            ..Compiled::default()
        },
    }
}

pub(crate) fn bytes_of<'b>(text: Option<&'b Buffer>, name: &str) -> Result<&'b [u8], PolicyError> {
    let preset = || source::preset(name).map(str::as_bytes);
    let bytes = text.map(|buffer| &buffer[..]).or_else(preset);
    bytes.ok_or_else(|| PolicyError::whole(format!("there is no preset {name}")))
}

fn attempt(bytes: &[u8], name: &str, context: &Context) -> Result<Compiled, PolicyError> {
    let wanted = context.asking.unwrap_or(false);
    let context = core_context(context)?;
    let profile = match source::read(bytes, name, &context)? {
        Source::Policy(profile) => *profile,
        Source::Program(program) => return Ok(as_it_is(&program)),
    };
    let program = compile_policy(&profile.policy)?;
    let notes = profile.notes.into_iter().map(|note| {
        let (file, line) = source::placed(&profile.files, note.line);
        Remark {
            line,
            column: 0,
            message: note.text,
            file: file.map(str::to_owned),
        }
    });
    let asking = (wanted && profile.listener.is_none())
        .then(|| compile_policy(&why::asking(&profile.policy)))
        .transpose()?;
    let ways = profile.policy.entries.iter();
    let (listener, listener_metadata) = match profile.listener {
        Some(listener) => (Some(listener.path), listener.metadata),
        None => (None, None),
    };
    Ok(Compiled {
        program: Some(bpf::encode_for(context.arch, &program.insns).into()),
        error: None,
        notes: notes.collect(),
        log: profile.log,
        spec_allow: profile.spec_allow,
        wait_killable: profile.wait_killable,
        listener,
        listener_metadata,
        asking: asking.map(|program| bpf::encode(&program.insns).into()),
        architectures: ways.map(|entry| entry.arch.oci().to_owned()).collect(),
    })
}

fn as_it_is(program: &[bpf::Insn]) -> Compiled {
    Compiled {
        program: Some(bpf::encode(program).into()),
        ..Compiled::default()
    }
}

/// The same profile without what only Docker's and podman's form has: rules for other hosts are left
/// out, `archMap` becomes `architectures`. One in the terse form is written in OCI's, exactly, or refused.
#[napi]
#[must_use]
pub fn plain(text: Option<Buffer>, name: String, context: Context) -> Plain {
    let made = bytes_of(text.as_ref(), &name).and_then(|bytes| in_oci(bytes, &name, &context));
    match made {
        Ok(text) => Plain {
            text: Some(text),
            error: None,
        },
        Err(error) => Plain {
            text: None,
            error: Some(remark(error)),
        },
    }
}

fn in_oci(bytes: &[u8], name: &str, context: &Context) -> Result<String, PolicyError> {
    let context = core_context(context)?;
    if source::form(bytes, name) == Form::Oci {
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|_| PolicyError::whole("the policy is not UTF-8"))?;
        return oci::plain(text, &context);
    }
    match source::read(bytes, name, &context)? {
        Source::Policy(profile) => oci::write(&profile, &context),
        Source::Program(_) => Err(PolicyError::whole(
            "a config holds a policy, and this is a program: it can be loaded in a chain only",
        )),
    }
}

/// How a process stands; null if there is none of that id.
#[napi]
#[must_use]
pub fn status_of(pid: u32) -> Option<Status> {
    let status = status::of(pid).ok()?;
    Some(Status {
        mode: status.mode,
        filters: status.filters,
        no_new_privs: status.no_new_privs,
    })
}

pub(crate) fn core_context(context: &Context) -> Result<oci::Context, PolicyError> {
    let arch = Arch::from_name(&context.arch).ok_or_else(|| {
        PolicyError::whole(format!("no table of system calls for {}", context.arch))
    })?;
    Ok(oci::Context {
        arch,
        caps: context.caps.clone(),
        kernel: (context.major, context.minor),
        widths: if context.registers {
            oci::Widths::Register
        } else {
            oci::Widths::Kernel
        },
        closed: Action::KillProcess,
    })
}

pub(crate) fn remark(error: PolicyError) -> Remark {
    Remark {
        line: error.line,
        column: error.column,
        message: error.message,
        file: None,
    }
}

//! Questions about a policy or a program; answers are JSON text, whose shapes `src/analysis.ts` has as types. 64-bit values
//! are text in it.

use crate::{Context, Remark, bytes_of, core_context, remark};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use seccomp_filter_core::{
    Arch, PolicyError,
    analysis::{Given, report},
    attached, bpf, oci,
};
use serde::Serialize;

/// A policy's text, or a program.
#[napi(object)]
pub struct Asked {
    /// Of a file its name, else a preset's.
    pub name: String,
    /// A policy in any form, or a program if the name ends in .bpf; without it the preset of that name.
    pub bytes: Option<Buffer>,
    /// For which host.
    pub context: Context,
}

/// An answer, or why there is none.
#[napi(object)]
pub struct Reply {
    /// JSON.
    pub json: Option<String>,
    /// The refusal.
    pub error: Option<Remark>,
}

/// The filters of a live process, or what the kernel refused.
#[napi(object)]
pub struct Attached {
    /// Each program, the one that was loaded first before the others.
    pub programs: Option<Vec<Buffer>>,
    /// The request that failed.
    pub syscall: Option<String>,
    /// Its error number.
    pub errno: Option<i32>,
}

/// What is answered to one call, because of which rule, and by which way through the program.
#[napi]
#[must_use]
pub fn explain_call(asked: Asked, way: String, call: String, arguments: Vec<String>) -> Reply {
    answer(|| {
        let way = way_in(&way)?;
        report::explain(&given(&asked)?, way, &call, &arguments)
    })
}

/// Two filters compared by meaning.
#[napi]
#[must_use]
pub fn diff(a: Asked, b: Asked, way: Option<String>) -> Reply {
    answer(|| {
        let only = way.as_deref().map(way_in).transpose()?;
        report::compare(&given(&a)?, &given(&b)?, only)
    })
}

/// The shortest text of the same meaning, in the terse form or in OCI's.
#[napi]
#[must_use]
pub fn minimise(asked: Asked, oci: bool) -> Reply {
    answer(|| report::shortest(&given(&asked)?, &context_of(&asked)?, oci))
}

/// The policy in the terse form; of a program its decompilation.
#[napi]
#[must_use]
pub fn terse(asked: Asked) -> Reply {
    answer(|| report::text(&given(&asked)?))
}

/// What works otherwise than its author may think.
#[napi]
#[must_use]
pub fn lint(asked: Asked) -> Reply {
    answer(|| {
        let bytes = bytes_of(asked.bytes.as_ref(), &asked.name)?;
        report::linted_text(bytes, &asked.name, &context_of(&asked)?)
    })
}

/// The program, instruction by instruction.
#[napi]
#[must_use]
pub fn listing(asked: Asked) -> Reply {
    answer(|| report::disassembled(&given(&asked)?))
}

/// The filters of a thread, read out of the kernel.
#[napi]
#[must_use]
pub fn attached_filters(tid: i32) -> Attached {
    match attached::filters(tid) {
        Ok(programs) => Attached {
            programs: Some(programs.iter().map(|p| bpf::encode(p).into()).collect()),
            syscall: None,
            errno: None,
        },
        Err(refused) => Attached {
            programs: None,
            syscall: Some(refused.call.to_owned()),
            errno: refused.error.raw_os_error(),
        },
    }
}

/// A way in of another width is one of its machine's: the policy is read for the machine.
fn context_of(asked: &Asked) -> Result<oci::Context, PolicyError> {
    let mut context = core_context(&asked.context)?;
    context.arch = way_in(context.arch.machine())?;
    Ok(context)
}

fn given(asked: &Asked) -> Result<Given, PolicyError> {
    let bytes = bytes_of(asked.bytes.as_ref(), &asked.name)?;
    Given::read(bytes, &asked.name, &context_of(asked)?)
}

fn way_in(name: &str) -> Result<Arch, PolicyError> {
    Arch::from_name(name)
        .ok_or_else(|| PolicyError::whole(format!("no table of system calls for {name}")))
}

fn answer<T: Serialize>(ask: impl FnOnce() -> Result<T, PolicyError>) -> Reply {
    let text = ask()
        .and_then(|t| serde_json::to_string(&t).map_err(|e| PolicyError::whole(e.to_string())));
    match text {
        Ok(json) => Reply {
            json: Some(json),
            error: None,
        },
        Err(error) => Reply {
            json: None,
            error: Some(remark(error)),
        },
    }
}

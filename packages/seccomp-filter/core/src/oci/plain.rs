//! The same profile in the form that every OCI runtime reads: what Docker's and podman's form adds is
//! decided for this host.

use super::{
    Context,
    host::applies,
    shape::{FormRule, Source},
    words::errno_of,
};
use crate::PolicyError;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plain<'a> {
    default_action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_errno_ret: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    architectures: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    flags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    listener_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listener_metadata: Option<&'a str>,
    syscalls: Vec<PlainRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainRule {
    names: Vec<String>,
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno_ret: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<PlainCondition>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainCondition {
    index: u8,
    value: u64,
    #[serde(skip_serializing_if = "is_zero")]
    value_two: u64,
    op: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde calls it so
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// The profile as a plain `linux.seccomp` object, JSON text.
///
/// # Errors
/// As [`super::read`].
pub fn plain(text: &str, context: &Context) -> Result<String, PolicyError> {
    super::read(text, context)?;
    let source = Source::new(text);
    let form = source.form()?;
    let mut syscalls = Vec::new();
    for raw in &form.syscalls {
        let rule: FormRule = source.parse(raw.get())?;
        if applies(&rule, context).map_err(PolicyError::whole)? {
            syscalls.push(plain_rule(rule)?);
        }
    }
    let native = context.arch.oci();
    let mine = form.arch_map.iter().filter(|m| m.architecture == native);
    let mapped = mine.flat_map(|m| std::iter::once(&m.architecture).chain(&m.sub_architectures));
    let errno = errno_of(form.default_errno_ret, form.default_errno.as_deref());
    let plain = Plain {
        default_action: &form.default_action,
        default_errno_ret: errno.map_err(PolicyError::whole)?,
        architectures: form
            .architectures
            .iter()
            .chain(mapped)
            .map(String::as_str)
            .collect(),
        flags: &form.flags,
        listener_path: form.listener_path.as_deref(),
        listener_metadata: form.listener_metadata.as_deref(),
        syscalls,
    };
    serde_json::to_string(&plain).map_err(|e| PolicyError::whole(e.to_string()))
}

fn plain_rule(rule: FormRule) -> Result<PlainRule, PolicyError> {
    let errno = errno_of(rule.errno_ret, rule.errno.as_deref());
    let args = rule.args.into_iter().map(|c| PlainCondition {
        index: c.index,
        value: c.value,
        value_two: c.value_two,
        op: c.op,
    });
    Ok(PlainRule {
        names: rule.names.into_iter().chain(rule.name).collect(),
        action: rule.action,
        errno_ret: errno.map_err(PolicyError::whole)?,
        args: args.collect(),
    })
}

//! The words of the form: actions, operators, error numbers, flags, kernel versions.

use super::shape::FormCondition;
use crate::{
    Action, Condition, Op, PolicyError,
    action::MAX_ERRNO,
    terse::{
        constants::{errno, errno_names},
        hint,
    },
};

pub(super) fn action(name: &str, errno: Option<u16>) -> Result<Action, String> {
    Action::from_oci(name, errno).ok_or_else(|| {
        format!("unknown action {name:?}; there are SCMP_ACT_ALLOW, ERRNO, LOG, NOTIFY, TRACE, TRAP, KILL_THREAD, KILL_PROCESS")
    })
}

/// `errnoRet`, else podman's `errno` by name. The kernel answers 4095 for anything larger.
pub(super) fn errno_of(number: Option<u32>, name: Option<&str>) -> Result<Option<u16>, String> {
    match (number, name) {
        (Some(number), _) => match u16::try_from(number) {
            Ok(number) => Ok(Some(number.min(MAX_ERRNO))),
            Err(_) => Err(format!("errnoRet {number} is no error number")),
        },
        (None, Some(name)) => errno_named(name).map(Some),
        (None, None) => Ok(None),
    }
}

fn errno_named(name: &str) -> Result<u16, String> {
    errno(name).ok_or_else(|| {
        let near = hint(name, errno_names());
        format!("errno: there is no error {name:?}{near}")
    })
}

/// One element of `args`. With MASKED_EQ `value` is the mask and `valueTwo` what is left.
pub(super) fn comparison(form: &FormCondition) -> Result<Condition, String> {
    if form.index > 5 {
        return Err(format!(
            "argument {}: a call has arguments 0 to 5",
            form.index
        ));
    }
    let (op, mask, value) = match form.op.as_str() {
        "SCMP_CMP_EQ" => (Op::Eq, u64::MAX, form.value),
        "SCMP_CMP_NE" => (Op::Ne, u64::MAX, form.value),
        "SCMP_CMP_GT" => (Op::Gt, u64::MAX, form.value),
        "SCMP_CMP_GE" => (Op::Ge, u64::MAX, form.value),
        "SCMP_CMP_LT" => (Op::Lt, u64::MAX, form.value),
        "SCMP_CMP_LE" => (Op::Le, u64::MAX, form.value),
        "SCMP_CMP_MASKED_EQ" => (Op::Eq, form.value, form.value_two),
        other => {
            return Err(format!(
                "unknown operator {other:?}; there are SCMP_CMP_EQ, NE, GT, GE, LT, LE, MASKED_EQ"
            ));
        }
    };
    Ok(Condition {
        arg: form.index,
        mask,
        op,
        value,
    })
}

/// What a profile's `flags` ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) log: bool,
    pub(super) spec_allow: bool,
    pub(super) wait_killable: bool,
}

/// TSYNC is runc's affair: the launcher has one thread.
pub(super) fn flags(names: &[String]) -> Result<Flags, PolicyError> {
    let mut flags = Flags::default();
    for name in names {
        match name.as_str() {
            "SECCOMP_FILTER_FLAG_LOG" => flags.log = true,
            "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => flags.spec_allow = true,
            "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" => flags.wait_killable = true,
            "SECCOMP_FILTER_FLAG_TSYNC" => {}
            other => {
                return Err(PolicyError::whole(format!(
                    "flags: {other:?} is not supported"
                )));
            }
        }
    }
    Ok(flags)
}

/// `"4.8"`.
pub(super) fn kernel_version(text: &str) -> Result<(u32, u32), String> {
    let mut numbers = text.split('.').map(str::parse);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor)), None) => Ok((major, minor)),
        _ => Err(format!("minKernel {text:?} is not of the form 4.8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_name() {
        assert_eq!(errno_of(None, Some("EALREADY")), Ok(Some(114)));
        assert_eq!(errno_of(None, Some("ENOTSUP")), Ok(Some(95)));
        assert_eq!(
            errno_of(Some(5), Some("EPERM")),
            Ok(Some(5)),
            "the number wins"
        );
        let message = errno_of(None, Some("EPREM")).unwrap_err();
        assert_eq!(
            message,
            "errno: there is no error \"EPREM\"; is it \"EPERM\"?"
        );
    }
}

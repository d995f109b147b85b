//! The rules of a profile as they are written, those that come to nothing too: what `lint` looks at.

use super::{
    Context,
    host::applies,
    shape::{FormRule, Source},
    words::{action, comparison, errno_of},
};
use crate::{Action, Condition, PolicyError};

/// A rule as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Line in the text, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The calls that it names.
    pub names: Vec<String>,
    /// Its conditions, before the widths of arguments are looked at.
    pub conditions: Vec<Condition>,
    /// The answer.
    pub action: Action,
}

/// The rules that apply on this host, in the order of the text.
///
/// # Errors
/// As [`super::read`].
pub fn written(text: &str, context: &Context) -> Result<Vec<Written>, PolicyError> {
    let source = Source::new(text);
    let form = source.form()?;
    let mut all = Vec::new();
    for raw in &form.syscalls {
        let rule: FormRule = source.parse(raw.get())?;
        let (line, column) = source.place(raw.get());
        let refuse = |message: String| PolicyError {
            line,
            column,
            message,
        };
        if !applies(&rule, context).map_err(refuse)? {
            continue;
        }
        let errno = errno_of(rule.errno_ret, rule.errno.as_deref()).map_err(refuse)?;
        let conditions: Result<Vec<Condition>, String> = rule.args.iter().map(comparison).collect();
        all.push(Written {
            line,
            column,
            action: action(&rule.action, errno).map_err(refuse)?,
            conditions: conditions.map_err(refuse)?,
            names: rule.names.into_iter().chain(rule.name).collect(),
        });
    }
    Ok(all)
}

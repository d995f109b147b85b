//! The JSON of a profile as types. An unknown field is refused: a misspelled `args` would otherwise
//! turn "allow if" into "allow".

use crate::PolicyError;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;

/// A profile as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Form<'a> {
    pub(super) default_action: String,
    pub(super) default_errno_ret: Option<u32>,
    pub(super) default_errno: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) architectures: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) arch_map: Vec<ArchMap>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) flags: Vec<String>,
    pub(super) listener_path: Option<String>,
    pub(super) listener_metadata: Option<String>,
    #[serde(rename = "$schema")]
    _schema: Option<IgnoredAny>,
    /// Read one by one, so that each has its place in the text.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) syscalls: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ArchMap {
    pub(super) architecture: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) sub_architectures: Vec<String>,
}

/// One entry of `syscalls`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FormRule {
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) names: Vec<String>,
    /// The older form: one name.
    pub(super) name: Option<String>,
    pub(super) action: String,
    pub(super) errno_ret: Option<u32>,
    pub(super) errno: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) args: Vec<FormCondition>,
    #[serde(rename = "comment")]
    _comment: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) includes: HostCondition,
    #[serde(default)]
    pub(super) excludes: HostCondition,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FormCondition {
    pub(super) index: u8,
    pub(super) value: u64,
    #[serde(default)]
    pub(super) value_two: u64,
    pub(super) op: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HostCondition {
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) caps: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) arches: Vec<String>,
    pub(super) min_kernel: Option<String>,
}

/// Go writes an empty list as `null`.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// The text of a policy, to say where in it something stands.
pub(super) struct Source<'a> {
    text: &'a str,
    /// Byte offset of each line's beginning.
    lines: Vec<usize>,
}

#[derive(Deserialize)]
struct Config<'a> {
    #[serde(borrow)]
    linux: Option<ConfigLinux<'a>>,
    #[serde(rename = "ociVersion")]
    version: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ConfigLinux<'a> {
    #[serde(borrow)]
    seccomp: Option<&'a RawValue>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(newlines);
        Self {
            text,
            lines: lines.collect(),
        }
    }

    /// The profile, wherever in the document it is.
    pub(super) fn form(&self) -> Result<Form<'a>, PolicyError> {
        if !self.text.trim_start().starts_with('{') {
            return Err(PolicyError {
                line: 1,
                column: 1,
                message: "a policy is a JSON object".to_owned(),
            });
        }
        let config: Config<'a> = self.parse(self.text)?;
        match (config.linux, config.version) {
            (None, None) => self.parse(self.text),
            (linux, _) => match linux.and_then(|l| l.seccomp) {
                Some(seccomp) => self.parse(seccomp.get()),
                None => Err(PolicyError::whole(
                    "this config has no linux.seccomp, so it says nothing of system calls",
                )),
            },
        }
    }

    /// Reads a part of the text; errors point into the whole.
    pub(super) fn parse<T: Deserialize<'a>>(&self, part: &'a str) -> Result<T, PolicyError> {
        serde_json::from_str(part).map_err(|e| {
            let (line, column) = self.place(part);
            let inner = u32::try_from(e.line()).unwrap_or(0).max(1);
            let offset = u32::try_from(e.column()).unwrap_or(0);
            let message = e.to_string();
            // serde_json appends the place inside the part; ours is the one in the whole.
            let end = message.rfind(" at line ").unwrap_or(message.len());
            PolicyError {
                line: line + inner - 1,
                column: if inner == 1 {
                    column + offset.max(1) - 1
                } else {
                    offset
                },
                message: message[..end].to_owned(),
            }
        })
    }

    /// Line and column, from 1, of a part of the text.
    pub(super) fn place(&self, part: &str) -> (u32, u32) {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let line = self.lines.partition_point(|&start| start <= offset);
        let column = offset - self.lines[line - 1] + 1;
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (small(line), small(column))
    }
}

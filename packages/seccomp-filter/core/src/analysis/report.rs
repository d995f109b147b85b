//! Answers as data for people and programs: names instead of numbers, 64-bit values as text.

use super::{
    AnalysisError, Answer, Because, Difference, Given, Line, Path, Subject, decompile, diff,
    drop_idle,
    lint::{self, Finding, Question},
    listing, minimise, path,
};
use crate::{
    Arch, Condition, Policy, PolicyError,
    bpf::Data,
    names,
    oci::{self, Context},
    print, table, words,
};
use serde::Serialize;

impl From<AnalysisError> for PolicyError {
    fn from(error: AnalysisError) -> Self {
        Self::whole(error.to_string())
    }
}

/// Who decided.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct By {
    /// The answer in words.
    pub verdict: String,
    /// `rule`, `default`, `newer`, `closed`; of a program `program`.
    pub because: &'static str,
    /// Line in the policy's text; 0 if no rule decides.
    pub line: u32,
    /// The text that the line is of, where it is one that the policy extends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The rule, in the terse form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The line as it is written, where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The RET of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction: Option<usize>,
}

/// An argument as it was given.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its value, hexadecimal.
    pub value: String,
    /// The value by name.
    pub means: String,
    /// Bits that the kernel reads.
    pub bits: u32,
}

/// One call explained.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    arch: &'static str,
    call: String,
    number: u32,
    arguments: Vec<Argument>,
    #[serde(flatten)]
    by: By,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Path>,
    /// Why there is no path.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_path: Option<String>,
}

/// Two filters compared.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    equal: bool,
    alike: usize,
    unlike: usize,
    differences: Vec<DifferenceReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DifferenceReport {
    /// `any other` where no one opens it.
    arch: &'static str,
    call: Option<&'static str>,
    numbers: (u32, u32),
    /// For which arguments; absent: they cannot be said in a few words; empty: for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    witness: Witness,
    a: By,
    b: By,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Witness {
    arch: String,
    number: u32,
    arguments: Vec<String>,
    /// As a call: `socket(AF_UNIX, 0, 0)`.
    call: String,
}

/// A policy as text.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    text: String,
    unsaid: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<(usize, usize)>,
    ways: Vec<&'static str>,
}

/// Explains one call. `arguments`: as words, by place or `name=value`.
///
/// # Errors
/// If the call or an argument is unknown.
pub fn explain(
    given: &Given,
    way: Arch,
    call: &str,
    arguments: &[String],
) -> Result<Explained, PolicyError> {
    let number = number(way, call)?;
    let name = names::call(way, number);
    let args = super::words_in::arguments(way, name, arguments)?;
    let data = Data {
        nr: number,
        arch: way.audit(),
        ip: 0,
        args,
    };
    let by = by(given, way, &data, &given.subject.answer(&data));
    let (path, no_path) = match given.compiled() {
        Ok((program, _)) => match path(&program, &data) {
            Ok(path) => (Some(path), None),
            Err(error) => (None, Some(error.to_string())),
        },
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(Explained {
        arch: way.name(),
        call: name.map_or_else(|| number.to_string(), str::to_owned),
        number,
        arguments: described(way, name, &args),
        by,
        path,
        no_path,
    })
}

fn number(way: Arch, call: &str) -> Result<u32, PolicyError> {
    if let Some(call) = table::find(call) {
        return call.number(way).ok_or_else(|| {
            PolicyError::whole(format!("{} has no call {}", way.name(), call.name))
        });
    }
    let parsed = match call.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => call.parse().ok(),
    };
    parsed.ok_or_else(|| PolicyError::whole(format!("there is no call {call:?}{}", near(call))))
}

fn near(call: &str) -> String {
    let names = table::all().iter().map(|known| known.name);
    lint::nearest(call, names).map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

fn described(way: Arch, name: Option<&'static str>, args: &[u64; 6]) -> Vec<Argument> {
    let known = name
        .and_then(table::find)
        .map_or(0, |call| call.arguments(way).len().min(6));
    let used = args
        .iter()
        .rposition(|arg| *arg != 0)
        .map_or(0, |last| last + 1);
    let count = if name.is_some() {
        known.max(used)
    } else {
        used
    };
    (0..count)
        .map(|i| {
            let index = u8::try_from(i).unwrap_or(0);
            let read = words::read_mask(way, name, index);
            Argument {
                name: names::argument(way, name, index),
                value: format!("{:#x}", args[i]),
                means: names::value(way, name, index, args[i] & read),
                bits: read.count_ones(),
            }
        })
        .collect()
}

fn by(given: &Given, way: Arch, data: &Data, answer: &Answer) -> By {
    let rule = match answer.because {
        Some(Because::Rule(index)) => given.rule(way, data.nr, index),
        _ => None,
    };
    let (file, line) = given.place(answer.line);
    By {
        verdict: words::action(answer.action),
        because: match answer.because {
            Some(Because::Rule(_)) => "rule",
            Some(Because::Default) => "default",
            Some(Because::Newer) => "newer",
            Some(Because::Closed) => "closed",
            None => "program",
        },
        line,
        file,
        text: given.line(answer.line).map(str::to_owned),
        rule: rule.map(|(_, text)| text),
        instruction: answer.at,
    }
}

/// Compares two.
///
/// # Errors
/// If one cannot be analysed within bounds.
pub fn compare(a: &Given, b: &Given, only: Option<Arch>) -> Result<Compared, PolicyError> {
    let found = diff(&a.subject, &b.subject, only)?;
    Ok(Compared {
        equal: found.all.is_empty(),
        alike: found.alike,
        unlike: found.unlike,
        differences: found
            .all
            .iter()
            .map(|difference| reported(a, b, difference))
            .collect(),
    })
}

fn reported(a: &Given, b: &Given, difference: &Difference) -> DifferenceReport {
    let Difference {
        way,
        numbers,
        name,
        witness,
        ..
    } = difference;
    let arch = way.unwrap_or(a.native);
    let when = difference.when.as_ref().map(|all| {
        let all: Vec<&[Condition]> = all.iter().map(Vec::as_slice).collect();
        words::any(arch, *name, &all)
    });
    let shown = described(arch, *name, &witness.args);
    let values: Vec<&str> = shown
        .iter()
        .map(|a| {
            if a.bits == 64 || a.value.len() <= 10 {
                a.means.as_str()
            } else {
                a.value.as_str()
            }
        })
        .collect();
    let called = name.map_or_else(|| format!("{:#x}", witness.nr), str::to_owned);
    DifferenceReport {
        arch: way.map_or("any other", Arch::name),
        call: *name,
        numbers: *numbers,
        when,
        witness: Witness {
            arch: super::path::arch_name(witness.arch),
            number: witness.nr,
            arguments: witness.args.iter().map(|arg| format!("{arg:#x}")).collect(),
            call: format!("{called}({})", values.join(", ")),
        },
        a: by(a, arch, witness, &difference.a),
        b: by(b, arch, witness, &difference.b),
    }
}

/// The shortest text that we find of the same meaning; of a program its decompilation. It is read again and proved
/// equal before it is given out.
///
/// # Errors
/// If it cannot be analysed within bounds, or `oci` is wanted and that form cannot say it.
pub fn shortest(given: &Given, context: &Context, oci: bool) -> Result<Written, PolicyError> {
    let (policy, mut unsaid) = rules(given)?;
    let mut minimised = minimise(&policy)?;
    let text = if oci {
        let write = |policy: &Policy| oci::write(&given.profile(policy.clone()), context);
        let text = match write(&minimised.policy) {
            Ok(text) => text,
            Err(_) => {
                minimised = drop_idle(&policy)?;
                write(&minimised.policy)?
            }
        };
        // A number has no name, but its meaning is in the text.
        unsaid.clear();
        text
    } else {
        let shorter =
            [print::print_short, print::print].map(|print| print(&minimised.policy, &given.flags));
        let [short, plain] = shorter;
        let printed = if short.text.len() < plain.text.len() {
            short
        } else {
            plain
        };
        unsaid.extend(printed.unsaid);
        printed.text
    };
    if unsaid.is_empty() {
        let name = if oci {
            "linux.seccomp"
        } else {
            "shortest.policy"
        };
        let again = Given::read(text.as_bytes(), name, context)?;
        if again.flags != given.flags || !diff(&given.subject, &again.subject, None)?.all.is_empty()
        {
            let message = "the shorter text is not proved to mean the same, so it is not given out";
            return Err(PolicyError::whole(message));
        }
    }
    Ok(Written {
        text,
        unsaid,
        rules: Some(minimised.rules),
        ways: ways(&minimised.policy),
    })
}

/// The policy in the terse form, rule by rule; of a program its decompilation.
///
/// # Errors
/// If it cannot be analysed within bounds.
pub fn text(given: &Given) -> Result<Written, PolicyError> {
    let (policy, mut unsaid) = rules(given)?;
    let printed = print::print(&policy, &given.flags);
    unsaid.extend(printed.unsaid);
    Ok(Written {
        text: printed.text,
        unsaid,
        rules: None,
        ways: ways(&policy),
    })
}

fn rules(given: &Given) -> Result<(Policy, Vec<String>), PolicyError> {
    Ok(match &given.subject {
        Subject::Policy(policy) => (policy.clone(), Vec::new()),
        Subject::Program(program) => {
            let back = decompile(program, given.native)?;
            (back.policy, back.unsaid)
        }
    })
}

fn ways(policy: &Policy) -> Vec<&'static str> {
    policy.entries.iter().map(|e| e.arch.name()).collect()
}

/// The program, instruction by instruction.
///
/// # Errors
/// If it does not fit into what the kernel takes.
pub fn disassembled(given: &Given) -> Result<Vec<Line>, PolicyError> {
    let (program, lines) = given.compiled()?;
    Ok(listing(&program, &lines, &given.files))
}

/// What works otherwise than its author may think.
///
/// # Errors
/// If it cannot be analysed within bounds.
pub fn linted(given: &Given) -> Result<Vec<Finding>, PolicyError> {
    let mut findings = lint::lint(&Question {
        subject: &given.subject,
        registers: given.registers.as_ref(),
        written: &given.written,
        native: given.native,
    })?;
    for finding in &mut findings {
        (finding.file, finding.line) = given.place(finding.line);
    }
    // To say otherwise than what is extended is what extending is for.
    findings.retain(|f| f.file.is_none() || !["shadowed", "equal-to-default"].contains(&f.id));
    Ok(findings)
}

/// The same of a text. Rules that share a line are set apart first, so that each is judged by itself.
///
/// # Errors
/// If it is refused, or cannot be analysed within bounds.
pub fn linted_text(
    bytes: &[u8],
    name: &str,
    context: &Context,
) -> Result<Vec<Finding>, PolicyError> {
    let given = Given::read(bytes, name, context)?;
    let mut lines: Vec<u32> = given.written.iter().map(|rule| rule.line).collect();
    lines.dedup();
    if lines.len() == given.written.len() {
        return linted(&given);
    }
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|e| PolicyError::whole(e.to_string()))?;
    let apart = serde_json::to_string_pretty(&value).unwrap_or_default();
    let apart = Given::read(apart.as_bytes(), name, context)?;
    let mut findings = linted(&apart)?;
    let pairs = || apart.written.iter().zip(&given.written);
    for finding in &mut findings {
        let own = pairs().find(|(apart, _)| apart.line == finding.line);
        finding.line = own.map_or(0, |(_, own)| own.line);
    }
    Ok(findings)
}

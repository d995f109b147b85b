//! What a question is asked about: a policy's text in any form or a program, read for one host.

use super::Subject;
use crate::{
    Arch, Policy, PolicyError, Rule,
    bpf::{self, Insn},
    compile,
    oci::{self, Context, Widths, Written},
    source::{self, Form, Source},
    words,
};

/// A policy or a program, read.
#[derive(Debug)]
pub struct Given {
    /// What it means.
    pub subject: Subject,
    /// The machine's own way in.
    pub native: Arch,
    /// Flags that it asks for, as the terse form names them.
    pub flags: Vec<&'static str>,
    /// Lines of its text; of JSON none, whose lines say little.
    lines: Vec<String>,
    /// The rules of a profile as they are written.
    pub written: Vec<Written>,
    /// A profile with whole registers compared.
    pub registers: Option<Policy>,
}

impl Given {
    /// Reads a text.
    ///
    /// # Errors
    /// Where and why it is refused.
    pub fn text(text: &str, context: &Context) -> Result<Self, PolicyError> {
        Self::named(text, "policy", context)
    }

    /// The same of a file or preset of this name, whose form and what it extends go by it.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub fn named(text: &str, name: &str, context: &Context) -> Result<Self, PolicyError> {
        if source::form(text.as_bytes(), name) != Form::Oci {
            return Self::terse(text, name, context);
        }
        let profile = oci::read(text, context)?;
        let registers = Context {
            widths: Widths::Register,
            ..context.clone()
        };
        let flags = [(profile.log, "log"), (profile.spec_allow, "spec-allow")];
        Ok(Self {
            subject: Subject::Policy(profile.policy),
            native: context.arch,
            flags: flags.into_iter().filter(|f| f.0).map(|f| f.1).collect(),
            lines: Vec::new(),
            written: oci::written(text, context)?,
            registers: Some(oci::read(text, &registers)?.policy),
        })
    }

    fn terse(text: &str, name: &str, context: &Context) -> Result<Self, PolicyError> {
        let profile = match source::read(text.as_bytes(), name, context)? {
            Source::Policy(profile) => *profile,
            Source::Program(_) => return Err(PolicyError::whole("a program is no text")),
        };
        let flags = [(profile.log, "log"), (profile.spec_allow, "spec-allow")];
        Ok(Self {
            subject: Subject::Policy(profile.policy),
            native: context.arch,
            flags: flags.into_iter().filter(|f| f.0).map(|f| f.1).collect(),
            lines: text.lines().map(str::to_owned).collect(),
            written: Vec::new(),
            registers: None,
        })
    }

    /// Takes the array of `struct sock_filter`, in this machine's byte order.
    ///
    /// # Errors
    /// If it is no such array.
    pub fn program(bytes: &[u8], context: &Context) -> Result<Self, PolicyError> {
        let program = bpf::decode(bytes).filter(|p| !p.is_empty());
        let program = program.ok_or_else(|| {
            PolicyError::whole("a program is a number of instructions of 8 bytes each; this is not")
        })?;
        Ok(Self {
            subject: Subject::Program(program),
            native: context.arch,
            flags: Vec::new(),
            lines: Vec::new(),
            written: Vec::new(),
            registers: None,
        })
    }

    /// Its instructions, and for each the lines of the policy.
    ///
    /// # Errors
    /// If it does not fit into what the kernel takes.
    pub fn compiled(&self) -> Result<(Vec<Insn>, Vec<Vec<u32>>), PolicyError> {
        match &self.subject {
            Subject::Program(program) => Ok((program.clone(), vec![Vec::new(); program.len()])),
            Subject::Policy(policy) => compile(policy).map(|p| (p.insns, p.lines)),
        }
    }

    /// The rule at a place of a call, in the terse form.
    #[must_use]
    pub fn rule(&self, way: Arch, number: u32, index: usize) -> Option<(&Rule, String)> {
        let Subject::Policy(policy) = &self.subject else {
            return None;
        };
        let entry = policy.entries.iter().find(|e| e.arch == way)?;
        let rule = entry.calls.get(&number)?.get(index)?;
        let name =
            crate::names::call(way, number).map_or_else(|| number.to_string(), str::to_owned);
        Some((rule, words::rule(way, &name, rule)))
    }

    /// A line of the text.
    #[must_use]
    pub fn line(&self, line: u32) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.lines.get(index).map(|line| line.trim())
    }
}

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
    /// Who answers what it has notified.
    listener: Option<oci::Listener>,
    /// Lines of its text; of JSON none, whose lines say little.
    lines: Vec<String>,
    /// The texts that it was read from, as they extend one another.
    pub(crate) files: Vec<String>,
    /// The rules of a profile as they are written.
    pub written: Vec<Written>,
    /// A profile with whole registers compared.
    pub registers: Option<Policy>,
}

impl Given {
    /// Reads a policy in any form, or a program. `name`: the file's or the preset's.
    ///
    /// # Errors
    /// Where and why it is refused.
    pub fn read(bytes: &[u8], name: &str, context: &Context) -> Result<Self, PolicyError> {
        let profile = match source::read(bytes, name, context)? {
            Source::Policy(profile) => *profile,
            Source::Program(_) => return Self::program(bytes, context),
        };
        let flags = [
            (profile.log, "log"),
            (profile.spec_allow, "spec-allow"),
            (profile.wait_killable, "wait-killable"),
        ];
        let text = std::str::from_utf8(bytes).unwrap_or("");
        let mut given = Self {
            subject: Subject::Policy(profile.policy),
            native: context.arch,
            flags: flags.into_iter().filter(|f| f.0).map(|f| f.1).collect(),
            listener: profile.listener,
            lines: Vec::new(),
            files: profile.files,
            written: Vec::new(),
            registers: None,
        };
        if source::form(bytes, name) == Form::Oci {
            let registers = Context {
                widths: Widths::Register,
                ..context.clone()
            };
            given.written = oci::written(text, context)?;
            given.registers = Some(oci::read(text, &registers)?.policy);
        } else {
            given.lines = text.lines().map(str::to_owned).collect();
        }
        Ok(given)
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
            listener: None,
            lines: Vec::new(),
            files: Vec::new(),
            written: Vec::new(),
            registers: None,
        })
    }

    /// Another policy with its flags and its listener.
    #[must_use]
    pub fn profile(&self, policy: Policy) -> oci::Profile {
        let asks = |flag| self.flags.contains(&flag);
        oci::Profile {
            log: asks("log"),
            spec_allow: asks("spec-allow"),
            wait_killable: asks("wait-killable"),
            listener: self.listener.clone(),
            ..oci::Profile::of(policy)
        }
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

    /// A line of the text as it is written; none of JSON, nor of what is extended.
    #[must_use]
    pub fn line(&self, line: u32) -> Option<&str> {
        let (file, line) = source::place(line);
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.lines.get(index).filter(|_| file == 0);
        text.map(|line| line.trim())
    }

    /// Which line of which text: the name where it is another than the first.
    #[must_use]
    pub fn place(&self, line: u32) -> (Option<String>, u32) {
        let (file, line) = source::placed(&self.files, line);
        (file.map(str::to_owned), line)
    }
}

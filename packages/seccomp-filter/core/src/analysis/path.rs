//! The way of one call through a program, in words: what each comparison found out, and the answer.

use super::AnalysisError;
use crate::{
    Action, Arch, X32_BIT,
    bpf::{Data, Insn, code},
    machine, names, words,
};
use serde::Serialize;

/// One step: the instruction that decided it and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Place of the instruction.
    pub at: usize,
    /// What it found.
    pub says: String,
}

/// The path of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// Instructions that were executed.
    pub executed: usize,
    /// Instructions of the program.
    pub of: usize,
    /// What was found.
    pub steps: Vec<Step>,
    /// The value returned.
    #[serde(skip)]
    pub value: u32,
}

/// What the accumulator holds, as far as it can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// A word of `seccomp_data`, and its bits that count.
    Word(u32, u32),
    /// Something computed.
    Else,
}

/// Follows one call.
///
/// # Errors
/// If the kernel would not have loaded the program.
pub fn path(program: &[Insn], data: &Data) -> Result<Path, AnalysisError> {
    let (executed, value) = machine::trace(program, data)
        .ok_or_else(|| AnalysisError::program(0, "the kernel would not load this program"))?;
    let scene = Scene::of(data);
    let mut steps = Vec::new();
    let mut held = Held::Else;
    for step in &executed {
        let insn = program[step.at];
        held = held.after(insn);
        let says = match step.taken {
            Some(taken) => scene.found(held, insn, taken),
            None if matches!(insn.code, code::RET_K | code::RET_A) => {
                format!("answer: {}", words::action(Action::from_value(value)))
            }
            None => continue,
        };
        steps.push(Step { at: step.at, says });
    }
    Ok(Path {
        executed: executed.len(),
        of: program.len(),
        steps,
        value,
    })
}

impl Held {
    /// What it holds after an instruction.
    pub(crate) fn after(self, insn: Insn) -> Self {
        match (insn.code, self) {
            (code::LD_ABS, _) => Self::Word(insn.k, u32::MAX),
            (code::LD_IMM | code::LD_LEN | code::LD_MEM | code::TXA, _) => Self::Else,
            (op, Self::Word(offset, mask)) if op == code::ALU | code::AND => {
                Self::Word(offset, mask & insn.k)
            }
            (op, _) if op & 7 == code::ALU => Self::Else,
            _ => self,
        }
    }
}

/// What is known where a comparison is made: it gives numbers their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scene {
    pub(crate) arch: Option<Arch>,
    pub(crate) number: Option<u32>,
}

impl Scene {
    fn of(data: &Data) -> Self {
        let arch = Arch::ALL.into_iter().find(|a| a.audit() == data.arch);
        let x32 = arch == Some(Arch::X86_64) && data.nr >= X32_BIT && data.nr != u32::MAX;
        Self {
            arch: if x32 { Some(Arch::X32) } else { arch },
            number: Some(data.nr),
        }
    }

    /// What a comparison found.
    pub(crate) fn found(self, held: Held, insn: Insn, holds: bool) -> String {
        let Held::Word(offset, mask) = held else {
            return format!("the accumulator {} {:#x}", sign(insn, holds), insn.k);
        };
        if insn.code & code::X != 0 {
            return format!(
                "{} {} the index register",
                self.word(offset),
                sign(insn, holds)
            );
        }
        let full = mask == u32::MAX;
        let word = self.word(offset);
        let masked = if full {
            word
        } else {
            format!("{word} & {mask:#x}")
        };
        match (offset, insn.code & 0xf0) {
            (4, code::EQ) if full => {
                let name = arch_name(insn.k);
                format!("arch is {}{name}", if holds { "" } else { "not " })
            }
            (_, code::SET) => {
                let zero = if holds { "is not 0" } else { "is 0" };
                format!("{masked} & {} {zero}", self.value(offset, insn.k))
            }
            _ => format!(
                "{masked} {} {}",
                sign(insn, holds),
                self.value(offset, insn.k)
            ),
        }
    }

    fn value(self, offset: u32, k: u32) -> String {
        match (offset, self.arch) {
            (0, Some(arch)) => match names::call(arch, k) {
                Some(name) => format!("{k} ({name})"),
                None if k >= X32_BIT => format!("{k:#x}"),
                None => k.to_string(),
            },
            (16.., Some(arch)) => {
                let call = self.number.and_then(|n| names::call(arch, n));
                let upper = (offset & 4 != 0) != super::meaning::big_endian(arch);
                match upper {
                    true => format!("{k:#x}"),
                    false => names::value(arch, call, argument(offset), u64::from(k)),
                }
            }
            (4, _) => arch_name(k),
            _ => format!("{k:#x}"),
        }
    }

    pub(crate) fn word(self, offset: u32) -> String {
        match offset {
            0 => "number".to_owned(),
            4 => "arch".to_owned(),
            8 | 12 => "instruction pointer".to_owned(),
            _ => {
                let index = argument(offset);
                let arch = self.arch.unwrap_or(Arch::native());
                let call = self.number.and_then(|n| names::call(arch, n));
                let name = names::argument(arch, call, index);
                let upper = (offset & 4 != 0) != super::meaning::big_endian(arch);
                let half = if upper { "upper" } else { "lower" };
                if name == format!("arg{index}") {
                    format!("{name} ({half} 32 bits)")
                } else {
                    format!("{name} (argument {index}, {half} 32 bits)")
                }
            }
        }
    }
}

fn argument(offset: u32) -> u8 {
    u8::try_from((offset.saturating_sub(16)) / 8).unwrap_or(0)
}

pub(crate) fn arch_name(audit: u32) -> String {
    let known = Arch::ALL.into_iter().find(|a| a.audit() == audit);
    known.map_or_else(|| format!("{audit:#x}"), |a| a.name().to_owned())
}

fn sign(insn: Insn, holds: bool) -> &'static str {
    match (insn.code & 0xf0, holds) {
        (code::EQ, true) => "==",
        (code::EQ, false) => "!=",
        (code::GT, true) => ">",
        (code::GT, false) => "<=",
        (code::GE, true) => ">=",
        (code::GE, false) => "<",
        (_, true) => "shares bits with",
        (_, false) => "shares no bits with",
    }
}

//! A program for reading: mnemonics as bpf_asm and tcpdump -d write them, where jumps lead, what is compared, and the
//! policy's line that it was made for.

use super::path::{Held, Scene};
use crate::{
    Action, Arch, X32_BIT,
    bpf::{Insn, code},
    source::placed,
    words,
};
use serde::Serialize;

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its place.
    pub at: usize,
    /// Operation, as `struct sock_filter` holds it.
    pub code: u16,
    /// Instructions to skip if true.
    pub jt: u8,
    /// Instructions to skip if false.
    pub jf: u8,
    /// Operand.
    pub k: u32,
    /// As the field writes it.
    pub mnemonic: String,
    /// Where it leads if it is a jump: if the condition holds (or always), and else.
    pub targets: Vec<usize>,
    /// In words.
    pub means: String,
    /// Lines of the policy that it was made for.
    pub lines: Vec<u32>,
    /// The same of texts that the policy extends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extended: Vec<Place>,
}

/// A line of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The text.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// What is known on every way to an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Before {
    held: Held,
    scene: Scene,
}

/// The listing. `lines`: for each instruction the lines of the policy, which [`crate::source::placed`] reads
/// with `files`.
#[must_use]
pub fn listing(program: &[Insn], lines: &[Vec<u32>], files: &[String]) -> Vec<Line> {
    let before = before(program);
    let places = |at: usize| {
        let lines = lines.get(at).map_or(&[][..], Vec::as_slice);
        lines.iter().map(|line| placed(files, *line))
    };
    let line = |(at, insn): (usize, &Insn)| Line {
        at,
        code: insn.code,
        jt: insn.jt,
        jf: insn.jf,
        k: insn.k,
        mnemonic: mnemonic(at, *insn),
        targets: targets(at, *insn),
        means: before[at].map_or_else(|| "never reached".to_owned(), |known| means(known, *insn)),
        lines: places(at).filter(|p| p.0.is_none()).map(|p| p.1).collect(),
        extended: places(at)
            .filter_map(|(file, line)| {
                Some(Place {
                    file: file?.to_owned(),
                    line,
                })
            })
            .collect(),
    };
    program.iter().enumerate().map(line).collect()
}

fn before(program: &[Insn]) -> Vec<Option<Before>> {
    let nothing = Before {
        held: Held::Else,
        scene: Scene {
            arch: None,
            number: None,
        },
    };
    let mut known: Vec<Option<Before>> = vec![None; program.len()];
    if let Some(first) = known.first_mut() {
        *first = Some(nothing);
    }
    for (at, insn) in program.iter().enumerate() {
        let Some(now) = known[at] else { continue };
        for (to, after) in after(at, *insn, now) {
            if let Some(slot) = known.get_mut(to) {
                *slot = Some(slot.map_or(after, |other| join(other, after)));
            }
        }
    }
    known
}

fn join(a: Before, b: Before) -> Before {
    fn same<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<T> {
        if a == b { a } else { None }
    }
    Before {
        held: if a.held == b.held { a.held } else { Held::Else },
        scene: Scene {
            arch: same(a.scene.arch, b.scene.arch),
            number: same(a.scene.number, b.scene.number),
        },
    }
}

fn after(at: usize, insn: Insn, now: Before) -> Vec<(usize, Before)> {
    let held = now.held.after(insn);
    let next = Before { held, ..now };
    let targets = targets(at, insn);
    match targets[..] {
        [yes, no] => {
            let (mut then, mut other) = (next, next);
            match (held, insn.code & 0xff) {
                (Held::Word(4, u32::MAX), c) if c == code::JMP | code::EQ => {
                    then.scene.arch = Arch::ALL.into_iter().find(|a| a.audit() == insn.k);
                }
                (Held::Word(0, u32::MAX), c) if c == code::JMP | code::EQ => {
                    then.scene.number = Some(insn.k)
                }
                (Held::Word(0, u32::MAX), c) if c == code::JMP | code::GE && insn.k == X32_BIT => {
                    then.scene.arch = now.scene.arch.map(|_| Arch::X32);
                    other.scene.arch = now.scene.arch;
                }
                _ => {}
            }
            vec![(yes, then), (no, other)]
        }
        [to] => vec![(to, next)],
        _ if insn.code & 7 == code::RET_K & 7 => vec![],
        _ => vec![(at + 1, next)],
    }
}

fn targets(at: usize, insn: Insn) -> Vec<usize> {
    match insn.code {
        code::JA => vec![(at + 1).saturating_add(insn.k as usize)],
        c if c & 7 == code::JMP => {
            vec![at + 1 + usize::from(insn.jt), at + 1 + usize::from(insn.jf)]
        }
        _ => vec![],
    }
}

fn means(known: Before, insn: Insn) -> String {
    match insn.code {
        code::LD_ABS => known.scene.word(insn.k),
        code::RET_K => words::action(Action::from_value(insn.k)),
        code::JA => String::new(),
        c if c & 7 == code::JMP => format!("{}?", known.scene.found(known.held, insn, true)),
        c if c == code::ALU | code::AND => format!("its bits {:#x}", insn.k),
        _ => String::new(),
    }
}

fn mnemonic(at: usize, insn: Insn) -> String {
    let k = insn.k;
    let operand = |x: bool| {
        if x {
            "x".to_owned()
        } else {
            format!("#{k:#x}")
        }
    };
    let x = insn.code & code::X != 0;
    match insn.code {
        code::LD_ABS => format!("ld [{k}]"),
        code::LD_IMM => format!("ld #{k:#x}"),
        code::LD_LEN => "ld len".to_owned(),
        code::LD_MEM => format!("ld M[{k}]"),
        code::LDX_IMM => format!("ldx #{k:#x}"),
        code::LDX_LEN => "ldx len".to_owned(),
        code::LDX_MEM => format!("ldx M[{k}]"),
        code::ST => format!("st M[{k}]"),
        code::STX => format!("stx M[{k}]"),
        code::TAX => "tax".to_owned(),
        code::TXA => "txa".to_owned(),
        code::RET_K => format!("ret #{k:#x}"),
        code::RET_A => "ret a".to_owned(),
        code::JA => format!("ja {}", (at + 1).saturating_add(k as usize)),
        c if c & 7 == code::JMP => {
            let name = match c & 0xf0 {
                code::EQ => "jeq",
                code::GT => "jgt",
                code::GE => "jge",
                code::SET => "jset",
                _ => "?",
            };
            let (jt, jf) = (at + 1 + usize::from(insn.jt), at + 1 + usize::from(insn.jf));
            format!("{name} {}, {jt}, {jf}", operand(x))
        }
        c if c & 7 == code::ALU => {
            let name = match c & 0xf0 {
                code::ADD => "add",
                code::SUB => "sub",
                code::MUL => "mul",
                code::DIV => "div",
                code::OR => "or",
                code::AND => "and",
                code::LSH => "lsh",
                code::RSH => "rsh",
                code::NEG => return "neg".to_owned(),
                code::XOR => "xor",
                _ => "?",
            };
            format!("{name} {}", operand(x))
        }
        c => format!("? {c:#x}"),
    }
}

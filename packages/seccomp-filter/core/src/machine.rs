//! A machine for every program that the kernel takes as a filter, not only for ours: it shows each instruction that
//! is executed. See the kernel's `seccomp_check_filter` for the operations and `___bpf_prog_run` for their meaning.

use crate::bpf::{Data, Insn, code};

/// One executed instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// Its place in the program.
    pub at: usize,
    /// The accumulator after it.
    pub a: u32,
    /// Where it is a conditional jump: whether its condition held.
    pub taken: Option<bool>,
}

/// Runs a program: what was executed and the value returned. `None` for what the kernel would not have loaded.
#[must_use]
pub fn trace(program: &[Insn], data: &Data) -> Option<(Vec<Executed>, u32)> {
    let mut path = Vec::new();
    let value = walk(program, data, |executed| path.push(executed))?;
    Some((path, value.1))
}

/// As [`trace`]: the place of the RETURN reached and its value.
#[must_use]
pub fn run(program: &[Insn], data: &Data) -> Option<(usize, u32)> {
    walk(program, data, |_| {})
}

fn walk(program: &[Insn], data: &Data, mut see: impl FnMut(Executed)) -> Option<(usize, u32)> {
    let (mut at, mut a, mut x, mut memory) = (0_usize, 0_u32, 0_u32, [0_u32; 16]);
    loop {
        let insn = program.get(at)?;
        let (k, slot) = (insn.k, insn.k as usize);
        let mut taken = None;
        let mut skip = 0;
        match insn.code {
            code::LD_ABS => a = data.word(k)?,
            code::LD_IMM => a = k,
            code::LD_LEN => a = 64,
            code::LD_MEM => a = *memory.get(slot)?,
            code::LDX_IMM => x = k,
            code::LDX_LEN => x = 64,
            code::LDX_MEM => x = *memory.get(slot)?,
            code::ST => *memory.get_mut(slot)? = a,
            code::STX => *memory.get_mut(slot)? = x,
            code::TAX => x = a,
            code::TXA => a = x,
            code::JA => skip = slot,
            code::RET_K | code::RET_A => {
                see(Executed { at, a, taken });
                return Some((at, if insn.code == code::RET_A { a } else { k }));
            }
            _ => {
                let operand = if insn.code & code::X != 0 { x } else { k };
                let operation = insn.code & 0xf0;
                match insn.code & 7 {
                    code::ALU => a = alu(operation, a, operand)?,
                    code::JMP => {
                        let holds = holds(operation, a, operand)?;
                        taken = Some(holds);
                        skip = usize::from(if holds { insn.jt } else { insn.jf });
                    }
                    _ => return None,
                }
            }
        }
        see(Executed { at, a, taken });
        at = at.checked_add(1)?.checked_add(skip)?;
    }
}

fn holds(operation: u16, a: u32, b: u32) -> Option<bool> {
    Some(match operation {
        code::EQ => a == b,
        code::GT => a > b,
        code::GE => a >= b,
        code::SET => a & b != 0,
        _ => return None,
    })
}

/// Arithmetic on the accumulator; a division by zero ends the program with 0, which no compiler relies on.
pub(crate) fn alu(operation: u16, a: u32, b: u32) -> Option<u32> {
    Some(match operation {
        code::ADD => a.wrapping_add(b),
        code::SUB => a.wrapping_sub(b),
        code::MUL => a.wrapping_mul(b),
        code::DIV => a.checked_div(b)?,
        code::OR => a | b,
        code::AND => a & b,
        code::XOR => a ^ b,
        code::LSH => a.wrapping_shl(b),
        code::RSH => a.wrapping_shr(b),
        code::NEG => a.wrapping_neg(),
        _ => return None,
    })
}

//! Classic BPF as seccomp takes it: the instructions we emit, and a machine that runs them. See
//! seccomp(2) and the kernel's `Documentation/networking/filter.rst`.

use crate::{Arch, arch::is_big_endian};

/// One instruction, laid out as the kernel's `struct sock_filter`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insn {
    /// Operation.
    pub code: u16,
    /// Instructions to skip if true.
    pub jt: u8,
    /// Instructions to skip if false.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

/// Load the 32-bit word at byte `k` of `seccomp_data`.
pub const LOAD: u16 = 0x20;
/// A &= k.
pub const AND: u16 = 0x54;
/// Skip `k` instructions.
pub const JUMP: u16 = 0x05;
/// A == k.
pub const JEQ: u16 = 0x15;
/// A > k.
pub const JGT: u16 = 0x25;
/// A >= k.
pub const JGE: u16 = 0x35;
/// A & k != 0.
pub const JSET: u16 = 0x45;
/// The verdict is `k`.
pub const RETURN: u16 = 0x06;

/// Most instructions in one filter (`BPF_MAXINSNS`).
pub const MAX_INSNS: usize = 4096;

/// What the kernel hands to a filter: `struct seccomp_data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data {
    /// Number of the call.
    pub nr: u32,
    /// `AUDIT_ARCH_*`.
    pub arch: u32,
    /// Where it was made.
    pub ip: u64,
    /// Its arguments.
    pub args: [u64; 6],
}

impl Data {
    /// The 32-bit word at a byte offset. Which half of an argument comes first is `arch`'s to say.
    #[must_use]
    pub fn word(&self, offset: u32) -> Option<u32> {
        #[allow(clippy::cast_possible_truncation)] // the halves
        let half = |value: u64, upper: bool| (if upper { value >> 32 } else { value }) as u32;
        let upper = (offset & 4 != 0) != is_big_endian(self.arch);
        match offset {
            0 => Some(self.nr),
            4 => Some(self.arch),
            8 | 12 => Some(half(self.ip, upper)),
            16..=60 if offset.is_multiple_of(4) => {
                Some(half(self.args[(offset as usize - 16) / 8], upper))
            }
            _ => None,
        }
    }
}

/// The array that the kernel takes, in this machine's byte order.
#[must_use]
pub fn encode(program: &[Insn]) -> Vec<u8> {
    let one = |i: &Insn| {
        let [c0, c1] = i.code.to_ne_bytes();
        let [k0, k1, k2, k3] = i.k.to_ne_bytes();
        [c0, c1, i.jt, i.jf, k0, k1, k2, k3]
    };
    program.iter().flat_map(one).collect()
}

/// The array that the kernel of another machine takes, in that one's byte order.
#[must_use]
pub fn encode_for(arch: Arch, program: &[Insn]) -> Vec<u8> {
    let one = |i: &Insn| {
        let ([c0, c1], [k0, k1, k2, k3]) = if arch.is_big_endian() {
            (i.code.to_be_bytes(), i.k.to_be_bytes())
        } else {
            (i.code.to_le_bytes(), i.k.to_le_bytes())
        };
        [c0, c1, i.jt, i.jf, k0, k1, k2, k3]
    };
    program.iter().flat_map(one).collect()
}

/// The reverse of [`encode`]; `None` if the length is not a number of instructions.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Vec<Insn>> {
    let (words, rest) = bytes.as_chunks::<8>();
    let one = |&[c0, c1, jt, jf, k0, k1, k2, k3]: &[u8; 8]| Insn {
        code: u16::from_ne_bytes([c0, c1]),
        jt,
        jf,
        k: u32::from_ne_bytes([k0, k1, k2, k3]),
    };
    rest.is_empty().then(|| words.iter().map(one).collect())
}

/// Runs a program: the index of the RETURN reached and its value. `None` for what the kernel would
/// not have loaded.
#[must_use]
pub fn run(program: &[Insn], data: &Data) -> Option<(usize, u32)> {
    crate::machine::run(program, data)
}

/// Every operation that the kernel takes in a filter (`seccomp_check_filter`), for programs that are not ours.
#[allow(missing_docs)] // the field's own names
pub mod code {
    pub const LD_ABS: u16 = 0x20;
    pub const LD_IMM: u16 = 0x00;
    pub const LD_LEN: u16 = 0x80;
    pub const LD_MEM: u16 = 0x60;
    pub const LDX_IMM: u16 = 0x01;
    pub const LDX_LEN: u16 = 0x81;
    pub const LDX_MEM: u16 = 0x61;
    pub const ST: u16 = 0x02;
    pub const STX: u16 = 0x03;
    pub const TAX: u16 = 0x07;
    pub const TXA: u16 = 0x87;
    pub const RET_K: u16 = 0x06;
    pub const RET_A: u16 = 0x16;
    pub const JA: u16 = 0x05;
    /// Class of the conditional jumps; with one of EQ, GT, GE, SET.
    pub const JMP: u16 = 0x05;
    /// Class of arithmetic on the accumulator; with one of ADD to XOR.
    pub const ALU: u16 = 0x04;
    /// The operand is the index register instead of a constant.
    pub const X: u16 = 0x08;
    pub const EQ: u16 = 0x10;
    pub const GT: u16 = 0x20;
    pub const GE: u16 = 0x30;
    pub const SET: u16 = 0x40;
    pub const ADD: u16 = 0x00;
    pub const SUB: u16 = 0x10;
    pub const MUL: u16 = 0x20;
    pub const DIV: u16 = 0x30;
    pub const OR: u16 = 0x40;
    pub const AND: u16 = 0x50;
    pub const LSH: u16 = 0x60;
    pub const RSH: u16 = 0x70;
    pub const NEG: u16 = 0x80;
    pub const XOR: u16 = 0xa0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_seccomp_data() {
        let data = Data {
            nr: 7,
            arch: Arch::X86_64.audit(),
            ip: 0x1_0000_0002,
            args: [3, 4, 5, 6, 7, 0xabcd_0000_1234],
        };
        let words: Vec<_> = (0..64).step_by(4).map(|o| data.word(o).unwrap()).collect();
        assert_eq!(
            words,
            [
                7,
                0xc000_003e,
                2,
                1,
                3,
                0,
                4,
                0,
                5,
                0,
                6,
                0,
                7,
                0,
                0x1234,
                0xabcd
            ]
        );
        let big = Data {
            arch: Arch::S390x.audit(),
            ..data
        };
        let words: Vec<_> = (0..64).step_by(4).map(|o| big.word(o).unwrap()).collect();
        assert_eq!(words[..6], [7, 0x8000_0016, 1, 2, 0, 3]);
        assert_eq!(data.word(64), None);
        assert_eq!(data.word(1), None);
    }

    #[test]
    fn encoding_is_the_kernels_layout() {
        let program = [Insn {
            code: JEQ,
            jt: 1,
            jf: 2,
            k: 0x0102_0304,
        }];
        assert_eq!(size_of::<Insn>(), size_of::<libc::sock_filter>());
        assert_eq!(decode(&encode(&program)).unwrap(), program);
        assert_eq!(encode_for(Arch::native(), &program), encode(&program));
        assert_eq!(
            encode_for(Arch::S390x, &program),
            [0, 0x15, 1, 2, 1, 2, 3, 4]
        );
        assert!(decode(&[0; 9]).is_none());
    }
}

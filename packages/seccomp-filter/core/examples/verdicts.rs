//! For the tests in TypeScript: the kernel's own verdicts of a program. stdin, little-endian: the number of instructions, the
//! instructions as the kernel takes them, then calls: 1 by `int $0x80` or 0, number, six arguments. stdout: 1 if there is a
//! 32-bit entry, then for each call the value that the filter returned.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a tool of the tests

#[cfg(target_arch = "x86_64")]
#[path = "../tests/support/kernel.rs"]
#[allow(dead_code)]
mod kernel;

#[cfg(target_arch = "x86_64")]
fn main() {
    use kernel::{Point, has_x86, values};
    use seccomp_filter_core::{Arch, bpf};
    use std::io::{Read, Write};

    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let program_end = 4 + 8 * word(&input) as usize;
    let program = bpf::decode(&input[4..program_end]).unwrap();
    let read = |call: &[u8]| Point {
        way: if word(call) == 1 {
            Arch::X86
        } else {
            Arch::X86_64
        },
        number: word(&call[4..]),
        args: std::array::from_fn(|i| {
            u64::from_le_bytes(call[8 + 8 * i..16 + 8 * i].try_into().unwrap())
        }),
    };
    let with_x86 = has_x86();
    let calls = input[program_end..].chunks_exact(56).map(read);
    let points: Vec<Point> = calls.filter(|p| with_x86 || p.way != Arch::X86).collect();
    let mut output = u32::from(with_x86).to_le_bytes().to_vec();
    for value in values(&program, &points) {
        output.extend(value.to_le_bytes());
    }
    std::io::stdout().write_all(&output).unwrap();
}

#[cfg(not(target_arch = "x86_64"))]
fn main() {}

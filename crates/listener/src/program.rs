//! Filters that need no policy: everything is asked, or certain calls of the native way in.
//!
//! Three calls are always allowed: `exit`, `exit_group` and the return from a signal handler. Without
//! them a process could not even end once its listener is gone.

/// One instruction, as the kernel's `struct sock_filter`.
pub type Insn = (u16, u8, u8, u32);

const LOAD: u16 = 0x20;
const JEQ: u16 = 0x15;
const RETURN: u16 = 0x06;
const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;

/// `AUDIT_ARCH_*` of this machine, and of its 32-bit way in with the numbers of the three calls.
#[cfg(target_arch = "x86_64")]
const ARCH: (u32, Option<(u32, [u32; 4])>) = (0xc000_003e, Some((0x4000_0003, [1, 252, 119, 173])));
#[cfg(target_arch = "aarch64")]
const ARCH: (u32, Option<(u32, [u32; 4])>) = (0xc000_00b7, Some((0x4000_0028, [1, 248, 119, 173])));

#[cfg(target_arch = "x86_64")]
const ENDS: &[u32] = &[
    libc::SYS_exit as u32,
    libc::SYS_exit_group as u32,
    libc::SYS_rt_sigreturn as u32,
    // x32: the number has a bit set, and its own return from a handler.
    0x4000_0000 | libc::SYS_exit as u32,
    0x4000_0000 | libc::SYS_exit_group as u32,
    0x4000_0000 | 513,
];
#[cfg(target_arch = "aarch64")]
const ENDS: &[u32] = &[
    libc::SYS_exit as u32,
    libc::SYS_exit_group as u32,
    libc::SYS_rt_sigreturn as u32,
];

/// Asks for every call, by every way in.
#[must_use]
pub fn all() -> Vec<u8> {
    let (native, other) = ARCH;
    let (compat, numbers) = other.unwrap_or((0, [0; 4]));
    let mut program: Vec<Insn> = vec![
        (LOAD, 0, 0, 4),
        (JEQ, 0, skip(ENDS.len() + 2), native),
        (LOAD, 0, 0, 0),
    ];
    list(&mut program, ENDS);
    program.push((RETURN, 0, 0, NOTIFY));
    // The accumulator still holds the architecture.
    program.push((JEQ, 0, skip(numbers.len() + 1), compat));
    program.push((LOAD, 0, 0, 0));
    list(&mut program, &numbers);
    program.push((RETURN, 0, 0, NOTIFY));
    program.push((RETURN, 0, 0, ALLOW));
    encode(&settle(program))
}

/// Asks for these calls of the native way in, by number; all others are allowed at full speed.
#[must_use]
pub fn only(calls: &[u32]) -> Vec<u8> {
    let mut program: Vec<Insn> = vec![(LOAD, 0, 0, 4), (JEQ, 1, 0, ARCH.0), (RETURN, 0, 0, ALLOW)];
    program.push((LOAD, 0, 0, 0));
    for &call in calls {
        program.push((JEQ, 0, 1, call));
        program.push((RETURN, 0, 0, NOTIFY));
    }
    program.push((RETURN, 0, 0, ALLOW));
    encode(&program)
}

fn skip(instructions: usize) -> u8 {
    u8::try_from(instructions).unwrap_or(u8::MAX)
}

/// Tests that lead to "allow"; their distance is settled at the end.
fn list(program: &mut Vec<Insn>, numbers: &[u32]) {
    program.extend(numbers.iter().map(|&number| (JEQ, u8::MAX, 0, number)));
}

/// The last instruction is the "allow" of all tests of [`list`].
fn settle(mut program: Vec<Insn>) -> Vec<Insn> {
    let last = program.len() - 1;
    for (at, insn) in program.iter_mut().enumerate() {
        if insn.0 == JEQ && insn.1 == u8::MAX {
            insn.1 = skip(last - at - 1);
        }
    }
    program
}

fn encode(program: &[Insn]) -> Vec<u8> {
    let one = |&(code, jt, jf, k): &Insn| {
        let [c0, c1] = code.to_ne_bytes();
        let [k0, k1, k2, k3] = k.to_ne_bytes();
        [c0, c1, jt, jf, k0, k1, k2, k3]
    };
    program.iter().flat_map(one).collect()
}

//! The system calls: number on each architecture, and how many bits of each argument the kernel
//! reads. Generated from kernel headers and prototypes by `scripts/syscall-table.mjs`.

mod calls;

use crate::Arch;
use calls::CALLS;

/// "No such call on this architecture."
const NONE: u32 = u32::MAX;

/// One system call.
#[derive(Debug)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    numbers: [u32; 4],
    widths: u16,
}

const fn call(name: &'static str, numbers: [u32; 4], widths: u16) -> Call {
    Call {
        name,
        numbers,
        widths,
    }
}

impl Call {
    /// Its number, if the architecture has it.
    #[must_use]
    pub fn number(&self, arch: Arch) -> Option<u32> {
        let number = self.numbers[arch as usize];
        (number != NONE).then_some(number)
    }

    /// The bits of argument `index` (0 to 5) that the kernel reads: an `int` is passed in a 64-bit
    /// register, and what stands in the upper half never reaches the call.
    #[must_use]
    pub fn read_mask(&self, arch: Arch, index: u8) -> u64 {
        match self.widths >> (2 * index) & 3 {
            2 => 0xffff,
            1 => 0xffff_ffff,
            _ if arch.is_32_bit() => 0xffff_ffff,
            _ => u64::MAX,
        }
    }
}

/// The call of this name, on whatever architecture.
#[must_use]
pub fn find(name: &str) -> Option<&'static Call> {
    let index = CALLS.binary_search_by(|call| call.name.cmp(name)).ok()?;
    CALLS.get(index)
}

/// All calls, sorted by name.
#[must_use]
pub fn all() -> &'static [Call] {
    CALLS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_right_for_this_machine() {
        assert!(CALLS.is_sorted_by(|a, b| a.name < b.name));
        let native = |name| find(name).unwrap().number(Arch::native());
        let known = [
            ("read", libc::SYS_read),
            ("seccomp", libc::SYS_seccomp),
            ("clone3", libc::SYS_clone3),
            ("personality", libc::SYS_personality),
            ("futex_waitv", libc::SYS_futex_waitv),
            ("mseal", libc::SYS_mseal),
        ];
        for (name, number) in known {
            assert_eq!(native(name), u32::try_from(number).ok(), "{name}");
        }
    }

    #[test]
    fn widths() {
        let socket = find("socket").unwrap();
        assert_eq!(socket.read_mask(Arch::X86_64, 0), 0xffff_ffff);
        assert_eq!(
            find("mmap").unwrap().read_mask(Arch::X86_64, 0),
            u64::MAX,
            "an address"
        );
        assert_eq!(find("mmap").unwrap().read_mask(Arch::X86, 0), 0xffff_ffff);
        assert_eq!(
            find("chmod").unwrap().read_mask(Arch::X86_64, 1),
            0xffff,
            "umode_t"
        );
        assert!(find("no_such_call").is_none());
        assert_eq!(
            find("socketcall").unwrap().number(Arch::X86),
            Some(102),
            "only where it exists"
        );
        assert_eq!(find("socketcall").unwrap().number(Arch::X86_64), None);
    }
}

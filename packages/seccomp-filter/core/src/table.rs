//! The system calls: number on each architecture, names of the arguments and how many bits of each the
//! kernel reads, and since when. Generated from kernel headers and prototypes by `scripts/syscall-table.mjs`.

mod arguments;
mod calls;

pub use arguments::{Argument, Place};

use crate::{Arch, arch::ARM_PRIVATE};
use calls::CALLS;

/// "No such call on this architecture."
const NONE: u32 = u32::MAX;

/// One system call.
#[derive(Debug)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    numbers: [u32; Arch::ALL.len()],
    widths: u16,
    widths_32: u16,
    arguments: &'static str,
    /// Version of the kernel that first had it, `5.3`; empty if nobody has written it down.
    pub since: &'static str,
}

const fn call(
    name: &'static str,
    numbers: [u32; Arch::ALL.len()],
    widths: u16,
    widths_32: u16,
    arguments: &'static str,
    since: &'static str,
) -> Call {
    Call {
        name,
        numbers,
        widths,
        widths_32,
        arguments,
        since,
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
        let narrow = arch.is_32_bit();
        let widths = if narrow { self.widths_32 } else { self.widths };
        match widths >> (2 * index) & 3 {
            2 => 0xffff,
            1 => 0xffff_ffff,
            _ if narrow => 0xffff_ffff,
            _ => u64::MAX,
        }
    }

    /// The same of all six.
    #[must_use]
    pub fn read_masks(&self, arch: Arch) -> [u64; 6] {
        [0, 1, 2, 3, 4, 5].map(|index| self.read_mask(arch, index))
    }

    /// Its arguments where `arch` passes them, in order.
    #[must_use]
    pub fn arguments(&self, arch: Arch) -> Vec<Argument> {
        arguments::of(self, self.arguments, arch)
    }
}

/// The call of this name, on whatever architecture.
#[must_use]
pub fn find(name: &str) -> Option<&'static Call> {
    let index = CALLS.binary_search_by(|call| call.name.cmp(name)).ok()?;
    CALLS.get(index)
}

/// The call that has this number by this way in.
#[must_use]
pub fn named(arch: Arch, number: u32) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.number(arch) == Some(number))
}

/// The highest number that the table knows for a way in: what is above it is newer than this table.
#[must_use]
pub fn newest(arch: Arch) -> u32 {
    let numbers = CALLS.iter().filter_map(|call| call.number(arch));
    let ordinary = numbers.filter(|&number| arch != Arch::Arm || number < ARM_PRIVATE);
    ordinary.max().unwrap_or(0)
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
        let setuid = find("setuid").unwrap();
        assert_eq!(setuid.read_mask(Arch::X86_64, 0), 0xffff_ffff);
        assert_eq!(
            setuid.read_mask(Arch::X86, 0),
            0xffff,
            "ids had 16 bits when this call was made; setuid32 came later"
        );
        assert_eq!(
            find("setuid32").unwrap().read_mask(Arch::Arm, 0),
            0xffff_ffff
        );
        assert!(find("no_such_call").is_none());
        assert_eq!(
            find("socketcall").unwrap().number(Arch::X86),
            Some(102),
            "only where it exists"
        );
        assert_eq!(find("socketcall").unwrap().number(Arch::X86_64), None);
    }

    #[test]
    fn numbers_of_other_machines() {
        let known = [
            ("read", [0, 3, 0x4000_0000, 63, 3, 63, 3, 3, 63]),
            ("openat", [257, 295, 0x4000_0101, 56, 322, 56, 288, 286, 56]),
            (
                "clone3",
                [435, 435, 0x4000_01b3, 435, 435, 435, 435, 435, 435],
            ),
        ];
        for (name, numbers) in known {
            for (arch, number) in Arch::ALL.into_iter().zip(numbers) {
                assert_eq!(
                    find(name).unwrap().number(arch),
                    Some(number),
                    "{name} {arch:?}"
                );
            }
        }
        let socketcall = find("socketcall").unwrap();
        let with: Vec<Arch> = (Arch::ALL.into_iter())
            .filter(|&arch| socketcall.number(arch).is_some())
            .collect();
        assert_eq!(with, [Arch::X86, Arch::S390x, Arch::Ppc64le]);
        for arch in Arch::ALL {
            assert!((469..600).contains(&(newest(arch) & 0xffff)), "{arch:?}");
            assert_eq!(
                named(arch, newest(arch)).unwrap().number(arch),
                Some(newest(arch))
            );
        }
    }

    #[test]
    fn a_name_like_a_register_is_that_register() {
        for call in all() {
            for arch in Arch::ALL.into_iter().filter(|a| call.number(*a).is_some()) {
                for argument in call.arguments(arch) {
                    for name in argument.names.iter().filter(|n| n.starts_with("arg")) {
                        let Ok(index) = name[3..].parse() else {
                            continue;
                        };
                        assert_eq!(argument.place, Place::Register(index), "{}", call.name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_number_has_one_name() {
        for arch in Arch::ALL {
            // Arm's own name for one call stands beside the common one.
            let calls = CALLS.iter().filter(|c| c.name != "arm_sync_file_range");
            let mut numbers: Vec<u32> = calls.filter_map(|c| c.number(arch)).collect();
            let all = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), all, "{arch:?}");
        }
    }
}

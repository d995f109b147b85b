//! The arguments of a call by name, and where each architecture passes them. Most calls pass them alike
//! everywhere; the exceptions stand here. See syscall(2) and clone(2), "C library/kernel differences".

use super::Call;
use crate::Arch;

/// Where an argument is on one architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this register, 0 to 5.
    Register(u8),
    /// In two registers of 32 bits each, of which no single comparison sees the whole.
    Split,
    /// In memory, where a filter cannot look.
    Memory,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The kernel's name for it, then those of the manual.
    pub names: Vec<&'static str>,
    /// Where it is.
    pub place: Place,
    /// The bits that the kernel reads; 0 where it is not in one register.
    pub mask: u64,
}

pub(super) fn of(call: &Call, text: &'static str, arch: Arch) -> Vec<Argument> {
    let mut words: Vec<&'static str> = text.split_whitespace().collect();
    if call.name == "clone" {
        order_of_clone(arch, &mut words);
    }
    let mut beyond = false;
    let mut arguments = Vec::with_capacity(words.len());
    for (register, word) in (0..).zip(words) {
        let (names, wide) = match word.strip_suffix(":64") {
            Some(names) => (names, arch.is_32_bit()),
            None => (word, false),
        };
        // What comes after one in two registers stands at a place that depends on their alignment.
        beyond |= wide;
        let place = if in_memory(call.name, arch) {
            Place::Memory
        } else if beyond {
            Place::Split
        } else {
            Place::Register(register)
        };
        let mask = match place {
            // `clone` alone moves its arguments, and all of them fill a register.
            Place::Register(index) => call.read_mask(arch, index),
            _ => 0,
        };
        arguments.push(Argument {
            names: names.split('/').collect(),
            place,
            mask,
        });
    }
    arguments
}

/// Flags come second on s390x; `tls` comes before `child_tidptr` where the kernel is built with
/// `CLONE_BACKWARDS`.
fn order_of_clone(arch: Arch, words: &mut [&str]) {
    match arch {
        Arch::S390x => words.swap(0, 1),
        Arch::X86 | Arch::Aarch64 | Arch::Arm | Arch::Riscv64 | Arch::Ppc64le => words.swap(3, 4),
        Arch::X86_64 | Arch::X32 | Arch::Loongarch64 => {}
    }
}

/// The first `mmap` and `select` of some machines take one pointer to all that others take in registers.
fn in_memory(call: &str, arch: Arch) -> bool {
    match call {
        "mmap" => matches!(arch, Arch::X86 | Arch::S390x | Arch::Arm),
        "select" => matches!(arch, Arch::X86 | Arch::Arm),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::find;

    fn place(call: &str, arch: Arch, name: &str) -> Option<Place> {
        let arguments = find(call).unwrap().arguments(arch);
        let found = arguments.iter().find(|a| a.names.contains(&name));
        found.map(|a| a.place)
    }

    #[test]
    fn clone_has_its_flags_second_on_s390x() {
        for arch in Arch::ALL {
            let index = u8::from(arch == Arch::S390x);
            let flags = Some(Place::Register(index));
            assert_eq!(place("clone", arch, "flags"), flags, "{arch:?}");
            assert_eq!(place("clone", arch, "clone_flags"), flags, "{arch:?}");
        }
        assert_eq!(
            place("clone", Arch::X86_64, "tls"),
            Some(Place::Register(4))
        );
        assert_eq!(
            place("clone", Arch::Aarch64, "tls"),
            Some(Place::Register(3))
        );
    }

    #[test]
    fn what_a_filter_cannot_see() {
        assert_eq!(
            place("mmap", Arch::X86_64, "prot"),
            Some(Place::Register(2))
        );
        assert_eq!(place("mmap", Arch::X86, "prot"), Some(Place::Memory));
        assert_eq!(place("mmap2", Arch::X86, "prot"), Some(Place::Register(2)));
        assert_eq!(
            place("fallocate", Arch::X86, "mode"),
            Some(Place::Register(1))
        );
        assert_eq!(place("fallocate", Arch::X86, "len"), Some(Place::Split));
        assert_eq!(
            place("fallocate", Arch::X32, "len"),
            Some(Place::Register(3))
        );
        assert_eq!(place("socket", Arch::X86_64, "no_such_argument"), None);
    }

    #[test]
    fn both_names_are_known_and_widths_go_with_them() {
        let socket = find("socket").unwrap().arguments(Arch::X86_64);
        assert_eq!(socket[0].names, ["family", "domain"]);
        assert_eq!(socket[0].mask, 0xffff_ffff);
        let fchmodat = find("fchmodat").unwrap().arguments(Arch::Aarch64);
        assert_eq!(fchmodat[2].names[0], "mode");
        assert_eq!(fchmodat[2].mask, 0xffff);
    }
}

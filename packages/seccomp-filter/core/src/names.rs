//! Numbers and values by the names that people use: calls, arguments, constants. For everything that is printed.

use crate::{Arch, table, terse::constants};
use std::sync::OnceLock;

/// All calls of a way in, by number.
#[must_use]
pub fn calls(arch: Arch) -> &'static [(u32, &'static str)] {
    static ALL: [OnceLock<Vec<(u32, &'static str)>>; Arch::ALL.len()] =
        [const { OnceLock::new() }; Arch::ALL.len()];
    ALL[arch as usize].get_or_init(|| {
        let numbers = table::all().iter();
        let mut calls: Vec<_> = numbers
            .filter_map(|call| Some((call.number(arch)?, call.name)))
            .collect();
        calls.sort_unstable();
        calls
    })
}

/// The name of a call.
#[must_use]
pub fn call(arch: Arch, number: u32) -> Option<&'static str> {
    let calls = calls(arch);
    let at = calls.binary_search_by_key(&number, |c| c.0).ok()?;
    Some(calls[at].1)
}

/// The name of an argument, as the manual has it; `arg0` where it has none.
#[must_use]
pub fn argument(arch: Arch, call: Option<&str>, index: u8) -> String {
    let arguments = call.and_then(table::find).map(|call| call.arguments(arch));
    let here = |a: &table::Argument| a.place == table::Place::Register(index);
    let found = arguments.unwrap_or_default().into_iter().find(here);
    let name = found.and_then(|a| a.names.last().copied());
    name.map_or_else(|| format!("arg{index}"), str::to_owned)
}

/// All names of an argument.
#[must_use]
pub fn argument_names(arch: Arch, call: Option<&str>, index: u8) -> Vec<&'static str> {
    let arguments = call.and_then(table::find).map(|call| call.arguments(arch));
    let here = |a: &table::Argument| a.place == table::Place::Register(index);
    let found = arguments.unwrap_or_default().into_iter().find(here);
    found.map_or_else(Vec::new, |a| a.names)
}

/// The value of a constant; a negative one fills the bits of `read`.
#[must_use]
pub fn constant(arch: Arch, word: &str, read: u64) -> Option<u64> {
    constants::value(word, arch).map(|value| value as u64 & read)
}

/// Constants of an argument, for what is printed: an argument's values are named from one family, as the
/// manual does.
struct Family {
    calls: &'static [&'static str],
    /// Any name of it.
    argument: &'static str,
    /// What the names of the constants begin with.
    prefixes: &'static [&'static str],
    form: Form,
}

/// What a value is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One of several.
    One,
    /// Bits; those of the mask are one number beside them.
    Bits(u64),
}

const fn family(
    calls: &'static [&'static str],
    argument: &'static str,
    prefixes: &'static [&'static str],
    form: Form,
) -> Family {
    Family {
        calls,
        argument,
        prefixes,
        form,
    }
}

const FAMILIES: &[Family] = &[
    family(&["socket", "socketpair"], "domain", &["AF_"], Form::One),
    family(
        &["socket", "socketpair"],
        "type",
        &["SOCK_"],
        Form::Bits(0xf),
    ),
    family(
        &["clone", "unshare"],
        "flags",
        &["CLONE_"],
        Form::Bits(0xff),
    ),
    family(&["setns"], "nstype", &["CLONE_"], Form::Bits(0)),
    family(&["setns"], "flags", &["CLONE_"], Form::Bits(0)),
    family(
        &["mmap", "mmap2", "mprotect", "pkey_mprotect"],
        "prot",
        &["PROT_"],
        Form::Bits(0),
    ),
    family(&["mmap", "mmap2"], "flags", &["MAP_"], Form::Bits(0xf)),
    family(&["madvise"], "advice", &["MADV_"], Form::One),
    family(&["prctl"], "option", &["PR_"], Form::One),
    family(&["fcntl", "fcntl64"], "cmd", &["F_"], Form::One),
    family(
        &["ioctl"],
        "request",
        &["TIOC", "TC", "FIO", "SIOC"],
        Form::One,
    ),
    family(&["open", "openat"], "flags", &["O_"], Form::Bits(0o3)),
    family(&["mount"], "flags", &["MS_"], Form::Bits(0)),
    family(&["ptrace"], "request", &["PTRACE_"], Form::One),
    family(
        &["chmod", "fchmod", "fchmodat", "fchmodat2"],
        "mode",
        &["S_ISUID", "S_ISGID", "S_ISVTX"],
        Form::Bits(0o777),
    ),
];

/// Names that are not the usual ones for their value, or not of what the family names.
const UNUSUAL: &[&str] = &[
    "AF_FILE",
    "AF_LOCAL",
    "AF_ROUTE",
    "F_LOCK",
    "F_OK",
    "F_RDLCK",
    "F_TEST",
    "F_TLOCK",
    "F_ULOCK",
    "F_UNLCK",
    "F_WRLCK",
    "F_EXLCK",
    "F_SHLCK",
    "SOCK_BUF_LOCK_MASK",
    "SOCK_RCVBUF_LOCK",
    "SOCK_SNDBUF_LOCK",
    "SOCK_TXREHASH_DISABLED",
    "SOCK_TXREHASH_ENABLED",
    "SOCK_TXREHASH_DEFAULT",
    "MAP_TYPE",
    "MAP_FILE",
    "MS_ASYNC",
    "MS_INVALIDATE",
    "MS_SYNC",
    "F_OWNER_TID",
    "F_OWNER_PID",
    "F_OWNER_PGRP",
    "TCION",
    "TCIOFF",
    "TCOON",
    "TCOOFF",
    "TCIFLUSH",
    "TCOFLUSH",
    "TCIOFLUSH",
    "TCSANOW",
    "TCSADRAIN",
    "TCSAFLUSH",
];

/// What names values of prctl's options begin with; the options themselves are named beside them.
const OF_OPTIONS: &[&str] = &[
    "PR_CAP_AMBIENT_",
    "PR_ENDIAN_",
    "PR_FPEMU_",
    "PR_FP_",
    "PR_MCE_KILL_CLEAR",
    "PR_MCE_KILL_DEFAULT",
    "PR_MCE_KILL_EARLY",
    "PR_MCE_KILL_LATE",
    "PR_MCE_KILL_SET",
    "PR_MTE_",
    "PR_PAC_AP",
    "PR_SCHED_CORE_",
    "PR_SET_MM_",
    "PR_SET_PTRACER_",
    "PR_SET_VMA_",
    "PR_SME_SET_VL_",
    "PR_SME_VL_",
    "PR_SPEC_",
    "PR_SVE_SET_VL_",
    "PR_SVE_VL_",
    "PR_SYS_",
    "PR_TAGGED_",
    "PR_TIMING_",
    "PR_TSC_",
    "PR_UNALIGN_",
];

/// Arguments that take a directory.
const DIRECTORIES: &[&str] = &["dfd", "dirfd", "olddfd", "olddirfd", "newdfd", "newdirfd"];

/// A value by the names of its constants, or as a number.
#[must_use]
pub fn value(arch: Arch, call: Option<&str>, index: u8, value: u64) -> String {
    in_constants(arch, call, index, value).unwrap_or_else(|| number(value))
}

/// A value by the names of its constants, with what has none as a number; `None` where nothing of it has.
#[must_use]
pub fn in_constants(arch: Arch, call: Option<&str>, index: u8, value: u64) -> Option<String> {
    let names = argument_names(arch, call, index);
    let here = constants::value("AT_FDCWD", arch).map(|v| v as u64 & 0xffff_ffff);
    if Some(value) == here && names.iter().any(|name| DIRECTORIES.contains(name)) {
        return Some("AT_FDCWD".to_owned());
    }
    let fits =
        |f: &&Family| call.is_some_and(|c| f.calls.contains(&c)) && names.contains(&f.argument);
    named(arch, FAMILIES.iter().find(fits)?, value)
}

fn number(value: u64) -> String {
    if value < 4096 {
        value.to_string()
    } else {
        format!("{value:#x}")
    }
}

/// One constant that is the value, else its parts.
fn named(arch: Arch, family: &Family, value: u64) -> Option<String> {
    let known = |wanted: u64| {
        let names = family.prefixes.iter().flat_map(|p| constants::beginning(p));
        let same = |name: &&str| {
            constants::value(name, arch).is_some_and(|v| v >= 0 && v as u64 == wanted)
        };
        let usual = names.filter(same).filter(|name| {
            !UNUSUAL.contains(name) && !OF_OPTIONS.iter().any(|p| name.starts_with(p))
        });
        usual.min_by_key(|name| name.len())
    };
    let Form::Bits(mask) = family.form else {
        return known(value).map(str::to_owned);
    };
    // A number beside bits is no bit: the signal of clone, the mode of chmod.
    if let Some(name) = known(value).filter(|_| value & mask == 0 || value & !mask == 0) {
        return Some(name.to_owned());
    }
    let (mut names, mut rest) = (Vec::new(), 0);
    let bits = (0..64)
        .map(|i| 1_u64 << i)
        .filter(|bit| value & bit & !mask != 0);
    for part in bits.chain([value & mask].into_iter().filter(|part| *part != 0)) {
        match known(part) {
            Some(name) => names.push(name.to_owned()),
            None => rest |= part,
        }
    }
    if names.is_empty() {
        return None;
    }
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    Some(names.join("|"))
}

/// An error number by name.
#[must_use]
pub fn errno(number: u16) -> String {
    constants::errno_name(number).map_or_else(|| number.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(call: &str, argument: &str, number: u64) -> Option<String> {
        let all = table::find(call).unwrap().arguments(Arch::X86_64);
        let index = all
            .iter()
            .position(|a| a.names.contains(&argument))
            .unwrap();
        in_constants(
            Arch::X86_64,
            Some(call),
            u8::try_from(index).unwrap(),
            number,
        )
    }

    #[test]
    fn values_in_words() {
        let cases: &[(&str, &str, u64, Option<&str>)] = &[
            ("clone", "flags", 0x1000_0011, Some("CLONE_NEWUSER|0x11")),
            ("clone", "flags", 0x11, None),
            ("unshare", "flags", 0x2000_0000, Some("CLONE_NEWPID")),
            ("socket", "domain", 40, Some("AF_VSOCK")),
            ("socket", "domain", 1, Some("AF_UNIX")),
            ("socket", "type", 0x8_0003, Some("SOCK_CLOEXEC|SOCK_RAW")),
            ("openat", "flags", 0, Some("O_RDONLY")),
            ("openat", "flags", 0o101, Some("O_CREAT|O_WRONLY")),
            ("openat", "dirfd", 0xffff_ff9c, Some("AT_FDCWD")),
            ("openat", "dirfd", 3, None),
            ("mmap", "prot", 0, Some("PROT_NONE")),
            ("mmap", "flags", 0x22, Some("MAP_ANON|MAP_PRIVATE")),
            ("chmod", "mode", 0o600, None),
            ("chmod", "mode", 0o4755, Some("S_ISUID|0x1ed")),
            ("mount", "flags", 0x1001, Some("MS_RDONLY|MS_BIND")),
            ("ioctl", "request", 0x5413, Some("TIOCGWINSZ")),
            ("fcntl", "cmd", 3, Some("F_GETFL")),
            ("madvise", "advice", 4, Some("MADV_DONTNEED")),
            ("prctl", "option", 0, None),
            ("prctl", "option", 1, Some("PR_SET_PDEATHSIG")),
            ("prctl", "option", 4, Some("PR_SET_DUMPABLE")),
            ("prctl", "option", 14, Some("PR_SET_TIMING")),
            ("prctl", "option", 33, Some("PR_MCE_KILL")),
            ("prctl", "option", 62, Some("PR_SCHED_CORE")),
            ("read", "fd", 3, None),
        ];
        for (call, argument, number, words) in cases {
            assert_eq!(
                said(call, argument, *number).as_deref(),
                *words,
                "{call} {argument} {number:#x}"
            );
        }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for family in FAMILIES {
            for call in family.calls {
                for number in (0..64).map(|i| 1_u64 << i).chain(0..64) {
                    let known = table::find(call).unwrap();
                    for arch in Arch::ALL.into_iter().filter(|a| known.number(*a).is_some()) {
                        let all = known.arguments(arch);
                        let Some(i) = all.iter().position(|a| a.names.contains(&family.argument))
                        else {
                            continue;
                        };
                        let words =
                            in_constants(arch, Some(call), u8::try_from(i).unwrap(), number);
                        let Some(words) = words else { continue };
                        let sum = words.split('|').map(|word| match word.strip_prefix("0x") {
                            Some(digits) => u64::from_str_radix(digits, 16).unwrap(),
                            None => constants::value(word, arch).unwrap() as u64,
                        });
                        assert_eq!(sum.fold(0, |a, b| a | b), number, "{call} {arch:?} {words}");
                    }
                }
            }
        }
    }
}

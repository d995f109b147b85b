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

/// Constants of an argument, for what is printed: an argument's values are named from one family, as the manual does.
const FAMILIES: &[(&[&str], &str, &str)] = &[
    (&["socket", "socketpair"], "domain", "AF_"),
    (&["clone", "unshare", "setns"], "flags", "CLONE_"),
    (&["setns"], "nstype", "CLONE_"),
    (&["mmap", "mprotect", "pkey_mprotect"], "prot", "PROT_"),
    (&["mmap"], "flags", "MAP_"),
    (&["prctl"], "op", "PR_"),
    (&["prctl"], "option", "PR_"),
    (&["open", "openat"], "flags", "O_"),
    (
        &["chmod", "fchmod", "fchmodat", "fchmodat2"],
        "mode",
        "S_IS",
    ),
];

/// A value by the names of its constants, or as a number.
#[must_use]
pub fn value(arch: Arch, call: Option<&str>, index: u8, value: u64) -> String {
    let names = argument_names(arch, call, index);
    let family = FAMILIES.iter().find(|(calls, argument, _)| {
        call.is_some_and(|c| calls.contains(&c)) && names.contains(argument)
    });
    family
        .and_then(|(_, _, prefix)| named(arch, prefix, value))
        .unwrap_or_else(|| number(value))
}

fn number(value: u64) -> String {
    if value < 4096 {
        value.to_string()
    } else {
        format!("{value:#x}")
    }
}

/// One constant that is the value, else the bits one by one; `None` if a bit has no name.
fn named(arch: Arch, prefix: &str, value: u64) -> Option<String> {
    let known = |wanted: u64| {
        let names = constants::names().filter(|name| name.starts_with(prefix));
        let found = names.filter(|name| {
            constants::value(name, arch).is_some_and(|v| v >= 0 && v as u64 == wanted)
        });
        // Older names of the same families.
        let usual = found.filter(|name| !["AF_FILE", "AF_LOCAL", "AF_ROUTE"].contains(name));
        usual.min_by_key(|name| name.len())
    };
    if let Some(name) = known(value) {
        return Some(name.to_owned());
    }
    if value == 0 || !["CLONE_", "PROT_", "MAP_", "O_", "S_IS"].contains(&prefix) {
        return None;
    }
    let bits = (0..64).map(|i| 1_u64 << i).filter(|bit| value & bit != 0);
    bits.map(known)
        .collect::<Option<Vec<&str>>>()
        .map(|names| names.join("|"))
}

/// An error number by name.
#[must_use]
pub fn errno(number: u16) -> String {
    constants::errno_name(number).map_or_else(|| number.to_string(), str::to_owned)
}

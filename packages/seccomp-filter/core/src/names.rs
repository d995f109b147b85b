//! Numbers and values by the names that people use: calls, arguments, constants. For everything that is printed.

use crate::{Arch, table};
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

/// The value of a constant.
#[must_use]
pub fn constant(_call: Option<&str>, _index: u8, _word: &str) -> Option<u64> {
    None
}

/// A value as a number, or by the names of its bits.
#[must_use]
pub fn value(_call: Option<&str>, _index: u8, value: u64) -> String {
    if value < 4096 {
        value.to_string()
    } else {
        format!("{value:#x}")
    }
}

/// An error number by name; the kernel's own, of all our architectures.
#[must_use]
pub fn errno(number: u16) -> String {
    let name = match i32::from(number) {
        libc::EPERM => "EPERM",
        libc::ENOENT => "ENOENT",
        libc::EACCES => "EACCES",
        libc::EBUSY => "EBUSY",
        libc::EINVAL => "EINVAL",
        libc::ENOSYS => "ENOSYS",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        libc::EAFNOSUPPORT => "EAFNOSUPPORT",
        other => return other.to_string(),
    };
    name.to_owned()
}

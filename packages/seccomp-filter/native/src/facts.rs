//! The table of system calls as data, for who must not use the compiler: the second implementation.

use napi::bindgen_prelude::BigInt;
use napi_derive::napi;
use seccomp_filter_core::{
    Arch, names, table,
    terse::{constants, groups},
};

/// A system call as one way into the kernel has it.
#[napi(object)]
pub struct KnownCall {
    /// Its name.
    pub name: String,
    /// Its number; with bit 30 set for x32.
    pub number: u32,
    /// The bits of each of its six arguments that the kernel reads: 16, 32 or 64.
    pub widths: Vec<u32>,
    /// Names of the argument in each register, none where a register holds no whole argument.
    pub registers: Vec<Vec<String>>,
}

/// All calls of a way in (`SCMP_ARCH_X86_64`); empty for one that there is not.
#[napi]
#[must_use]
pub fn calls_of(architecture: String) -> Vec<KnownCall> {
    let Some(arch) = Arch::from_oci(&architecture) else {
        return Vec::new();
    };
    let known = table::all().iter().filter_map(|call| {
        Some(KnownCall {
            name: call.name.to_owned(),
            number: call.number(arch)?,
            widths: (0..6)
                .map(|index| call.read_mask(arch, index).count_ones())
                .collect(),
            registers: registers(call, arch),
        })
    });
    known.collect()
}

fn registers(call: &table::Call, arch: Arch) -> Vec<Vec<String>> {
    let mut registers = vec![Vec::new(); 6];
    for argument in call.arguments(arch) {
        if let table::Place::Register(index) = argument.place
            && let Some(names) = registers.get_mut(usize::from(index))
        {
            names.extend(argument.names.iter().map(|&name| name.to_owned()));
        }
    }
    registers
}

/// The value of a constant (`AF_UNIX`) on an architecture; null if there is none of that name.
#[napi]
#[must_use]
pub fn constant_of(name: String, architecture: String) -> Option<i64> {
    constants::value(&name, Arch::from_oci(&architecture)?)
}

/// A value of an argument (its register) by the names of constants; null where nothing of it has a name.
#[napi]
#[must_use]
pub fn value_in_constants(
    arch: String,
    call: String,
    register: u32,
    value: BigInt,
) -> Option<String> {
    let register = u8::try_from(register).ok()?;
    names::in_constants(
        Arch::from_name(&arch)?,
        Some(&call),
        register,
        value.get_u64().1,
    )
}

/// The calls of a built-in group, `@file-system`; null if there is none.
#[napi]
#[must_use]
pub fn group_of(name: String) -> Option<Vec<String>> {
    let calls = groups::lists().get(name.as_str())?;
    Some(calls.iter().map(|&call| call.to_owned()).collect())
}

//! The terse form's own tools: its canonical form, and the table of calls that it speaks of.

use crate::{Plain, remark};
use napi_derive::napi;
use seccomp_filter_core::{
    Arch,
    source::preset,
    table::{self, Place},
    terse::{format::format, groups},
};

/// An argument of a call.
#[napi(object)]
pub struct Argument {
    /// The kernel's name for it, then those of the manual.
    pub names: Vec<String>,
    /// Bits that the kernel reads; 0 where no filter sees it whole.
    pub bits: u32,
    /// Register, 0 to 5; absent where it is in two, or in memory.
    pub register: Option<u32>,
}

/// A call on one architecture.
#[napi(object)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its number there; absent if it has none.
    pub number: Option<u32>,
    /// Its arguments, in order.
    pub arguments: Vec<Argument>,
    /// Version of the kernel that first had it; empty if nobody has written it down.
    pub since: String,
    /// The group that it is in.
    pub group: String,
}

/// The canonical form of a text, or why it cannot be read.
#[napi]
#[must_use]
pub fn canonical(text: String) -> Plain {
    match format(&text) {
        Ok(text) => Plain {
            text: Some(text),
            error: None,
        },
        Err(error) => Plain {
            text: None,
            error: Some(remark(error)),
        },
    }
}

/// All calls, sorted by name, as an architecture has them; null if there is no such architecture.
#[napi]
#[must_use]
pub fn table_of(arch: String) -> Option<Vec<Row>> {
    let arch = Arch::from_name(&arch)?;
    let row = |call: &table::Call| Row {
        name: call.name.to_owned(),
        number: call.number(arch),
        arguments: call.arguments(arch).into_iter().map(argument).collect(),
        since: call.since.to_owned(),
        group: groups::of(call.name).unwrap_or_default().to_owned(),
    };
    Some(table::all().iter().map(row).collect())
}

/// The text of a preset; null if there is none of that name.
#[napi]
#[must_use]
pub fn preset_text(name: String) -> Option<String> {
    preset(&name).map(str::to_owned)
}

fn argument(argument: table::Argument) -> Argument {
    Argument {
        names: argument.names.into_iter().map(str::to_owned).collect(),
        bits: argument.mask.count_ones(),
        register: match argument.place {
            Place::Register(index) => Some(u32::from(index)),
            Place::Split | Place::Memory => None,
        },
    }
}

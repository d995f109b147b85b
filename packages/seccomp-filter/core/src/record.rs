//! What a command does, from its notified calls: for each way in and call how often, and of a few calls
//! with which arguments. Everything is allowed, but `clone3`: its flags lie in memory, where no filter can
//! look; answered ENOSYS, a C library takes `clone`, whose flags then are seen. No look at the process, no allocation for a call seen before: this
//! stands between each call and its execution. See seccomp_unotify(2).

use crate::{
    Arch, X32_BIT,
    action::ENOSYS,
    names,
    table::{self, Place},
};
use rustc_hash::FxHashMap;
use serde::Serialize;
use srcon_listener::{Answer, Listener, Notification, Reply};
use std::collections::BTreeSet;

/// More different arguments than this are not kept: who uses so many uses any.
pub const MOST: usize = 64;

/// The arguments that are kept, by the name of the call: what chooses *what* it does, not *on what*. By
/// their own names, since machines pass some of them elsewhere, or in memory, where they are not kept.
const WATCHED: &[(&str, &[&str])] = &[
    ("clone", &["flags"]),
    ("fcntl", &["cmd"]),
    ("fcntl64", &["cmd"]),
    ("ioctl", &["cmd"]),
    ("madvise", &["behavior"]),
    ("mmap", &["prot", "flags"]),
    ("mmap2", &["prot", "flags"]),
    ("mprotect", &["prot"]),
    ("personality", &["personality"]),
    ("pkey_mprotect", &["prot"]),
    ("prctl", &["option"]),
    ("socket", &["family", "type"]),
    ("socketpair", &["family", "type"]),
];

/// What is known of one call.
#[derive(Debug)]
struct Seen {
    name: Option<&'static str>,
    /// The watched arguments with the bits that the kernel reads.
    watched: Vec<(u8, u64)>,
    count: u64,
    values: BTreeSet<Vec<u64>>,
    more: bool,
    reply: Reply,
}

/// The recorder, as a session's [`Answer`].
#[derive(Debug)]
pub struct Recorder {
    calls: FxHashMap<(u32, u32), Seen>,
    /// Let clone3 pass.
    clone3: bool,
}

impl Answer for Recorder {
    fn answer(&mut self, _: &Listener, call: &Notification) -> Reply {
        let clone3 = self.clone3;
        let seen = (self.calls.entry((call.arch, call.nr)))
            .or_insert_with(|| Seen::new(call.arch, call.nr, clone3));
        seen.count += 1;
        if !seen.watched.is_empty() && !seen.more {
            seen.keep(&call.args);
        }
        seen.reply
    }
}

impl Seen {
    fn new(audit: u32, number: u32, clone3: bool) -> Self {
        let arch = way_in(audit, number);
        let call = arch.and_then(|arch| table::named(arch, number).map(|call| (arch, call)));
        let name = call.map(|(_, call)| call.name);
        let words = WATCHED.iter().find(|(watched, _)| Some(*watched) == name);
        let watched = match (call, words) {
            (Some((arch, call)), Some((_, words))) => watched(call, arch, words),
            _ => Vec::new(),
        };
        let reply = match name {
            Some("clone3") if !clone3 => Reply::Errno(ENOSYS),
            _ => Reply::Continue,
        };
        Self {
            name,
            watched,
            count: 0,
            values: BTreeSet::new(),
            more: false,
            reply,
        }
    }

    fn keep(&mut self, args: &[u64; 6]) {
        let mut found = [0; 6];
        for (place, &(index, mask)) in found.iter_mut().zip(&self.watched) {
            *place = args[usize::from(index)] & mask;
        }
        let found = &found[..self.watched.len()];
        if self.values.contains(found) {
            return;
        }
        if self.values.len() == MOST {
            self.more = true;
            self.values.clear();
        } else {
            self.values.insert(found.to_vec());
        }
    }
}

/// Registers and the bits of them that are read; none at all where one of the arguments is in no register.
fn watched(call: &table::Call, arch: Arch, words: &[&str]) -> Vec<(u8, u64)> {
    let arguments = call.arguments(arch);
    let place = |word: &&str| {
        let argument = arguments.iter().find(|a| a.names.contains(word))?;
        match argument.place {
            Place::Register(index) => Some((index, argument.mask)),
            Place::Split | Place::Memory => None,
        }
    };
    let all: Option<Vec<(u8, u64)>> = words.iter().map(place).collect();
    all.unwrap_or_default()
}

/// The way in that a notification came by.
#[must_use]
pub fn way_in(audit: u32, number: u32) -> Option<Arch> {
    let x32 = number & X32_BIT != 0;
    let mut all = Arch::ALL.into_iter().filter(|arch| arch.audit() == audit);
    match Arch::X32.audit() == audit && x32 {
        true => all.find(|&arch| arch == Arch::X32),
        false => all.find(|&arch| arch != Arch::X32),
    }
}

/// A call in a recording.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    arch: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    number: u32,
    count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    watched: Vec<(u8, String)>,
    /// Decimal, since JavaScript has no 64 bits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Vec<String>>,
    /// They were too many.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    many: bool,
}

impl Recorder {
    /// `clone3`: the command may use that call, whose flags are then unknown.
    #[must_use]
    pub fn new(clone3: bool) -> Self {
        Self {
            calls: FxHashMap::default(),
            clone3,
        }
    }

    /// As JSON: a list of calls, sorted by way in and name.
    #[must_use]
    pub fn json(&self) -> String {
        let one = |(&(audit, number), seen): (&(u32, u32), &Seen)| Recorded {
            arch: way_in(audit, number).map_or("unknown", Arch::name),
            name: seen.name,
            number,
            count: seen.count,
            watched: named(audit, number, seen),
            values: (seen.values.iter())
                .map(|tuple| tuple.iter().map(u64::to_string).collect())
                .collect(),
            many: seen.more,
        };
        let mut all: Vec<Recorded> = self.calls.iter().map(one).collect();
        all.sort_by_key(|call| (call.arch, call.name, call.number));
        serde_json::to_string(&all).unwrap_or_default()
    }
}

/// The watched arguments by register and by the manual's name.
fn named(audit: u32, number: u32, seen: &Seen) -> Vec<(u8, String)> {
    let Some(arch) = way_in(audit, number) else {
        return Vec::new();
    };
    let name = |&(index, _): &(u8, u64)| (index, names::argument(arch, seen.name, index));
    seen.watched.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched_is_an_argument_of_its_call() {
        for (name, words) in WATCHED {
            let call = table::find(name).unwrap();
            let mut with = Arch::ALL.into_iter().filter(|a| call.number(*a).is_some());
            let all: Vec<_> = with.clone().map(|a| watched(call, a, words)).collect();
            assert!(
                with.any(|arch| watched(call, arch, words).len() == words.len()),
                "{name} {all:?}"
            );
        }
        let at = |name, arch, words| watched(table::find(name).unwrap(), arch, words);
        assert_eq!(at("clone", Arch::X86_64, &["flags"])[0].0, 0);
        assert_eq!(at("clone", Arch::S390x, &["flags"])[0].0, 1);
        assert_eq!(at("mmap", Arch::X86, &["prot", "flags"]), [], "in memory");
    }
}

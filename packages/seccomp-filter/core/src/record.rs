//! What a command does, from its notified calls: for each way in and call how often, and of a few calls
//! with which arguments. Everything is allowed, but `clone3`: its flags lie in memory, where no filter can
//! look; answered ENOSYS, a C library takes `clone`, whose flags then are seen. No look at the process, no allocation for a call seen before: this
//! stands between each call and its execution. See seccomp_unotify(2).

use crate::{Arch, X32_BIT, action::ENOSYS, table};
use rustc_hash::FxHashMap;
use serde::Serialize;
use srcon_listener::{Answer, Listener, Notification, Reply};
use std::collections::BTreeSet;

/// More different arguments than this are not kept: who uses so many uses any.
pub const MOST: usize = 64;

/// The arguments that are kept, by the name of the call: what chooses *what* it does, not *on what*.
const WATCHED: &[(&str, &[u8])] = &[
    ("clone", &[0]),
    ("fcntl", &[1]),
    ("fcntl64", &[1]),
    ("ioctl", &[1]),
    ("madvise", &[2]),
    ("mmap", &[2, 3]),
    ("mmap2", &[2, 3]),
    ("mprotect", &[2]),
    ("personality", &[0]),
    ("pkey_mprotect", &[2]),
    ("prctl", &[0]),
    ("socket", &[0, 1]),
    ("socketpair", &[0, 1]),
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
        let indexes = WATCHED.iter().find(|(watched, _)| Some(*watched) == name);
        let watched = match (call, indexes) {
            (Some((arch, call)), Some((_, indexes))) => indexes
                .iter()
                .map(|&index| (index, call.read_mask(arch, index)))
                .collect(),
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
            watched: names(audit, number, seen),
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
fn names(audit: u32, number: u32, seen: &Seen) -> Vec<(u8, String)> {
    let arch = way_in(audit, number);
    let known = arch.and_then(|arch| Some(table::named(arch, number)?.arguments(arch)));
    let name = |index: u8| {
        let argument = known.as_ref().and_then(|all| all.get(usize::from(index)));
        let name = argument.and_then(|argument| argument.names.last());
        name.map_or_else(|| format!("arg{index}"), |name| (*name).to_owned())
    };
    seen.watched
        .iter()
        .map(|&(index, _)| (index, name(index)))
        .collect()
}

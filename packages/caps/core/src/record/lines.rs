//! Lines of a `trace_pipe`. A process gives itself its name, which may hold anything; the kernel pads it
//! to 16 columns, so what follows is found by its place.

use std::sync::Arc;

/// A check as it waits for its stack.
#[derive(Debug, Clone)]
pub struct Check {
    pub elsewhere: bool,
    pub capability: u8,
    pub granted: bool,
    pub process: Arc<str>,
}

/// A check as the line says it.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<'a> {
    pub target: &'a str,
    pub capability: u8,
    pub granted: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    Checked(Found<'a>),
    Stack,
    Forked(u32),
    Executed(&'a str),
    Exited,
    /// The kernel says that so many are missing.
    Lost(u64),
    Other,
}

const NAME: usize = 16;

/// `            comm-123 [001] 12.345678: event: text`: the name, the thread, the event.
pub fn parse(line: &str) -> Option<(&str, u32, Event<'_>)> {
    if let Some(count) = line
        .strip_prefix("CPU:")
        .and_then(|l| l.split_once("[LOST ")?.1.strip_suffix(" EVENTS]"))
    {
        return Some(("", 0, Event::Lost(count.parse().unwrap_or(1))));
    }
    // A name that is no UTF-8 has become longer.
    let at = line
        .char_indices()
        .nth(NAME)
        .filter(|(_, c)| *c == '-')
        .map(|(at, _)| at)
        .or_else(|| line.find('-'))?;
    let (comm, rest) = (line[..at].trim_start(), &line[at + 1..]);
    let (pid, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
    let (time, event) = rest.trim_start().strip_prefix('[')?.split_once(": ")?;
    time.split_once("] ")?;
    Some((comm, pid.parse().ok()?, event_of(event)))
}

fn event_of(event: &str) -> Event<'_> {
    if event.starts_with("<stack trace>") {
        return Event::Stack;
    }
    let Some((name, text)) = event.split_once(": ") else {
        return Event::Other;
    };
    let last = |key: &str| text.rsplit_once(key).map(|(_, value)| value);
    match name {
        "cap_capable" => check(text).map_or(Event::Other, Event::Checked),
        "sched_process_exit" => Event::Exited,
        "sched_process_fork" => last("child_pid=")
            .and_then(|pid| pid.trim().parse().ok())
            .map_or(Event::Other, Event::Forked),
        "sched_process_exec" => text
            .strip_prefix("filename=")
            .and_then(|rest| rest.rsplit_once(" pid="))
            .map_or(Event::Other, |(path, _)| Event::Executed(path)),
        _ => Event::Other,
    }
}

/// `cred 0, target_ns 1, capable_ns 2, cap 3, ret -1`.
fn check(text: &str) -> Option<Found<'_>> {
    let mut fields = text.split(", ");
    let mut field = |name: &str| fields.next()?.strip_prefix(name);
    field("cred ")?;
    let target = field("target_ns ")?;
    field("capable_ns ")?;
    Some(Found {
        target,
        capability: field("cap ")?.parse().ok()?,
        granted: field("ret ")?.trim() == "0",
    })
}

//! The kernel's record of capability checks, read: the text of a tracefs `trace_pipe` with the events
//! cap_capable (each with the kernel's stack) and fork, exec and exit of processes. It is added up as it
//! is read, within fixed limits, so that a busy command costs no memory. See Documentation/trace/events.rst.
//!
//! Two kinds of checks say nothing of what a program needs, and are left out:
//! - memory accounting (`security_vm_enough_memory_mm`): every mmap, brk, fork and exec asks for
//!   CAP_SYS_ADMIN, which only decides how much memory is held back for root;
//! - probes (`…noaudit`): the kernel asks to choose between two ways, both of which work.

mod lines;
mod stack;

pub use stack::call_of;

use lines::{Check, Event, parse};
use stack::{Kind, kind_of};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Tasks of which something is known at once; they are forgotten when they end.
const MAX_TASKS: usize = if cfg!(test) { 4096 } else { 65_536 };
/// Different entries of the report.
const MAX_SEEN: usize = if cfg!(test) { 1000 } else { 10_000 };
/// Bytes of a line, and frames of a stack; what is beyond is cut.
const MAX_LINE: usize = 8192;
const MAX_FRAMES: usize = 64;
/// Checks of one exec that has not succeeded yet.
const MAX_EXEC: usize = 64;

/// A capability that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Number of the capability.
    pub capability: u8,
    /// It was there.
    pub granted: bool,
    /// The system call, or what the kernel was doing.
    pub call: String,
    /// Name of the program.
    pub process: Arc<str>,
    /// In a user namespace other than the reader's.
    pub elsewhere: bool,
    /// One of several that would have done was there: nothing is missing.
    pub instead: bool,
}

/// `Launcher`: it sets up; what it needs is not the command's. A task of which nothing is known is Node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Launcher,
    Command,
}

#[derive(Debug, Default)]
struct Task {
    phase: Option<Phase>,
    /// From the program that was executed: the record's own names are those that a process had last.
    name: Option<Arc<str>>,
    /// A check whose stack has not ended.
    open: Option<Check>,
    /// Checks of an exec that has not succeeded yet.
    exec: Vec<(Check, String, Kind)>,
    /// A refusal that an alternative may still undo.
    refused: Option<Seen>,
}

/// Reads it piece by piece.
#[derive(Debug, Default)]
pub struct Reader {
    /// How often each was seen.
    pub seen: BTreeMap<Seen, u32>,
    /// Checks that were left out: memory accounting.
    pub accounting: u64,
    /// The same: probes.
    pub probes: u64,
    /// What found no room within the limits, or could not be read.
    pub lost: u64,
    rest: Vec<u8>,
    /// The line is longer than is kept.
    cut: bool,
    /// How the record calls the user namespace of the reader, from the check that it made itself.
    ours: Option<String>,
    tasks: HashMap<u32, Task>,
    /// Whose stack the lines are of.
    stack_of: Option<u32>,
    frames: Vec<String>,
}

impl Reader {
    /// Whether the record holds anything: the reader's own first check.
    #[must_use]
    pub fn works(&self) -> bool {
        self.ours.is_some()
    }

    /// More of it; lines may be in pieces.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|&b| b == b'\n').peekable();
        while let Some(part) = parts.next() {
            let room = MAX_LINE - self.rest.len().min(MAX_LINE);
            self.cut |= part.len() > room;
            self.rest.extend_from_slice(&part[..part.len().min(room)]);
            if parts.peek().is_some() {
                let line = std::mem::take(&mut self.rest);
                if std::mem::take(&mut self.cut) {
                    self.lost += 1;
                }
                self.line(&String::from_utf8_lossy(&line));
                self.rest = line;
                self.rest.clear();
            }
        }
    }

    /// There is no more.
    pub fn end(&mut self) {
        self.end_stack();
        let mut all: Vec<u32> = self.tasks.keys().copied().collect();
        all.sort_unstable();
        for pid in all {
            self.exited(pid);
        }
    }

    fn line(&mut self, line: &str) {
        if let Some(frame) = line.strip_prefix(" => ") {
            if self.stack_of.is_some() && self.frames.len() < MAX_FRAMES {
                self.frames.push(stack::plain(frame).to_owned());
            }
            return;
        }
        self.end_stack();
        let Some((comm, pid, event)) = parse(line) else {
            return;
        };
        match event {
            Event::Stack => self.stack_of = Some(pid),
            Event::Executed(path) => self.executed(pid, path),
            Event::Forked(child) => self.forked(pid, child),
            Event::Exited => self.exited(pid),
            Event::Checked(check) => self.checked(pid, comm, check),
            Event::Lost(count) => self.lost += count,
            Event::Other => {}
        }
    }

    /// `None`: there is no room for one more.
    fn task(&mut self, pid: u32) -> Option<&mut Task> {
        if self.tasks.len() >= MAX_TASKS && !self.tasks.contains_key(&pid) {
            self.lost += 1;
            return None;
        }
        Some(self.tasks.entry(pid).or_default())
    }

    fn forked(&mut self, pid: u32, child: u32) {
        let (phase, name) = self
            .tasks
            .get(&pid)
            .map_or((None, None), |task| (task.phase, task.name.clone()));
        if phase.is_none() && name.is_none() {
            self.tasks.remove(&child);
        } else if let Some(task) = self.task(child) {
            (task.phase, task.name) = (phase, name);
        }
    }

    fn exited(&mut self, pid: u32) {
        self.close(pid, &[]);
        if let Some(one) = self.tasks.remove(&pid).and_then(|task| task.refused) {
            self.count(one);
        }
    }

    /// The first program that one of Node's children executes is the launcher; the launcher's is the command.
    fn executed(&mut self, pid: u32, path: &str) {
        self.close(pid, &[]);
        let name: Arc<str> = path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .chars()
            .take(64)
            .collect::<String>()
            .into();
        let Some(task) = self.task(pid) else {
            return;
        };
        let before = task.phase.replace(match task.phase {
            None => Phase::Launcher,
            Some(_) => Phase::Command,
        });
        task.name = Some(name.clone());
        let asked = std::mem::take(&mut task.exec);
        if before == Some(Phase::Launcher) {
            for (mut check, call, kind) in asked {
                check.process = name.clone();
                self.judge(pid, check, call, kind);
            }
        }
    }

    fn checked(&mut self, pid: u32, comm: &str, found: lines::Found<'_>) {
        self.close(pid, &[]);
        if self.ours.is_none() {
            self.ours = Some(found.target.to_owned());
        }
        let elsewhere = self.ours.as_deref() != Some(found.target);
        let Some(task) = self.task(pid) else {
            return;
        };
        let process = task.name.clone().unwrap_or_else(|| comm.into());
        task.open = Some(Check {
            elsewhere,
            capability: found.capability,
            granted: found.granted,
            process,
        });
    }

    fn end_stack(&mut self) {
        if let Some(pid) = self.stack_of.take() {
            let mut frames = std::mem::take(&mut self.frames);
            self.close(pid, &frames);
            frames.clear();
            self.frames = frames;
        }
    }

    /// A check is whole: its stack has ended.
    fn close(&mut self, pid: u32, frames: &[String]) {
        let Some(task) = self.tasks.get_mut(&pid) else {
            return;
        };
        let Some(check) = task.open.take() else {
            return;
        };
        let Some(phase) = task.phase else {
            // Nothing else is known of it.
            self.tasks.remove(&pid);
            return;
        };
        let (call, kind) = (call_of(frames), kind_of(frames));
        if phase == Phase::Command {
            self.judge(pid, check, call, kind);
        } else if call.starts_with("execve") {
            // What the execution of the command itself asks for is the command's.
            if task.exec.len() < MAX_EXEC {
                task.exec.push((check, call, kind));
            } else {
                self.lost += 1;
            }
        }
    }

    fn judge(&mut self, pid: u32, check: Check, call: String, kind: Kind) {
        match kind {
            Kind::Accounting => {
                self.accounting += 1;
                return;
            }
            Kind::Probe => {
                self.probes += 1;
                return;
            }
            Kind::Need => {}
        }
        let one = Seen {
            capability: check.capability,
            granted: check.granted,
            call,
            process: check.process,
            elsewhere: check.elsewhere,
            instead: false,
        };
        let before = self.tasks.get_mut(&pid).and_then(|t| t.refused.take());
        if let Some(mut before) = before {
            let alternative = before.call == one.call
                && before.elsewhere == one.elsewhere
                && stack::alternative(before.capability) == Some(one.capability);
            before.instead = alternative && one.granted;
            self.count(before);
            if alternative && !one.granted {
                return self.count(Seen {
                    instead: true,
                    ..one
                });
            }
        }
        if one.granted {
            self.count(one);
        } else if let Some(task) = self.tasks.get_mut(&pid) {
            task.refused = Some(one);
        } else {
            self.count(one);
        }
    }

    fn count(&mut self, one: Seen) {
        if self.seen.len() >= MAX_SEEN && !self.seen.contains_key(&one) {
            self.lost += 1;
            return;
        }
        let count = self.seen.entry(one).or_default();
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;

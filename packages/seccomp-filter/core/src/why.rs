//! Which calls a policy refuses, while a command runs: the same policy, with every answer but "allow"
//! turned into a question. Allowed calls never come here, so they cost what they always cost. What is
//! asked is reported with the line that decided, then answered as the policy says. See
//! seccomp_unotify(2), docs/seccomp-notify.md.

use crate::{
    Action, Arch, Op, Policy, Rule, names, oci::Profile, record::way_in, source::placed, table,
    words,
};
use serde::Serialize;
use srcon_listener::{Answer, Listener, Notification, Reply, target};

/// The policy that asks where this one refuses, logs or asks a tracer.
#[must_use]
pub fn asking(policy: &Policy) -> Policy {
    let ask = |action: Action| match action {
        Action::Allow => Action::Allow,
        _ => Action::Notify,
    };
    let mut policy = policy.clone();
    policy.closed = ask(policy.closed);
    for entry in &mut policy.entries {
        entry.default = ask(entry.default);
        entry.newer = entry.newer.map(|(number, action)| (number, ask(action)));
        for rule in entry.calls.values_mut().flatten() {
            rule.action = ask(rule.action);
        }
    }
    policy
}

/// What decides a call: the answer, and the line of the rule; 0 where no rule does.
#[must_use]
pub fn decide(policy: &Policy, audit: u32, number: u32, args: &[u64; 6]) -> (Action, u32) {
    let arch = way_in(audit, number);
    let Some(entry) = policy.entries.iter().find(|e| Some(e.arch) == arch) else {
        return (policy.closed, 0);
    };
    let rules = entry.calls.get(&number);
    if let Some(rule) = rules.and_then(|rules| rules.iter().find(|rule| holds(rule, args))) {
        return (rule.action, rule.line);
    }
    match entry.newer {
        Some((newest, action)) if rules.is_none() && number > newest => (action, 0),
        _ => (entry.default, 0),
    }
}

fn holds(rule: &Rule, args: &[u64; 6]) -> bool {
    rule.conditions.iter().all(|c| {
        let value = args[usize::from(c.arg)] & c.mask;
        match c.op {
            Op::Eq => value == c.value,
            Op::Ne => value != c.value,
            Op::Gt => value > c.value,
            Op::Ge => value >= c.value,
            Op::Lt => value < c.value,
            Op::Le => value <= c.value,
        }
    })
}

/// A call that was not simply allowed.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Its name, absent if the table has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<&'static str>,
    /// Its number.
    pub number: u32,
    /// The way in.
    pub arch: &'static str,
    /// Its arguments.
    pub args: Vec<ReportArg>,
    /// The process, as we see it.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
    /// The process's name.
    pub command: String,
    /// What the policy says, in the words of the terse form.
    pub action: String,
    /// The line of the policy; 0: none names it.
    pub line: u32,
    /// The text that the line is of, where it is one that the policy extends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// It ended the process, by this signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<&'static str>,
}

/// An argument of it.
#[derive(Debug, Clone, Serialize)]
pub struct ReportArg {
    /// As the manual names it, else `arg0`.
    pub name: String,
    /// The bits that the kernel reads, hexadecimal.
    pub value: String,
    /// The same by the names of constants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// The string that it points to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Answers as a policy says, and reports.
pub struct Why<F> {
    profile: Profile,
    report: F,
}

impl<F: Fn(Report) + Send + 'static> Why<F> {
    /// `report` is called in the session's thread, before the answer.
    pub fn new(profile: Profile, report: F) -> Self {
        Self { profile, report }
    }
}

impl<F: Fn(Report) + Send + 'static> Answer for Why<F> {
    fn answer(&mut self, listener: &Listener, call: &Notification) -> Reply {
        let (action, line) = decide(&self.profile.policy, call.arch, call.nr, &call.args);
        let (file, line) = placed(&self.profile.files, line);
        let standing = target::standing(listener, call);
        let (reply, signal) = carry_out(action, call, standing.as_ref());
        let standing = standing.unwrap_or_default();
        let arch = way_in(call.arch, call.nr);
        let known = arch.and_then(|arch| table::named(arch, call.nr).map(|known| (arch, known)));
        (self.report)(Report {
            call: known.map(|(_, known)| known.name),
            number: call.nr,
            arch: arch.map_or("unknown", Arch::name),
            args: arguments(listener, call, known),
            pid: standing.pid,
            tid: call.tid,
            command: standing.name,
            action: words::action(action),
            line,
            file: file.map(str::to_owned),
            signal,
        });
        if signal.is_some() {
            end(call, standing.pid, signal == Some("SIGSYS"));
        }
        reply
    }
}

/// The answer, and how the process is ended where it is.
fn carry_out(
    action: Action,
    call: &Notification,
    standing: Option<&target::Standing>,
) -> (Reply, Option<&'static str>) {
    let refused = Reply::Errno(crate::action::ENOSYS);
    match action {
        Action::Errno(errno) => (Reply::Errno(errno), None),
        Action::Log | Action::Allow => (Reply::Continue, None),
        Action::Trace(_) | Action::Notify => (refused, None),
        // A handler is to get it, as it would.
        Action::Trap(_) => {
            if let Some(standing) = standing {
                signal(standing.pid, call.tid, libc::SIGSYS);
            }
            (refused, None)
        }
        Action::KillThread | Action::KillProcess => {
            let by_sigsys = standing.is_some_and(target::Standing::dies_of_sigsys);
            (refused, Some(if by_sigsys { "SIGSYS" } else { "SIGKILL" }))
        }
    }
}

/// The signal is pending before the answer is there: the thread never comes back to its program.
fn end(call: &Notification, pid: u32, by_sigsys: bool) {
    if by_sigsys {
        signal(pid, call.tid, libc::SIGSYS);
    } else if let Ok(pid) = i32::try_from(pid)
        && pid > 0
    {
        // SAFETY: no memory is passed; the call still waits, so the process is still that one.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
}

fn signal(pid: u32, tid: u32, number: i32) {
    // SAFETY: no memory is passed; the call still waits, so the thread is still that one.
    unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, number) };
}

/// What points to a path or another short text, by the kernel's names of arguments.
const TEXTS: &[&str] = &[
    "filename",
    "pathname",
    "path",
    "oldname",
    "newname",
    "oldpath",
    "newpath",
    "dev_name",
    "dir_name",
    "new_root",
    "put_old",
    "specialfile",
    "fs_name",
    "from_pathname",
    "to_pathname",
    "_type",
    "_description",
    "special",
    "swap_file",
];

fn arguments(
    listener: &Listener,
    call: &Notification,
    known: Option<(Arch, &'static table::Call)>,
) -> Vec<ReportArg> {
    let Some((arch, known)) = known else {
        let one = |(index, value): (usize, &u64)| ReportArg {
            name: format!("arg{index}"),
            value: format!("{value:#x}"),
            means: None,
            text: None,
        };
        return call.args.iter().enumerate().map(one).collect();
    };
    let count = known.arguments(arch).len().min(6);
    let one = |(index, value): (u8, &u64)| {
        let value = value & known.read_mask(arch, index);
        let names = names::argument_names(arch, Some(known.name), index);
        let is_text = value != 0 && names.iter().any(|name| TEXTS.contains(name));
        let text = is_text
            .then(|| target::string(listener, call, value, 256))
            .flatten();
        ReportArg {
            name: names::argument(arch, Some(known.name), index),
            value: format!("{value:#x}"),
            means: names::in_constants(arch, Some(known.name), index, value),
            text: text.map(|text| String::from_utf8_lossy(&text).into_owned()),
        }
    };
    (0..).zip(&call.args).take(count).map(one).collect()
}

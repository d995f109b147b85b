//! Calls that do what another call does, with arguments where a filter cannot look: a rule on the one says nothing of the
//! other. Found from what the filter means, in whatever form it is written.

use super::{Finding, Severity, ways::Way};
use crate::{
    Action,
    analysis::{
        AnalysisError, Subject,
        diagram::{Diagrams, Id},
    },
    bpf::Data,
    table, words,
};
use rustc_hash::FxHashSet;

/// A call that reaches as far as others.
struct Twin {
    id: &'static str,
    call: &'static str,
    /// What can be done by it.
    of: &'static [&'static str],
    why: &'static str,
    fix: &'static str,
}

const TWINS: &[Twin] = &[
    Twin {
        id: "clone3",
        call: "clone3",
        of: &["clone"],
        why: "its flags lie in memory, where a filter cannot look",
        fix: "answer clone3 with errno ENOSYS: a C library then uses clone",
    },
    Twin {
        id: "openat2",
        call: "openat2",
        of: &["open", "openat", "creat"],
        why: "its flags and mode lie in memory, where a filter cannot look",
        fix: "answer openat2 with errno ENOSYS: programs then use openat",
    },
    Twin {
        id: "io-uring",
        call: "io_uring_setup",
        of: &[
            "open",
            "openat",
            "openat2",
            "socket",
            "connect",
            "bind",
            "accept4",
            "read",
            "write",
            "sendmsg",
            "unlinkat",
            "renameat2",
            "mkdirat",
            "ioctl",
            "setxattr",
        ],
        why: "a ring does such calls in the kernel without passing any filter",
        fix: "answer io_uring_setup, io_uring_enter and io_uring_register with errno ENOSYS",
    },
    Twin {
        id: "socketcall",
        call: "socketcall",
        of: &[
            "socket",
            "socketpair",
            "bind",
            "connect",
            "listen",
            "accept4",
            "sendto",
            "recvfrom",
            "sendmsg",
            "recvmsg",
            "setsockopt",
            "getsockopt",
        ],
        why: "it does all calls of sockets, with arguments in memory, where a filter cannot look",
        fix: "answer socketcall with errno ENOSYS (newer C libraries use the single calls), or close this way in",
    },
    Twin {
        id: "ipc",
        call: "ipc",
        of: &[
            "semget",
            "semctl",
            "semtimedop",
            "shmget",
            "shmat",
            "shmctl",
            "msgget",
            "msgsnd",
            "msgrcv",
            "msgctl",
        ],
        why: "it does all calls of System V IPC, with arguments that mean something else in each",
        fix: "answer ipc with errno ENOSYS, or close this way in",
    },
];

pub(super) fn check(
    d: &mut Diagrams,
    way: &Way,
    subject: &Subject,
    findings: &mut Vec<Finding>,
) -> Result<(), AnalysisError> {
    for twin in TWINS {
        let number = |name: &str| table::find(name)?.number(way.arch);
        let Some(own) = number(twin.call) else {
            continue;
        };
        let permits = way
            .of(own)
            .is_some_and(|id| ends(d, id).iter().all(|end| end.permits()));
        if !permits || way.constant.is_some() {
            continue;
        }
        let ruled = |name: &&&str| {
            let id = number(name).and_then(|n| way.of(n));
            id.is_some_and(|id| ends(d, id).iter().any(|end| !end.permits()))
        };
        let ruled: Vec<&str> = twin.of.iter().filter(ruled).copied().collect();
        if ruled.is_empty() {
            continue;
        }
        let data = Data {
            nr: own,
            arch: way.arch.audit(),
            ip: 0,
            args: [0; 6],
        };
        let answer = subject.answer(&data);
        findings.push(Finding {
            id: twin.id,
            severity: Severity::Warning,
            line: answer.line,
            file: None,
            call: Some(twin.call.to_owned()),
            why: format!(
                "{}: {} while {} {} limited: {}",
                way.arch.name(),
                words::action(answer.action),
                ruled.join(", "),
                if ruled.len() == 1 { "is" } else { "are" },
                twin.why
            ),
            fix: twin.fix.to_owned(),
        });
    }
    d.check()
}

/// All answers that a decision can come to.
fn ends(d: &Diagrams, id: Id) -> Vec<Action> {
    let mut seen = FxHashSet::default();
    let mut stack = vec![id];
    let mut ends = Vec::new();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        match d.value(id) {
            Some(value) => ends.push(Action::from_value(value)),
            None => stack.extend([d.node(id).low, d.node(id).high]),
        }
    }
    ends
}

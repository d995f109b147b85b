//! A change of privileges on every thread of this process. The kernel keeps credentials by thread and
//! has no call that changes those of another, so each thread has to do it: a signal makes it. glibc
//! keeps two signals to itself, and its own setuid(3) uses one of them for just that; we borrow it
//! (33), because Node blocks all others on one of its threads and no program blocks those two.
//!
//! Three rounds: one that every thread must answer, in which nothing changes; the change; and the
//! reading of /proc/self/task until every thread has what was asked and no new one appeared.
//! See credentials(7), nptl(7), rt_tgsigqueueinfo(2).

mod change;
mod signal;

pub use change::Wanted;

use crate::status::field;
use change::apply;
use signal::{Answer, Asked};
use srcon_step::Failure;
use std::{collections::BTreeSet, fs, time::Duration};

/// How long a thread may take to answer: it is running, or sleeps in a call that a signal ends.
const PATIENCE: Duration = Duration::from_secs(2);
/// Listings of threads until none is new; each new thread has its maker's credentials.
const LISTINGS: usize = 64;

/// Why it was not done.
#[derive(Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing was changed.
    Refused {
        /// The thread concerned; 0: the process.
        thread: i32,
        /// Its name.
        name: String,
        /// What about it.
        why: String,
    },
    /// Some threads have changed and some have not: all that could be dropped was.
    Halfway {
        /// The first thread that failed.
        thread: i32,
        /// Its name.
        name: String,
        /// What failed on it.
        failure: Failure,
    },
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    /// Threads that have what was asked for.
    pub threads: usize,
    /// How often they were listed until none was new.
    pub listings: usize,
}

fn tasks() -> Result<BTreeSet<i32>, Failure> {
    let entries = fs::read_dir("/proc/self/task").map_err(|e| {
        let errno = rustix::io::Errno::from_io_error(&e).unwrap_or(rustix::io::Errno::IO);
        Failure::new("open", errno).at("/proc/self/task")
    })?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

fn status(thread: i32) -> Option<String> {
    fs::read_to_string(format!("/proc/self/task/{thread}/status")).ok()
}

fn name(thread: i32) -> String {
    status(thread).map_or_else(String::new, |s| field(&s, "Name").to_owned())
}

fn refused(thread: i32, why: impl Into<String>) -> Stopped {
    Stopped::Refused {
        thread,
        name: name(thread),
        why: why.into(),
    }
}

/// A thread that would never answer: known before anything is sent to it.
fn refuse_deaf(threads: &BTreeSet<i32>) -> Result<(), Stopped> {
    for &thread in threads {
        let Some(status) = status(thread) else {
            continue;
        };
        let blocked = u64::from_str_radix(field(&status, "SigBlk"), 16).unwrap_or(u64::MAX);
        if blocked & signal::BIT != 0 {
            let io = field(&status, "Name").starts_with("iou-");
            let why = if io {
                "it is the kernel's, for io_uring, and keeps the privileges that it was made with"
            } else {
                "it blocks the signal that would make it change its privileges"
            };
            return Err(refused(thread, why));
        }
    }
    Ok(())
}

/// Makes all threads of this process have what is asked for; the calling one first.
///
/// # Errors
/// [`Stopped::Refused`]: nothing was changed. [`Stopped::Halfway`]: the process should end.
pub fn change(wanted: &Wanted) -> Result<Done, Stopped> {
    let lock = signal::exclusive();
    let threads = tasks().map_err(|f| refused(0, f.to_string()))?;
    refuse_deaf(&threads)?;
    let armed = signal::Armed::new(&lock).map_err(|f| refused(0, f.to_string()))?;
    // SAFETY: no arguments.
    let own = unsafe { libc::syscall(libc::SYS_gettid) };
    let own = i32::try_from(own).unwrap_or_default();

    for (thread, answer) in armed.ask(&without(&threads, own), Asked::Nothing, PATIENCE) {
        if answer == Answer::Silent {
            return Err(refused(thread, "it did not answer within two seconds"));
        }
    }
    let outcome = rounds(wanted, own, &armed);
    armed.settle();
    outcome
}

fn without(threads: &BTreeSet<i32>, own: i32) -> Vec<i32> {
    threads.iter().copied().filter(|t| *t != own).collect()
}

/// From the first change on there is no way back: a failure is kept, and the rest still done.
fn rounds(wanted: &Wanted, own: i32, armed: &signal::Armed<'_>) -> Result<Done, Stopped> {
    let mut first: Option<Stopped> = None;
    let mut fail = |thread: i32, failure: Failure| {
        first.get_or_insert(Stopped::Halfway {
            thread,
            name: name(thread),
            failure,
        });
    };
    if let Err((call, errno)) = apply(wanted) {
        fail(
            own,
            Failure::new(call, rustix::io::Errno::from_raw_os_error(errno)),
        );
    }
    let mut done = BTreeSet::from([own]);
    let mut before = BTreeSet::new();
    let mut listings = 0;
    while listings < LISTINGS {
        listings += 1;
        let threads = match tasks() {
            Ok(threads) => threads,
            Err(failure) => {
                fail(own, failure);
                break;
            }
        };
        let new: Vec<i32> = threads.difference(&done).copied().collect();
        if new.is_empty() && threads.is_subset(&before) {
            break;
        }
        for (thread, answer) in armed.ask(&new, Asked::Change(wanted), PATIENCE) {
            match answer {
                Answer::Done | Answer::Gone => {}
                Answer::Failed(call, errno) => fail(
                    thread,
                    Failure::new(call, rustix::io::Errno::from_raw_os_error(errno)),
                ),
                Answer::Silent => fail(thread, Failure::wrong("it did not answer")),
            }
            done.insert(thread);
        }
        before = threads;
        if listings == LISTINGS {
            fail(
                own,
                Failure::wrong("threads appear faster than they can be looked at"),
            );
        }
    }
    let mut counted = 0;
    for &thread in &before {
        if let Some(status) = status(thread) {
            counted += 1;
            if let Err(what) = wanted.check(&status) {
                fail(thread, Failure::wrong(what));
            }
        }
    }
    match first {
        Some(stopped) => Err(stopped),
        None => Ok(Done {
            threads: counted,
            listings,
        }),
    }
}

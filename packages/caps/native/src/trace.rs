//! The kernel's record of capability checks.

use crate::SystemError;
use caps_core::trace::Trace;
use napi_derive::napi;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// One record at a time: it is of the thread that starts it.
static RUNNING: Mutex<Option<Trace>> = Mutex::new(None);

fn with<T>(act: impl FnOnce(&mut Option<Trace>) -> T) -> T {
    act(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Starts to record the checks on this thread and all that it starts; null: it runs.
#[napi]
#[must_use]
pub fn start_trace() -> Option<SystemError> {
    with(|running| match Trace::start() {
        Ok(trace) => {
            *running = Some(trace);
            None
        }
        Err(failure) => Some(failure.into()),
    })
}

/// How long one reading may hold up the caller, milliseconds.
const READING: Duration = Duration::from_millis(100);

/// Reads what has come since the last time; null: nothing is wrong.
#[napi]
#[must_use]
pub fn read_trace() -> Option<SystemError> {
    with(|running| running.as_mut()?.read(READING).err().map(Into::into))
}

/// A check that was recorded.
#[napi(object)]
pub struct CheckSeen {
    /// Number of the capability.
    pub capability: u32,
    /// It was there.
    pub granted: bool,
    /// The system call, or what the kernel was doing.
    pub call: String,
    /// Name of the program.
    pub process: String,
    /// In a user namespace other than ours.
    pub elsewhere: bool,
    /// One of several that would have done was there.
    pub instead: bool,
    /// How often.
    pub count: u32,
}

/// The record, whole.
#[napi(object)]
pub struct Recorded {
    /// Added up.
    pub seen: Vec<CheckSeen>,
    /// Events that found no room.
    pub lost: f64,
    /// Checks left out: memory accounting.
    pub accounting: f64,
    /// The same: probes.
    pub probes: f64,
    /// What failed.
    pub error: Option<SystemError>,
}

/// Stops recording, reads what is left, and takes the record away.
#[napi]
#[must_use]
pub fn end_trace() -> Recorded {
    let mut trace = with(Option::take);
    let error = trace.as_mut().and_then(|trace| trace.stop().err());
    let record = trace
        .as_mut()
        .map(|trace| std::mem::take(&mut trace.record))
        .unwrap_or_default();
    drop(trace);
    #[allow(clippy::cast_precision_loss)]
    let number = |count: u64| count as f64;
    let (lost, accounting, probes) = (
        number(record.lost),
        number(record.accounting),
        number(record.probes),
    );
    let seen = record.seen.into_iter().map(|(one, count)| CheckSeen {
        capability: one.capability.into(),
        granted: one.granted,
        call: one.call,
        process: one.process.to_string(),
        elsewhere: one.elsewhere,
        instead: one.instead,
        count,
    });
    Recorded {
        seen: seen.collect(),
        lost,
        accounting,
        probes,
        error: error.map(Into::into),
    }
}

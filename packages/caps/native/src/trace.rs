//! The kernel's record of capability checks.

use crate::SystemError;
use caps_core::trace::Trace;
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use std::sync::{Mutex, PoisonError};

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

/// What has come since the last time, as the kernel writes it.
#[napi]
#[must_use]
pub fn read_trace() -> Either<Buffer, SystemError> {
    with(|running| match running.as_ref().map(Trace::read) {
        Some(Ok(bytes)) => Either::A(bytes.into()),
        Some(Err(failure)) => Either::B(failure.into()),
        None => Either::A(Vec::new().into()),
    })
}

/// Stops recording; what is left can still be read. Returns how many events were lost.
#[napi]
#[must_use]
pub fn stop_trace() -> f64 {
    with(|running| {
        let Some(trace) = running else {
            return 0.0;
        };
        trace.stop();
        #[allow(clippy::cast_precision_loss)]
        let lost = trace.lost() as f64;
        lost
    })
}

/// Takes the record away.
#[napi]
pub fn end_trace() {
    with(Option::take);
}

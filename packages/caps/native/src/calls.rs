//! What a command needs, by the calls that it makes.

use crate::SystemError;
use caps_core::calls::{self, Gathered};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use srcon_listener::Session;
use srcon_step::Failure;
use std::{
    os::fd::IntoRawFd,
    sync::{Mutex, PoisonError},
};

static RUNNING: Mutex<Option<Session<Gathered>>> = Mutex::new(None);

/// What the filter is to be, and where its listener goes.
#[napi(object)]
pub struct Watching {
    /// The array of `struct sock_filter`.
    pub program: Buffer,
    /// Now the caller's to close: a socket for who loads the filter; -1 where `error` says why there is none.
    pub socket: i32,
    /// What failed.
    pub error: Option<SystemError>,
}

/// Starts to watch.
#[napi]
#[must_use]
pub fn start_calls() -> Watching {
    let program = calls::program().into();
    match calls::start() {
        Ok((session, socket)) => {
            *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
            Watching {
                program,
                socket: socket.into_raw_fd(),
                error: None,
            }
        }
        Err(errno) => Watching {
            program,
            socket: -1,
            error: Some(Failure::new("socketpair", errno).into()),
        },
    }
}

/// A call that needed a capability.
#[napi(object)]
pub struct CallSeen {
    /// `CAP_CHOWN`.
    pub capability: String,
    /// The process had it effective.
    pub had: bool,
    /// The call.
    pub call: String,
    /// Name of the process.
    pub process: String,
    /// In a user namespace other than ours.
    pub elsewhere: bool,
    /// How often.
    pub count: u32,
}

/// Ends watching: what is still under the filter gets ENOSYS for these calls from then on.
#[napi]
#[must_use]
pub fn end_calls() -> Vec<CallSeen> {
    let session = RUNNING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(session) = session else {
        return Vec::new();
    };
    session.stop();
    let Some(ended) = session.end() else {
        return Vec::new();
    };
    let seen = ended
        .answer
        .needed
        .into_iter()
        .map(|(needed, count)| CallSeen {
            capability: needed.capability.to_string(),
            had: needed.had,
            call: needed.call.to_owned(),
            process: needed.process,
            elsewhere: needed.elsewhere,
            count,
        });
    seen.collect()
}

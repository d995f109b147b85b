//! Sessions that answer a filter's questions, as JavaScript holds them: started before the command, its
//! descriptor given to the launcher, waited for on a thread of Node's pool.

use crate::{Context, bytes_of, core_context};
use napi::{
    Env, Status as NapiStatus, Task,
    bindgen_prelude::{AsyncTask, Buffer, Function},
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use seccomp_filter_core::{
    PolicyError,
    oci::Profile,
    record::Recorder,
    source::{self, Source},
    why::{Report, Why},
};
use srcon_listener::{Answer, Session, Stopper};
use std::{
    cell::RefCell,
    os::fd::{AsRawFd, OwnedFd},
};

/// What a session came to.
#[napi(object)]
pub struct Served {
    /// A filter was loaded and its listener arrived.
    pub served: bool,
    /// What ended it before its time: the kernel's error number.
    pub errno: Option<i32>,
    /// A recording, JSON; absent where nothing is recorded.
    pub recording: Option<String>,
}

/// A session in progress.
#[napi]
pub struct Listening {
    far: RefCell<Option<OwnedFd>>,
    stopper: Stopper,
    /// Taken once. Behind a cell, since JavaScript may stop a session that is waited for.
    wait: RefCell<Option<Box<dyn FnOnce() -> Served + Send>>>,
}

#[napi]
impl Listening {
    /// The socket that the launcher is to get.
    #[napi(getter)]
    #[must_use]
    pub fn descriptor(&self) -> i32 {
        self.far.borrow().as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// Ends it now; what is still under the filter gets ENOSYS from then on.
    #[napi]
    pub fn stop(&self) {
        self.stopper.stop();
    }

    /// Waits until nobody is left under the filter. Our copy of the socket goes at once: the launcher
    /// must have its own.
    ///
    /// # Errors
    /// When it was asked for before.
    #[napi(ts_return_type = "Promise<Served>")]
    pub fn ended(&self) -> napi::Result<AsyncTask<Wait>> {
        self.far.replace(None);
        let wait = self.wait.take();
        let wait = wait.ok_or_else(|| napi::Error::from_reason("this session was waited for"))?;
        Ok(AsyncTask::new(Wait(Some(wait))))
    }
}

/// The waiting.
pub struct Wait(Option<Box<dyn FnOnce() -> Served + Send>>);

impl Task for Wait {
    type Output = Served;
    type JsValue = Served;

    fn compute(&mut self) -> napi::Result<Served> {
        let wait = self.0.take();
        wait.map(|wait| wait())
            .ok_or_else(|| napi::Error::from_reason("waited for twice"))
    }

    fn resolve(&mut self, _: Env, served: Served) -> napi::Result<Served> {
        Ok(served)
    }
}

fn listening<A: Answer>(answer: A, recording: fn(&A) -> Option<String>) -> napi::Result<Listening> {
    let (session, far) = Session::start(answer).map_err(|errno| {
        napi::Error::from_reason(format!("no listener: error {}", errno.raw_os_error()))
    })?;
    let stopper = session.stopper();
    let wait = move || match session.end() {
        Some(ended) => Served {
            served: ended.served,
            errno: ended.error.map(|errno| errno.raw_os_error()),
            recording: recording(&ended.answer),
        },
        None => Served {
            served: false,
            errno: Some(EIO),
            recording: None,
        },
    };
    Ok(Listening {
        far: RefCell::new(Some(far)),
        stopper,
        wait: RefCell::new(Some(Box::new(wait))),
    })
}

/// Its thread did not end well.
const EIO: i32 = 5;

/// The filter that asks for every call.
#[napi]
#[must_use]
pub fn program_that_asks() -> napi::bindgen_prelude::Buffer {
    srcon_listener::program::all().into()
}

/// Records what a command does. `clone3`: it may use that call.
///
/// # Errors
/// Without descriptors or threads to be had.
#[napi]
pub fn record(clone3: bool) -> napi::Result<Listening> {
    listening(Recorder::new(clone3), |recorder| Some(recorder.json()))
}

fn policy(bytes: &[u8], name: &str, context: &Context) -> Result<Profile, PolicyError> {
    match source::read(bytes, name, &core_context(context)?)? {
        Source::Policy(profile) => Ok(*profile),
        Source::Program(_) => Err(PolicyError::whole("a program is no policy")),
    }
}

/// Reports what a policy refuses, which is given as to [`crate::compile`]: `report` is called from the event loop with a report as JSON. A
/// process waits with its refused call where a thousand reports wait to be taken.
///
/// # Errors
/// A policy that is refused; else as [`record`].
#[napi]
pub fn report_refusals(
    text: Option<Buffer>,
    name: String,
    context: Context,
    report: Function<'_, String, ()>,
) -> napi::Result<Listening> {
    let refused = |e: PolicyError| napi::Error::from_reason(e.message);
    let profile = bytes_of(text.as_ref(), &name)
        .and_then(|bytes| policy(bytes, &name, &context))
        .map_err(refused)?;
    let report: ThreadsafeFunction<String, (), String, NapiStatus, false, true, 1000> = report
        .build_threadsafe_function()
        .weak::<true>()
        .max_queue_size::<1000>()
        .build()?;
    let tell = move |one: Report| {
        if let Ok(text) = serde_json::to_string(&one) {
            // An environment that is going away does not want to know.
            let _ = report.call(text, ThreadsafeFunctionCallMode::Blocking);
        }
    };
    listening(Why::new(profile, tell), |_| None)
}

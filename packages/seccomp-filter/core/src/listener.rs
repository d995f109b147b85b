//! Who gets the listener of a filter: a socket that whoever started us has left open (`descriptor`),
//! or one that somebody listens on, by its path as the caller sees it (`path`): that is connected to
//! by the keeper, from outside. With it goes OCI's container process state. See the runtime-spec,
//! config-linux.md ("listenerPath") and runtime.md ("state").

use rustix::{
    fs::{Mode, OFlags, openat, readlinkat},
    io::{Errno, FdFlags, fcntl_setfd},
};
use serde::Deserialize;
use srcon_listener::handover;
use srcon_step::{Bytes, Failure, Keeper, Launch, fail};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

/// Longest path of a Unix socket.
const MAX_PATH: usize = 107;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToListener {
    /// A connected Unix socket of the launcher's; the command does not get it.
    descriptor: Option<RawFd>,
    /// A Unix socket that somebody listens on.
    path: Option<Bytes>,
    /// What is told there beside the process.
    metadata: Option<String>,
}

impl ToListener {
    pub(crate) fn validate(&self) -> Result<(), String> {
        match (self.descriptor, &self.path) {
            (Some(0..=2), None) => Err("listener: descriptor is below 3".to_owned()),
            (Some(fd), None) if fd < 0 => Err("listener: descriptor is negative".to_owned()),
            (Some(_), None) if self.metadata.is_some() => {
                Err("listener: metadata is for a path".to_owned())
            }
            (Some(_), None) => Ok(()),
            (None, Some(path)) => match path.as_bytes() {
                [b'/', ..] if path.as_bytes().len() <= MAX_PATH => Ok(()),
                [b'/', ..] => Err(format!("listener: path is longer than {MAX_PATH} bytes")),
                _ => Err("listener: path is not absolute".to_owned()),
            },
            _ => Err("listener: one of descriptor and path is needed".to_owned()),
        }
    }

    pub(crate) fn is_by_path(&self) -> bool {
        self.path.is_some()
    }

    /// Before the filter is loaded.
    pub(crate) fn prepare(&self) -> Result<(), Failure> {
        let Some(fd) = self.descriptor else {
            return Ok(());
        };
        // SAFETY: whoever started us says that it is open; a wrong number is EBADF.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        fcntl_setfd(fd, FdFlags::CLOEXEC).map_err(fail("fcntl"))
    }

    /// After it was loaded, in the thread that it does not concern.
    pub(crate) fn give(
        &self,
        launch: &mut dyn Launch,
        listener: BorrowedFd<'_>,
    ) -> Result<(), Failure> {
        let Some(fd) = self.descriptor else {
            return launch.outside(&[listener]).map(drop);
        };
        // SAFETY: as above, and nobody closes it meanwhile.
        let socket = unsafe { BorrowedFd::borrow_raw(fd) };
        handover::send(socket, listener, b"{}").map_err(not_taken)
    }

    /// In the keeper: connects, and sends the listener with the state of the process.
    pub(crate) fn tell(&self, keeper: &dyn Keeper, received: Vec<OwnedFd>) -> Result<(), Failure> {
        let (Some(path), Some(listener)) = (&self.path, received.first()) else {
            return Err(Failure::wrong("no listener came to be handed on"));
        };
        let name = String::from_utf8_lossy(path.as_bytes()).into_owned();
        let socket = handover::connect_to(path.as_bytes())
            .map_err(|errno| Failure::new("connect", errno).at(name.clone()))?;
        let state = self.state(keeper).to_string();
        handover::send(socket.as_fd(), listener.as_fd(), state.as_bytes())
            .map_err(|errno| not_taken(errno).at(name))
    }

    fn state(&self, keeper: &dyn Keeper) -> serde_json::Value {
        let pid = keeper.worker();
        let mut state = serde_json::json!({
            "ociVersion": "1.2.0",
            "fds": ["seccompFd"],
            "pid": pid,
            "state": {
                "ociVersion": "1.2.0",
                "id": keeper.run_name(),
                "status": "creating",
                "pid": pid,
                "bundle": working_directory(keeper.proc()).unwrap_or_else(|| "/".to_owned()),
            },
        });
        if let Some(metadata) = &self.metadata {
            state["metadata"] = metadata.as_str().into();
        }
        state
    }
}

fn not_taken(errno: Errno) -> Failure {
    let failure = Failure::new("sendmsg", errno);
    match errno {
        Errno::TIMEDOUT => failure.note("nobody took the listener"),
        Errno::PIPE => failure.note("whoever was to take the listener is gone"),
        _ => failure,
    }
}

/// Of the keeper, which stands where the caller stood.
fn working_directory(proc: BorrowedFd<'_>) -> Option<String> {
    let me = openat(proc, c"self", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let link = readlinkat(me, c"cwd", Vec::new()).ok()?;
    link.into_string().ok()
}

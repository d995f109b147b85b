//! One listener, served in a thread of its own from its arrival to the end of the last process under
//! the filter. What is answered is the caller's; nothing here waits for anybody but the kernel.

use crate::{
    Listener, Notification, Reply,
    handover::{pair, receive, wait},
};
use rustix::{event::PollFlags, io::Errno};
use std::{
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    thread::JoinHandle,
};

/// Decides what is answered. Called in the session's thread, for one call after the other.
pub trait Answer: Send + 'static {
    /// The answer to a call. The process waits meanwhile, and may be gone: see [`Listener::is_valid`].
    fn answer(&mut self, listener: &Listener, call: &Notification) -> Reply;
}

/// How a session ended.
pub struct Ended<A> {
    /// What has answered, with all that it has gathered.
    pub answer: A,
    /// A listener arrived: the filter was loaded.
    pub served: bool,
    /// What ended it before its time.
    pub error: Option<Errno>,
}

/// A session in progress. Dropped, it ends as by [`Session::stop`].
pub struct Session<A> {
    thread: JoinHandle<Ended<A>>,
    stop: Arc<OwnedFd>,
}

/// Ends a session from wherever it is.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<OwnedFd>);

impl Stopper {
    /// Has it end now. What is still under the filter gets ENOSYS from then on.
    pub fn stop(&self) {
        // Nobody else writes; a session that has ended does not read any more.
        let _ = rustix::io::write(&self.0, b"s");
    }
}

impl<A: Answer> Session<A> {
    /// Starts it, and gives the end of the socket that goes to who loads the filter; the caller's own
    /// copy is to be closed as soon as that has its own: so its end is seen.
    ///
    /// # Errors
    /// Without descriptors or threads to be had.
    pub fn start(answer: A) -> Result<(Self, OwnedFd), Errno> {
        let (near, far) = pair()?;
        let flags = rustix::pipe::PipeFlags::CLOEXEC;
        let (wake, stop) = rustix::pipe::pipe_with(flags)?;
        // Signals are for the threads that had them before.
        let blocked = Blocked::all();
        let thread = std::thread::Builder::new()
            .name("srcon-listener".to_owned())
            .stack_size(256 << 10)
            .spawn(move || serve(answer, near, wake))
            .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::AGAIN))?;
        drop(blocked);
        Ok((
            Self {
                thread,
                stop: Arc::new(stop),
            },
            far,
        ))
    }

    /// Waits for its end: the last process under the filter is gone, or nobody has loaded one.
    #[must_use]
    pub fn end(self) -> Option<Ended<A>> {
        let Self {
            thread,
            stop: _stop,
        } = self;
        thread.join().ok()
    }

    /// Has it end now: see [`Stopper::stop`].
    pub fn stop(&self) {
        self.stopper().stop();
    }

    /// What ends it while somebody else waits for its end.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }
}

fn serve<A: Answer>(mut answer: A, socket: OwnedFd, wake: OwnedFd) -> Ended<A> {
    let arrived = receive(socket.as_fd(), wake.as_fd());
    drop(socket);
    let (served, error) = match arrived {
        Ok(Some((fd, _))) => (
            true,
            answer_all(&mut answer, &Listener::from(fd), &wake).err(),
        ),
        Ok(None) => (false, None),
        Err(errno) => (false, Some(errno)),
    };
    Ended {
        answer,
        served,
        error,
    }
}

fn answer_all(answer: &mut impl Answer, listener: &Listener, wake: &OwnedFd) -> Result<(), Errno> {
    loop {
        // Asked first: before Linux 6.11 a receive on a filter that nobody is under never returns.
        let ready = wait(&[listener.as_fd(), wake.as_fd()], None)?;
        if !ready[1].is_empty() {
            return Ok(());
        }
        if !ready[0].contains(PollFlags::IN) {
            return Ok(());
        }
        match listener.receive() {
            Ok(Some(call)) => {
                let reply = answer.answer(listener, &call);
                listener.reply(call.id, reply)?;
            }
            Ok(None) => {}
            Err(Errno::NOTCONN) => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
}

/// All signals blocked until it is dropped; a thread made meanwhile inherits that.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn all() -> Self {
        // SAFETY: both sets are initialised by the calls; the mask is this thread's own.
        unsafe {
            let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self(before)
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: a set that the kernel has given us.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

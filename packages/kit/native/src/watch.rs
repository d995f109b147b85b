//! One thread for the whole process waits for all that was started: for the end of set-up (the
//! launcher's `done` pipe closes) and for the end of the process (its pidfd becomes readable). It
//! waits for exactly our pids; waitpid(-1) would take the children of `child_process` away from it.
//! See epoll(7), pidfd_open(2), waitid(2).

use crate::{
    Event, Failed,
    ended::{self, Exit},
    signals::Blocked,
    status::Shared,
};
use std::{
    collections::HashMap,
    fs,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{
            AtomicU32,
            Ordering::{Acquire, Relaxed},
        },
    },
    time::Instant,
};

/// Who is told of it: JavaScript of one environment (the main thread or a Worker).
pub type Report = Arc<dyn Fn(Event) + Send + Sync>;

/// One process that was started.
pub struct Started {
    /// Its pid.
    pub pid: i32,
    /// The same, safe from being given to another process.
    pub pidfd: OwnedFd,
    /// Read end of the pipe that closes when set-up is over.
    pub done: Option<OwnedFd>,
    /// What the launcher tells us.
    pub page: Shared,
    /// When it was started.
    pub at: Instant,
    /// The environment that started it, and its function; none: it is gone.
    pub owner: u32,
    /// See there.
    pub report: Option<Report>,
}

/// The thread's side and ours.
pub struct Watch {
    epoll: OwnedFd,
    all: Mutex<HashMap<u32, Started>>,
    next: AtomicU32,
}

static WATCH: OnceLock<Result<Watch, Failed>> = OnceLock::new();

/// The watch, with its thread, made when it is first needed.
pub fn watch() -> Result<&'static Watch, Failed> {
    WATCH
        .get_or_init(Watch::new)
        .as_ref()
        .map_err(|failed| *failed)
}

impl Watch {
    fn new() -> Result<Self, Failed> {
        // SAFETY: no memory is passed.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if epoll < 0 {
            return Err(Failed::last("epoll_create1"));
        }
        // SAFETY: the kernel has just given us this descriptor.
        let epoll = unsafe { OwnedFd::from_raw_fd(epoll) };
        // The thread inherits the mask: Node's signals are for Node's threads.
        let _blocked = Blocked::all();
        let thread = std::thread::Builder::new()
            .name("srcon-watch".to_owned())
            .stack_size(128 << 10);
        // It waits for the `OnceLock` that we are in.
        thread
            .spawn(|| watch().map(Watch::run))
            .map_err(|e| Failed::new("clone", e.raw_os_error().unwrap_or(libc::EAGAIN)))?;
        Ok(Self {
            epoll,
            all: Mutex::default(),
            next: AtomicU32::new(1),
        })
    }

    /// A number that no other environment or process has.
    pub fn number(&self) -> u32 {
        self.next.fetch_add(1, Relaxed)
    }

    /// Watches a process from now on, under a number of its own.
    pub fn add(&self, started: Started) -> Result<u32, Failed> {
        let id = self.number();
        // Locked until it is in the table: the thread may hear of it at once.
        let mut all = self.all();
        if let Err(failed) = self.register(id, &started) {
            send(&started.pidfd, libc::SIGKILL);
            ended::wait_for_end(&started.pidfd);
            return Err(failed);
        }
        all.insert(id, started);
        Ok(id)
    }

    fn register(&self, id: u32, started: &Started) -> Result<(), Failed> {
        if let Some(done) = &started.done {
            self.wait_for(done.as_raw_fd(), 0, token(id, false))?;
        }
        self.wait_for(started.pidfd.as_raw_fd(), libc::EPOLLIN, token(id, true))
    }

    /// The environment is gone: its processes, which its thread's end kills, are only waited for.
    pub fn forget(&self, owner: u32) {
        for started in self.all().values_mut().filter(|s| s.owner == owner) {
            started.report = None;
        }
    }

    /// Calls `act` with a process that has not been waited for.
    pub fn with<T>(&self, id: u32, act: impl FnOnce(&Started) -> T) -> Option<T> {
        self.all().get(&id).map(act)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u32, Started>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, fd: RawFd, events: i32, token: u64) -> Result<(), Failed> {
        let mut event = libc::epoll_event {
            events: events as u32,
            u64: token,
        };
        // SAFETY: `event` lives through the call.
        match unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                fd,
                &raw mut event,
            )
        } {
            0 => Ok(()),
            _ => Err(Failed::last("epoll_ctl")),
        }
    }

    fn run(&self) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 16];
        loop {
            // SAFETY: `events` has room for as many as are asked for.
            let n = unsafe {
                libc::epoll_wait(
                    self.epoll.as_raw_fd(),
                    events.as_mut_ptr(),
                    events.len() as i32,
                    -1,
                )
            };
            for event in events.iter().take(usize::try_from(n).unwrap_or(0)) {
                let token = event.u64;
                self.happened((token >> 1) as u32, token & 1 == 1);
            }
        }
    }

    fn happened(&self, id: u32, ended: bool) {
        let mut all = self.all();
        let Some(started) = all.get_mut(&id) else {
            return;
        };
        // Both may be due at once, in any order: set-up is always told first. Dropping the
        // descriptor takes it out of the epoll.
        if started.done.take().is_some() {
            started.tell(id, None);
        }
        if ended && let Some(exit) = ended::wait(&started.pidfd) {
            started.tell(id, Some(exit));
            all.remove(&id);
        }
    }
}

impl Started {
    fn tell(&self, id: u32, exit: Option<Exit>) {
        if let Some(report) = &self.report {
            let elapsed = i64::try_from(self.at.elapsed().as_micros()).unwrap_or(i64::MAX);
            report(Event {
                id,
                elapsed_usec: elapsed,
                status: self.page.page().into(),
                exit,
            });
        }
    }

    /// Sends a signal; false: it has ended.
    pub fn signal(&self, signal: i32) -> bool {
        if signal == libc::SIGKILL
            && let Some(command) = self.command()
        {
            return send(&command, signal);
        }
        send(&self.pidfd, signal)
    }

    /// The process below a supervisor. KILL cannot be passed on, and a supervisor that is killed
    /// leaves the tidying up to its keeper: so the command is killed instead, and the supervisor ends
    /// by itself, when everything is undone. It is the supervisor's child, which cannot have become
    /// another process while it is.
    fn command(&self) -> Option<OwnedFd> {
        let page = self.page.page();
        if page.supervisor.load(Acquire) != self.pid {
            return None;
        }
        let child = match page.init.load(Acquire) {
            0 => page.worker.load(Acquire),
            init => init,
        };
        // SAFETY: no memory is passed.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) };
        let fd = RawFd::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: the kernel has just given us this descriptor.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        (parent_of(child)? == self.pid).then_some(fd)
    }
}

fn send(pidfd: &OwnedFd, signal: i32) -> bool {
    // SAFETY: a null siginfo is allowed.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        ) == 0
    }
}

/// The fourth field of proc_pid_stat(5), behind a name that may hold anything.
fn parent_of(pid: i32) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn token(id: u32, ended: bool) -> u64 {
    u64::from(id) << 1 | u64::from(ended)
}

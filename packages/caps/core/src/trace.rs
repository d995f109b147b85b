//! The kernel's own record of capability checks: the tracepoint `capability:cap_capable` (Linux 6.13),
//! in a tracefs instance of our own, so that nobody else's tracing is touched. tracefs is reached by
//! fsmount(2) and attached nowhere: the host's mounts stay as they are. Each check comes with the
//! kernel's stack, which names the call and what in it asked. See Documentation/trace/events.rst.

use crate::record::Reader;
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{self, AtFlags, Mode, OFlags},
    io::{self, Errno},
    mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen},
    pipe,
};
use srcon_step::{Failure, fail};
use std::{
    os::fd::AsRawFd,
    time::{Duration, Instant},
};

/// Instances of ours: `srcon-caps-PID-START`, where START tells a pid's second owner from its first.
const PREFIX: &str = "srcon-caps-";
const CHECK: &str = "events/capability/cap_capable";
const EXEC: &str = "events/sched/sched_process_exec";
const FORK: &str = "events/sched/sched_process_fork";
const EXIT: &str = "events/sched/sched_process_exit";
/// Of all CPUs together, KiB; and the most and the fewest for each. Memory accounting makes most of the
/// events; a check with its stack takes about 150 bytes.
const BUFFERS_KB: usize = 65_536;
const MOST_KB: usize = 8192;
const FEWEST_KB: usize = 512;
/// The link of the initial pid namespace: its inode is PROC_PID_INIT_INO of linux/proc_ns.h.
const INITIAL_PIDS: &str = "pid:[4026531836]";
/// What is read of the record at once, bytes.
const PIECE: usize = 1 << 16;

/// A running record.
#[derive(Debug)]
pub struct Trace {
    /// What was recorded until now.
    pub record: Reader,
    files: Option<Files>,
    /// As long as it is open the instance stays.
    alive: Option<OwnedFd>,
    keeper: libc::pid_t,
}

/// An instance with an open file of it cannot be removed, so these go first.
#[derive(Debug)]
struct Files {
    instance: OwnedFd,
    pipe: OwnedFd,
}

fn directory(at: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    fs::openat(at, path, flags, Mode::empty())
}

fn write(at: BorrowedFd<'_>, path: &str, text: &str) -> Result<(), Failure> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let file =
        fs::openat(at, path, flags, Mode::empty()).map_err(|e| Failure::new("open", e).at(path))?;
    io::write(&file, text.as_bytes()).map_err(|e| Failure::new("write", e).at(path))?;
    Ok(())
}

/// The root of tracefs, attached nowhere.
fn tracefs() -> Result<OwnedFd, Failure> {
    let context = fsopen("tracefs", FsOpenFlags::FSOPEN_CLOEXEC).map_err(fail("fsopen"))?;
    fsconfig_create(context.as_fd()).map_err(fail("fsconfig"))?;
    fsmount(
        context.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::empty(),
    )
    .map_err(fail("fsmount"))
}

/// When a process started, in ticks since boot; `None`: it is gone.
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Its name may hold anything, even ')'.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(19)
        .map(str::to_owned)
}

/// Takes away instances whose process is gone without its keeper.
fn sweep(instances: BorrowedFd<'_>) {
    let Ok(entries) = fs::Dir::read_from(instances) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((pid, start)) = name.strip_prefix(PREFIX).and_then(|n| n.split_once('-')) else {
            continue;
        };
        let owner = pid.parse().ok().and_then(started);
        if owner.as_deref() != Some(start) {
            let _ = fs::unlinkat(instances, &name, AtFlags::REMOVEDIR);
        }
    }
}

impl Trace {
    /// Starts to record the checks on the calling thread and all that it starts from now on.
    ///
    /// # Errors
    /// ENOENT on `events/capability/cap_capable/…`: this kernel has no such tracepoint. EPERM: only
    /// root of the host may. 0: what is wrong is in the note.
    pub fn start() -> Result<Self, Failure> {
        initial_pids()?;
        let root = tracefs()?;
        let instances = directory(root.as_fd(), "instances")
            .map_err(|e| Failure::new("open", e).at("instances"))?;
        sweep(instances.as_fd());
        let pid = std::process::id();
        let name = format!("{PREFIX}{pid}-{}", started(pid).unwrap_or_default());
        fs::mkdirat(&instances, &name, Mode::RWXU)
            .map_err(|e| Failure::new("mkdir", e).at(format!("instances/{name}")))?;
        let undo = || {
            let _ = fs::unlinkat(&instances, &name, AtFlags::REMOVEDIR);
        };
        let (ended, alive) = pipe::pipe_with(pipe::PipeFlags::CLOEXEC)
            .map_err(fail("pipe"))
            .inspect_err(|_| undo())?;
        let keeper = keep(&instances, &name, &ended).inspect_err(|_| undo())?;
        let instance = directory(instances.as_fd(), &name).map_err(fail("open"));
        let opened = instance.and_then(|instance| {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let pipe = fs::openat(&instance, "trace_pipe", flags, Mode::empty())
                .map_err(|e| Failure::new("open", e).at("trace_pipe"))?;
            Ok(Files { instance, pipe })
        });
        let (files, failure) = match opened {
            Ok(files) => (Some(files), None),
            Err(failure) => (None, Some(failure)),
        };
        let mut trace = Self {
            record: Reader::default(),
            files,
            alive: Some(alive),
            keeper,
        };
        if let Some(failure) = failure {
            return Err(failure);
        }
        trace.arm()?;
        trace.read(Duration::from_secs(1))?;
        if !trace.record.works() {
            return Err(Failure::wrong("a check of our own is not in it"));
        }
        Ok(trace)
    }

    fn files(&self) -> Result<&Files, Failure> {
        self.files
            .as_ref()
            .ok_or_else(|| Failure::new("read", Errno::BADF))
    }

    fn arm(&self) -> Result<(), Failure> {
        let at = self.files()?.instance.as_fd();
        write(at, "buffer_size_kb", &buffer_kb().to_string())?;
        // What does not fit is dropped, and counted, instead of what is there already.
        write(at, "options/overwrite", "0")?;
        write(at, "options/irq-info", "0")?;
        write(at, "options/event-fork", "1")?;
        // SAFETY: no arguments.
        let thread = unsafe { libc::syscall(libc::SYS_gettid) };
        write(at, "set_event_pid", &thread.to_string())?;
        // Only what this thread starts counts. Its own checks would be endless: to read is to ask for memory.
        let others = format!("common_pid != {thread}");
        write(
            at,
            &format!("{CHECK}/trigger"),
            &format!("stacktrace if {others}"),
        )?;
        for event in [FORK, EXEC, EXIT, CHECK] {
            write(at, &format!("{event}/enable"), "1")?;
        }
        // A check of our own that fails at nothing: by it a reader knows how this user namespace is written.
        // SAFETY: a number only; no kernel has that capability, so nothing is dropped.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, u64::from(u32::MAX), 0, 0, 0) };
        write(at, &format!("{CHECK}/filter"), &others)
    }

    /// Adds to the record what has come since the last time; `true`: there may be more, for it took
    /// longer than `limit`. Memory does not grow with what is read.
    ///
    /// # Errors
    /// Of read.
    pub fn read(&mut self, limit: Duration) -> Result<bool, Failure> {
        let until = Instant::now() + limit;
        let mut bytes = vec![0_u8; PIECE];
        let pipe = &self
            .files
            .as_ref()
            .ok_or_else(|| Failure::new("read", Errno::BADF))?
            .pipe;
        loop {
            match io::read(pipe, &mut bytes) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(false),
                Ok(length) => self.record.add(&bytes[..length]),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(fail("read")(errno)),
            }
            if Instant::now() > until {
                return Ok(true);
            }
        }
    }

    /// Events that found no room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let Some(cpus) = self
            .files
            .as_ref()
            .and_then(|files| directory(files.instance.as_fd(), "per_cpu").ok())
        else {
            return 0;
        };
        let Ok(entries) = fs::Dir::read_from(&cpus) else {
            return 0;
        };
        let of = |name: &str| -> Option<u64> {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let file = fs::openat(&cpus, format!("{name}/stats"), flags, Mode::empty()).ok()?;
            let mut bytes = [0_u8; 1024];
            let length = io::read(&file, &mut bytes).ok()?;
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let count = |key: &str| -> u64 {
                text.lines()
                    .find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
                    .unwrap_or(0)
            };
            Some(count("dropped events:") + count("overrun:"))
        };
        entries
            .flatten()
            .filter_map(|entry| of(&entry.file_name().to_string_lossy()))
            .sum()
    }

    /// Stops recording, and reads what is left.
    ///
    /// # Errors
    /// Of write: it would go on; of read.
    pub fn stop(&mut self) -> Result<(), Failure> {
        let at = self.files()?.instance.as_fd();
        for event in [CHECK, EXEC, EXIT, FORK] {
            write(at, &format!("{event}/enable"), "0")?;
        }
        // The buffers are full at most: some seconds. What is left then is counted by nobody.
        if self.read(Duration::from_secs(20))? {
            self.record.lost += 1;
        }
        self.record.lost += self.lost();
        self.record.end();
        Ok(())
    }
}

fn buffer_kb() -> usize {
    // SAFETY: a number only.
    let cpus = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_CONF) };
    (BUFFERS_KB / usize::try_from(cpus).unwrap_or(1).max(1)).clamp(FEWEST_KB, MOST_KB)
}

/// The kernel takes the numbers of `set_event_pid` for those of the initial pid namespace: from another
/// one we would record somebody else, or nobody.
fn initial_pids() -> Result<(), Failure> {
    let link = std::fs::read_link("/proc/self/ns/pid")
        .map_err(|e| Failure::wrong(format!("/proc/self/ns/pid: {e}")))?;
    if link.as_os_str() == INITIAL_PIDS {
        return Ok(());
    }
    Err(Failure::wrong(
        "it is kept by the process ids of the host, and this process is in another pid namespace",
    ))
}

impl Drop for Trace {
    fn drop(&mut self) {
        drop(self.files.take());
        drop(self.alive.take());
        reap(self.keeper);
    }
}

fn reap(keeper: libc::pid_t) {
    let mut status = 0;
    // SAFETY: our own child, by its pid.
    unsafe { libc::waitpid(keeper, &raw mut status, 0) };
}

/// Forks the process that takes the instance away when the last copy of the pipe's other end is
/// closed: at the end, or when we were killed.
fn keep(instances: &OwnedFd, name: &str, ended: &OwnedFd) -> Result<libc::pid_t, Failure> {
    let name = std::ffi::CString::new(name).unwrap_or_default();
    let (instances, ended) = (instances.as_raw_fd(), ended.as_raw_fd());
    // SAFETY: the child makes system calls only: no allocation, no lock of another thread.
    match unsafe { libc::fork() } {
        -1 => Err(Failure::last("fork")),
        // SAFETY: this is the child.
        0 => unsafe { keeper(instances, &name, ended) },
        pid => Ok(pid),
    }
}

/// # Safety
/// Only in a process that was just forked.
unsafe fn keeper(instances: i32, name: &std::ffi::CStr, ended: i32) -> ! {
    let (low, high) = (instances.min(ended), instances.max(ended));
    // SAFETY: numbers, and pointers to what lives until the end of this process.
    unsafe {
        libc::setsid();
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        let mut all = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
        // The descriptors of our parent are not ours: neither its pipe nor its user's.
        let gap = |from: i32, to: i32| {
            if from <= to {
                libc::syscall(libc::SYS_close_range, from, to, 0);
            }
        };
        gap(0, low - 1);
        gap(low + 1, high - 1);
        gap(high + 1, i32::MAX);
        let mut byte = 0_u8;
        while libc::read(ended, (&raw mut byte).cast(), 1) < 0
            && *libc::__errno_location() == libc::EINTR
        {}
        // EBUSY as long as the dying process has a file of it open.
        for _ in 0..500 {
            if libc::unlinkat(instances, name.as_ptr(), libc::AT_REMOVEDIR) == 0
                || *libc::__errno_location() != libc::EBUSY
            {
                break;
            }
            let pause = libc::timespec {
                tv_sec: 0,
                tv_nsec: 10_000_000,
            };
            libc::nanosleep(&raw const pause, std::ptr::null_mut());
        }
        libc::_exit(0)
    }
}

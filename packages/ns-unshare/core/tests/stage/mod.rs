//! A stage for steps: a child process that plays the launcher's worker, and its parent that plays
//! the keeper. What the worker saw comes back as text.

use rustix::fs::{CWD, Mode, OFlags, openat};
use srcon_step::{Descriptors, Failure, Keeper, Launch, Plan, Step};
use std::{
    fs::File,
    io::{IoSlice, IoSliceMut, Read, Write},
    os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd},
};

/// Plays a plan of these steps as `uid` (0: as the tests run) and returns what `look` says
/// afterwards in the worker, or `Err(syscall: note)` of the step that failed.
pub fn play(uid: u32, steps: &str, look: fn() -> String) -> Result<String, String> {
    play_after(|| {}, uid, steps, look)
}

/// The same after `prepare`, which still has the tests' own privileges.
pub fn play_after(
    prepare: fn(),
    uid: u32,
    steps: &str,
    look: fn() -> String,
) -> Result<String, String> {
    let text = format!("{{\"version\":1,\"steps\":{steps}}}");
    let plan = Plan::parse(text.as_bytes(), &[ns_unshare_core::KINDS])
        .map_err(|r| format!("refused: {}", r.what))?;
    let (from, to) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let child = fork(|| {
        prepare();
        become_user(uid);
        keep(&plan, &to, look);
    });
    drop(to);
    let mut said = String::new();
    File::from(from).read_to_string(&mut said).unwrap();
    wait(child);
    match said.strip_prefix("failed ") {
        Some(failure) => Err(failure.to_owned()),
        None => Ok(said),
    }
}

pub fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Whether an ordinary user may have a user namespace here; where not, those tests say so.
pub fn users_may() -> bool {
    play(65534, r#"[{"do":"ns.user"}]"#, String::new).is_ok()
}

fn fork(work: impl FnOnce()) -> i32 {
    // SAFETY: the child ends by _exit and uses only what glibc makes safe after a fork.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        work();
        // SAFETY: ends the child without the test harness's exit handlers.
        unsafe { libc::_exit(0) };
    }
    child
}

fn wait(child: i32) {
    let mut status = 0;
    // SAFETY: `status` is a valid int.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } != child {}
}

fn become_user(uid: u32) {
    if uid == 0 || !is_root() {
        return;
    }
    // SAFETY: no memory is passed.
    unsafe {
        libc::syscall(libc::SYS_setgroups, 0, 0);
        libc::syscall(libc::SYS_setresgid, uid, uid, uid);
        libc::syscall(libc::SYS_setresuid, uid, uid, uid);
    }
    dumpable();
}

fn dumpable() {
    // SAFETY: no memory is passed.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) };
}

fn open_proc() -> OwnedFd {
    openat(CWD, c"/proc", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap()
}

struct Outside {
    proc: OwnedFd,
    worker: i32,
    index: usize,
    held: Vec<OwnedFd>,
}

impl Keeper for Outside {
    fn worker(&self) -> i32 {
        self.worker
    }
    fn index(&self) -> usize {
        self.index
    }
    fn run_name(&self) -> &str {
        "srcon-test"
    }
    fn proc(&self) -> BorrowedFd<'_> {
        self.proc.as_fd()
    }
    fn hold(&mut self, fd: OwnedFd) {
        self.held.push(fd);
    }
}

fn keep(plan: &Plan, report: &OwnedFd, look: fn() -> String) {
    let mut pair = [0; 2];
    let on: libc::c_int = 1;
    // SAFETY: `pair` has room for two descriptors, `on` is the int that the option takes.
    unsafe {
        let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
        assert_eq!(
            libc::socketpair(libc::AF_UNIX, kind, 0, pair.as_mut_ptr()),
            0
        );
        libc::setsockopt(
            pair[0],
            libc::SOL_SOCKET,
            libc::SO_PASSCRED,
            (&raw const on).cast(),
            4,
        );
    }
    // SAFETY: socketpair has just made them.
    let (ours, theirs) = unsafe { pair.map(|fd| OwnedFd::from_raw_fd(fd)).into() };
    let worker = fork(|| {
        let result = work(&plan.steps, theirs.as_fd(), look);
        let text = result.unwrap_or_else(|f| format!("failed {f}"));
        let copy = report.try_clone().unwrap();
        File::from(copy).write_all(text.as_bytes()).unwrap();
    });
    drop(theirs);
    let mut outside = Outside {
        proc: open_proc(),
        worker,
        index: 0,
        held: Vec::new(),
    };
    while let Some((index, pid, fds)) = receive(ours.as_fd()) {
        outside.worker = pid;
        outside.index = index;
        let result = plan.steps[index].outside(&mut outside, fds);
        let answer = match result {
            Ok(_) => "ok".to_owned(),
            Err(f) => format!("{f}"),
        };
        rustix::io::write(&ours, answer.as_bytes()).unwrap();
    }
    wait(worker);
}

fn receive(socket: BorrowedFd<'_>) -> Option<(usize, i32, Vec<OwnedFd>)> {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    let mut byte = [0_u8];
    let mut space = [std::mem::MaybeUninit::uninit(); 256];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut data = [IoSliceMut::new(&mut byte)];
    let got = recvmsg(socket, &mut data, &mut control, RecvFlags::CMSG_CLOEXEC).ok()?;
    if got.bytes == 0 {
        return None;
    }
    let (mut pid, mut fds) = (0, Vec::new());
    for message in control.drain() {
        match message {
            RecvAncillaryMessage::ScmRights(rights) => fds.extend(rights),
            RecvAncillaryMessage::ScmCredentials(c) => pid = c.pid.as_raw_nonzero().get(),
            _ => {}
        }
    }
    Some((usize::from(byte[0]), pid, fds))
}

struct Worker<'a> {
    proc: OwnedFd,
    socket: BorrowedFd<'a>,
    index: usize,
    descriptors: Descriptors,
}

impl Launch for Worker<'_> {
    fn proc(&self) -> BorrowedFd<'_> {
        self.proc.as_fd()
    }
    fn outside(&mut self, send: &[BorrowedFd<'_>]) -> Result<Vec<OwnedFd>, Failure> {
        use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
        let byte = [u8::try_from(self.index).unwrap()];
        let mut space = [std::mem::MaybeUninit::uninit(); 256];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(send)));
        let data = [IoSlice::new(&byte)];
        sendmsg(self.socket, &data, &mut control, SendFlags::NOSIGNAL).unwrap();
        let mut answer = [0; 1024];
        let n = rustix::io::read(self.socket, &mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer[..n]).into_owned();
        if text == "ok" {
            return Ok(Vec::new());
        }
        Err(Failure::wrong(text))
    }
    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.descriptors
    }
    fn owns_mounts(&self) -> bool {
        true
    }
    fn enter_pid_namespace(&mut self, _init: bool) -> Result<(), Failure> {
        srcon_step::sys::unshare(libc::CLONE_NEWPID)
            .map_err(|e| Failure::new("unshare", e).note("CLONE_NEWPID"))?;
        // SAFETY: one thread; both sides go on in plain code.
        let child = unsafe { libc::fork() };
        if child > 0 {
            wait(child);
            // SAFETY: ends this process, which has nothing to clean up.
            unsafe { libc::_exit(0) };
        }
        Ok(())
    }
    fn credentials_changed(&mut self) {
        dumpable();
    }
    fn set_env(&mut self, _name: &[u8], _value: Option<&[u8]>) {}
}

fn work(
    steps: &[Box<dyn Step>],
    socket: BorrowedFd<'_>,
    look: fn() -> String,
) -> Result<String, Failure> {
    let mut worker = Worker {
        proc: open_proc(),
        socket,
        index: 0,
        descriptors: Descriptors::default(),
    };
    let before = inheritable();
    for (index, step) in steps.iter().enumerate() {
        worker.index = index;
        step.act(&mut worker)?;
    }
    if inheritable() != before {
        return Err(Failure::wrong("a step left inheritable descriptors"));
    }
    Ok(look())
}

/// Descriptors above 2 that a command would inherit.
fn inheritable() -> Vec<i32> {
    let kept = |&fd: &i32| {
        // SAFETY: asking for the flags of any number is harmless.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        flags >= 0 && flags & libc::FD_CLOEXEC == 0
    };
    (3..256).filter(kept).collect()
}

/// A file's text, or the error.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| format!("{path}: {e}"))
}

/// Inode of a namespace of the caller.
pub fn inode(name: &str) -> String {
    std::fs::read_link(format!("/proc/thread-self/ns/{name}"))
        .map_or_else(|e| e.to_string(), |p| p.to_string_lossy().into_owned())
}

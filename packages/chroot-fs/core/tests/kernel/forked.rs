//! Steps are tried in a forked child with namespaces of its own: what it mounts dies with it.

use rustix::fs::{CWD, Mode, OFlags, openat};
use srcon_step::{Descriptors, Failure, Launch, Plan};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, Ordering};
use std::{fs, io::Read, os::unix::fs::PermissionsExt, panic};

/// Whose rights the child has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// The real root.
    Root,
    /// Uid 1000 mapped to 0 in a user namespace of its own: an ordinary user.
    User,
}

/// Runs `test` in a child for each kind of caller that can be had here.
pub fn as_root_and_user(test: impl Fn(As)) {
    if rustix::process::geteuid().is_root() {
        in_child(As::Root, || test(As::Root));
    }
    in_child(As::User, || test(As::User));
}

/// Runs `test` in a child in a mount namespace of its own; a panic there is a panic here.
pub fn in_child(who: As, test: impl FnOnce()) {
    fork_and_wait(&format!("as {who:?}"), || {
        enter(who);
        test();
    });
}

/// Forks once more: the first process of the pid namespace, which proc needs. Its mounts are its
/// own too, so that what comes after it still sees the old root.
pub fn as_first_process(test: impl FnOnce()) {
    fork_and_wait("as first process", || {
        srcon_step::sys::unshare(libc::CLONE_NEWNS).unwrap();
        test();
    });
}

/// Where a child's panics are told; -1 in the parent.
static TELL: AtomicI32 = AtomicI32::new(-1);

fn fork_and_wait(what: &str, act: impl FnOnce()) {
    install_hook();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // SAFETY: the child has one thread and leaves by _exit; the C library makes its locks whole
    // for it, and ours (of the panic hook) is only ever taken for reading.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork");
    if pid == 0 {
        TELL.store(writer.as_raw_fd(), Ordering::Relaxed);
        let ok = panic::catch_unwind(panic::AssertUnwindSafe(act));
        // SAFETY: ends this process only.
        unsafe { libc::_exit(i32::from(ok.is_err())) };
    }
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let mut status = 0;
    // SAFETY: `status` outlives the call; the child is ours.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(status == 0, "{what}: {text} (status {status:#x})");
}

fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| match TELL.load(Ordering::Relaxed) {
            -1 => usual(info),
            fd => {
                let text = info.to_string();
                // SAFETY: the bytes outlive the call; the pipe is open as long as the child lives.
                unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
            }
        }));
    });
}

fn enter(who: As) {
    if who == As::Root {
        return srcon_step::sys::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWPID).unwrap();
    }
    // SAFETY: no memory is passed; the child has one thread.
    unsafe {
        if libc::geteuid() == 0 {
            assert_eq!(libc::setgroups(0, std::ptr::null()), 0);
            assert_eq!(libc::setresgid(1000, 1000, 1000), 0);
            assert_eq!(libc::setresuid(1000, 1000, 1000), 0);
        }
        libc::prctl(libc::PR_SET_DUMPABLE, 1);
    }
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    srcon_step::sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID).unwrap();
    fs::write("/proc/self/setgroups", "deny").unwrap();
    fs::write("/proc/self/uid_map", format!("0 {} 1", uid.as_raw())).unwrap();
    fs::write("/proc/self/gid_map", format!("0 {} 1", gid.as_raw())).unwrap();
}

/// The launcher, as far as these steps ask for it.
pub struct Bench {
    proc: OwnedFd,
    descriptors: Descriptors,
}

impl Launch for Bench {
    fn proc(&self) -> BorrowedFd<'_> {
        self.proc.as_fd()
    }
    fn outside(&mut self, _send: &[BorrowedFd<'_>]) -> Result<Vec<OwnedFd>, Failure> {
        unreachable!()
    }
    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.descriptors
    }
    fn owns_mounts(&self) -> bool {
        true
    }
    fn enter_pid_namespace(&mut self, _init: bool) -> Result<(), Failure> {
        unreachable!()
    }
    fn credentials_changed(&mut self) {}
    fn set_env(&mut self, _name: &[u8], _value: Option<&[u8]>) {}
}

impl Bench {
    pub fn new() -> Self {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let proc = openat(CWD, "/proc", flags, Mode::empty()).unwrap();
        Self {
            proc,
            descriptors: Descriptors::default(),
        }
    }

    /// Carries steps out, given as the JSON of an array.
    pub fn run(&mut self, steps: &str) -> Result<(), Failure> {
        let text = format!("{{\"version\":1,\"steps\":{steps}}}");
        let plan = Plan::parse(text.as_bytes(), &[chroot_fs_core::KINDS]).unwrap();
        plan.steps.iter().try_for_each(|step| step.act(self))
    }

    /// Private mounts, and `root` attached.
    pub fn prepare(&mut self, root: &Path) {
        self.run(&format!(
            r#"[{{"do":"fs.own-mounts"}},{{"do":"fs.private"}},
                {{"do":"fs.open","tree":"root","path":{:?},"recursive":true}},
                {{"do":"fs.attach","tree":"root"}}]"#,
            root.to_str().unwrap()
        ))
        .unwrap();
    }
}

/// A directory that is there for one test; anyone may write below it.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chroot-fs-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        open_to_all(&path);
        Self(path)
    }

    /// A directory in it that anyone may write to.
    pub fn dir(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(&path).unwrap();
        open_to_all(&path);
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

/// The names in a directory, sorted.
pub fn names(path: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The mount at `target`, as this process sees it; the topmost one.
pub fn mount_at(target: &str) -> Option<chroot_fs_core::mountinfo::MountEntry> {
    let mounts = chroot_fs_core::mountinfo::read(0).unwrap();
    mounts
        .into_iter()
        .rev()
        .find(|m| m.target == target.as_bytes())
}

/// The steps that mount proc.
pub const PROC: &str = r#"[{"do":"fs.mount","type":"proc","target":"/proc","attributes":["nosuid","nodev","noexec"],"create":true}]"#;

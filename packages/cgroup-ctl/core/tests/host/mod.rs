//! What the tests need of the host: a parent group of their own in a hierarchy, a keeper in ten
//! lines, and commands that join as a worker does. Nothing outside of that parent is touched.

#![allow(dead_code, reason = "each test file uses a part of it")]

use cgroup_ctl_core::KINDS;
use rustix::fs::{FlockOperation, flock};
use srcon_step::{Keeper, Step, Undo, page::Page};
use std::{
    fs,
    os::{
        fd::{AsRawFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A group of the test's own in one hierarchy; removed with all that is in it.
pub struct Place {
    pub version: u8,
    pub controller: String,
    pub mount: String,
    pub parent: String,
    pub path: PathBuf,
}

impl Place {
    /// In the hierarchy that has this controller; `None`, with a notice, where there is none or
    /// no permission.
    pub fn new(version: u8, controller: &str) -> Option<Self> {
        let found = Self::find(version, controller);
        if found.is_none() {
            eprintln!("skipped: no cgroup v{version} hierarchy with {controller} to write to");
        }
        found
    }

    fn find(version: u8, controller: &str) -> Option<Self> {
        let (mount, own) = hierarchy(version, controller)?;
        // On v2 a group with processes cannot enable controllers: begin at the top.
        let own = if version == 2 { String::new() } else { own };
        let name = format!(
            "cgtest-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let parent = format!("{own}/{name}").trim_start_matches('/').to_owned();
        let path = Path::new(&mount).join(&parent);
        fs::create_dir(&path).ok()?;
        if controller == "cpuset" && version == 1 {
            for file in ["cpuset.cpus", "cpuset.mems"] {
                let value = fs::read_to_string(path.parent()?.join(file)).ok()?;
                fs::write(path.join(file), value.trim()).ok()?;
            }
        }
        let controller = controller.to_owned();
        Some(Self {
            version,
            controller,
            mount,
            parent,
            path,
        })
    }

    /// This place as an entry of a step's `groups`.
    pub fn group(&self, write: &[(&str, &str)]) -> serde_json::Value {
        let write: Vec<_> = (write.iter())
            .map(|(file, value)| serde_json::json!({ "file": file, "value": value }))
            .collect();
        serde_json::json!({ "version": self.version, "controllers": [self.controller],
            "mount": self.mount, "parent": self.parent, "write": write })
    }

    pub fn read(&self, file: &str) -> String {
        let path = self.path.join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        text.trim().to_owned()
    }

    /// Names of the groups in it.
    pub fn groups(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).unwrap().map(Result::unwrap);
        let mut names: Vec<_> = entries
            .filter(|e| e.file_type().unwrap().is_dir())
            .map(|e| e.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fn empty(path: &Path) {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|t| t.is_dir()) {
                    empty(&entry.path());
                }
            }
            let _ = fs::remove_dir(path);
        }
        empty(&self.path);
    }
}

/// Mount point and own path of the hierarchy.
fn hierarchy(version: u8, controller: &str) -> Option<(String, String)> {
    let kind = if version == 1 { "cgroup" } else { "cgroup2" };
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mount = mountinfo.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let options = (after.next() == Some(kind)).then(|| after.nth(1))??;
        let fits = version == 2 || options.split(',').any(|o| o == controller);
        let mut fields = before.split(' ');
        (fits && fields.nth(3) == Some("/")).then(|| fields.next().map(str::to_owned))?
    })?;
    let offered = |text: String| text.split_whitespace().any(|c| c == controller);
    if version == 2 && !fs::read_to_string(format!("{mount}/cgroup.controllers")).is_ok_and(offered)
    {
        return None;
    }
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let controllers = parts.next()?;
        let fits = match version {
            1 => controllers.split(',').any(|c| c == controller),
            _ => controllers.is_empty(),
        };
        fits.then(|| parts.next().map(str::to_owned))?
    })?;
    Some((mount, own))
}

/// A step of these groups.
pub fn step(groups: &[serde_json::Value]) -> Box<dyn Step> {
    parse(&serde_json::json!({ "do": "cgroup.join", "groups": groups })).unwrap()
}

pub fn parse(step: &serde_json::Value) -> Result<Box<dyn Step>, String> {
    let step = (KINDS[0].parse)(&step.to_string()).map_err(|e| e.to_string())?;
    step.validate()?;
    Ok(step)
}

/// The keeper's side of a run.
pub struct TestKeeper {
    pub name: String,
    pub worker: i32,
    pub held: Vec<OwnedFd>,
}

impl TestKeeper {
    pub fn new() -> Self {
        let name = format!(
            "srcon-t{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Self {
            name,
            worker: 0,
            held: Vec::new(),
        }
    }

    /// What is left when all its roles are killed: groups that nobody holds. Closing alone would
    /// not do: a child that another test has just forked has the descriptors too, until it executes.
    pub fn die(&mut self) {
        for fd in self.held.drain(..) {
            flock(fd, FlockOperation::Unlock).unwrap();
        }
    }

    pub fn undo(&self, step: &dyn Step) -> Box<Page> {
        // SAFETY: all fields of Page are valid when zero.
        let page: Box<Page> = unsafe { Box::new(std::mem::zeroed()) };
        step.undo(&Undo {
            index: 0,
            run_name: &self.name,
            page: &page,
        });
        page
    }
}

impl Keeper for TestKeeper {
    fn worker(&self) -> i32 {
        self.worker
    }
    fn index(&self) -> usize {
        0
    }
    fn run_name(&self) -> &str {
        &self.name
    }
    fn proc(&self) -> BorrowedFd<'_> {
        unimplemented!("cgroup.join does not look at proc")
    }
    fn hold(&mut self, fd: OwnedFd) {
        self.held.push(fd);
    }
}

/// Starts a command that joins through the descriptors as the worker does.
pub fn spawn(program: &str, args: &[&str], procs: &[OwnedFd]) -> Child {
    let fds: Vec<i32> = procs.iter().map(AsRawFd::as_raw_fd).collect();
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let join = move || {
        for &fd in &fds {
            // SAFETY: the descriptor is open in the parent, and so in the child, until exec.
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            rustix::io::write(fd, b"0")?;
        }
        Ok(())
    };
    // SAFETY: only write(2) is called between fork and exec.
    unsafe { command.pre_exec(join) };
    command.spawn().unwrap()
}

/// Waits until the condition holds; panics after five seconds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

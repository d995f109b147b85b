//! A control group of the test's own, in which the launcher makes its transient ones: so what it
//! leaves behind is known from what others do at the same time. See cgroups(7).

use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// An empty group in the hierarchy of the pids controller, removed at the end.
pub struct Group {
    version: u32,
    mount: &'static str,
    name: String,
}

impl Group {
    /// `None` where this user may not make groups.
    pub fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let v1 = Path::new("/sys/fs/cgroup/pids/cgroup.procs").exists();
        let (version, mount) = if v1 {
            (1, "/sys/fs/cgroup/pids")
        } else {
            (2, "/sys/fs/cgroup")
        };
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("launcher-test-{}-{number}", std::process::id());
        fs::create_dir(Path::new(mount).join(&name)).ok()?;
        Some(Self {
            version,
            mount,
            name,
        })
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        Path::new(self.mount).join(&self.name)
    }

    /// The step that makes a transient group in it.
    pub fn join(&self) -> Value {
        json!({ "do": "cgroup.join", "groups": [{ "version": self.version, "controllers": ["pids"],
            "mount": self.mount, "parent": self.name, "write": [{ "file": "pids.max", "value": "500" }] }] })
    }

    /// The groups that are in it now.
    pub fn inner(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path()).expect("our own group");
        let dirs = entries
            .flatten()
            .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
        dirs.map(|e| e.path()).collect()
    }

    /// The processes in the groups in it.
    pub fn members(&self) -> Vec<i32> {
        let read = |p: PathBuf| fs::read_to_string(p.join("cgroup.procs")).unwrap_or_default();
        let texts = self.inner().into_iter().map(read);
        texts
            .flat_map(|t| t.lines().filter_map(|l| l.parse().ok()).collect::<Vec<_>>())
            .collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // After a test that failed, something may be in it still.
        for _ in 0..1000 {
            let members = self.members();
            members
                .into_iter()
                .for_each(|pid| super::kernel::kill(pid, libc::SIGKILL));
            let gone = |p: PathBuf| fs::remove_dir(p).is_ok();
            if self.inner().into_iter().all(gone) && fs::remove_dir(self.path()).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

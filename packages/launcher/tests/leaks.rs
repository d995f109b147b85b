//! Nothing is left: after kill -9 of the caller, of each role and of the container's init at random moments,
//! after many containers one after the other and many at once. No process, no group, no mount, no file, no
//! descriptor. See prctl(2), PR_SET_CHILD_SUBREAPER: every orphan of a round becomes a child of this test.

mod support;

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};
use support::{
    LAUNCHER, Scratch,
    groups::Group,
    host,
    kernel::{self, Process},
    launcher,
    plans::{self, new, pid, user},
    until,
};

const ROUNDS: usize = 400;
/// Within this, everything of a round is gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// One test of this program at a time: each looks at all processes below it.
static ALONE: Mutex<()> = Mutex::new(());

/// What a test looks at before and after.
struct Watch {
    scratch: Scratch,
    group: Option<Group>,
    plan: PathBuf,
    mounts: Vec<String>,
    files: Vec<PathBuf>,
    descriptors: usize,
    /// Given back after everything above.
    _alone: MutexGuard<'static, ()>,
}

impl Watch {
    fn new() -> Self {
        let alone = ALONE
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: a number is set.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
        let mounts = host::own();
        let (scratch, group) = (Scratch::new(), Group::new());
        let mut steps: Vec<Value> = group.iter().map(Group::join).collect();
        steps.extend([user(), new(&["mnt", "uts", "ipc", "cgroup"]), pid(true)]);
        steps.extend(tiny_root(scratch.path()));
        let plan = scratch.plan(&plans::plan(Value::Array(steps)));
        let files = files(scratch.path());
        Self {
            _alone: alone,
            scratch,
            group,
            plan,
            mounts,
            files,
            descriptors: kernel::descriptors(),
        }
    }

    /// All processes of the container and around it.
    fn all(&self) -> Vec<Process> {
        let me = std::process::id() as i32;
        kernel::below(me)
            .into_iter()
            .filter(|p| p.pid != me)
            .collect()
    }

    /// Waits until no process is left, then looks at everything else. A group may stay where everybody
    /// who could remove it was killed.
    #[track_caller]
    fn nothing_is_left(&self, groups: usize, what: &str) {
        until(&format!("no process after {what}"), PATIENCE, || {
            reap();
            self.all().is_empty().then_some(())
        });
        let inner = self.group.as_ref().map(Group::inner).unwrap_or_default();
        assert!(inner.len() <= groups, "groups after {what}: {inner:?}");
        assert_eq!(host::mounts(), self.mounts, "mounts after {what}");
        assert_eq!(files(self.scratch.path()), self.files, "files after {what}");
        assert_eq!(
            kernel::descriptors(),
            self.descriptors,
            "descriptors after {what}"
        );
    }

    /// A worker that was killed may have just handed over to the next one: then the command runs all the
    /// same, and is ended by its caller's end.
    fn end_what_was_handed_over(&self, caller: i32) {
        until("an end or a command", PATIENCE, || {
            reap();
            let all = self.all();
            if all.iter().any(|p| p.name == "sleep") {
                kernel::kill(caller, libc::SIGKILL);
                return Some(());
            }
            all.is_empty().then_some(())
        });
    }

    /// A container that ends by itself, waited for.
    fn container(&self) -> i32 {
        let mut child = launcher(&self.plan, &["/bin/true"])
            .spawn()
            .expect("it starts");
        child.wait().expect("it ends").code().unwrap_or(-1)
    }
}

/// A directory with hardly more than mount points, and the steps that make it the root.
fn tiny_root(scratch: &Path) -> Vec<Value> {
    let root = scratch.join("root");
    for dir in ["", "proc", "usr", "tmp"] {
        std::fs::create_dir(root.join(dir)).expect("a directory");
    }
    let mut steps = vec![
        json!({ "do": "fs.open", "tree": "root", "path": root }),
        json!({ "do": "fs.open", "tree": "usr", "path": "/usr", "recursive": true }),
    ];
    let mut binds = vec![
        json!({ "do": "fs.bind", "tree": "usr", "target": "/usr", "recursiveAttributes": ["ro"] }),
    ];
    for name in ["bin", "lib", "lib64"] {
        let host = Path::new("/").join(name);
        match std::fs::read_link(&host) {
            Ok(link) => symlink(link, root.join(name)).expect("a link"),
            Err(_) if host.is_dir() => {
                std::fs::create_dir(root.join(name)).expect("a directory");
                steps.push(
                    json!({ "do": "fs.open", "tree": name, "path": host, "recursive": true }),
                );
                binds.push(json!({ "do": "fs.bind", "tree": name, "target": host }));
            }
            Err(_) => {}
        }
    }
    steps.push(json!({ "do": "fs.attach", "tree": "root" }));
    steps.push(json!({ "do": "fs.mount", "type": "proc", "target": "/proc" }));
    steps.push(json!({ "do": "fs.mount", "type": "tmpfs", "target": "/tmp" }));
    steps.extend(binds);
    steps.push(json!({ "do": "fs.pivot" }));
    steps
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        all.push(entry.path());
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            all.extend(files(&entry.path()));
        }
    }
    all.sort();
    all
}

/// Takes in whatever of ours has ended.
fn reap() {
    // SAFETY: no status is asked for; the children of this process are this test's alone.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Caller,
    Supervisor,
    Keeper,
    Worker,
    Init,
    All,
}

const ROLES: [Role; 6] = [
    Role::Caller,
    Role::Supervisor,
    Role::Keeper,
    Role::Worker,
    Role::Init,
    Role::All,
];

/// The processes of that role, as far as they are there.
fn of_role(role: Role, caller: i32, all: &[Process]) -> Vec<i32> {
    let launcher = |p: &&Process| p.parent == caller;
    let supervisor = all.iter().find(launcher).map(|p| p.pid);
    let named = |name: &str| -> Vec<i32> {
        all.iter()
            .filter(|p| p.name == name)
            .map(|p| p.pid)
            .collect()
    };
    match role {
        Role::Caller => vec![caller],
        Role::Supervisor => supervisor.into_iter().collect(),
        Role::Keeper => named("srcon-keeper"),
        Role::Init => named("srcon-init"),
        Role::Worker => {
            let waits = |p: &Process| ["srcon-keeper", "srcon-init"].contains(&p.name.as_str());
            let others = all
                .iter()
                .filter(|p| p.pid != caller && Some(p.pid) != supervisor && !waits(p));
            others.map(|p| p.pid).collect()
        }
        Role::All => all.iter().map(|p| p.pid).collect(),
    }
}

/// A caller that starts the launcher as a library does: it is to die with it.
fn caller(plan: &Path) -> i32 {
    const SCRIPT: &str = r#""$0" @plan=9,parent=$$ -- /bin/sleep 1000 9<"$1" & wait"#;
    let child = Command::new("/bin/sh")
        .args(["-c", SCRIPT, LAUNCHER])
        .arg(plan)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.expect("the caller starts").id() as i32
}

#[test]
fn kill_9_of_anybody_at_any_moment_leaves_nothing() {
    let watch = Watch::new();
    let seed = std::env::var("SRCON_KILL_SEED").ok();
    let mut random = Random(seed.and_then(|s| s.parse().ok()).unwrap_or(0x9e37_79b9));
    let mut hits: BTreeMap<Role, usize> = BTreeMap::new();
    let (mut running, mut setting_up) = (0, 0);
    for round in 0..ROUNDS {
        let role = ROLES[round % ROLES.len()];
        let caller = caller(&watch.plan);
        // Mostly while it is being set up; at times when it runs.
        let late = role == Role::Init || random.below(3) == 0;
        let latest = if late { 40_000 } else { 6_000 };
        let delay = Duration::from_micros(random.below(latest));
        let moment = Instant::now() + delay;
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        let all = watch.all();
        if all.iter().any(|p| p.name == "sleep") {
            running += 1;
        } else {
            setting_up += 1;
        }
        let targets = of_role(role, caller, &all);
        for &target in &targets {
            kernel::kill(target, libc::SIGKILL);
        }
        if targets.is_empty() {
            // It was not there yet: then the caller goes, at the same moment.
            kernel::kill(caller, libc::SIGKILL);
        } else {
            *hits.entry(role).or_default() += 1;
        }
        if role == Role::Worker {
            watch.end_what_was_handed_over(caller);
        }
        let groups = usize::from(role == Role::All);
        let what = format!("round {round}: {role:?} after {delay:?}, among {all:?}");
        watch.nothing_is_left(groups, &what);
        if role == Role::All {
            // Nobody was left to remove the group: the next start does.
            assert_eq!(watch.container(), 0, "{what}");
            watch.nothing_is_left(0, &what);
        }
    }
    println!("{running} while running, {setting_up} in set-up, hit: {hits:?}");
    assert!(running > 20 && setting_up > 20, "{running} {setting_up}");
    assert!(
        ROLES
            .iter()
            .all(|role| hits.get(role).is_some_and(|&n| n >= 5)),
        "{hits:?}"
    );
}

#[test]
fn two_hundred_in_sequence_leave_nothing() {
    let watch = Watch::new();
    for _ in 0..200 {
        assert_eq!(watch.container(), 0);
    }
    watch.nothing_is_left(0, "200 containers in sequence");
}

#[test]
fn twenty_at_once_leave_nothing() {
    let watch = Watch::new();
    let start = |_| {
        launcher(&watch.plan, &["/bin/cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
    };
    let mut all: Vec<_> = (0..20).map(|n| start(n).expect("it starts")).collect();
    for child in &mut all {
        use std::io::{Read, Write};
        child
            .stdin
            .as_mut()
            .expect("a pipe")
            .write_all(b"x")
            .expect("it reads");
        let mut byte = [0];
        child
            .stdout
            .as_mut()
            .expect("a pipe")
            .read_exact(&mut byte)
            .expect("it writes");
    }
    if let Some(group) = &watch.group {
        assert_eq!(
            group.inner().len(),
            20,
            "the positive control: all run at once"
        );
    }
    for mut child in all {
        drop(child.stdin.take());
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
    }
    watch.nothing_is_left(0, "20 containers at once");
}

/// xorshift: moments differ from round to round and are the same in every run.
struct Random(u32);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        u64::from(self.0) % n
    }
}

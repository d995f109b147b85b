//! Real groups on the cgroup v2 hierarchy. On a hybrid host that has only hugetlb to offer, which is
//! enough to see controllers enabled, limits read back and the rule of no internal processes.

mod host;
use host::{Place, TestKeeper, spawn, step};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    sync::{Mutex, atomic::Ordering::Relaxed},
};

const LIMIT: (&str, &str) = ("hugetlb.2MB.max", "4194304");

/// One test at a time: what the top of the hierarchy enables is put back as it was.
static TOP: Mutex<()> = Mutex::new(());

struct Restored(PathBuf, String);

impl Drop for Restored {
    fn drop(&mut self) {
        if !self.1.split_whitespace().any(|c| c == "hugetlb") {
            let _ = fs::write(&self.0, "-hugetlb");
        }
    }
}

fn with_place(test: impl FnOnce(&Place)) {
    let _one = TOP
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(place) = Place::new(2, "hugetlb") else {
        return;
    };
    let control = PathBuf::from(&place.mount).join("cgroup.subtree_control");
    let before = fs::read_to_string(&control).unwrap();
    let _restored = Restored(control, before);
    let place = place; // dropped before the controller is put back
    test(&place);
}

#[test]
fn the_controller_is_enabled_all_the_way_down() {
    with_place(|place| {
        let step = step(&[place.group(&[LIMIT])]);
        let mut keeper = TestKeeper::new();
        let procs = step.outside(&mut keeper, Vec::new()).unwrap();
        assert_eq!(place.read("cgroup.subtree_control"), "hugetlb");
        assert_eq!(
            place.read(&format!("{}/hugetlb.2MB.max", keeper.name)),
            "4194304"
        );
        let mut child = spawn("sh", &["-c", "i=0; while :; do i=$((i+1)); done"], &procs);
        host::until("it has used CPU time", || {
            let stat = place.read(&format!("{}/cpu.stat", keeper.name));
            !stat.starts_with("usage_usec 0\n")
        });
        let page = keeper.undo(&*step);
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        assert!(page.cpu_usec.load(Relaxed) > 0);
        assert!(place.groups().is_empty());
    });
}

#[test]
fn a_parent_with_processes_is_busy_and_stays_as_it_was() {
    with_place(|place| {
        let mut child = spawn("sleep", &["60"], &[]);
        fs::write(place.path.join("cgroup.procs"), child.id().to_string()).unwrap();
        let step = step(&[place.group(&[LIMIT])]);
        let failure = step
            .outside(&mut TestKeeper::new(), Vec::new())
            .unwrap_err();
        assert_eq!((failure.syscall, failure.errno), ("write", 16));
        assert!(
            failure.path.ends_with("/cgroup.subtree_control"),
            "{failure}"
        );
        assert_eq!(place.read("cgroup.procs"), child.id().to_string());
        assert!(place.groups().is_empty());
        child.kill().unwrap();
        child.wait().unwrap();
        // Positive control: the same step, once the parent is empty.
        host::until("the parent is empty", || {
            place.read("cgroup.procs").is_empty()
        });
        let mut keeper = TestKeeper::new();
        step.outside(&mut keeper, Vec::new()).unwrap();
        keeper.undo(&*step);
    });
}

#[test]
fn a_controller_that_is_not_offered_is_named() {
    with_place(|place| {
        let mut group = place.group(&[]);
        group["controllers"] = serde_json::json!(["nosuch"]);
        let failure = step(&[group])
            .outside(&mut TestKeeper::new(), Vec::new())
            .unwrap_err();
        assert_eq!((failure.syscall, failure.errno), ("write", 22));
        assert!(failure.note.contains("+nosuch"), "{failure}");
        assert!(place.groups().is_empty());
    });
}

#[test]
fn a_second_step_takes_the_worker_ahead() {
    with_place(|place| {
        let (outer, inner) = (
            step(&[place.group(&[LIMIT])]),
            step(&[place.group(&[("hugetlb.2MB.max", "2097152")])]),
        );
        let mut keeper = TestKeeper::new();
        let procs = outer.outside(&mut keeper, Vec::new()).unwrap();
        let mut child = spawn("sleep", &["60"], &procs);
        keeper.worker = i32::try_from(child.id()).unwrap();
        inner.outside(&mut keeper, Vec::new()).unwrap();
        let nested = format!("{0}/{0}", keeper.name);
        assert_eq!(place.read(&format!("{nested}/hugetlb.2MB.max")), "2097152");
        assert_eq!(
            place.read(&format!("{nested}/cgroup.procs")),
            child.id().to_string()
        );
        keeper.undo(&*inner);
        keeper.undo(&*outer);
        child.wait().unwrap();
        assert!(place.groups().is_empty());
    });
}

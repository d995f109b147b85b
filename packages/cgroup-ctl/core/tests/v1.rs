//! Real groups on cgroup v1 hierarchies: what the kernel says while they stand and after them.

mod host;
use host::{Place, TestKeeper, spawn, step, until};
use rustix::fs::{FlockOperation, flock};
use std::{fs, os::unix::process::ExitStatusExt, sync::atomic::Ordering::Relaxed};

#[test]
fn limits_are_in_force_and_the_worker_is_in_it() {
    let (Some(memory), Some(pids)) = (Place::new(1, "memory"), Place::new(1, "pids")) else {
        return;
    };
    let step = step(&[
        memory.group(&[("memory.limit_in_bytes", "20000000")]),
        pids.group(&[("pids.max", "7")]),
    ]);
    let mut keeper = TestKeeper::new();
    let procs = step.outside(&mut keeper, Vec::new()).unwrap();
    assert_eq!(
        memory.read(&format!("{}/memory.limit_in_bytes", keeper.name)),
        "19996672"
    );
    assert_eq!(pids.read(&format!("{}/pids.max", keeper.name)), "7");
    let mut child = spawn("sleep", &["60"], &procs);
    for place in [&memory, &pids] {
        assert_eq!(
            place.read(&format!("{}/cgroup.procs", keeper.name)),
            child.id().to_string()
        );
    }
    // Undo ends who is left and removes both groups.
    keeper.undo(&*step);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert!(memory.groups().is_empty() && pids.groups().is_empty());
    keeper.undo(&*step); // what is gone already is no matter
}

#[test]
fn a_refused_limit_leaves_nothing_in_any_hierarchy() {
    let (Some(memory), Some(pids)) = (Place::new(1, "memory"), Place::new(1, "pids")) else {
        return;
    };
    let step = step(&[
        pids.group(&[("pids.max", "7")]),
        memory.group(&[("memory.limit_in_bytes", "a lot")]),
    ]);
    let failure = step
        .outside(&mut TestKeeper::new(), Vec::new())
        .unwrap_err();
    assert_eq!((failure.syscall, failure.errno), ("write", 22));
    assert!(failure.path.ends_with("/memory.limit_in_bytes") && failure.note.contains("a lot"));
    assert!(memory.groups().is_empty() && pids.groups().is_empty());
}

#[test]
fn memory_and_memsw_may_come_in_any_order() {
    let Some(memory) = Place::new(1, "memory") else {
        return;
    };
    if !memory.path.join("memory.memsw.limit_in_bytes").exists() {
        return eprintln!("skipped: no swap accounting");
    }
    let pair = [
        ("memory.memsw.limit_in_bytes", "8388608"),
        ("memory.limit_in_bytes", "4194304"),
    ];
    for pair in [pair, [pair[1], pair[0]]] {
        let step = step(&[memory.group(&pair)]);
        let mut keeper = TestKeeper::new();
        step.outside(&mut keeper, Vec::new()).unwrap();
        assert_eq!(
            memory.read(&format!("{}/memory.memsw.limit_in_bytes", keeper.name)),
            "8388608"
        );
        keeper.undo(&*step);
    }
    let wrong = [
        ("memory.memsw.limit_in_bytes", "4194304"),
        ("memory.limit_in_bytes", "8388608"),
    ];
    let failure = step(&[memory.group(&wrong)])
        .outside(&mut TestKeeper::new(), Vec::new())
        .unwrap_err();
    assert_eq!((failure.syscall, failure.errno), ("write", 22));
}

#[test]
fn the_mount_must_be_what_the_step_says() {
    let Some(memory) = Place::new(1, "memory") else {
        return;
    };
    for (version, mount, found) in [(2, memory.mount.as_str(), "v1"), (1, "/", "no cgroup")] {
        let mut group = memory.group(&[]);
        group["version"] = version.into();
        group["mount"] = mount.into();
        let failure = step(&[group])
            .outside(&mut TestKeeper::new(), Vec::new())
            .unwrap_err();
        assert_eq!(failure.syscall, "verify");
        assert!(failure.note.contains(found), "{failure}");
    }
}

#[test]
fn a_cpuset_group_gets_its_parents_cpus() {
    let Some(cpuset) = Place::new(1, "cpuset") else {
        return;
    };
    let step = step(&[cpuset.group(&[("cpuset.cpus", "0")])]);
    let mut keeper = TestKeeper::new();
    let procs = step.outside(&mut keeper, Vec::new()).unwrap();
    assert_eq!(
        cpuset.read(&format!("{}/cpuset.mems", keeper.name)),
        cpuset.read("cpuset.mems")
    );
    // Without memory nodes the join would be ENOSPC.
    assert!(spawn("true", &[], &procs).wait().unwrap().success());
    keeper.undo(&*step);
}

#[test]
fn an_out_of_memory_kill_is_counted_before_the_group_goes() {
    let Some(memory) = Place::new(1, "memory") else {
        return;
    };
    let limit = 8 << 20;
    let text = limit.to_string();
    let mut writes = vec![("memory.limit_in_bytes", text.as_str())];
    if memory.path.join("memory.memsw.limit_in_bytes").exists() {
        writes.push(("memory.memsw.limit_in_bytes", &text));
    }
    let step = step(&[memory.group(&writes)]);
    let mut keeper = TestKeeper::new();
    let procs = step.outside(&mut keeper, Vec::new()).unwrap();
    assert!(spawn("true", &[], &procs).wait().unwrap().success());
    assert_eq!(
        spawn("tail", &["/dev/zero"], &procs)
            .wait()
            .unwrap()
            .signal(),
        Some(9)
    );
    let page = keeper.undo(&*step);
    assert_eq!(page.oom_kills.load(Relaxed), 1);
    let peak = page.peak_bytes.load(Relaxed);
    assert!(peak > limit / 2 && peak <= limit, "{peak}");
}

#[test]
fn a_refused_fork_is_counted() {
    let Some(pids) = Place::new(1, "pids") else {
        return;
    };
    let step = step(&[pids.group(&[("pids.max", "1")])]);
    let mut keeper = TestKeeper::new();
    let procs = step.outside(&mut keeper, Vec::new()).unwrap();
    assert!(
        !spawn("sh", &["-c", "(:); exit 0"], &procs)
            .wait()
            .unwrap()
            .success()
    );
    assert!(keeper.undo(&*step).pids_refused.load(Relaxed) >= 1);
}

#[test]
fn a_second_step_of_the_run_goes_into_the_group_of_the_first() {
    let Some(pids) = Place::new(1, "pids") else {
        return;
    };
    let (outer, inner) = (
        step(&[pids.group(&[("pids.max", "9")])]),
        step(&[pids.group(&[("pids.max", "5")])]),
    );
    let mut keeper = TestKeeper::new();
    outer.outside(&mut keeper, Vec::new()).unwrap();
    inner.outside(&mut keeper, Vec::new()).unwrap();
    assert_eq!(pids.groups(), [keeper.name.clone()]);
    assert_eq!(pids.read(&format!("{0}/pids.max", keeper.name)), "9");
    assert_eq!(pids.read(&format!("{0}/{0}/pids.max", keeper.name)), "5");
    keeper.undo(&*inner);
    keeper.undo(&*outer);
    assert!(pids.groups().is_empty());
}

#[test]
fn an_abandoned_group_is_swept_and_a_locked_one_never() {
    let Some(pids) = Place::new(1, "pids") else {
        return;
    };
    let step = step(&[pids.group(&[])]);
    let (mut dead, mut alive, mut next) = (TestKeeper::new(), TestKeeper::new(), TestKeeper::new());
    let abandoned = step.outside(&mut dead, Vec::new()).unwrap();
    let kept = step.outside(&mut alive, Vec::new()).unwrap();
    fs::create_dir(pids.path.join("not-ours")).unwrap();
    let mut orphan = spawn("sleep", &["60"], &abandoned);
    let mut member = spawn("sleep", &["60"], &kept);
    dead.die();
    step.outside(&mut next, Vec::new()).unwrap();
    until("the orphan is swept", || {
        orphan.try_wait().unwrap().is_some()
    });
    assert_eq!(orphan.wait().unwrap().signal(), Some(9));
    assert!(
        member.try_wait().unwrap().is_none(),
        "a member of a locked group was killed"
    );
    let mut expected = [alive.name.clone(), next.name.clone(), "not-ours".to_owned()];
    expected.sort();
    assert_eq!(pids.groups(), expected);
    alive.undo(&*step);
    next.undo(&*step);
    member.wait().unwrap();
}

#[test]
fn two_sweepers_at_once_and_nobody_loses_a_group() {
    let Some(pids) = Place::new(1, "pids") else {
        return;
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let step = step(&[pids.group(&[("pids.max", "3")])]);
                    let mut keeper = TestKeeper::new();
                    step.outside(&mut keeper, Vec::new()).unwrap();
                    assert_eq!(pids.read(&format!("{}/pids.max", keeper.name)), "3");
                    keeper.undo(&*step);
                }
            });
        }
    });
    assert!(pids.groups().is_empty());
}

#[test]
fn groups_that_the_command_made_are_removed_however_deep() {
    let Some(pids) = Place::new(1, "pids") else {
        return;
    };
    let step = step(&[pids.group(&[])]);
    let mut keeper = TestKeeper::new();
    step.outside(&mut keeper, Vec::new()).unwrap();
    let mut path = pids.path.join(&keeper.name);
    for level in 0..60 {
        path.push(format!("{level}"));
        fs::create_dir(&path).unwrap();
        fs::create_dir(path.join("beside")).unwrap();
    }
    let mut child = spawn("sleep", &["60"], &[]);
    fs::write(path.join("cgroup.procs"), child.id().to_string()).unwrap();
    keeper.undo(&*step);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert!(pids.groups().is_empty());
}

#[test]
fn a_frozen_member_is_thawed_to_die() {
    let Some(freezer) = Place::new(1, "freezer") else {
        return;
    };
    let step = step(&[freezer.group(&[])]);
    let mut keeper = TestKeeper::new();
    let procs = step.outside(&mut keeper, Vec::new()).unwrap();
    let mut child = spawn("sleep", &["60"], &procs);
    let state = freezer.path.join(&keeper.name).join("freezer.state");
    fs::write(&state, "FROZEN").unwrap();
    until("frozen", || {
        fs::read_to_string(&state).is_ok_and(|s| s.trim() == "FROZEN")
    });
    keeper.undo(&*step);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert!(freezer.groups().is_empty());
}

#[test]
fn a_named_group_is_joined_and_left_alone() {
    let Some(pids) = Place::new(1, "pids") else {
        return;
    };
    let name = TestKeeper::new().name;
    let groups = [pids.group(&[])];
    let wanted = serde_json::json!({ "do": "cgroup.join", "name": name, "groups": groups });
    let step = host::parse(&wanted).unwrap();
    let missing = step
        .outside(&mut TestKeeper::new(), Vec::new())
        .unwrap_err();
    assert_eq!((missing.syscall, missing.errno), ("open", 2));

    let entry = pids.group(&[("pids.max", "4")]);
    let group: cgroup_ctl_core::Group = serde_json::from_value(entry).unwrap();
    let holding = cgroup_ctl_core::Holding::make(&name, std::slice::from_ref(&group)).unwrap();
    assert!(
        cgroup_ctl_core::Holding::make(&name, &[group]).is_err(),
        "the name is taken"
    );
    let keeper = &mut TestKeeper::new();
    let procs = step.outside(keeper, Vec::new()).unwrap();
    assert!(spawn("true", &[], &procs).wait().unwrap().success());
    keeper.undo(&*step);
    assert_eq!(pids.groups(), [name]);
    assert!(holding.end());
    assert!(pids.groups().is_empty());
}

#[test]
fn the_lock_is_held_as_long_as_the_keeper_lives() {
    let Some(pids) = Place::new(1, "pids") else {
        return;
    };
    let step = step(&[pids.group(&[])]);
    let mut keeper = TestKeeper::new();
    step.outside(&mut keeper, Vec::new()).unwrap();
    let other = fs::File::open(pids.path.join(&keeper.name)).unwrap();
    let lock = || flock(&other, FlockOperation::NonBlockingLockExclusive);
    assert_eq!(lock(), Err(rustix::io::Errno::WOULDBLOCK));
    keeper.die();
    assert_eq!(lock(), Ok(()));
    keeper.undo(&*step);
}

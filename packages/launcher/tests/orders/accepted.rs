//! Orders that are accepted, though one may doubt it, and the state that they give. See docs/plan.md.

use crate::support::{
    Scratch,
    groups::Group,
    host, kernel, launcher,
    plans::{self, inner_user, new, pid, root, steps, user},
    sh,
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    os::fd::AsRawFd,
    process::Stdio,
};

#[test]
fn a_group_may_be_joined_anywhere() {
    let Some(group) = Group::new() else { return };
    let join = [group.join()];
    let others = [user(), new(&["mnt", "cgroup"]), pid(true)];
    let root = root();
    let real = format!(
        "{}/srcon-",
        group.path().file_name().expect("a name").display()
    );
    for at in 0..=4 {
        let mut all: Vec<Value> = others.to_vec();
        match at {
            4 => all.extend([&root[..], &join[..]].concat()),
            at => {
                all.insert(at, join[0].clone());
                all.extend(root.clone());
            }
        }
        let script = "cat /proc/self/cgroup; [ -e /proc/1/stat ]";
        let out = sh(Value::Array(all), script).ok();
        // A cgroup namespace made after the join hides the path; one made before shows it.
        let line = out
            .lines()
            .find(|l| l.contains("pids") || l.starts_with("0::"))
            .expect("a line");
        assert_eq!(line.contains(&real), at >= 2, "at {at}: {line}");
        assert_eq!(group.inner(), Vec::<std::path::PathBuf>::new());
    }
    // Seen from outside it is in the group wherever the join stands.
    let mut child = held(&steps(&[&join, &others]));
    assert_eq!(
        group.members().len(),
        2,
        "the init and the command: {:?}",
        group.members()
    );
    release(&mut child);
    assert!(group.inner().is_empty());
}

/// A container whose command has said that it runs, and waits.
fn held(steps: &Value) -> (Scratch, std::process::Child) {
    let scratch = Scratch::new();
    let plan = scratch.plan(&plans::plan(steps.clone()));
    let mut child = launcher(&plan, &["/bin/sh", "-c", "echo; read line"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the launcher starts");
    let read = child.stdout.as_mut().expect("a pipe").read(&mut [0]);
    assert_eq!(read.expect("a line"), 1, "{steps}");
    (scratch, child)
}

fn release((_, child): &mut (Scratch, std::process::Child)) {
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"\n")
        .expect("it reads");
    assert!(child.wait().expect("it ends").success());
}

/// The command's pid: of all below, the one that nobody is below.
fn innermost(top: u32) -> i32 {
    let all = kernel::below(top as i32);
    let command = all.iter().rfind(|p| p.name == "sh");
    command.expect("the command").pid
}

#[test]
fn a_user_namespace_in_a_user_namespace() {
    let mut child = held(&json!([user(), inner_user()]));
    let file = std::fs::File::open(format!("/proc/{}/ns/user", innermost(child.1.id())));
    let file = file.expect("its user namespace");
    const NS_GET_PARENT: libc::c_ulong = 0xb702;
    // SAFETY: the request takes no argument and returns a new descriptor, or fails.
    let parent = |fd: i32| unsafe { libc::ioctl(fd, NS_GET_PARENT) };
    let (middle, inode) = (parent(file.as_raw_fd()), |fd: i32| {
        std::fs::read_link(format!("/proc/self/fd/{fd}")).expect("a link")
    });
    let outer = parent(middle);
    assert!(middle >= 0 && outer >= 0, "{middle} {outer}");
    let host = host::namespace("user");
    assert_ne!(inode(middle).to_string_lossy(), host);
    assert_eq!(inode(outer).to_string_lossy(), host);
    // SAFETY: both came from the kernel above and are ours.
    unsafe { (libc::close(middle), libc::close(outer)) };
    release(&mut child);
}

#[test]
fn a_pid_namespace_in_a_pid_namespace() {
    for inits in [[true, true], [false, true], [true, false], [false, false]] {
        let mut child = held(&json!([user(), pid(inits[0]), pid(inits[1])]));
        let ids = kernel::status(innermost(child.1.id()), "NSpid").expect("NSpid");
        let ids: Vec<&str> = ids.split_whitespace().collect();
        assert_eq!(ids.len(), 3, "{ids:?}");
        // With an init of ours the command is the second process, without it the first.
        assert_eq!(
            ids[2],
            if inits[1] { "2" } else { "1" },
            "{inits:?} {ids:?}"
        );
        release(&mut child);
    }
}

#[test]
fn a_join_after_the_cgroup_namespace_shows_the_real_path() {
    let Some(group) = Group::new() else { return };
    let real = format!(
        "{}/srcon-",
        group.path().file_name().expect("a name").display()
    );
    let path = |steps: Value| sh(steps, "cat /proc/self/cgroup").ok();
    assert!(path(json!([new(&["cgroup"]), group.join()])).contains(&real));
    let hidden = path(json!([group.join(), new(&["cgroup"])]));
    assert!(!hidden.contains(&real), "{hidden}");
    assert!(group.inner().is_empty());
}

#[test]
fn a_time_namespace_after_a_pid_namespace() {
    let time =
        json!({ "do": "ns.new", "types": ["time"], "timeOffsets": { "boottime": 500_000_000 } });
    let uptime = |steps: Value| -> f64 {
        let out = sh(steps, "cut -d' ' -f1 /proc/uptime").ok();
        out.trim().parse().expect("seconds")
    };
    assert!(uptime(json!([user(), pid(true), time])) > 5e8);
    assert!(uptime(json!([user(), time, pid(false)])) > 5e8);
    assert!(uptime(json!([user(), pid(true)])) < 5e8);
}

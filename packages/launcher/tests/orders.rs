//! Which orders of steps work. Each row of the table in docs/plan.md: accepted orders give the state they
//! should, refused ones do nothing and say why, failing ones end with 125 at that step with the reason. Then
//! twenty orders of namespaces, root, files and ids.

mod support;

use serde_json::{Value, json};
use std::{
    ffi::CString,
    io::{Read, Write},
    os::{fd::AsRawFd, unix::process::CommandExt},
    process::Stdio,
};
use support::{
    Ended, Scratch, carry_out, finish,
    groups::Group,
    host, kernel, launcher,
    plans::{self, inner_user, new, pid, root, root_without_proc, steps, user},
    sh,
};

const KINDS: [&str; 8] = ["user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time"];

/// The namespaces that are not this thread's after these steps.
#[track_caller]
fn changed(steps: Value) -> Vec<&'static str> {
    let script = KINDS
        .map(|k| format!("readlink /proc/self/ns/{k};"))
        .concat();
    let out = sh(steps, &script).ok();
    let links: Vec<&str> = out.lines().collect();
    assert_eq!(links.len(), KINDS.len(), "{out}");
    let pairs = KINDS.into_iter().zip(links);
    pairs
        .filter(|(kind, link)| host::namespace(kind) != *link)
        .map(|(kind, _)| kind)
        .collect()
}

/// Refused with these words; nothing was executed and nothing of the host is another.
#[track_caller]
fn refused(steps: Value, words: &[&str]) {
    let before = host::own();
    let name = hostname();
    let ended = carry_out(steps.clone(), &["/bin/echo", "executed"]);
    assert_eq!(
        (ended.code(), ended.out.as_str()),
        (Some(125), ""),
        "{ended:?} {steps}"
    );
    for word in words.iter().chain(&["why: ", "fix: "]) {
        assert!(ended.err.contains(word), "{word:?} in {}", ended.err);
    }
    assert_eq!(host::mounts(), before);
    assert_eq!(hostname(), name);
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").expect("the host name")
}

/// Fails at this step with these words; the command did not run and the host is as before.
#[track_caller]
fn fails(steps: Value, step: usize, words: &[&str]) {
    let before = host::own();
    let ended = carry_out(steps.clone(), &["/bin/echo", "executed"]);
    assert_eq!(
        (ended.code(), ended.out.as_str()),
        (Some(125), ""),
        "{ended:?} {steps}"
    );
    let name = steps[step]["do"].as_str().expect("a step");
    let head = format!("srcon-launch: step {step} ({name}) failed: ");
    assert!(ended.err.starts_with(&head), "{head} in {}", ended.err);
    for word in words {
        assert!(ended.err.contains(word), "{word:?} in {}", ended.err);
    }
    assert_eq!(host::mounts(), before);
}

/// The steps with a change of the root's host name, which would show if one had been done.
fn loud(parts: &[&[Value]]) -> Value {
    let mut all = vec![new(&["mnt"])];
    all.extend(parts.concat());
    Value::Array(all)
}

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

#[test]
fn orders_that_cannot_work_are_refused() {
    let net = new(&["net"]);
    let uts = new(&["uts"]);
    let mnt = new(&["mnt"]);
    let chroot = json!({ "do": "fs.chroot", "path": "/" });
    let sysfs = json!({ "do": "fs.mount", "type": "sysfs", "target": "/sys" });
    let name = json!({ "do": "ns.hostname", "name": "srcon-test" });
    let (open, attach, proc) = (&root()[0], &root()[1], &root()[2]);
    let with = |step: &Value| vec![open.clone(), attach.clone(), step.clone()];

    refused(
        loud(&[&[chroot, user()]]),
        &["a user namespace after a plain chroot"],
    );
    let late = [
        &[user(), mnt.clone()][..],
        &root_without_proc(),
        &[pid(true), json!({ "do": "ns.proc" })],
    ];
    refused(
        loud(&late),
        &["proc in a user namespace after a root without proc"],
    );
    let owned = [&[pid(true), user(), mnt.clone()][..], &with(proc)];
    refused(
        loud(&owned),
        &["proc for a pid namespace", "--pid was made before --user"],
    );
    let owned = [net.clone(), user(), json!({ "do": "ns.loopback" })];
    refused(
        loud(&[&owned]),
        &["loopback or sysfs", "--net was made before --user"],
    );
    let owned = [&[net, user(), mnt.clone()][..], &with(&sysfs)];
    refused(
        loud(&owned),
        &["loopback or sysfs", "--net was made before --user"],
    );
    refused(
        loud(&[&[uts, user(), name]]),
        &["a host name", "--uts was made before --user"],
    );
    let early = [&root()[..], &[pid(true)]];
    refused(loud(&early), &["a pid namespace after proc was mounted"]);
}

#[test]
fn mounts_of_others_are_never_changed() {
    let words = ["mounts are changed without a mount namespace of our own"];
    let (uts, mnt) = (new(&["uts"]), new(&["mnt"]));
    refused(steps(&[&[uts], &root()]), &words);
    refused(steps(&[&[mnt.clone(), user()], &root()]), &words);
    refused(json!([{ "do": "fs.private" }]), &words);
    refused(json!([mnt, user(), { "do": "ns.proc" }]), &words);
}

#[test]
fn a_time_limit_needs_something_that_ends_as_a_whole() {
    let limit = json!({ "do": "run.time-limit", "wallMs": 10_000 });
    refused(
        json!([limit]),
        &["a time limit without a pid namespace or a transient cgroup"],
    );
    refused(
        json!([user(), new(&["mnt"]), limit]),
        &["a time limit without"],
    );
    assert_eq!(
        carry_out(json!([user(), pid(true), limit]), &["/bin/true"]).code(),
        Some(0)
    );
}

/// As an ordinary user of no other rights.
#[track_caller]
fn as_nobody(steps: Value, command: &[&str]) -> Ended {
    let scratch = Scratch::new();
    let plan = scratch.plan(&plans::plan(steps));
    let mut launcher = launcher(&plan, command);
    if host::privileged() {
        launcher.uid(65534).gid(65534);
    }
    finish(&mut launcher)
}

#[test]
fn a_namespace_file_without_privilege_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.path().join("net");
    let keep = json!([user(), new(&["net"]), { "do": "ns.file", "type": "net", "path": file }]);
    let ended = as_nobody(keep, &["/bin/echo", "executed"]);
    assert_eq!(
        (ended.code(), ended.out.as_str()),
        (Some(125), ""),
        "{ended:?}"
    );
    assert!(
        ended.err.contains("a namespace file without privilege"),
        "{ended:?}"
    );
    assert!(!file.exists());
    // The positive control: without that step the same user gets there.
    let map = json!([{ "inside": 0, "outside": nobody(), "count": 1 }]);
    let user = json!({ "do": "ns.user", "uidMap": map, "gidMap": map, "setgroups": "deny" });
    let ended = as_nobody(json!([user, new(&["net"])]), &["/usr/bin/id", "-u"]);
    assert_eq!(ended.ok(), "0\n");
}

fn nobody() -> u32 {
    // SAFETY: only returns a number.
    let me = unsafe { libc::geteuid() };
    if host::privileged() { 65534 } else { me }
}

#[test]
fn capabilities_dropped_before_they_are_needed() {
    let none = json!({ "do": "caps.sets", "effective": [], "permitted": [], "inheritable": [] });
    let uts = new(&["uts"]);
    fails(
        json!([user(), none, uts]),
        2,
        &["unshare", "Operation not permitted"],
    );
    assert_eq!(changed(json!([user(), uts, none])), ["user", "uts"]);
}

/// A filter that refuses one system call with EPERM, all on this machine's own architecture.
fn filter(call: libc::c_long) -> Value {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let call = u32::try_from(call).expect("a number of a call");
    let program = [
        (LOAD, 0u8, 0u8, 0u32),
        (EQUAL, 0, 1, call),
        (RETURN, 0, 0, 0x0005_0000 | libc::EPERM as u32),
        (RETURN, 0, 0, 0x7fff_0000),
    ];
    let bytes = program.iter().flat_map(|&(code, yes, no, k)| {
        [&code.to_ne_bytes()[..], &[yes, no], &k.to_ne_bytes()].concat()
    });
    json!({ "do": "seccomp.load", "arch": std::env::consts::ARCH, "program": base64(&bytes.collect::<Vec<u8>>()) })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let number =
            part.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - part.len()));
        for at in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(if at > part.len() { '=' } else { letter.into() });
        }
    }
    text
}

#[test]
fn a_filter_that_is_not_last() {
    let (uts, filter) = (new(&["uts"]), filter(libc::SYS_unshare));
    let safe = json!({ "do": "caps.no-new-privs" });
    fails(
        json!([user(), safe, filter, uts]),
        3,
        &["unshare", "Operation not permitted"],
    );
    assert_eq!(changed(json!([user(), uts, safe, filter])), ["user", "uts"]);
}

#[test]
fn a_filter_that_refuses_writing_still_lets_the_end_be_known() {
    let safe = json!({ "do": "caps.no-new-privs" });
    let ended = carry_out(
        json!([user(), pid(true), safe, filter(libc::SYS_write)]),
        &["/bin/false"],
    );
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    let ended = carry_out(
        json!([user(), pid(true), safe, filter(libc::SYS_execve)]),
        &["/bin/true"],
    );
    assert_eq!(ended.code(), Some(126), "{ended:?}");
}

#[test]
fn a_proc_below_a_masked_one() {
    let mut masked = root();
    masked.insert(3, json!({ "do": "fs.mask", "path": "/proc/fs" }));
    let inner = [&[inner_user(), new(&["mnt"]), pid(true)][..], &root()].concat();
    let all = steps(&[&[user(), new(&["mnt"]), pid(true)], &masked, &inner]);
    let at = 3 + masked.len() + 3 + 2;
    fails(all, at, &["Operation not permitted"]);
    // Without the mask it works.
    let all = steps(&[&[user(), new(&["mnt"]), pid(true)], &root(), &inner]);
    let me = carry_out(all, &["/usr/bin/readlink", "/proc/self"]).ok();
    assert_eq!(me, "2\n");
}

#[test]
fn twenty_orders_give_the_namespaces_they_name() {
    let before = host::own();
    let one = |kind: &str| new(&[kind]);
    let root = root();
    let plain = root_without_proc();
    let (mnt, uts, net, time, cgroup) = (
        one("mnt"),
        one("uts"),
        one("net"),
        one("time"),
        one("cgroup"),
    );
    let orders: [(Vec<Value>, &[&str]); 20] = [
        (vec![user()], &["user"]),
        (vec![user(), mnt.clone()], &["user", "mnt"]),
        (vec![user(), pid(true)], &["user", "pid"]),
        (vec![user(), pid(false)], &["user", "pid"]),
        (
            vec![user(), uts.clone(), pid(true)],
            &["user", "pid", "uts"],
        ),
        (
            vec![user(), pid(true), uts.clone()],
            &["user", "pid", "uts"],
        ),
        (
            vec![user(), net.clone(), json!({ "do": "ns.loopback" })],
            &["user", "net"],
        ),
        (
            vec![user(), pid(false), net.clone()],
            &["user", "pid", "net"],
        ),
        (vec![user(), time.clone()], &["user", "time"]),
        (
            vec![user(), time.clone(), pid(true)],
            &["user", "pid", "time"],
        ),
        (
            vec![user(), pid(true), time.clone()],
            &["user", "pid", "time"],
        ),
        (
            vec![user(), cgroup.clone(), pid(true)],
            &["user", "pid", "cgroup"],
        ),
        (
            vec![user(), pid(true), pid(true), time],
            &["user", "pid", "time"],
        ),
        (
            vec![user(), inner_user(), mnt.clone(), pid(true)],
            &["user", "mnt", "pid"],
        ),
        (
            vec![user(), pid(true), inner_user(), uts.clone()],
            &["user", "pid", "uts"],
        ),
        (
            [vec![user(), mnt.clone(), pid(true)], root.clone()].concat(),
            &["user", "mnt", "pid"],
        ),
        (
            [
                vec![user(), pid(false), mnt.clone()],
                root.clone(),
                vec![uts],
            ]
            .concat(),
            &["user", "mnt", "pid", "uts"],
        ),
        (
            [
                vec![user(), mnt.clone(), pid(true)],
                root.clone(),
                vec![inner_user(), net],
            ]
            .concat(),
            &["user", "mnt", "pid", "net"],
        ),
        (
            [vec![user(), pid(true), mnt.clone()], root, vec![cgroup]].concat(),
            &["user", "mnt", "pid", "cgroup"],
        ),
        (
            [vec![user(), mnt.clone()], plain.clone(), vec![mnt], plain].concat(),
            &["user", "mnt"],
        ),
    ];
    for (steps, expected) in orders {
        assert_eq!(
            changed(Value::Array(steps.clone())),
            expected,
            "{}",
            Value::Array(steps)
        );
    }
    assert_eq!(host::mounts(), before);
}

#[test]
fn ids_and_files_in_any_order() {
    if !host::privileged() {
        return;
    }
    let before = host::own();
    let scratch = Scratch::new();
    let path = scratch.path().join("uts");
    let file = json!({ "do": "ns.file", "type": "uts", "path": path });
    let ids = json!({ "do": "caps.ids", "uid": 1, "gid": 1, "groups": [] });
    let map = json!([{ "inside": 0, "outside": 100_000, "count": 65_536 }]);
    let wide = json!({ "do": "ns.user", "uidMap": map, "gidMap": map });
    let uts = new(&["uts"]);
    let orders = [
        json!([wide, uts, file, ids]),
        json!([uts, file, wide, ids]),
        json!([wide, uts, pid(true), file, ids]),
        json!([pid(false), wide, uts, file, ids]),
    ];
    for steps in orders {
        let out = sh(
            steps.clone(),
            "id -u; id -g; id -G; readlink /proc/self/ns/uts",
        )
        .ok();
        let kept = CString::new(path.to_str().expect("UTF-8")).expect("no NUL");
        let opened = std::fs::read_link("/proc/thread-self/ns/uts").expect("a link");
        let inode =
            std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&path).expect("the file"));
        host::unmount(&kept);
        assert_eq!(
            out.lines().take(3).collect::<Vec<_>>(),
            ["1", "1", "1"],
            "{steps}"
        );
        assert_eq!(
            out.lines().last(),
            Some(format!("uts:[{inode}]").as_str()),
            "{steps}"
        );
        assert_ne!(opened.to_str(), out.lines().last());
    }
    assert_eq!(host::mounts(), before);
}

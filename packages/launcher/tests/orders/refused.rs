//! Orders that are refused: nothing is done, and it is said why. See docs/plan.md.

use crate::support::{
    Ended, Scratch, carry_out, finish, host, launcher,
    plans::{self, new, pid, root, root_without_proc, steps, user},
};
use serde_json::{Value, json};
use std::os::unix::process::CommandExt;

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

/// The steps with a change of the root's host name, which would show if one had been done.
fn loud(parts: &[&[Value]]) -> Value {
    let mut all = vec![new(&["mnt"])];
    all.extend(parts.concat());
    Value::Array(all)
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

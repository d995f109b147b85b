//! Twenty orders of namespaces and roots, then ids and namespace files in any order.

use crate::{
    changed,
    support::{
        Scratch, host,
        plans::{inner_user, new, pid, root, root_without_proc, user},
        sh,
    },
};
use serde_json::{Value, json};
use std::ffi::CString;

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

//! Each step acts in a child process; then the kernel is asked. Every refusal has its positive
//! control.

mod stage;

use stage::{inode, is_root, play, play_after, text, users_may};

const NOBODY: u32 = 65534;

/// Values that the worker sees, for comparison with the test's own.
fn namespaces() -> String {
    ["user", "mnt", "uts", "ipc", "net", "cgroup", "time", "pid"]
        .map(inode)
        .join(" ")
}

fn differing(before: &str, after: &str) -> Vec<String> {
    let pairs = before.split(' ').zip(after.split(' '));
    pairs
        .filter(|(a, b)| a != b)
        .map(|(a, _)| a.split(':').next().unwrap_or_default().to_owned())
        .collect()
}

fn ids() -> String {
    let status = text("/proc/self/status");
    let field = |name: &str| {
        let line = status
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap_or_default();
        line[name.len()..]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(",")
    };
    format!(
        "uid {} gid {} groups {} setgroups {} map {}",
        field("Uid:"),
        field("Gid:"),
        field("Groups:"),
        text("/proc/self/setgroups").trim(),
        text("/proc/self/uid_map")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[test]
fn root_maps_a_range_and_becomes_its_first_id() {
    if !is_root() {
        return;
    }
    let map = r#"[{"inside":0,"outside":100000,"count":65536}]"#;
    let seen = play(
        0,
        &format!(r#"[{{"do":"ns.user","uidMap":{map},"gidMap":{map}}}]"#),
        ids,
    );
    assert_eq!(
        seen.unwrap(),
        "uid 0,0,0,0 gid 0,0,0,0 groups  setgroups allow map 0 100000 65536"
    );
    let step = format!(r#"[{{"do":"ns.user","uidMap":{map},"gidMap":{map},"uid":5,"gid":7}}]"#);
    assert!(
        play(0, &step, ids)
            .unwrap()
            .starts_with("uid 5,5,5,5 gid 7,7,7,7 groups  ")
    );
}

#[test]
fn an_ordinary_user_maps_its_own_id() {
    if !users_may() {
        return;
    }
    let own = if is_root() {
        NOBODY
    } else {
        rustix::process::getuid().as_raw()
    };
    let map = format!(r#"[{{"inside":0,"outside":{own},"count":1}}]"#);
    let step = |rest: &str| format!(r#"[{{"do":"ns.user","uidMap":{map},"gidMap":{map}{rest}}}]"#);
    let seen = play(NOBODY, &step(r#","setgroups":"deny""#), ids).unwrap();
    assert!(seen.starts_with("uid 0,0,0,0 gid 0,0,0,0 "), "{seen}");
    assert!(
        seen.ends_with(&format!("setgroups deny map 0 {own} 1")),
        "{seen}"
    );
    // Without deny the kernel refuses the group map, and the failure names the file.
    let failure = play(NOBODY, &step(""), ids).unwrap_err();
    assert!(
        failure.contains("gid_map") && failure.contains("not permitted"),
        "{failure}"
    );
    // Two levels: the second map is written from inside the first namespace.
    let inner = r#"{"do":"ns.user","uidMap":[{"inside":0,"outside":0,"count":1}],"gidMap":[{"inside":0,"outside":0,"count":1}],"setgroups":"deny"}"#;
    let outer = step(r#","setgroups":"deny""#);
    let two = format!("{},{inner}]", &outer[..outer.len() - 1]);
    let seen = play(NOBODY, &two, ids).unwrap();
    assert!(seen.ends_with("map 0 0 1"), "{seen}");
}

/// Lets nobody have 1000 ids from 300000, in a mount namespace of this process only.
fn with_subids() {
    use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
    let directory = std::env::temp_dir().join(format!("srcon-subid-{}", std::process::id()));
    srcon_step::sys::unshare(libc::CLONE_NEWNS).unwrap();
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).unwrap();
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join("subid");
    std::fs::write(&file, "65534:300000:1000\n").unwrap();
    mount_bind(&file, "/etc/subuid").unwrap();
    mount_bind(&file, "/etc/subgid").unwrap();
    // The binds keep the inode; nothing is left of the name.
    std::fs::remove_dir_all(&directory).ok();
}

#[test]
fn newuidmap_writes_what_subuid_allows() {
    let there = |p: &str| std::path::Path::new(p).exists();
    if !is_root() || !users_may() || !there("/usr/bin/newuidmap") || !there("/etc/subuid") {
        return;
    }
    let step = |outside: u32| {
        let map = format!(
            r#"[{{"inside":0,"outside":65534,"count":1}},{{"inside":1,"outside":{outside},"count":1000}}]"#
        );
        format!(r#"[{{"do":"ns.user","uidMap":{map},"gidMap":{map},"helper":true}}]"#)
    };
    let seen = play_after(with_subids, NOBODY, &step(300_000), ids).unwrap();
    assert!(seen.starts_with("uid 0,0,0,0 gid 0,0,0,0 "), "{seen}");
    assert!(seen.ends_with("map 0 65534 1 1 300000 1000"), "{seen}");
    let failure = play_after(with_subids, NOBODY, &step(400_000), ids).unwrap_err();
    assert!(
        failure.contains("newgidmap") && failure.contains("not allowed"),
        "{failure}"
    );
}

#[test]
fn without_a_map_everything_is_nobody() {
    if !users_may() {
        return;
    }
    let seen = play(NOBODY, r#"[{"do":"ns.user"}]"#, ids).unwrap();
    assert!(seen.starts_with("uid 65534,65534,65534,65534 "), "{seen}");
    assert!(seen.ends_with("map "), "{seen}");
}

#[test]
fn new_namespaces_are_new_and_the_others_are_not() {
    if !is_root() {
        return;
    }
    let own = namespaces();
    for kind in ["mnt", "uts", "ipc", "net", "cgroup", "time"] {
        let after = play(
            0,
            &format!(r#"[{{"do":"ns.new","types":["{kind}"]}}]"#),
            namespaces,
        )
        .unwrap();
        assert_eq!(differing(&own, &after), [kind]);
    }
    let all =
        r#"[{"do":"ns.new","types":["time","cgroup","mnt","uts","ipc","net"]},{"do":"ns.pid"}]"#;
    let after = play(0, all, namespaces).unwrap();
    let new = differing(&own, &after);
    assert_eq!(new, ["mnt", "uts", "ipc", "net", "cgroup", "time", "pid"]);
}

#[test]
fn an_ordinary_user_has_all_of_them_after_a_user_namespace() {
    if !users_may() {
        return;
    }
    let own = namespaces();
    let all = r#"[{"do":"ns.user"},{"do":"ns.new","types":["time","cgroup","mnt","uts","ipc","net"]},{"do":"ns.pid"}]"#;
    let after = play(NOBODY, all, namespaces).unwrap();
    assert_eq!(differing(&own, &after).len(), 8);
    // The control: without it, the same is refused.
    let failure = play(NOBODY, r#"[{"do":"ns.new","types":["uts"]}]"#, namespaces).unwrap_err();
    assert!(
        failure.contains("unshare") && failure.contains("uts"),
        "{failure}"
    );
}

fn propagation() -> String {
    let mounts = text("/proc/thread-self/mountinfo");
    let has = |word: &str| mounts.lines().any(|l| l.contains(word));
    format!("shared {} master {}", has(" shared:"), has(" master:"))
}

#[test]
fn propagation_is_as_asked() {
    if !is_root() {
        return;
    }
    let step = |p: &str| format!(r#"{{"do":"ns.new","types":["mnt"],"propagation":"{p}"}}"#);
    let play_one = |p: &str| play(0, &format!("[{}]", step(p)), propagation).unwrap();
    assert_eq!(play_one("private"), "shared false master false");
    assert!(play_one("shared").starts_with("shared true"));
    // Slaves of what the step before has made shared; whoever forks for ns.pid stays behind there.
    let two = format!(
        r#"[{},{{"do":"ns.pid"}},{}]"#,
        step("shared"),
        step("slave")
    );
    assert_eq!(
        play(0, &two, propagation).unwrap(),
        "shared false master true"
    );
    let two = format!("[{},{}]", step("shared"), step("unchanged"));
    assert!(
        play(0, &two, propagation)
            .unwrap()
            .starts_with("shared true")
    );
}

fn clocks() -> String {
    let now = |clock| rustix::time::clock_gettime(clock).tv_sec;
    use rustix::time::ClockId;
    format!("{} {}", now(ClockId::Monotonic), now(ClockId::Boottime))
}

#[test]
fn clocks_are_moved_at_once() {
    if !is_root() {
        return;
    }
    let before: Vec<i64> = clocks().split(' ').map(|n| n.parse().unwrap()).collect();
    let step =
        r#"[{"do":"ns.new","types":["time"],"timeOffsets":{"monotonic":1000,"boottime":5000}}]"#;
    let after = play(0, step, clocks).unwrap();
    let after: Vec<i64> = after.split(' ').map(|n| n.parse().unwrap()).collect();
    assert!(
        (1000..1060).contains(&(after[0] - before[0])),
        "{before:?} {after:?}"
    );
    assert!(
        (5000..5060).contains(&(after[1] - before[1])),
        "{before:?} {after:?}"
    );
    let step = r#"[{"do":"ns.new","types":["time"],"timeOffsets":{"monotonic":-9000000000}}]"#;
    let failure = play(0, step, clocks).unwrap_err();
    assert!(
        failure.contains("timens_offsets") && failure.contains("monotonic -9000000000"),
        "{failure}"
    );
}

fn hostname() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[test]
fn a_host_name_of_its_own() {
    if !is_root() {
        return;
    }
    let own = hostname();
    let steps = r#"[{"do":"ns.new","types":["uts"]},{"do":"ns.hostname","name":"srcon-box"}]"#;
    assert_eq!(play(0, steps, hostname).unwrap(), "srcon-box");
    assert_eq!(hostname(), own);
}

fn loopback() -> String {
    let reached = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| std::net::TcpStream::connect(listener.local_addr()?));
    if reached.is_ok() { "up" } else { "down" }.to_owned()
}

#[test]
fn loopback_is_up_only_when_asked() {
    if !is_root() {
        return;
    }
    let new = r#"{"do":"ns.new","types":["net"]}"#;
    let down = play(0, &format!("[{new}]"), loopback).unwrap();
    assert_eq!(down, "down");
    let up = play(0, &format!(r#"[{new},{{"do":"ns.loopback"}}]"#), loopback).unwrap();
    assert_eq!(up, "up");
}

fn processes() -> String {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = numbers
        .filter(|e| e.file_name().to_string_lossy().parse::<i32>().is_ok())
        .count();
    format!(
        "{pids} pids, self {}",
        text("/proc/self/stat").split(' ').next().unwrap()
    )
}

#[test]
fn proc_shows_the_new_pids_and_only_here() {
    if !is_root() {
        return;
    }
    let mounts = || text("/proc/thread-self/mountinfo").lines().count();
    let before = mounts();
    for propagation in ["private", "shared"] {
        let steps = format!(
            r#"[{{"do":"ns.new","types":["mnt"],"propagation":"{propagation}"}},{{"do":"ns.pid"}},{{"do":"ns.proc"}}]"#
        );
        assert_eq!(play(0, &steps, processes).unwrap(), "1 pids, self 1");
    }
    assert_eq!(mounts(), before);
    let steps = r#"[{"do":"ns.new","types":["mnt"]},{"do":"ns.pid"}]"#;
    assert_ne!(play(0, steps, processes).unwrap(), "1 pids, self 1");
}

#[test]
fn a_namespace_is_kept_in_a_file() {
    if !is_root() {
        return;
    }
    use std::os::unix::fs::MetadataExt;
    let directory = std::env::temp_dir().join(format!("srcon-ns-file-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let path = directory.join("uts");
    let shown = path.display();
    let steps = format!(
        r#"[{{"do":"ns.new","types":["uts"]}},{{"do":"ns.file","type":"uts","path":"{shown}"}}]"#
    );
    let seen = play(0, &steps, || inode("uts")).unwrap();
    let kept = std::fs::metadata(&path).unwrap().ino();
    assert_eq!(seen, format!("uts:[{kept}]"));
    assert_ne!(seen, inode("uts"));
    rustix::mount::unmount(&path, rustix::mount::UnmountFlags::DETACH).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn values_are_refused_before_anything_is_done() {
    for (step, word) in [
        (r#"{"do":"ns.new","types":[]}"#, "types"),
        (r#"{"do":"ns.new","types":["pid"]}"#, "types"),
        (r#"{"do":"ns.new","types":["uts","uts"]}"#, "twice"),
        (
            r#"{"do":"ns.new","types":["uts"],"propagation":"slave"}"#,
            "propagation",
        ),
        (
            r#"{"do":"ns.new","types":["uts"],"timeOffsets":{}}"#,
            "timeOffsets",
        ),
        (r#"{"do":"ns.hostname","name":""}"#, "name"),
        (r#"{"do":"ns.user","helper":true}"#, "helper"),
        (r#"{"do":"ns.user","uid":5}"#, "uid"),
        (
            r#"{"do":"ns.user","uidMap":[{"inside":0,"outside":0,"count":0}]}"#,
            "count",
        ),
        (r#"{"do":"ns.file","type":"net","path":""}"#, "path"),
        (r#"{"do":"ns.pid","more":1}"#, "more"),
        (r#"{"do":"ns.loopback","more":1}"#, "more"),
        (r#"{"do":"ns.proc","more":1}"#, "more"),
    ] {
        let message = play(0, &format!("[{step}]"), String::new).unwrap_err();
        assert!(
            message.starts_with("refused") && message.contains(word),
            "{step}: {message}"
        );
    }
}

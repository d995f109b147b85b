//! A root file system that wants out: every case with its positive control. Named after the
//! advisories of runc, crun, youki and bubblewrap that taught them.

use crate::forked::{As, Bench, Scratch, as_first_process, as_root_and_user, in_child, names};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, path::Path};

fn mount(kind: &str, target: &str) -> String {
    format!(r#"[{{"do":"fs.mount","type":"{kind}","target":"{target}","create":true}}]"#)
}

/// CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, youki CVE-2025-54867.
#[test]
fn proc_and_sys_must_be_ordinary_directories() {
    let scratch = Scratch::new("links");
    let (root, outside) = (scratch.dir("root"), scratch.dir("outside"));
    scratch.dir("root/real");
    symlink("/real", root.join("proc")).unwrap();
    symlink(&outside, root.join("sys")).unwrap();
    fs::write(root.join("file"), "").unwrap();
    as_root_and_user(|_| {
        as_first_process(|| {
            let mut bench = Bench::new();
            bench.prepare(&root);
            for target in ["/proc", "/sys", "/sys/below"] {
                let failure = bench.run(&mount("proc", target)).unwrap_err();
                assert_eq!(failure.errno, Errno::LOOP.raw_os_error(), "{target}");
                assert!(
                    failure.note.contains("must be an ordinary directory"),
                    "{failure}"
                );
            }
            let failure = bench.run(&mount("proc", "/file")).unwrap_err();
            assert_eq!(failure.errno, Errno::NOTDIR.raw_os_error());
            bench.run(&mount("proc", "/real")).unwrap();
        });
    });
    assert_eq!(names(&outside), [""; 0]);
}

/// CVE-2026-41579 (runc), CVE-2026-47766 (crun): `/dev` is a link to a directory of the host.
#[test]
fn devices_are_not_made_through_a_link() {
    let scratch = Scratch::new("dev");
    let (root, outside) = (scratch.dir("root"), scratch.dir("outside"));
    symlink(&outside, root.join("dev")).unwrap();
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        let steps = r#"[{"do":"fs.device","path":"/dev/null","major":1,"minor":3}]"#;
        assert_eq!(
            bench.run(steps).unwrap_err().errno,
            Errno::LOOP.raw_os_error()
        );
        let strict = r#"[{"do":"fs.mount","type":"tmpfs","target":"/dev","ordinary":true}]"#;
        assert_eq!(
            bench.run(strict).unwrap_err().errno,
            Errno::LOOP.raw_os_error()
        );
        let link = r#"[{"do":"fs.symlink","path":"/dev/fd","to":"/proc/self/fd"}]"#;
        assert!(bench.run(link).is_err());
    });
    assert_eq!(names(&outside), [""; 0]);
}

/// CVE-2024-45310, bubblewrap CVE-2026-87766: making a mount point must not follow a link out.
#[test]
fn nothing_is_made_outside_the_root() {
    let scratch = Scratch::new("outside");
    let (root, outside) = (scratch.dir("root"), scratch.dir("outside"));
    symlink(
        "../../../../../../..".to_owned() + outside.to_str().unwrap(),
        root.join("up"),
    )
    .unwrap();
    symlink(&outside, root.join("absolute")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        for target in ["/up/x", "/absolute/x", "/dangling", "/dangling/x"] {
            let failure = bench.run(&mount("tmpfs", target)).unwrap_err();
            assert!(failure.errno != 0, "{target}: {failure}");
        }
        // Inside the root there is no such proc, so nothing is behind the link at all.
        assert!(bench.run(&mount("tmpfs", "/magic/x")).is_err());
        assert!(bench.run(&mount("tmpfs", "/new/../../x")).is_err());
    });
    assert_eq!(names(&outside), [""; 0]);
    assert_eq!(names(&root), ["absolute", "dangling", "magic", "up"]);
    // The control: the same names without links are made.
    in_child(As::User, || {
        let mut bench = Bench::new();
        bench.prepare(&root);
        bench.run(&mount("tmpfs", "/plain/x")).unwrap();
    });
    assert_eq!(names(root.join("plain")), ["x"]);
}

/// A link that leads to a place inside the root is followed, as it would be from inside.
#[test]
fn links_lead_where_they_would_lead_inside() {
    let scratch = Scratch::new("inside");
    let root = scratch.dir("root");
    scratch.dir("root/run");
    scratch.dir("root/var");
    symlink("/run", root.join("var/run")).unwrap();
    symlink("../../../../run", root.join("var/up")).unwrap();
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        bench.run(&mount("tmpfs", "/var/run")).unwrap();
        bench
            .run(r#"[{"do":"fs.directory","path":"/var/up/made"},{"do":"fs.pivot"}]"#)
            .unwrap();
        assert_eq!(names("/run"), ["made"]);
    });
    assert_eq!(
        names(root.join("run")),
        [""; 0],
        "the tmpfs was written, not what it covers"
    );
}

/// Magic links of proc are never followed: `/proc/self/root` is another root.
#[test]
fn magic_links_are_not_followed() {
    let scratch = Scratch::new("magic");
    let root = scratch.dir("root");
    as_root_and_user(|_| {
        as_first_process(|| {
            let mut bench = Bench::new();
            bench.prepare(&root);
            bench.run(&mount("proc", "/proc")).unwrap();
            for target in ["/proc/self/root/tmp", "/proc/self/cwd", "/proc/self/fd/0"] {
                let failure = bench.run(&mount("tmpfs", target)).unwrap_err();
                assert_eq!(failure.errno, Errno::LOOP.raw_os_error(), "{target}");
            }
            assert!(
                bench
                    .run(r#"[{"do":"fs.mask","path":"/proc/self/exe"}]"#)
                    .is_err()
            );
        });
    });
}

/// CVE-2019-16884: a volume must not cover what others trust, by a link neither.
#[test]
fn a_link_does_not_lead_a_mount_into_proc() {
    let scratch = Scratch::new("cover");
    let root = scratch.dir("root");
    symlink("/proc/sys", root.join("data")).unwrap();
    as_root_and_user(|_| {
        as_first_process(|| {
            let mut bench = Bench::new();
            bench.prepare(&root);
            bench.run(&mount("proc", "/proc")).unwrap();
            let failure = bench.run(&mount("tmpfs", "/data")).unwrap_err();
            assert_eq!(failure.errno, Errno::LOOP.raw_os_error());
            assert!(failure.note.contains("leads into proc"), "{failure}");
            let named =
                r#"[{"do":"fs.mount","type":"tmpfs","target":"/proc/sys","ordinary":true}]"#;
            bench.run(named).unwrap();
        });
    });
}

/// CVE-2025-31133, youki CVE-2025-62161: the file that masks is `/dev/null` and nothing else.
#[test]
fn a_mask_is_the_null_device() {
    let scratch = Scratch::new("null");
    let (root, dev) = (scratch.dir("root"), scratch.dir("dev"));
    fs::write(root.join("file"), "secret").unwrap();
    symlink("/proc/sys/kernel/core_pattern", dev.join("null")).unwrap();
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        let cover = format!(
            r#"[{{"do":"fs.private"}},{{"do":"fs.open","tree":"dev","path":{dev:?}}},{{"do":"fs.bind","tree":"dev","target":"/dev"}}]"#
        );
        bench.run(&cover).unwrap();
        bench.prepare(&root);
        let failure = bench
            .run(r#"[{"do":"fs.mask","path":"/file"}]"#)
            .unwrap_err();
        assert_eq!(
            (failure.syscall, failure.path.as_str()),
            ("verify", "/dev/null")
        );
    });
}

/// CVE-2021-30465: the target is exchanged for a link while mounts are made.
#[test]
fn a_target_that_is_exchanged_all_the_time() {
    let scratch = Scratch::new("race");
    let (root, outside) = (scratch.dir("root"), scratch.dir("outside"));
    scratch.dir("outside/x");
    scratch.dir("root/a/x");
    symlink(&outside, root.join("b")).unwrap();
    let stop = AtomicBool::new(false);
    let (from, to) = (root.join("a"), root.join("b"));
    let landed = std::thread::scope(|scope| {
        scope.spawn(|| exchange(&from, &to, &stop));
        let result = std::panic::catch_unwind(|| {
            in_child(As::User, || {
                let mut bench = Bench::new();
                bench.prepare(&root);
                // Whatever the moment was: inside or refused, never outside. Both must have been.
                let (mut inside, mut refused) = (0, 0);
                for _ in 0..20_000 {
                    match bench.run(&mount("tmpfs", "/a/x")) {
                        Ok(()) => inside += 1,
                        Err(_) => refused += 1,
                    }
                    let _ = bench.run(r#"[{"do":"fs.directory","path":"/a/new"}]"#);
                    if inside >= 50 && refused >= 50 {
                        break;
                    }
                }
                assert!(
                    inside > 0 && refused > 0,
                    "{inside} inside, {refused} refused"
                );
                let mounts = chroot_fs_core::mountinfo::read(0).unwrap();
                let hit = outside.to_str().unwrap().as_bytes();
                assert!(!mounts.iter().any(|m| m.target.starts_with(hit)));
            });
        });
        stop.store(true, Ordering::Relaxed);
        result
    });
    landed.unwrap();
    assert_eq!(names(&outside), ["x"]);
    assert_eq!(names(outside.join("x")), [""; 0]);
}

fn exchange(a: &Path, b: &Path, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).unwrap();
    }
}

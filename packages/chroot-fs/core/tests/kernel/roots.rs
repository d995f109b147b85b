//! Roots: copied, attached, entered; and what then is left of the old one. As root and as an ordinary
//! user in a user namespace.

use crate::forked::{
    As, Bench, PROC, Scratch, as_first_process, as_root_and_user, in_child, mount_at, names,
};
use rustix::io::Errno;
use std::{fs, os::unix::fs::MetadataExt};

/// Attributes of the mount at `target`.
fn attributes(target: &str) -> Vec<String> {
    let mount = mount_at(target).unwrap_or_else(|| panic!("no mount at {target}"));
    mount.attributes
}

#[test]
fn the_root_is_the_tree_and_the_old_one_is_gone() {
    let scratch = Scratch::new("pivot");
    let root = scratch.dir("root");
    fs::write(root.join("here"), "").unwrap();
    let before = fs::read("/proc/self/mountinfo").unwrap();
    as_root_and_user(|_| {
        let inode = fs::metadata(&root).unwrap().ino();
        as_first_process(|| {
            let mut bench = Bench::new();
            bench.prepare(&root);
            bench.run(PROC).unwrap();
            bench.run(r#"[{"do":"fs.pivot"}]"#).unwrap();
            assert_eq!(fs::metadata("/").unwrap().ino(), inode);
            assert_eq!(fs::metadata(".").unwrap().ino(), inode);
            assert_eq!(names("/"), ["here", "proc"]);
            let mounts = chroot_fs_core::mountinfo::read(0).unwrap();
            let targets: Vec<_> = mounts.iter().map(|m| m.target.as_slice()).collect();
            assert_eq!(targets, [b"/".as_slice(), b"/proc"]);
            assert!(mounts.iter().all(|m| m.propagation.is_empty()));
            assert_eq!(fs::read_link("/proc/self").unwrap().to_str(), Some("1"));
        });
        fs::remove_dir(root.join("proc")).unwrap();
    });
    assert_eq!(
        fs::read("/proc/self/mountinfo").unwrap(),
        before,
        "the host's mounts changed"
    );
}

#[test]
fn the_root_may_be_the_current_one() {
    as_root_and_user(|_| {
        as_first_process(|| {
            let inode = fs::metadata("/").unwrap().ino();
            let mut bench = Bench::new();
            bench.prepare("/".as_ref());
            bench.run(PROC).unwrap();
            bench
                .run(r#"[{"do":"fs.mount","type":"tmpfs","target":"/tmp"},{"do":"fs.read-only"},{"do":"fs.pivot"}]"#)
                .unwrap();
            assert_eq!(fs::metadata("/").unwrap().ino(), inode);
            assert_eq!(names("/tmp"), [""; 0]);
            fs::write("/tmp/x", "").unwrap();

            assert!(attributes("/").contains(&"ro".to_owned()));
        });
    });
}

#[test]
fn locked_flags_stay_and_more_can_be_added() {
    let scratch = Scratch::new("locked");
    let root = scratch.dir("root");
    in_child(As::User, || {
        let mut bench = Bench::new();
        bench.prepare(&root);
        bench
            .run(r#"[{"do":"fs.read-only","recursive":true},{"do":"fs.pivot"}]"#)
            .unwrap();
        assert_eq!(
            fs::write("/x", "").unwrap_err().raw_os_error(),
            Some(libc::EROFS)
        );
    });
}

#[test]
fn a_tree_with_mounts_below_is_copied_whole_or_not_at_all() {
    in_child(As::User, || {
        let mut bench = Bench::new();
        let open = |recursive: bool| {
            format!(r#"[{{"do":"fs.open","tree":"t","path":"/dev","recursive":{recursive}}}]"#)
        };
        bench.run(&open(true)).unwrap();
        assert_eq!(
            bench.run(&open(false)).unwrap_err().errno,
            Errno::INVAL.raw_os_error()
        );
    });
}

#[test]
fn a_second_root_is_looked_up_inside_the_first() {
    let scratch = Scratch::new("twice");
    let root = scratch.dir("root");
    fs::write(scratch.dir("root/inner").join("deep"), "").unwrap();
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        bench
            .run(r#"[{"do":"fs.mask","path":"/inner"},{"do":"fs.pivot"}]"#)
            .unwrap_or_default();
        bench.prepare("/".as_ref());
        bench.run(r#"[{"do":"fs.pivot"}]"#).unwrap();
        assert_eq!(names("/"), ["inner"]);
    });
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        bench.run(r#"[{"do":"fs.pivot"}]"#).unwrap();
        bench.prepare("inner".as_ref());
        bench.run(r#"[{"do":"fs.pivot"}]"#).unwrap();
        assert_eq!(names("/"), ["deep"]);
    });
}

#[test]
fn steps_without_a_root_say_so() {
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        assert_eq!(
            bench.run(r#"[{"do":"fs.pivot"}]"#).unwrap_err().syscall,
            "verify"
        );
        assert_eq!(
            bench.run(r#"[{"do":"fs.chroot"}]"#).unwrap_err().syscall,
            "verify"
        );
        assert_eq!(
            bench
                .run(r#"[{"do":"fs.attach","tree":"x"}]"#)
                .unwrap_err()
                .syscall,
            "verify"
        );
    });
}

#[test]
fn a_root_has_its_attributes_from_the_start() {
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench
            .run(
                r#"[{"do":"fs.private"},{"do":"fs.open","tree":"root","path":"/","recursive":true},
                {"do":"fs.attach","tree":"root","recursiveAttributes":["ro","nosuid","nodev"]}]"#,
            )
            .unwrap();
        bench
            .run(r#"[{"do":"fs.mount","type":"tmpfs","target":"/tmp"},{"do":"fs.pivot"}]"#)
            .unwrap();
        let all = chroot_fs_core::mountinfo::read(0).unwrap();
        let (fresh, host): (Vec<_>, Vec<_>) = all.iter().partition(|m| m.target == b"/tmp");
        assert!(
            host.iter()
                .all(|m| m.attributes[..3] == ["ro", "nosuid", "nodev"]),
            "{host:?}"
        );
        assert_eq!(fresh.last().unwrap().attributes[0], "rw");
    });
}

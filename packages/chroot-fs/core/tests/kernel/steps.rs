//! What each step leaves in the kernel, as root and as an ordinary user in a user namespace.

use crate::forked::{
    As, Bench, Scratch, as_first_process, as_root_and_user, in_child, mount_at, names,
};
use rustix::io::Errno;
use std::{fs, os::unix::fs::MetadataExt};

/// As mount_at, but of a process that has no proc inside: by the root's own.
fn attributes(target: &str) -> Vec<String> {
    mount_at(target)
        .unwrap_or_else(|| panic!("no mount at {target}"))
        .attributes
}

const PROC: &str = r#"[{"do":"fs.mount","type":"proc","target":"/proc","attributes":["nosuid","nodev","noexec"],"create":true}]"#;

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
fn a_new_file_system_has_its_options_and_attributes() {
    let scratch = Scratch::new("mount");
    let root = scratch.dir("root");
    as_root_and_user(|who| {
        as_first_process(|| {
            let mut bench = Bench::new();
            bench.prepare(&root);
            bench.run(PROC).unwrap();
            bench
                .run(
                    r#"[{"do":"fs.mount","type":"tmpfs","target":"/dev/deep/shm","options":{"size":"65536","mode":"1777"},"attributes":["nosuid","nodev","noexec","noatime"],"create":true},
                    {"do":"fs.mount","type":"devpts","target":"/dev/pts","options":{"newinstance":true,"ptmxmode":"0666","mode":"0620"},"create":true},
                    {"do":"fs.pivot"}]"#,
                )
                .unwrap();
            let shm = mount_at("/dev/deep/shm").unwrap();
            assert_eq!(
                (shm.kind.as_str(), shm.source.as_slice()),
                ("tmpfs", b"tmpfs".as_slice())
            );
            assert!(
                shm.options.contains(&"size=64k".to_owned()),
                "{:?}",
                shm.options
            );
            assert_eq!(
                shm.attributes,
                ["rw", "nosuid", "nodev", "noexec", "noatime"]
            );
            assert_eq!(
                fs::metadata("/dev/deep/shm").unwrap().mode() & 0o7777,
                0o1777
            );
            assert_eq!(names("/dev/pts"), ["ptmx"]);
            assert_eq!(fs::metadata("/dev/deep").unwrap().uid(), 0, "{who:?}");
        });
        fs::remove_dir_all(root.join("dev")).unwrap();
        fs::remove_dir(root.join("proc")).unwrap();
    });
}

#[test]
fn a_wrong_option_is_told_with_the_kernels_words() {
    let scratch = Scratch::new("option");
    let root = scratch.dir("root");
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        let mount = |options: &str| {
            format!(
                r#"[{{"do":"fs.mount","type":"tmpfs","target":"/t","create":true,"options":{options}}}]"#
            )
        };
        let failure = bench.run(&mount(r#"{"banana":"1"}"#)).unwrap_err();
        assert_eq!(failure.syscall, "fsconfig");
        assert_eq!(failure.errno, Errno::INVAL.raw_os_error());
        assert!(
            failure.note.contains("Unknown parameter 'banana'"),
            "{}",
            failure.note
        );
        bench.run(&mount("{}")).unwrap();
    });
}

#[test]
fn a_missing_target_is_made_only_when_asked_for() {
    let scratch = Scratch::new("create");
    let root = scratch.dir("root");
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        let missing = bench
            .run(r#"[{"do":"fs.mount","type":"tmpfs","target":"/t"}]"#)
            .unwrap_err();
        assert_eq!(missing.errno, Errno::NOENT.raw_os_error());
        bench
            .run(r#"[{"do":"fs.mount","type":"tmpfs","target":"/t","optional":true}]"#)
            .unwrap();
        assert_eq!(names(&root), [""; 0]);
    });
}

#[test]
fn binds_carry_their_attributes_and_their_sort() {
    let scratch = Scratch::new("bind");
    let (root, data) = (scratch.dir("root"), scratch.dir("data"));
    fs::write(data.join("file"), "content").unwrap();
    as_root_and_user(|_| {
        as_first_process(|| {
            let mut bench = Bench::new();
            bench.run(&format!(r#"[{{"do":"fs.private"}},{{"do":"fs.open","tree":"data","path":{data:?},"recursive":true}},{{"do":"fs.open","tree":"file","path":"{}/file"}}]"#, data.display())).unwrap();
            bench.prepare(&root);
            bench.run(PROC).unwrap();
            bench
                .run(r#"[{"do":"fs.bind","tree":"data","target":"/a/data","attributes":["noexec"],"recursiveAttributes":["ro","nosuid","nodev"],"create":true},
                         {"do":"fs.bind","tree":"file","target":"/a/f","create":true},{"do":"fs.pivot"}]"#)
                .unwrap();
            assert_eq!(fs::read_to_string("/a/data/file").unwrap(), "content");
            assert_eq!(fs::read_to_string("/a/f").unwrap(), "content");
            let written = fs::write("/a/data/file", "changed").unwrap_err();
            assert_eq!(written.raw_os_error(), Some(libc::EROFS));
            assert_eq!(
                attributes("/a/data")[..4],
                ["ro", "nosuid", "nodev", "noexec"]
            );
            assert!(mount_at("/a/data").unwrap().propagation.is_empty());
        });
        fs::remove_dir_all(root.join("a")).unwrap();
        fs::remove_dir(root.join("proc")).unwrap();
    });
    assert_eq!(fs::read_to_string(data.join("file")).unwrap(), "content");
}

#[test]
fn a_directory_does_not_go_on_a_file_nor_a_file_on_a_directory() {
    let scratch = Scratch::new("sort");
    let (root, data) = (scratch.dir("root"), scratch.dir("data"));
    fs::write(data.join("file"), "").unwrap();
    fs::write(root.join("file"), "").unwrap();
    scratch.dir("root/dir");
    as_root_and_user(|_| {
        let bind = |source: &str, target: &str| {
            let mut bench = Bench::new();
            let open = format!(
                r#"[{{"do":"fs.private"}},{{"do":"fs.open","tree":"t","path":"{}/{source}"}}]"#,
                data.display()
            );
            bench.run(&open).unwrap();
            bench.prepare(&root);
            bench.run(&format!(
                r#"[{{"do":"fs.bind","tree":"t","target":"{target}"}}]"#
            ))
        };
        assert_eq!(
            bind("", "/file").unwrap_err().errno,
            Errno::NOTDIR.raw_os_error()
        );
        assert_eq!(
            bind("file", "/dir").unwrap_err().errno,
            Errno::ISDIR.raw_os_error()
        );
    });
}

#[test]
fn a_device_is_the_device_it_says() {
    let scratch = Scratch::new("device");
    let root = scratch.dir("root");
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        let device = |path: &str, minor: u32| {
            format!(r#"[{{"do":"fs.device","path":"{path}","major":1,"minor":{minor}}}]"#)
        };
        let wrong = bench.run(&device("/dev/null", 5)).unwrap_err();
        assert_eq!(
            (wrong.syscall, wrong.path.as_str()),
            ("verify", "/dev/null")
        );
        let no_device = bench.run(&device("/etc/passwd", 3)).unwrap_err();
        assert_eq!(no_device.syscall, "verify");
        bench.run(&device("/dev/null", 3)).unwrap();
        bench.run(&device("/dev/zero", 5)).unwrap();
        bench.run(r#"[{"do":"fs.pivot"}]"#).unwrap();
        assert_eq!(names("/dev"), ["null", "zero"]);
        fs::write("/dev/null", "gone").unwrap();
        assert_eq!(
            fs::metadata("/dev/zero").unwrap().rdev(),
            libc::makedev(1, 5)
        );
        // The places that carried them belong to the root file system: the parent cannot see the
        // mounts, so it may take them away.
    });
    // Each child made the same places; they are empty files.
    assert_eq!(fs::metadata(root.join("dev/null")).unwrap().len(), 0);
}

#[test]
fn directories_and_links_are_made_as_said() {
    let scratch = Scratch::new("entry");
    let root = scratch.dir("root");
    as_root_and_user(|_| {
        // SAFETY: no memory is passed.
        unsafe { libc::umask(0o777) };
        let mut bench = Bench::new();
        bench.prepare(&root);
        let steps = r#"[{"do":"fs.directory","path":"/d","mode":1023},{"do":"fs.directory","path":"/d"},
                        {"do":"fs.symlink","path":"/fd","to":"/proc/self/fd"},{"do":"fs.symlink","path":"/fd","to":"/proc/self/fd"}]"#;
        bench.run(steps).unwrap();
        assert_eq!(
            fs::metadata(root.join("d")).unwrap().mode() & 0o7777,
            0o1777
        );
        assert_eq!(
            fs::read_link(root.join("fd")).unwrap().to_str(),
            Some("/proc/self/fd")
        );
        let other = bench
            .run(r#"[{"do":"fs.symlink","path":"/fd","to":"other"}]"#)
            .unwrap_err();
        assert_eq!(other.errno, Errno::EXIST.raw_os_error());
        let taken = bench
            .run(r#"[{"do":"fs.directory","path":"/fd"}]"#)
            .unwrap_err();
        assert!(taken.errno != 0);
        fs::remove_dir(root.join("d")).unwrap();
        fs::remove_file(root.join("fd")).unwrap();
    });
}

#[test]
fn masks_hide_files_and_directories() {
    let scratch = Scratch::new("mask");
    let root = scratch.dir("root");
    for dir in ["a", "b"] {
        fs::write(scratch.dir(&format!("root/{dir}")).join("secret"), "x").unwrap();
    }
    fs::write(root.join("file"), "x").unwrap();
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        bench
            .run(r#"[{"do":"fs.mask","path":"/a"},{"do":"fs.mask","path":"/b"},{"do":"fs.mask","path":"/file"},
                     {"do":"fs.mask","path":"/not/there"},{"do":"fs.pivot"}]"#)
            .unwrap();
        assert_eq!((names("/a"), names("/b")), (vec![], vec![]));
        assert_eq!(
            fs::metadata("/a").unwrap().dev(),
            fs::metadata("/b").unwrap().dev()
        );
        assert_eq!(fs::read_to_string("/file").unwrap(), "");
        assert_eq!(
            fs::write("/a/x", "").unwrap_err().raw_os_error(),
            Some(libc::EROFS)
        );
    });
    assert_eq!(names(root.join("a")), ["secret"]);
}

#[test]
fn read_only_covers_the_root_a_mount_or_a_path() {
    let scratch = Scratch::new("readonly");
    let root = scratch.dir("root");
    scratch.dir("root/free");
    scratch.dir("root/closed");
    scratch.dir("root/mnt");
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench.prepare(&root);
        bench
            .run(r#"[{"do":"fs.mount","type":"tmpfs","target":"/mnt"},{"do":"fs.read-only","path":"/mnt"},
                     {"do":"fs.read-only","path":"/closed"},{"do":"fs.read-only","path":"/not/there"},{"do":"fs.pivot"}]"#)
            .unwrap();
        fs::write("/free/x", "").unwrap();
        fs::remove_file("/free/x").unwrap();
        for path in ["/mnt/x", "/closed/x"] {
            assert_eq!(
                fs::write(path, "").unwrap_err().raw_os_error(),
                Some(libc::EROFS),
                "{path}"
            );
        }
    });
    fs::write(root.join("closed/x"), "").unwrap();
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
fn without_a_prepared_root_mounts_go_into_the_current_one() {
    as_root_and_user(|_| {
        let mut bench = Bench::new();
        bench
            .run(r#"[{"do":"fs.private"},{"do":"fs.mount","type":"tmpfs","target":"/mnt"}]"#)
            .unwrap();
        assert_eq!(mount_at("/mnt").unwrap().kind, "tmpfs");
        assert_eq!(names("/mnt"), [""; 0]);
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

//! New file systems and binds inside a root, as root and as an ordinary user.

use crate::forked::{Bench, PROC, Scratch, as_first_process, as_root_and_user, mount_at, names};
use rustix::io::Errno;
use std::{fs, os::unix::fs::MetadataExt};

/// Attributes of the mount at `target`.
fn attributes(target: &str) -> Vec<String> {
    let mount = mount_at(target).unwrap_or_else(|| panic!("no mount at {target}"));
    mount.attributes
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

//! Devices, directories, links, masks and write protection inside a root, as root and as a user.

use crate::forked::{Bench, Scratch, as_root_and_user, names};
use rustix::io::Errno;
use std::{fs, os::unix::fs::MetadataExt};

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

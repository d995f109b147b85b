//! A copy is the tree again: type, mode, owner, times, links, numbers of links, devices, content, holes and
//! extended attributes, as the original has them and as `cp -a` makes them.
#![allow(missing_docs)]

mod support;

use rootfs_fetch_core::{Aside, Copied, Failure, Kind, Method, Monitor, copy_tree};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, lsetxattr, mknodat};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use support::{Scratch, dump, is_root};

/// A tree with something of everything.
fn tree(at: &Path) {
    fs::create_dir_all(at.join("etc/deep/er")).unwrap();
    fs::write(at.join("etc/motd"), "welcome").unwrap();
    fs::write(at.join("empty"), "").unwrap();
    fs::hard_link(at.join("etc/motd"), at.join("etc/deep/er/motd")).unwrap();
    fs::hard_link(at.join("etc/motd"), at.join("a-first")).unwrap();
    symlink("/etc/passwd", at.join("out")).unwrap();
    symlink("nowhere", at.join("etc/dangling")).unwrap();
    fs::write(at.join(OsStr::from_bytes(b"\xff\xfe\n\x1b")), "raw").unwrap();
    let sparse = File::create(at.join("sparse")).unwrap();
    sparse.set_len(64 << 20).unwrap();
    sparse.write_at(b"middle", 32 << 20).unwrap();
    fs::set_permissions(at.join("a-first"), fs::Permissions::from_mode(0o4755)).unwrap();
    let mode = Mode::from_raw_mode(0o600);
    mknodat(CWD, at.join("fifo"), FileType::Fifo, mode, 0).unwrap();
    // Not on every file system.
    let _ = lsetxattr(at.join("empty"), "user.mark", b"\0x", XattrFlags::empty());
    if is_root() {
        chown(at.join("empty"), Some(1234), Some(5678)).unwrap();
        std::os::unix::fs::lchown(at.join("out"), Some(77), Some(88)).unwrap();
        let null = rustix::fs::makedev(1, 3);
        mknodat(CWD, at.join("null"), FileType::CharacterDevice, mode, null).unwrap();
        let capability = *b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let name = "security.capability";
        lsetxattr(at.join("sparse"), name, &capability, XattrFlags::empty()).unwrap();
        chown(at.join("etc/deep"), Some(9), Some(10)).unwrap();
        let setgid = fs::Permissions::from_mode(0o2755);
        fs::set_permissions(at.join("etc/deep"), setgid).unwrap();
    }
    let old = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    for name in ["etc/deep/er", "etc/deep", "etc", "a-first", ""] {
        let file = File::open(at.join(name)).unwrap();
        file.set_times(fs::FileTimes::new().set_modified(old).set_accessed(old))
            .unwrap();
    }
    fs::set_permissions(at.join("etc/deep/er"), fs::Permissions::from_mode(0o555)).unwrap();
}

fn copy(from: &Path, to: &Path, method: Method) -> Result<Copied, Failure> {
    let aside = to.with_extension("copying");
    let aside = Aside::make(aside.as_os_str().as_bytes())?;
    let parent = to.parent().unwrap().as_os_str().as_bytes();
    match copy_tree(
        from.as_os_str().as_bytes(),
        &aside,
        method,
        &Monitor::default(),
    ) {
        Ok(copied) => {
            aside.commit(to.as_os_str().as_bytes(), parent)?;
            Ok(copied)
        }
        Err(failure) => {
            aside.discard()?;
            Err(failure)
        }
    }
}

fn open_again(at: &Path) {
    fs::set_permissions(at.join("etc/deep/er"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn everything_as_it_is_there_and_as_cp_makes_it() {
    let s = Scratch::new();
    let (from, ours, theirs) = (s.0.join("from"), s.0.join("ours"), s.0.join("theirs"));
    fs::create_dir(&from).unwrap();
    tree(&from);
    let before = dump(&from);
    let copied = copy(&from, &ours, Method::Best).unwrap();
    assert_eq!(copied.entries as usize, before.len());
    assert_eq!(copied.linked, 0);
    assert_eq!(dump(&ours), before);
    assert_eq!(dump(&from), before, "the original is as it was");
    let done = Command::new("cp").arg("-a").args([&from, &theirs]).status();
    assert!(done.unwrap().success());
    assert_eq!(dump(&ours), dump(&theirs));
    // Three names, one file, and not the original's.
    let inode = |path: &Path| path.symlink_metadata().unwrap().ino();
    assert_eq!(
        inode(&ours.join("a-first")),
        inode(&ours.join("etc/deep/er/motd"))
    );
    assert_ne!(inode(&ours.join("a-first")), inode(&from.join("a-first")));
    let sparse = ours.join("sparse").metadata().unwrap();
    assert_eq!(sparse.len(), 64 << 20);
    assert!(sparse.blocks() * 512 < 1 << 20, "holes stay holes");
    // The root too.
    let (a, b) = (from.metadata().unwrap(), ours.metadata().unwrap());
    assert_eq!(
        (a.mode(), a.mtime(), a.mtime_nsec()),
        (b.mode(), b.mtime(), b.mtime_nsec())
    );
    for at in [&from, &ours, &theirs] {
        open_again(at);
    }
}

#[test]
fn what_the_directory_above_hands_down_is_not_in_the_copy() {
    let s = Scratch::new();
    let (from, above) = (s.0.join("from"), s.0.join("above"));
    fs::create_dir(&from).unwrap();
    tree(&from);
    fs::create_dir(&above).unwrap();
    fs::set_permissions(&above, fs::Permissions::from_mode(0o2777)).unwrap();
    // user::rwx, user:4242:rwx, group::rwx, mask::rwx, other::rwx
    let mut list = vec![2, 0, 0, 0];
    for (tag, id) in [
        (1u16, u32::MAX),
        (2, 4242),
        (4, u32::MAX),
        (16, u32::MAX),
        (32, u32::MAX),
    ] {
        list.extend(tag.to_le_bytes());
        list.extend(7u16.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    let name = "system.posix_acl_default";
    let handed = lsetxattr(&above, name, &list, XattrFlags::empty()).is_ok();
    if handed {
        fs::write(above.join("control"), "").unwrap();
        let control = dump(&above).remove(&b"control"[..]).unwrap();
        assert!(control.contains("posix_acl_access"), "{control}");
    }
    copy(&from, &above.join("ours"), Method::Best).unwrap();
    assert_eq!(dump(&above.join("ours")), dump(&from));
    open_again(&from);
    open_again(&above.join("ours"));
}

#[test]
fn hard_links_are_the_same_files() {
    let s = Scratch::new();
    let (from, ours) = (s.0.join("from"), s.0.join("ours"));
    fs::create_dir(&from).unwrap();
    tree(&from);
    let copied = copy(&from, &ours, Method::HardLink).unwrap();
    assert_eq!(
        copied.linked,
        dump(&from).len() as u64 - 3,
        "all but three directories"
    );
    assert_eq!(dump(&ours), dump(&from));
    let inode = |path: &Path| path.symlink_metadata().unwrap().ino();
    assert_eq!(inode(&ours.join("etc/motd")), inode(&from.join("etc/motd")));
    open_again(&from);
    open_again(&ours);
}

#[test]
fn shared_blocks_or_an_error() {
    let s = Scratch::new();
    let (from, ours) = (s.0.join("from"), s.0.join("ours"));
    fs::create_dir(&from).unwrap();
    tree(&from);
    match copy(&from, &ours, Method::Reflink) {
        Ok(copied) => {
            assert!(copied.reflinked > 0);
            open_again(&ours);
        }
        Err(failure) => {
            assert_eq!(failure.syscall, "ioctl FICLONE");
            assert!(!ours.exists());
            assert!(!s.0.join("ours.copying").exists());
        }
    }
    open_again(&from);
}

#[test]
fn as_deep_as_names_go_with_few_descriptors() {
    let s = Scratch::new();
    let (from, ours) = (s.0.join("from"), s.0.join("ours"));
    let way = "d/".repeat(1500);
    fs::create_dir_all(from.join(&way)).unwrap();
    fs::write(from.join(&way).join("f"), "deep").unwrap();
    fs::hard_link(from.join(&way).join("f"), from.join("z")).unwrap();
    copy(&from, &ours, Method::Best).unwrap();
    assert_eq!(fs::read(ours.join(&way).join("f")).unwrap(), b"deep");
    assert_eq!(ours.join("z").metadata().unwrap().nlink(), 2);
}

#[test]
fn stopped_it_leaves_nothing() {
    let s = Scratch::new();
    let (from, aside) = (s.0.join("from"), s.0.join("ours.copying"));
    fs::create_dir(&from).unwrap();
    fs::write(from.join("f"), "x").unwrap();
    let made = Aside::make(aside.as_os_str().as_bytes()).unwrap();
    // Who comes second is told so.
    let second = Aside::make(aside.as_os_str().as_bytes()).unwrap_err();
    assert_eq!(second.kind, Kind::Busy);
    let monitor = Monitor::default();
    monitor.cancel();
    let source = from.as_os_str().as_bytes();
    let stopped = copy_tree(source, &made, Method::Best, &monitor).unwrap_err();
    assert_eq!(stopped.kind, Kind::Cancelled);
    made.discard().unwrap();
    assert!(!aside.exists());
}

#[test]
fn what_a_killed_process_left_goes_with_the_next_copy() {
    let s = Scratch::new();
    let (from, ours, aside) = (s.0.join("from"), s.0.join("ours"), s.0.join("ours.copying"));
    fs::create_dir(&from).unwrap();
    fs::write(from.join("f"), "x").unwrap();
    fs::create_dir_all(aside.join("half/made")).unwrap();
    let made = Aside::make(aside.as_os_str().as_bytes()).unwrap();
    assert!(made.swept());
    assert_eq!(fs::read_dir(&aside).unwrap().count(), 0);
    drop(made);
    // An empty directory may be there; one with something in it may not.
    fs::create_dir(&ours).unwrap();
    copy(&from, &ours, Method::Best).unwrap();
    let refused = copy(&from, &ours, Method::Best).unwrap_err();
    assert_eq!((refused.syscall, aside.exists()), ("rename", false));
    assert_eq!(dump(&ours), dump(&from));
}

//! What an archive may cost, and a disk that is full.

use crate::support::{Archive, Scratch, gzip, head, is_root, options};
use rootfs_fetch_core::{Kind, Limits, Options};
use std::os::unix::ffi::OsStrExt;

#[test]
fn limits() {
    let with = |limits: Limits| Options {
        limits,
        ..options()
    };
    let limit = |archive: &[u8], limits: Limits| {
        let s = Scratch::new();
        let failure = s.unpack_as(archive, &with(limits)).unwrap_err();
        assert_eq!(failure.kind, Kind::Limit, "{failure}");
        rustix::fs::statvfs(s.root().as_path()).unwrap();
        crate::support::dump(&s.root()).len()
    };
    let bomb = gzip(
        &Archive::new()
            .data(head(b'0', "zeros"), &vec![0; 2 << 20])
            .end(),
    );
    assert!(bomb.len() < 8 << 10);
    limit(
        &bomb,
        Limits {
            ratio_from: 1 << 20,
            ..Limits::default()
        },
    );
    // Positive control: so few bytes may swell as they like.
    Scratch::new().unpack(&bomb).unwrap();
    limit(
        &bomb,
        Limits {
            bytes: 1 << 20,
            ratio: 10_000,
            ..Limits::default()
        },
    );
    // A claim of a terabyte, sparse, with 512 bytes behind it.
    let mut sparse = head(b'S', "huge").size(512).block();
    sparse[257..265].copy_from_slice(b"ustar  \0");
    sparse[386..398].copy_from_slice(b"00000000000\0");
    sparse[398..410].copy_from_slice(b"00000001000\0");
    sparse[483..495].copy_from_slice(b"\x80\0\0\0\0\0\x01\0\0\0\0\0");
    crate::support::sign(&mut sparse);
    limit(
        &Archive::new().raw(&sparse).raw(&[b'x'; 512]).end(),
        Limits::default(),
    );
    let many = (0..100).fold(Archive::new(), |a, i| a.dir(format!("d{i}")));
    assert!(
        limit(
            &many.clone().end(),
            Limits {
                entries: 50,
                ..Limits::default()
            }
        ) <= 50
    );
    // Directories that no entry names count too.
    let deep = (0..10).fold(Archive::new(), |a, i| {
        a.dir(format!("{i}/a/b/c/d/e/f/g/h/i"))
    });
    limit(
        &deep.end(),
        Limits {
            entries: 50,
            ..Limits::default()
        },
    );
    limit(
        &Archive::new().head(head(b'x', "p").size(2 << 20)).end(),
        Limits::default(),
    );
    limit(
        &Archive::new()
            .pax(&[("SCHILY.xattr.user.big", &vec![b'x'; 70_000])])
            .file("f", b"")
            .end(),
        Limits::default(),
    );
}

#[test]
fn a_cancelled_unpacking_stops() {
    let s = Scratch::new();
    std::fs::write(s.0.join("archive"), Archive::new().file("f", b"1").end()).unwrap();
    let monitor = std::sync::Arc::new(rootfs_fetch_core::Monitor::default());
    monitor.cancel();
    let file = std::fs::File::open(s.0.join("archive")).unwrap();
    let failure =
        rootfs_fetch_core::unpack(file, s.root().as_os_str().as_bytes(), &options(), &monitor)
            .unwrap_err();
    assert_eq!(failure.kind, Kind::Cancelled);
}

#[test]
fn a_full_disk_is_an_error() {
    use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    if !is_root() {
        eprintln!("skipped: needs a mount namespace");
        return;
    }
    let s = Scratch::new();
    // SAFETY: only this thread's view of the mounts changes, and it ends with the thread.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }.unwrap();
    mount_change(
        "/",
        MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
    )
    .unwrap();
    let small = |size: &std::ffi::CStr| {
        mount("tmpfs", s.root(), "tmpfs", MountFlags::empty(), size).unwrap()
    };
    small(c"size=1m");
    let a = Archive::new()
        .data(head(b'0', "big"), &vec![b'x'; 2 << 20])
        .end();
    assert_eq!(
        s.unpack(&a).unwrap_err().errno,
        rustix::io::Errno::NOSPC.raw_os_error()
    );
    small(c"size=8m,nr_inodes=20");
    let a = (0..40)
        .fold(Archive::new(), |a, i| a.symlink(format!("{i}"), "x"))
        .end();
    assert_eq!(
        s.unpack(&a).unwrap_err().errno,
        rustix::io::Errno::NOSPC.raw_os_error()
    );
    // Positive control.
    small(c"size=8m");
    s.unpack(&a).unwrap();
    for _ in 0..3 {
        rustix::mount::unmount(s.root(), rustix::mount::UnmountFlags::DETACH).unwrap();
    }
}

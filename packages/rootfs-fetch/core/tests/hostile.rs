//! Archives made to do harm. Each names its case; [`Scratch::unpack_as`] asserts after every one of
//! them that the victim outside is untouched and nothing new stands beside it.
#![allow(missing_docs)]

mod support;

use rootfs_fetch_core::{Kind, Limits, Options};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use support::{Archive, Scratch, gzip, head, is_root, options, squashed};

/// Unpacks, expects this kind of failure.
fn refused(archive: &[u8], kind: Kind) -> rootfs_fetch_core::Failure {
    let scratch = Scratch::new();
    let failure = scratch.unpack(archive).expect_err("must be refused");
    assert_eq!(failure.kind, kind, "{failure}");
    failure
}

#[test]
fn positive_control() {
    let s = Scratch::new();
    let report = s
        .unpack(
            &Archive::new()
                .dir("etc")
                .file("etc/x", b"hello")
                .symlink("l", "/etc/x")
                .end(),
        )
        .unwrap();
    assert_eq!((report.entries, report.bytes), (3, 5));
    assert_eq!(s.read("etc/x"), "hello");
}

#[test]
fn names_that_climb() {
    for name in ["../x", "a/../../x", "..", "a/..", "/../x", "a/../b"] {
        refused(&Archive::new().file(name, b"x").end(), Kind::Unsafe);
        refused(&Archive::new().dir(name).end(), Kind::Unsafe);
    }
    refused(
        &Archive::new()
            .pax(&[("path", b"../x")])
            .file("fine", b"x")
            .end(),
        Kind::Unsafe,
    );
    refused(
        &Archive::new().long(b'L', b"../x").file("fine", b"x").end(),
        Kind::Unsafe,
    );
}

#[test]
fn absolute_names_are_below_the_root() {
    let s = Scratch::new();
    s.unpack(&Archive::new().file(s.outside("victim"), b"x").end())
        .unwrap();
    assert_eq!(s.read(&s.outside("victim")[1..]), "x");
}

#[test]
fn a_link_out_then_a_file_through_it() {
    let s = Scratch::new();
    let up = "../".repeat(40);
    for (link, target) in [
        ("abs", s.outside("")),
        ("rel", format!("{up}{}", &s.outside("")[1..])),
        ("up", "..".into()),
    ] {
        let a = Archive::new()
            .pax(&[("linkpath", target.as_bytes())])
            .symlink(link, "");
        s.unpack(&a.file(format!("{link}/new"), b"x").end())
            .unwrap();
        // Kept to the letter, but what went through it landed inside.
        assert_eq!(
            std::fs::read_link(s.at(link))
                .unwrap()
                .as_os_str()
                .as_bytes(),
            target.as_bytes()
        );
        rootfs_fetch_core::remove::remove_tree(s.root().as_os_str().as_bytes()).unwrap();
        std::fs::create_dir(s.root()).unwrap();
    }
}

#[test]
fn chains_of_links_stay_inside() {
    let s = Scratch::new();
    let a = Archive::new()
        .symlink("a", "b/..")
        .symlink("b", "/c/d")
        .dir("c/d")
        .symlink("c/d/e", "../../../../../..")
        .file("b/e/x", b"1")
        .file("a/y", b"2");
    s.unpack(&a.end()).unwrap();
    assert_eq!((s.read("x"), s.read("c/y")), ("1".into(), "2".into()));
}

#[test]
fn links_in_a_circle() {
    let failure = refused(
        &Archive::new()
            .symlink("a", "b")
            .symlink("b", "a")
            .file("a/x", b"x")
            .end(),
        Kind::System,
    );
    assert_eq!(failure.errno, rustix::io::Errno::LOOP.raw_os_error());
}

#[test]
fn a_second_archive_does_not_follow_the_first() {
    let s = Scratch::new();
    s.unpack(&Archive::new().symlink("l", s.outside("")).end())
        .unwrap();
    // The target must be empty: what lies there was not judged.
    let failure = s
        .unpack(&Archive::new().file("l/x", b"x").end())
        .unwrap_err();
    assert_eq!(failure.errno, rustix::io::Errno::NOTEMPTY.raw_os_error());
}

#[test]
fn a_file_in_place_of_a_link_is_a_new_file() {
    let s = Scratch::new();
    let report = s
        .unpack(
            &Archive::new()
                .symlink("l", s.outside("victim"))
                .file("l", b"new")
                .end(),
        )
        .unwrap();
    assert_eq!((s.read("l"), report.replaced), ("new".into(), 1));
}

#[test]
fn a_directory_in_place_of_a_link_is_a_new_directory() {
    let s = Scratch::new();
    s.unpack(
        &Archive::new()
            .symlink("l", s.outside(""))
            .dir("l")
            .file("l/x", b"1")
            .end(),
    )
    .unwrap();
    assert_eq!(s.read("l/x"), "1");
}

#[test]
fn links_to_links_and_merged_usr_work() {
    let s = Scratch::new();
    let a = Archive::new()
        .symlink("lib", "usr/lib")
        .file("lib/x", b"1")
        .dir("usr/lib")
        .symlink("lib64", "lib");
    s.unpack(&a.file("lib64/y", b"2").end()).unwrap();
    assert_eq!(
        (s.read("usr/lib/x"), s.read("usr/lib/y")),
        ("1".into(), "2".into())
    );
    assert!(s.at("lib").is_symlink() && s.at("lib64").is_symlink());
}

#[test]
fn hard_links_out() {
    let s = Scratch::new();
    for target in [
        "../outside/victim".to_owned(),
        s.outside("victim"),
        "l/victim".into(),
    ] {
        let a = Archive::new()
            .symlink("l", s.outside(""))
            .pax(&[("linkpath", target.as_bytes())])
            .hardlink("h", "");
        let again = Scratch::new();
        again.unpack(&a.file("h2", b"").end()).unwrap_err();
        s.assert_intact();
    }
}

#[test]
fn hard_links() {
    let s = Scratch::new();
    let a = Archive::new()
        .file("a", b"1")
        .hardlink("b", "a")
        .hardlink("dir/c", "/a")
        .hardlink("a", "a");
    s.unpack(&a.end()).unwrap();
    assert_eq!(s.read("dir/c"), "1");
    assert_eq!(std::fs::metadata(s.at("a")).unwrap().nlink(), 3);
    // To a link: to that link itself, not to what it names.
    let s = Scratch::new();
    s.unpack(
        &Archive::new()
            .symlink("l", s.outside("victim"))
            .hardlink("m", "l")
            .end(),
    )
    .unwrap();
    assert!(s.at("m").is_symlink());
    let s = Scratch::new();
    let failure = s
        .unpack(&Archive::new().dir("d").hardlink("e", "d").end())
        .unwrap_err();
    assert_eq!(failure.kind, Kind::Unsafe);
}

#[test]
fn a_hard_link_before_its_target() {
    let s = Scratch::new();
    s.unpack(&Archive::new().hardlink("b", "a").file("a", b"1").end())
        .unwrap();
    assert_eq!(s.read("b"), "1");
    let failure = refused(&Archive::new().hardlink("b", "never").end(), Kind::System);
    assert!(
        failure.entry == "b" && failure.message.contains("never"),
        "{failure}"
    );
    // A later file of that name wins.
    let s = Scratch::new();
    s.unpack(
        &Archive::new()
            .hardlink("b", "a")
            .file("b", b"2")
            .file("a", b"1")
            .end(),
    )
    .unwrap();
    assert_eq!(s.read("b"), "2");
}

#[test]
fn writing_through_a_hard_link_is_not_possible() {
    let s = Scratch::new();
    s.unpack(
        &Archive::new()
            .file("a", b"1")
            .hardlink("b", "a")
            .file("b", b"2")
            .end(),
    )
    .unwrap();
    assert_eq!((s.read("a"), s.read("b")), ("1".into(), "2".into()));
}

#[test]
fn devices_are_counted_and_not_made() {
    let s = Scratch::new();
    let a = Archive::new()
        .head(head(b'3', "null").device(1, 3))
        .head(head(b'4', "sda").device(8, 0))
        .head(head(b'6', "fifo"));
    let report = s.unpack(&a.clone().end()).unwrap();
    assert_eq!(report.devices, 3);
    assert_eq!(std::fs::read_dir(s.root()).unwrap().count(), 0);
    if !is_root() {
        return;
    }
    let s = Scratch::new();
    s.unpack_as(
        &a.end(),
        &Options {
            keep_devices: true,
            ..options()
        },
    )
    .unwrap();
    let null = std::fs::metadata(s.at("null")).unwrap();
    assert!(null.file_type().is_char_device() && null.rdev() == 0x103);
    assert!(
        std::fs::metadata(s.at("fifo"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
}

#[test]
fn set_id_bits() {
    let a = Archive::new()
        .data(head(b'0', "root").mode(0o6755), b"x")
        .data(head(b'0', "other").mode(0o6755).owner(33, 42), b"x")
        .head(head(b'5', "dir").mode(0o3777));
    let mode = |s: &Scratch, name: &str| std::fs::metadata(s.at(name)).unwrap().mode() & 0o7777;
    if is_root() {
        let s = Scratch::new();
        s.unpack(&a.clone().end()).unwrap();
        assert_eq!(
            [mode(&s, "root"), mode(&s, "other"), mode(&s, "dir")],
            [0o6755, 0o6755, 0o3777]
        );
    }
    // Squashed: what was not root's must not become set-id to whoever owns the tree.
    let s = Scratch::new();
    let report = s.unpack_as(&a.clone().end(), &squashed()).unwrap();
    assert_eq!(
        [mode(&s, "root"), mode(&s, "other"), mode(&s, "dir")],
        [0o6755, 0o755, 0o3777]
    );
    assert_eq!(report.set_ids, 1);
    let s = Scratch::new();
    let report = s
        .unpack_as(
            &a.end(),
            &Options {
                strip_set_id: true,
                ..squashed()
            },
        )
        .unwrap();
    assert_eq!(
        ([mode(&s, "root"), mode(&s, "dir")], report.set_ids),
        ([0o755, 0o1777], 3)
    );
}

#[test]
fn a_directory_becomes_a_file_and_back() {
    let s = Scratch::new();
    let a = Archive::new()
        .file("d/sub/x", b"1")
        .file("d", b"2")
        .file("e", b"3")
        .dir("e")
        .file("e/y", b"4");
    s.unpack(&a.end()).unwrap();
    assert_eq!((s.read("d"), s.read("e/y")), ("2".into(), "4".into()));
}

#[test]
fn a_file_where_a_directory_is_needed() {
    let failure = refused(
        &Archive::new().file("f", b"1").file("f/x", b"2").end(),
        Kind::System,
    );
    assert_eq!(failure.errno, rustix::io::Errno::NOTDIR.raw_os_error());
}

#[test]
fn the_last_of_two_wins() {
    let s = Scratch::new();
    let report = s
        .unpack(&Archive::new().file("f", b"1").file("f", b"2").end())
        .unwrap();
    assert_eq!((s.read("f"), report.replaced), ("2".into(), 1));
}

#[test]
fn the_root_keeps_its_own_attributes() {
    let s = Scratch::new();
    s.unpack(
        &Archive::new()
            .head(head(b'5', "./").mode(0).owner(1234, 1234))
            .file("./f", b"1")
            .end(),
    )
    .unwrap();
    let root = std::fs::metadata(s.root()).unwrap();
    assert_eq!(
        (root.mode() & 0o7777, root.uid()),
        (0o755, std::fs::metadata(&s.0).unwrap().uid())
    );
    refused(&Archive::new().symlink("./", "/").end(), Kind::Unsafe);
    refused(&Archive::new().file(".", b"x").end(), Kind::Unsafe);
}

#[test]
fn a_closed_directory_still_takes_its_files() {
    let s = Scratch::new();
    let a = Archive::new()
        .head(head(b'5', "d").mode(0o555))
        .file("d/f", b"1")
        .head(head(b'5', "d/z").mode(0));
    s.unpack(&a.end()).unwrap();
    let d = std::fs::metadata(s.at("d")).unwrap();
    assert_eq!(
        (s.read("d/f"), d.mode() & 0o7777, d.mtime()),
        ("1".into(), 0o555, 1_000_000_000)
    );
}

#[test]
fn names_too_long_or_too_deep() {
    refused(
        &Archive::new()
            .pax(&[("path", &[b'x'; 256])])
            .file("x", b"")
            .end(),
        Kind::Limit,
    );
    refused(
        &Archive::new()
            .pax(&[("path", &b"xxxxxxxxxxxxxxxxxx/".repeat(250))])
            .dir("x")
            .end(),
        Kind::Limit,
    );
    refused(
        &Archive::new()
            .pax(&[("path", &b"x/".repeat(1100))])
            .dir("x")
            .end(),
        Kind::Limit,
    );
    // Links must not make it deeper, or longer, than any name may be.
    let deep = b"d/".repeat(200);
    let a = Archive::new()
        .pax(&[("path", &deep)])
        .dir("x")
        .pax(&[("linkpath", &deep)])
        .symlink("l", "")
        .pax(&[("path", &[b"l/", &deep[..]].concat())])
        .dir("x");
    refused(&a.end(), Kind::Limit);
}

#[test]
fn pax_speaks_of_the_entry_only() {
    // CVE-2026-53655: a size for the entry, taken for that of a header between.
    let s = Scratch::new();
    let a = Archive::new()
        .pax(&[("size", b"3")])
        .long(b'L', b"long")
        .head(head(b'0', "x"))
        .raw(b"abc")
        .raw(&[0; 509]);
    s.unpack(&a.file("after", b"1").end()).unwrap();
    assert_eq!(
        (s.read("long"), s.read("after")),
        ("abc".into(), "1".into())
    );
    for kind in [b'1', b'2', b'5'] {
        let a = Archive::new()
            .file("t", b"")
            .pax(&[("size", b"1024")])
            .head(head(kind, "l").link("t"));
        refused(&a.file("swallowed", b"1").end(), Kind::Unsafe);
    }
    refused(
        &Archive::new()
            .records(b'g', &[("path", b"x")])
            .file("a", b"")
            .end(),
        Kind::Unsafe,
    );
    refused(
        &Archive::new()
            .pax(&[("path", b"a\0b")])
            .file("a", b"")
            .end(),
        Kind::Unsafe,
    );
    refused(
        &Archive::new()
            .pax(&[("linkpath", b"a\0b")])
            .symlink("a", "")
            .end(),
        Kind::Unsafe,
    );
    refused(
        &Archive::new()
            .pax(&[("path", b"a")])
            .pax(&[("uid", b"1")])
            .file("a", b"")
            .end(),
        Kind::Unsafe,
    );
    refused(&Archive::new().pax(&[("path", b"a")]).end(), Kind::Damaged);
}

#[test]
fn ids_that_are_none() {
    for (uid, gid) in [(-5, 0), (0, -1), (1 << 32, 0), (0xffff_ffff, 0)] {
        refused(
            &Archive::new().head(head(b'0', "f").owner(uid, gid)).end(),
            Kind::Damaged,
        );
    }
    refused(
        &Archive::new().pax(&[("uid", b"-5")]).file("f", b"").end(),
        Kind::Damaged,
    );
    if is_root() {
        let s = Scratch::new();
        s.unpack(
            &Archive::new()
                .head(head(b'0', "f").owner(4_000_000_000, 1))
                .end(),
        )
        .unwrap();
        assert_eq!(std::fs::metadata(s.at("f")).unwrap().uid(), 4_000_000_000);
    }
}

#[test]
fn odd_bytes_in_names_stay() {
    let s = Scratch::new();
    let names: [&[u8]; 4] = [b"a\\..\\x", b"\xff\xfe", b"\x1b[31m", "\u{fc}\n".as_bytes()];
    let a = names.iter().fold(Archive::new(), |a, n| a.file(n, b"1"));
    s.unpack(&a.end()).unwrap();
    for name in names {
        assert!(s.root().join(std::ffi::OsStr::from_bytes(name)).exists());
    }
    let failure = refused(
        &Archive::new().file("\x1b[31m/../x", b"").end(),
        Kind::Unsafe,
    );
    assert!(!failure.to_string().contains('\x1b'));
}

#[test]
fn attributes_outside_the_list_are_not_set() {
    let s = Scratch::new();
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let a = Archive::new()
        .pax(&[
            ("SCHILY.xattr.user.note", b"a\0b"),
            ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
            (
                "SCHILY.xattr.security.selinux",
                b"system_u:object_r:shadow_t:s0",
            ),
            ("SCHILY.xattr.security.capability", capability),
        ])
        .file("f", b"x");
    let report = s.unpack_as(&a.end(), &squashed()).unwrap();
    assert!((3..=4).contains(&report.attributes), "{report:?}");
    let all = support::dump(&s.root());
    let line = &all[&b"f"[..]];
    assert!(
        !line.contains("trusted") && !line.contains("capability") && !line.contains("shadow_t"),
        "{line}"
    );
}

#[test]
fn damage_is_never_success() {
    let whole = Archive::new()
        .file("a", &[b'x'; 5000])
        .dir("d")
        .file("d/b", b"2")
        .end();
    // Cut anywhere: an error, also at the edge between two entries.
    for cut in (0..whole.len() - 1024 + 1).step_by(256) {
        refused(&whole[..cut], Kind::Truncated);
    }
    let packed = gzip(&whole);
    for cut in 0..packed.len() {
        let s = Scratch::new();
        assert!(s.unpack(&packed[..cut]).is_err(), "cut at {cut}");
    }
    // One bit of a header.
    for at in [0, 100, 130, 150, 156, 300] {
        let mut bad = whole.clone();
        bad[at] ^= 1;
        refused(&bad, Kind::Damaged);
    }
    // The sum of the compressed stream: its last bytes.
    let mut bad = packed.clone();
    let at = bad.len() - 6;
    bad[at] ^= 1;
    refused(&bad, Kind::Damaged);
    refused(
        &[packed.as_slice(), b"garbage behind the end"].concat(),
        Kind::Damaged,
    );
    refused(
        &[whole.as_slice(), &Archive::new().file("hidden", b"").end()].concat(),
        Kind::Unsafe,
    );
    refused(
        &[&whole[..512 * 12], &[0xa5; 512], &whole[512 * 12..]].concat(),
        Kind::Damaged,
    );
    refused(b"not an archive at all", Kind::Truncated);
    refused(b"\xfd7zXZ\0 and so on", Kind::Unsupported);
    refused(
        &Archive::new().head(head(b'V', "label")).end(),
        Kind::Unsupported,
    );
}

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
        support::dump(&s.root()).len()
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
    support::sign(&mut sparse);
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
    let monitor = rootfs_fetch_core::Monitor::default();
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

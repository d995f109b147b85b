//! Modes, owners, devices and extended attributes that an archive should not give.

use crate::refused;
use crate::support::{Archive, Scratch, head, is_root, options, squashed};
use rootfs_fetch_core::{Kind, Options};
use std::os::unix::fs::{FileTypeExt, MetadataExt};

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
    let all = crate::support::dump(&s.root());
    let line = &all[&b"f"[..]];
    assert!(
        !line.contains("trusted") && !line.contains("capability") && !line.contains("shadow_t"),
        "{line}"
    );
}

#[test]
fn an_owner_that_is_refused_is_an_error() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    if !is_root() {
        eprintln!("skipped: needs a capability to give up");
        return;
    }
    let archive = Archive::new().data(head(b'0', "f").owner(7, 8), b"1").end();
    let exact = Options {
        owners: rootfs_fetch_core::Owners::Exact,
        ..options()
    };
    // Positive control.
    Scratch::new().unpack_as(&archive, &exact).unwrap();
    // Of this thread, which is the test's own, and of those that it starts.
    let mut sets = capabilities(None).unwrap();
    sets.effective &= !CapabilitySet::CHOWN;
    set_capabilities(None, sets).unwrap();
    for archive in [
        archive,
        Archive::new().head(head(b'5', "d").owner(7, 8)).end(),
        Archive::new()
            .head(head(b'2', "l").link("x").owner(7, 8))
            .end(),
    ] {
        let failure = Scratch::new().unpack_as(&archive, &exact).unwrap_err();
        assert_eq!(failure.errno, rustix::io::Errno::PERM.raw_os_error());
        assert!(failure.message.contains("7:8"), "{failure}");
    }
}

//! Names that climb, names too long, bytes that are no text.

use crate::refused;
use crate::support::{Archive, Scratch};
use rootfs_fetch_core::Kind;
use std::os::unix::ffi::OsStrExt;

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
    let deep = b"d/".repeat(600);
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

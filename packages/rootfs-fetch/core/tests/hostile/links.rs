//! Symbolic and hard links that point out, and entries that go through them.

use crate::refused;
use crate::support::{Archive, Scratch};
use rootfs_fetch_core::Kind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

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

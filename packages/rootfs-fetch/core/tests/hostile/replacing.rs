//! One name twice, as different things.

use crate::refused;
use crate::support::{Archive, Scratch};
use rootfs_fetch_core::Kind;

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

//! Archives that are cut, changed, or say two things at once: never success.

use crate::refused;
use crate::support::{Archive, Scratch, gzip, head};
use rootfs_fetch_core::Kind;

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
    refused(b"\xfd7zXZ\0 and so on", Kind::Damaged);
    refused(b"BZh91AY and so on", Kind::Unsupported);
    refused(
        &Archive::new().head(head(b'V', "label")).end(),
        Kind::Unsupported,
    );
}

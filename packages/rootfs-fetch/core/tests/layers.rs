//! Layers of OCI images over one another: whiteouts, opaque directories, replacing, links of lower
//! layers; and the sums that are made on the way.

mod support;

use rootfs_fetch_core::{Failure, Kind, Monitor, Over, Report, Sums, Unpacker};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use support::{Archive, Scratch, head, options};

fn layers(s: &Scratch, all: &[Vec<u8>]) -> Result<Vec<Report>, Failure> {
    let mut unpacker = Unpacker::open(s.root().as_os_str().as_bytes(), &options())?;
    let sums = Sums {
        sha256: true,
        diff_id: true,
        ..Sums::default()
    };
    let mut reports = Vec::new();
    for layer in all {
        std::fs::write(s.0.join("archive"), layer).unwrap();
        let file = std::fs::File::open(s.0.join("archive")).unwrap();
        let monitor = Arc::new(Monitor::default());
        reports.push(unpacker.archive(file, Over::Layer, sums, &monitor)?);
    }
    unpacker.finish()?;
    s.assert_intact();
    Ok(reports)
}

fn names(s: &Scratch) -> Vec<String> {
    support::dump(&s.root())
        .keys()
        .map(|k| String::from_utf8_lossy(k).into_owned())
        .collect()
}

fn base() -> Vec<u8> {
    Archive::new()
        .head(head(b'5', "d").mode(0o700))
        .file("d/a", b"1")
        .file("d/b", b"2")
        .dir("d/e")
        .file("d/e/f", b"3")
        .symlink("lib", "usr/lib")
        .dir("usr/lib")
        .file("usr/lib/x", b"4")
        .end()
}

#[test]
fn a_whiteout_hides_what_is_lower() {
    let s = Scratch::new();
    let over = Archive::new()
        .file("d/.wh.a", b"")
        .file("d/.wh.e", b"")
        .file("d/.wh.none", b"");
    let reports = layers(&s, &[base(), over.file("no/.wh.where", b"").end()]).unwrap();
    assert_eq!(
        names(&s),
        ["d", "d/b", "lib", "usr", "usr/lib", "usr/lib/x"]
    );
    assert_eq!(reports[1].whiteouts, 2);
    // What it did not name keeps its attributes.
    assert_eq!(s.at("d").metadata().unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn a_whiteout_leaves_its_own_layer_alone() {
    for before in [true, false] {
        let s = Scratch::new();
        let mut over = Archive::new();
        let hide = |a: Archive| a.file("d/.wh.a", b"").file("d/.wh.e", b"");
        if before {
            over = hide(over);
        }
        over = over.file("d/a", b"new").file("d/e/new", b"n");
        if !before {
            over = hide(over);
        }
        layers(&s, &[base(), over.end()]).unwrap();
        assert_eq!(s.read("d/a"), "new");
        assert_eq!(
            names(&s).iter().filter(|n| n.starts_with("d/e/")).count(),
            1,
            "before: {before}"
        );
        assert_eq!(s.at("d/e").metadata().unwrap().mode() & 0o7777, 0o755);
    }
}

#[test]
fn an_opaque_directory_hides_all_that_is_lower_wherever_it_stands() {
    for place in 0..3 {
        let s = Scratch::new();
        let mut over = Archive::new();
        let opaque = |a: Archive, here| {
            if here == place {
                a.file("d/.wh..wh..opq", b"")
            } else {
                a
            }
        };
        over = opaque(over, 0).head(head(b'5', "d").mode(0o711));
        over = opaque(over, 1).file("d/new", b"n").file("d/e/deep", b"m");
        layers(&s, &[base(), opaque(over, 2).end()]).unwrap();
        let mine: Vec<_> = names(&s)
            .into_iter()
            .filter(|n| n.starts_with('d'))
            .collect();
        assert_eq!(mine, ["d", "d/e", "d/e/deep", "d/new"], "place {place}");
        assert_eq!(s.at("d").metadata().unwrap().mode() & 0o7777, 0o711);
    }
}

#[test]
fn the_root_may_be_opaque_and_a_third_layer_hides_the_second() {
    let s = Scratch::new();
    let second = Archive::new()
        .file("k", b"k")
        .file(".wh..wh..opq", b"")
        .file("l", b"l")
        .end();
    layers(
        &s,
        &[base(), second, Archive::new().file(".wh.k", b"").end()],
    )
    .unwrap();
    assert_eq!(names(&s), ["l"]);
}

#[test]
fn what_is_no_whiteout_of_a_name_is_refused() {
    for name in [".wh.", "d/.wh...", "d/.wh..", ".wh.d/x"] {
        let s = Scratch::new();
        let f = layers(&s, &[base(), Archive::new().file(name, b"").end()]).unwrap_err();
        assert_eq!(f.kind, Kind::Unsafe, "{name}: {f}");
        s.assert_intact();
    }
    let s = Scratch::new();
    let f = layers(&s, &[base(), Archive::new().file("d/.wh.a", b"data").end()]).unwrap_err();
    assert_eq!(f.kind, Kind::Unsafe);
    // Positive control: in a plain archive they are ordinary names.
    let s = Scratch::new();
    s.unpack(&Archive::new().file(".wh.", b"").file(".wh.x", b"1").end())
        .unwrap();
    assert_eq!(names(&s), [".wh.", ".wh.x"]);
}

#[test]
fn a_directory_keeps_its_children_and_takes_attributes_all_else_is_replaced() {
    let s = Scratch::new();
    let over = Archive::new()
        .head(head(b'5', "d").mode(0o750))
        .symlink("d/e", "/nowhere")
        .dir("d/a")
        .file("d/a/in", b"i")
        .hardlink("d/hard", "d/b")
        .file("usr", b"a file now");
    layers(&s, &[base(), over.end()]).unwrap();
    assert_eq!(s.at("d").metadata().unwrap().mode() & 0o7777, 0o750);
    assert_eq!(
        (s.read("d/b"), s.read("d/a/in"), s.read("usr")),
        ("2".into(), "i".into(), "a file now".into())
    );
    assert!(s.at("d/e").is_symlink());
    assert_eq!(s.at("d/hard").metadata().unwrap().nlink(), 2);
}

#[test]
fn a_file_over_a_lower_hard_link_leaves_the_other_name() {
    let s = Scratch::new();
    let lower = Archive::new().file("a", b"1").hardlink("b", "a").end();
    layers(&s, &[lower, Archive::new().file("a", b"2").end()]).unwrap();
    assert_eq!((s.read("a"), s.read("b")), ("2".into(), "1".into()));
}

#[test]
fn links_of_lower_layers_lead_inside() {
    let s = Scratch::new();
    let lower = Archive::new()
        .pax(&[("linkpath", s.outside("").as_bytes())])
        .symlink("out", "")
        .symlink("up", "../../../..")
        .end();
    let over = Archive::new()
        .file("lib/y", b"5")
        .file("lib/.wh.x", b"")
        .file("out/new", b"o")
        .file("out/.wh.victim", b"")
        .file("up/top", b"t")
        .file("up/.wh.etc", b"");
    layers(&s, &[base(), lower, over.end()]).unwrap();
    assert_eq!(
        (s.read("usr/lib/y"), s.read("top")),
        ("5".into(), "t".into())
    );
    assert!(s.at("lib").is_symlink() && !s.at("usr/lib/x").exists());
}

#[test]
fn sums_of_the_archive_and_of_the_tar_in_it() {
    let tar = base();
    let sha = |bytes: &[u8]| -> String {
        use sha2::Digest;
        sha2::Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    };
    let zstd = zstd::encode_all(&tar[..], 3).unwrap();
    let mut xz = Vec::new();
    std::io::Read::read_to_end(&mut liblzma::read::XzEncoder::new(&tar[..], 6), &mut xz).unwrap();
    for (name, archive) in [
        ("tar", tar.clone()),
        ("gzip", support::gzip(&tar)),
        ("zstd", zstd),
        ("xz", xz),
    ] {
        let s = Scratch::new();
        let report = layers(&s, std::slice::from_ref(&archive))
            .unwrap()
            .remove(0);
        assert_eq!(
            (report.sha256, report.diff_id),
            (sha(&archive), sha(&tar)),
            "{name}"
        );
        assert_eq!(
            (report.read, report.sha512.as_str()),
            (archive.len() as u64, ""),
            "{name}"
        );
        assert_eq!(s.read("d/e/f"), "3");
        if name == "tar" {
            continue;
        }
        // Cut anywhere, or one bit wrong: never a success.
        for cut in [
            1,
            9,
            archive.len() / 2,
            archive.len() - 5,
            archive.len() - 1,
        ] {
            let f = layers(&Scratch::new(), &[archive[..cut].to_vec()]).unwrap_err();
            assert!(
                matches!(f.kind, Kind::Truncated | Kind::Damaged),
                "{name} cut at {cut}: {f}"
            );
        }
        for at in (10..archive.len()).step_by(archive.len() / 20) {
            let mut damaged = archive.clone();
            damaged[at] ^= 0x10;
            if let Ok(report) = layers(&Scratch::new(), &[damaged]) {
                // zstd of this writer has no checksum: then the sum must tell.
                assert_ne!(report[0].sha256, sha(&archive), "{name} at {at}");
            }
        }
    }
}

#[test]
fn a_pipe_is_unpacked_as_it_comes_and_given_up_while_it_waits() {
    use std::io::Write;
    let s = Scratch::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let archive = support::gzip(&base());
    let feeding = std::thread::spawn(move || {
        for byte in archive.chunks(3) {
            writer.write_all(byte).unwrap();
        }
    });
    let mut unpacker = Unpacker::open(s.root().as_os_str().as_bytes(), &options()).unwrap();
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
    let monitor = Arc::new(Monitor::default());
    unpacker
        .archive(file, Over::Plain, Sums::default(), &monitor)
        .unwrap();
    unpacker.finish().unwrap();
    feeding.join().unwrap();
    assert_eq!(s.read("d/a"), "1");

    let s = Scratch::new();
    let (reader, _writer) = std::io::pipe().unwrap();
    let mut unpacker = Unpacker::open(s.root().as_os_str().as_bytes(), &options()).unwrap();
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
    let shared = Arc::new(Monitor::default());
    let canceller = shared.clone();
    let cancelling = std::thread::spawn(move || canceller.cancel());
    let f = unpacker
        .archive(file, Over::Plain, Sums::default(), &shared)
        .unwrap_err();
    assert_eq!(f.kind, Kind::Cancelled);
    cancelling.join().unwrap();
}

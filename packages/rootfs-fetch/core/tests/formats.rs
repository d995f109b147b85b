//! Trees as GNU tar makes them: every format that it writes, unpacked here and by itself, and compared
//! in type, mode, owner, time, link, content and extended attributes. The real archives of Alpine come
//! from the directory that SRCON_TEST_DATA names.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use support::{Archive, Scratch, dump, gzip, has, head, is_root, options, squashed};

fn tar(arguments: &[&str], directory: &Path) {
    let status = Command::new("tar")
        .args(arguments)
        .current_dir(directory)
        .status()
        .unwrap();
    assert!(status.success(), "tar {arguments:?}");
}

/// Unpacks with GNU tar beside ours and compares all but devices, which we leave out.
fn same_as_gnu(s: &Scratch, archive: &Path) -> BTreeMap<Vec<u8>, String> {
    let gnu = s.0.join("gnu");
    std::fs::create_dir_all(&gnu).unwrap();
    let file = archive.to_str().unwrap();
    tar(
        &[
            "-xpf",
            file,
            "--xattrs",
            "--xattrs-include=user.*",
            "--numeric-owner",
        ],
        &gnu,
    );
    let report = s.unpack_file(archive, &options()).unwrap();
    let (ours, theirs) = (dump(&s.root()), dump(&gnu));
    for (path, line) in &theirs {
        assert_eq!(
            ours.get(path),
            Some(line),
            "{}",
            String::from_utf8_lossy(path)
        );
    }
    assert_eq!(ours.len(), theirs.len());
    assert!(report.entries as usize >= ours.len());
    ours
}

#[test]
fn alpine_as_gnu_tar_unpacks_it() {
    let Some(data) = std::env::var_os("SRCON_TEST_DATA") else {
        eprintln!("skipped: SRCON_TEST_DATA is not set");
        return;
    };
    if !has("tar") || !is_root() {
        eprintln!("skipped: needs GNU tar and root");
        return;
    }
    for name in [
        "alpine-minirootfs-3.20.3-x86_64.tar.gz",
        "alpine-minirootfs-3.8.5-x86_64.tar.gz",
    ] {
        let s = Scratch::new();
        let all = same_as_gnu(&s, &Path::new(&data).join("alpine").join(name));
        assert!(all.len() > 400);
        assert!(all[&b"bin/sh"[..]].contains("/bin/busybox"));
        assert!(all[&b"tmp"[..]].starts_with("41777 "));
    }
}

/// A tree with one of everything that formats disagree on.
fn make_tree(at: &Path) {
    let put = |name: &str, data: &[u8], mode: u32| {
        let path = at.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, data).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    put("plain", b"1", 0o640);
    put("empty", b"", 0o400);
    put("bin/su", b"x", 0o4755);
    put("bin/wall", b"x", 0o2755);
    put("block", &[b'x'; 512], 0o644);
    put("odd", &[b'y'; 70_001], 0o644);
    put(
        &format!("{}/{}", "d".repeat(90), "f".repeat(90)),
        b"long",
        0o644,
    );
    put(&"\u{fc}".repeat(100), b"long and not ASCII", 0o644);
    put(&format!("{}x", "deep/".repeat(60)), b"deep", 0o644);
    symlink("/bin/su", at.join("absolute")).unwrap();
    symlink("t".repeat(200), at.join("longlink")).unwrap();
    std::fs::hard_link(at.join("plain"), at.join("zz-hard")).unwrap();
    std::fs::create_dir(at.join("closed")).unwrap();
    std::fs::set_permissions(at.join("closed"), std::fs::Permissions::from_mode(0o1555)).unwrap();
    if is_root() {
        std::os::unix::fs::chown(at.join("odd"), Some(33), Some(3_000_000)).unwrap();
        std::os::unix::fs::lchown(at.join("absolute"), Some(7), Some(8)).unwrap();
    }
}

#[test]
fn every_format_of_gnu_tar() {
    if !has("tar") {
        eprintln!("skipped: needs GNU tar");
        return;
    }
    for format in ["gnu", "oldgnu", "posix", "pax"] {
        let s = Scratch::new();
        let made = s.0.join("made");
        std::fs::create_dir(&made).unwrap();
        make_tree(&made);
        let archive = s.0.join("archive");
        tar(
            &[
                "-czf",
                archive.to_str().unwrap(),
                &format!("--format={format}"),
                ".",
            ],
            &made,
        );
        same_as_gnu(&s, &archive);
    }
}

#[test]
fn sparse_files_in_all_forms() {
    if !has("tar") {
        eprintln!("skipped: needs GNU tar");
        return;
    }
    let forms: [&[&str]; 5] = [
        &["--format=gnu"],
        &["--format=pax", "--sparse-version=1.0"],
        &["--format=pax", "--sparse-version=0.1"],
        &["--format=pax", "--sparse-version=0.0"],
        &["--format=oldgnu"],
    ];
    for form in forms {
        let s = Scratch::new();
        let made = s.0.join("made");
        std::fs::create_dir(&made).unwrap();
        // 40 pieces, so that the map of type S needs blocks of its own; a hole at the end.
        use std::os::unix::fs::FileExt;
        let file = std::fs::File::create(made.join("holes")).unwrap();
        for i in 0..40u64 {
            file.write_all_at(&[b'a' + (i % 26) as u8; 4096], i * 65_536 + 8192)
                .unwrap();
        }
        file.set_len(4 << 20).unwrap();
        drop(file);
        let archive = s.0.join("archive");
        let arguments = [&["-cSf", archive.to_str().unwrap()], form, &["."]].concat();
        tar(&arguments, &made);
        assert!(
            std::fs::metadata(&archive).unwrap().len() < 1 << 20,
            "the archive is not sparse"
        );
        same_as_gnu(&s, &archive);
        use std::os::unix::fs::MetadataExt;
        assert!(
            std::fs::metadata(s.at("holes")).unwrap().blocks() * 512 < 1 << 20,
            "the file is not sparse"
        );
    }
}

#[test]
fn half_a_pair_of_sparse_0_0() {
    for records in [
        &[
            ("GNU.sparse.offset", &b"0"[..]),
            ("GNU.sparse.offset", b"1"),
        ][..],
        &[("GNU.sparse.offset", b"0")],
        &[("GNU.sparse.numbytes", b"1")],
    ] {
        let records = [&[("GNU.sparse.size", &b"9"[..])], records].concat();
        let archive = Archive::new().pax(&records).file("f", b"x").end();
        let failure = Scratch::new().unpack(&archive).unwrap_err();
        assert_eq!(failure.kind, rootfs_fetch_core::Kind::Damaged);
    }
}

#[test]
fn a_sparse_map_that_lies() {
    for map in [
        &b"0,10"[..],
        b"5,1,0,1",
        b"0,1,1",
        b"99,1",
        b"18446744073709551615,2",
    ] {
        let a = Archive::new().pax(&[
            ("GNU.sparse.major", b"0"),
            ("GNU.sparse.minor", b"1"),
            ("GNU.sparse.size", b"10"),
            ("GNU.sparse.map", map),
        ]);
        let failure = Scratch::new()
            .unpack(&a.file("f", b"xx").end())
            .unwrap_err();
        assert_eq!(failure.kind, rootfs_fetch_core::Kind::Damaged, "{failure}");
    }
}

#[test]
fn names_override_in_order() {
    let s = Scratch::new();
    let long = "n".repeat(200);
    let a = Archive::new()
        .long(b'L', long.as_bytes())
        .file("short", b"1")
        .long(b'K', "t".repeat(150).as_bytes())
        .symlink("l", "short target")
        .long(b'L', b"gnu")
        .pax(&[
            ("path", b"pax"),
            ("mtime", b"1500000000.25"),
            ("uid", b"0"),
            ("comment", b"x"),
        ])
        .file("ustar", b"2")
        .records(b'g', &[("comment", b"of a git archive")])
        .file("v7dir/", b"")
        .head(head(b'7', "contiguous"));
    s.unpack(&a.end()).unwrap();
    assert_eq!((s.read(&long), s.read("pax")), ("1".into(), "2".into()));
    assert_eq!(
        std::fs::read_link(s.at("l")).unwrap().as_os_str().len(),
        150
    );
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(s.at("pax")).unwrap();
    assert_eq!(
        (meta.mtime(), meta.mtime_nsec()),
        (1_500_000_000, 250_000_000)
    );
    assert!(s.at("v7dir").is_dir() && s.at("contiguous").is_file() && !s.at("gnu").exists());
}

#[test]
fn gzip_members_one_after_another_are_one_archive() {
    let s = Scratch::new();
    let whole = Archive::new().file("a", b"1").file("b", b"2").end();
    let report = s
        .unpack(&[gzip(&whole[..700]), gzip(&whole[700..])].concat())
        .unwrap();
    assert_eq!(
        (s.read("a"), s.read("b"), report.entries),
        ("1".into(), "2".into(), 2)
    );
}

#[test]
fn the_sum_is_that_of_the_file() {
    let s = Scratch::new();
    let bytes = gzip(&Archive::new().file("a", b"1").end());
    let report = s.unpack(&bytes).unwrap();
    use sha2::Digest;
    let hex: String = sha2::Sha512::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!((report.sha512, report.read), (hex, bytes.len() as u64));
}

#[test]
fn squashing_changes_owners_and_counts_them() {
    let s = Scratch::new();
    let report = s
        .unpack_as(
            &Archive::new().head(head(b'0', "f").owner(4242, 4242)).end(),
            &squashed(),
        )
        .unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!(report.owners, 1);
    assert_eq!(
        std::fs::metadata(s.at("f")).unwrap().uid(),
        std::fs::metadata(&s.0).unwrap().uid()
    );
}

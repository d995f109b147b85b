//! Whole trees, compared in type, mode, owner, time, link, number of links, device, content and extended
//! attributes: this Debian's own files and random archives with GNU tar, layered images with umoci, and
//! what `pack` makes with what it was made from.
#![allow(missing_docs)]

mod support;

use rootfs_fetch_core::{
    Compression, Monitor, Options, Over, PackOptions, Sums, Unpacker, pack, unpack,
};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use support::{Archive, Scratch, dump, has, head, is_root, options};

fn run(program: &str, arguments: &[&str], directory: &Path) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn keeping() -> Options {
    Options {
        keep_devices: true,
        sync: false,
        ..options()
    }
}

/// Unpacks `archive` here and with GNU tar; the number of files that are alike.
fn same_as_gnu(s: &Scratch, archive: &Path) -> usize {
    let gnu = s.0.join("gnu");
    fs::create_dir_all(&gnu).unwrap();
    let file = archive.to_str().unwrap();
    // Without the first, later entries change the times of directories that it finished.
    let how = [
        "--delay-directory-restore",
        "--xattrs",
        "--xattrs-include=*",
        "--numeric-owner",
        "-xpf",
        file,
    ];
    run("tar", &how, &gnu);
    s.unpack_file(archive, &keeping()).unwrap();
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
    ours.len()
}

#[test]
fn parts_of_this_system_as_gnu_tar_unpacks_them() {
    if !has("tar") || !is_root() {
        eprintln!("skipped: needs GNU tar and root");
        return;
    }
    let s = Scratch::new();
    let made = s.0.join("made");
    fs::create_dir(&made).unwrap();
    let parts = ["etc", "var/lib/dpkg/info", "usr/share/perl5"];
    let there: Vec<&str> = parts
        .into_iter()
        .filter(|part| Path::new("/").join(part).exists())
        .collect();
    let archive = s.0.join("archive");
    let how = [
        "--xattrs",
        "--numeric-owner",
        "-czf",
        archive.to_str().unwrap(),
        // Directories above: one that no entry names has no time.
        "--no-recursion",
        "usr",
        "usr/share",
        "var",
        "var/lib",
        "var/lib/dpkg",
        "--recursion",
    ];
    run("tar", &[&how, &there[..]].concat(), Path::new("/"));
    let n = same_as_gnu(&s, &archive);
    eprintln!("{n} files as GNU tar has them");
    assert!(n > 100);
}

#[test]
fn a_given_archive_as_gnu_tar_unpacks_it() {
    let Some(archive) = std::env::var_os("SRCON_GOLDEN_TAR") else {
        eprintln!("skipped: SRCON_GOLDEN_TAR names no archive");
        return;
    };
    let n = same_as_gnu(&Scratch::new(), Path::new(&archive));
    eprintln!("{n} files as GNU tar has them");
}

/// xorshift64*, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }
}

/// Of every sort of entry, in any order; only what both can do, so no name is another's directory.
fn random_archive(random: &mut Random) -> Vec<u8> {
    let mut a = Archive::new();
    let mut files: Vec<String> = Vec::new();
    let mut dirs = vec![String::new()];
    for i in 0..5 + random.below(40) {
        let dir = dirs[random.below(dirs.len())].clone();
        let odd = ["", " ", "\u{fc}", "\\", "-", "\x7f", "long-name-long-name-"][random.below(7)];
        let name = format!("{dir}{odd}{i}");
        let mode = [0o644, 0o755, 0o4755, 0o2711, 0o600, 0o444, 0o1777, 0][random.below(8)];
        let (uid, gid) = if is_root() {
            (random.below(70_000) as i64, random.below(3_000_000) as i64)
        } else {
            (0, 0)
        };
        let mut h = head(b'0', "x").mode(mode).owner(uid, gid);
        h.mtime = random.below(2_000_000_000) as i64;
        let path: &[(&str, &[u8])] = &[("path", name.as_bytes())];
        match random.below(6) {
            0 => {
                h.kind = b'5';
                h.mode |= 0o700;
                let slash = format!("{name}/");
                a = a.pax(&[("path", slash.as_bytes())]).head(h);
                dirs.push(slash);
            }
            1 => {
                h.kind = b'2';
                h.link = [&b"/bin/busybox"[..], b"../x", b"nowhere"][random.below(3)].to_vec();
                a = a.pax(path).head(h);
            }
            2 if !files.is_empty() => {
                let target = files[random.below(files.len())].clone();
                h.kind = b'1';
                a = a
                    .pax(&[("path", name.as_bytes()), ("linkpath", target.as_bytes())])
                    .head(h);
            }
            3 => {
                let time = format!("{}.{:09}", h.mtime, random.below(1_000_000_000));
                let attribute: &[u8] = b"\0\xff=\n";
                let records: &[(&str, &[u8])] = &[
                    ("path", name.as_bytes()),
                    ("mtime", time.as_bytes()),
                    ("SCHILY.xattr.user.any", attribute),
                ];
                a = a.pax(records).data(h, b"with records");
                files.push(name);
            }
            _ => {
                let data: Vec<u8> = (0..random.below(3000)).map(|i| i as u8).collect();
                a = a.pax(path).data(h, &data);
                files.push(name);
            }
        }
    }
    a.end()
}

#[test]
fn random_archives_as_gnu_tar_unpacks_them() {
    if !has("tar") || !is_root() {
        eprintln!("skipped: needs GNU tar and root");
        return;
    }
    let mut files = 0;
    for seed in 1..=60 {
        let s = Scratch::new();
        let archive = s.0.join("archive");
        fs::write(&archive, random_archive(&mut Random(seed * 0x9e37_79b9))).unwrap();
        files += same_as_gnu(&s, &archive);
    }
    assert!(files > 600, "{files}");
}

#[test]
fn layers_as_umoci_unpacks_them() {
    if !has("umoci") || !is_root() {
        eprintln!("skipped: needs umoci and root");
        return;
    }
    let s = Scratch::new();
    let made = s.0.join("made");
    fs::create_dir(&made).unwrap();
    let umoci = |words: &str| run("umoci", &words.split(' ').collect::<Vec<_>>(), &made);
    umoci("init --layout image");
    umoci("new --image image:a");
    let rootfs = made.join("work/rootfs");
    let layer = |change: &dyn Fn()| {
        umoci("unpack --image image:a work");
        change();
        umoci("repack --image image:a work");
        fs::remove_dir_all(made.join("work")).unwrap();
    };
    layer(&|| {
        fs::create_dir_all(rootfs.join("usr/lib/deep")).unwrap();
        fs::create_dir_all(rootfs.join("opt/many")).unwrap();
        symlink("usr/lib", rootfs.join("lib")).unwrap();
        for name in [
            "usr/lib/a",
            "usr/lib/deep/b",
            "opt/many/1",
            "opt/many/2",
            "gone",
            "type",
        ] {
            fs::write(rootfs.join(name), name).unwrap();
        }
        fs::hard_link(rootfs.join("usr/lib/a"), rootfs.join("usr/lib/again")).unwrap();
        let su = fs::Permissions::from_mode(0o4755);
        fs::set_permissions(rootfs.join("usr/lib/a"), su).unwrap();
        std::os::unix::fs::chown(rootfs.join("opt"), Some(33), Some(44)).unwrap();
    });
    layer(&|| {
        fs::remove_file(rootfs.join("gone")).unwrap();
        fs::remove_dir_all(rootfs.join("opt/many")).unwrap();
        fs::create_dir(rootfs.join("opt/many")).unwrap();
        fs::write(rootfs.join("opt/many/3"), "3").unwrap();
        fs::write(rootfs.join("usr/lib/a"), "changed").unwrap();
        fs::remove_file(rootfs.join("type")).unwrap();
        fs::create_dir(rootfs.join("type")).unwrap();
        fs::write(rootfs.join("type/in"), "in").unwrap();
    });
    layer(&|| {
        fs::remove_dir_all(rootfs.join("type")).unwrap();
        symlink("/usr", rootfs.join("type")).unwrap();
        let closed = fs::Permissions::from_mode(0o1711);
        fs::set_permissions(rootfs.join("usr/lib/deep"), closed).unwrap();
    });
    umoci("unpack --image image:a work");
    let layers = layers_of(&made.join("image"));
    assert_eq!(layers.len(), 3);
    let mut unpacker = Unpacker::open(s.root().as_os_str().as_bytes(), &keeping()).unwrap();
    let mut whiteouts = 0;
    for layer in layers {
        let monitor = Arc::new(Monitor::default());
        let file = fs::File::open(layer).unwrap();
        let report = unpacker
            .archive(file, Over::Layer, Sums::default(), &monitor)
            .unwrap();
        whiteouts += report.whiteouts;
    }
    unpacker.finish().unwrap();
    assert!(whiteouts >= 2);
    assert_eq!(dump(&s.root()), dump(&rootfs));
}

/// The blobs of the one image in a layout, lowest layer first: digests in the order of the manifest.
fn layers_of(image: &Path) -> Vec<std::path::PathBuf> {
    let blob = |hex: &str| image.join("blobs/sha256").join(hex);
    let digests = |path: &Path| -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let parts = text.split("sha256:").skip(1);
        parts.map(|part| part[..64].to_owned()).collect()
    };
    let manifest = digests(&image.join("index.json")).pop().unwrap();
    // The config comes first or last, and is no archive.
    let all = digests(&blob(&manifest)).into_iter().map(|hex| blob(&hex));
    all.filter(|path| fs::read(path).unwrap().starts_with(b"\x1f\x8b"))
        .collect()
}

fn one_of_everything(at: &Path) {
    fs::create_dir_all(at.join("b/c")).unwrap();
    fs::write(at.join("b/file"), "content").unwrap();
    fs::hard_link(at.join("b/file"), at.join("a-link")).unwrap();
    fs::write(at.join("n".repeat(150)), "long name").unwrap();
    fs::write(at.join(std::ffi::OsStr::from_bytes(b"\xff\n")), "odd").unwrap();
    symlink("t".repeat(150), at.join("link")).unwrap();
    let holes = fs::File::create(at.join("holes")).unwrap();
    holes.write_all_at(b"in the middle", 1 << 20).unwrap();
    holes.set_len(3 << 20).unwrap();
    fs::File::create(at.join("empty-holes"))
        .unwrap()
        .set_len(1 << 20)
        .unwrap();
    rustix::fs::setxattr(
        at.join("b/file"),
        "user.any",
        b"\0\xff",
        rustix::fs::XattrFlags::empty(),
    )
    .unwrap();
    if is_root() {
        std::os::unix::fs::chown(at.join("b"), Some(3_000_000), Some(7)).unwrap();
        let null = rustix::fs::makedev(1, 3);
        let kind = rustix::fs::FileType::CharacterDevice;
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at.join("null"),
            kind,
            rustix::fs::Mode::RUSR,
            null,
        )
        .unwrap();
    }
    fs::set_permissions(at.join("b/c"), fs::Permissions::from_mode(0o3555)).unwrap();
    fs::set_permissions(at.join("b/file"), fs::Permissions::from_mode(0o4711)).unwrap();
}

#[test]
fn what_is_packed_is_the_same_every_time_and_unpacks_as_it_was() {
    let monitor = Arc::new(Monitor::default());
    let s = Scratch::new();
    let made = s.0.join("made");
    fs::create_dir(&made).unwrap();
    one_of_everything(&made);
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let options = PackOptions {
            latest: None,
            compression,
        };
        let once = || {
            let file = fs::File::create(s.0.join("archive")).unwrap();
            let packed = pack(made.as_os_str().as_bytes(), file, &options, &monitor).unwrap();
            (packed, fs::read(s.0.join("archive")).unwrap())
        };
        let ((packed, bytes), again) = (once(), once());
        assert_eq!((&packed, &bytes), (&again.0, &again.1), "{compression:?}");
        assert!(bytes.len() < 64 << 10, "holes are left out");
        let archive = fs::File::open(s.0.join("archive")).unwrap();
        let target = s.root();
        let report = unpack(archive, target.as_os_str().as_bytes(), &keeping(), &monitor).unwrap();
        assert_eq!(
            (report.entries, report.read),
            (packed.entries, packed.written)
        );
        assert_eq!(dump(&s.root()), dump(&made), "{compression:?}");
        rootfs_fetch_core::remove::remove_tree(target.as_os_str().as_bytes()).unwrap();
        fs::create_dir(target).unwrap();
    }
    if has("tar") && is_root() {
        assert!(same_as_gnu(&s, &s.0.join("archive")) > 8);
    }
    // Times are no later than asked for.
    let options = PackOptions {
        latest: Some(1_000_000_000),
        ..PackOptions::default()
    };
    let file = fs::File::create(s.0.join("archive")).unwrap();
    pack(made.as_os_str().as_bytes(), file, &options, &monitor).unwrap();
    let again = Scratch::new();
    again.unpack_file(&s.0.join("archive"), &keeping()).unwrap();
    let all = dump(&again.root());
    assert!(
        all.values()
            .all(|line| line.contains(" 1000000000.000000000 ")),
        "{all:?}"
    );
}

//! Somebody else works in the target while it is filled: renames directories, puts links out in their
//! place, and hard links to a victim in place of files. What is made may then be refused, or lie where
//! the directory went; nothing outside is touched.

use crate::support::{Archive, Scratch, is_root, options};
use rootfs_fetch_core::{Monitor, Over, Sums, Unpacker};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long it goes on; the number of rounds is what fits.
const TIME: Duration = Duration::from_secs(3);

fn archive(number: u32) -> Vec<u8> {
    let mut a = Archive::new();
    for i in 0..40 {
        let at = ["d/", "d/sub/", "d/sub/"][i % 3];
        a = a
            .file(format!("{at}f{i}"), b"new")
            .symlink(format!("{at}l{i}"), "f0");
        a = a.hardlink(format!("{at}h{i}"), format!("{at}f{i}"));
        a = a
            .file(format!("{at}victim"), b"new")
            .dir("d/sub")
            .file(format!("{at}.wh.gone{number}"), b"");
    }
    a.end()
}

/// Everything about what lies outside.
fn outside(s: &Scratch) -> Vec<(PathBuf, u32, u32, u64, i64, i64, u64)> {
    let mut all = Vec::new();
    let mut ahead = vec![s.0.join("outside")];
    while let Some(at) = ahead.pop() {
        let m = at.symlink_metadata().unwrap();
        all.push((
            at.clone(),
            m.mode(),
            m.uid(),
            m.size(),
            m.mtime(),
            m.mtime_nsec(),
            m.ino(),
        ));
        if m.is_dir() {
            ahead.extend(fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()));
        }
    }
    all.sort();
    all
}

fn attack(root: &Path, out: &Path, aside: &Path, stop: &AtomicBool, rounds: &AtomicU32) {
    let dirs = [("d", out.to_path_buf()), ("d/sub", out.join("sub"))];
    while !stop.load(Ordering::Relaxed) {
        for (name, target) in &dirs {
            let (at, moved) = (root.join(name), aside.join("moved"));
            if fs::rename(&at, &moved).is_ok() {
                let _ = symlink(target, &at);
                std::thread::yield_now();
                let _ = fs::remove_file(&at);
                // Where a new one was made meanwhile, this one stays away.
                if fs::rename(&moved, &at).is_err() {
                    let _ = fs::remove_dir_all(&moved);
                }
                rounds.fetch_add(1, Ordering::Relaxed);
            }
            for name in ["victim", "l1", "l4"] {
                let at = root.join("d/sub").join(name);

                let _ = fs::remove_file(&at);
                let _ = fs::hard_link(
                    out.join(if name == "victim" { "victim" } else { "link" }),
                    at,
                );
            }
        }
    }
}

#[test]
fn nothing_outside_is_touched_while_somebody_renames_inside() {
    let s = Scratch::new();
    let out = s.0.join("outside");
    fs::create_dir_all(out.join("sub")).unwrap();
    for name in ["sub/victim", "sub/f1", "f0", "gone0", "sub/gone0"] {
        fs::write(out.join(name), "intact").unwrap();
    }
    symlink("victim", out.join("link")).unwrap();
    fs::create_dir(s.0.join("made")).unwrap();
    let before = outside(&s);
    let (stop, rounds) = (AtomicBool::new(false), AtomicU32::new(0));
    let (mut whole, mut refused) = (0, 0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        let (root, aside) = (s.root(), s.0.join("made"));
        let (out, stop, rounds) = (&out, &stop, &rounds);
        scope.spawn(move || attack(&root, out, &aside, stop, rounds));
        while started.elapsed() < TIME {
            match once(&s) {
                Ok(()) => whole += 1,
                Err(_) => refused += 1,
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    eprintln!(
        "{whole} whole, {refused} refused, {} renames",
        rounds.load(Ordering::Relaxed)
    );
    assert_eq!(before, outside(&s));
    assert!(
        refused > 0 && rounds.load(Ordering::Relaxed) > 20,
        "nobody attacked"
    );
    // Positive control: alone, it is whole.
    fresh(&s);
    once(&s).unwrap();
    assert!(!is_root() || s.at("d/sub/f1").exists());
}

fn fresh(s: &Scratch) {
    // The other end may put something back while it is removed.
    for _ in 0..1000 {
        if rootfs_fetch_core::remove::remove_tree(s.root().as_os_str().as_bytes()).is_ok() {
            break;
        }
    }
    let _ = fs::create_dir(s.root());
}

fn once(s: &Scratch) -> Result<(), rootfs_fetch_core::Failure> {
    fresh(s);
    let mut unpacker = Unpacker::open(s.root().as_os_str().as_bytes(), &options())?;
    for number in 0..2 {
        fs::write(s.0.join("archive"), archive(number)).unwrap();
        let file = fs::File::open(s.0.join("archive")).unwrap();
        let monitor = Arc::new(Monitor::default());
        unpacker.archive(file, Over::Layer, Sums::default(), &monitor)?;
    }
    unpacker.finish().map(drop)
}

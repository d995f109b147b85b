//! Archives written byte by byte, and a place to unpack them with something outside to lose.
#![allow(dead_code, missing_docs)]

use rootfs_fetch_core::{Failure, Monitor, Options, Owners, Report, remove::remove_tree, unpack};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::{ffi::OsStrExt, fs::MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A header in the making; ustar unless changed.
pub struct Head {
    pub name: Vec<u8>,
    pub kind: u8,
    pub mode: u32,
    pub uid: i64,
    pub gid: i64,
    pub size: u64,
    pub mtime: i64,
    pub link: Vec<u8>,
    pub device: (u32, u32),
}

pub fn head(kind: u8, name: impl AsRef<[u8]>) -> Head {
    let mode = if kind == b'5' { 0o755 } else { 0o644 };
    Head {
        name: name.as_ref().to_vec(),
        kind,
        mode,
        uid: 0,
        gid: 0,
        size: 0,
        mtime: 1_000_000_000,
        link: Vec::new(),
        device: (0, 0),
    }
}

impl Head {
    pub fn link(mut self, to: impl AsRef<[u8]>) -> Self {
        self.link = to.as_ref().to_vec();
        self
    }
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }
    pub fn owner(mut self, uid: i64, gid: i64) -> Self {
        (self.uid, self.gid) = (uid, gid);
        self
    }
    pub fn size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }
    pub fn device(mut self, major: u32, minor: u32) -> Self {
        self.device = (major, minor);
        self
    }

    pub fn block(&self) -> [u8; 512] {
        let mut b = [0u8; 512];
        let mut put = |at: usize, text: &[u8]| b[at..at + text.len()].copy_from_slice(text);
        assert!(self.name.len() <= 100 && self.link.len() <= 100);
        put(0, &self.name);
        put(100, format!("{:07o}", self.mode).as_bytes());
        put(108, &number(self.uid, 8));
        put(116, &number(self.gid, 8));
        put(124, &number(self.size.cast_signed(), 12));
        put(136, &number(self.mtime, 12));
        put(156, &[self.kind]);
        put(157, &self.link);
        put(257, b"ustar\x0000");
        put(329, format!("{:07o}", self.device.0).as_bytes());
        put(337, format!("{:07o}", self.device.1).as_bytes());
        sign(&mut b);
        b
    }
}

fn number(n: i64, width: usize) -> Vec<u8> {
    let text = format!("{:0w$o}", n.max(0), w = width - 1);
    if n >= 0 && text.len() < width {
        return text.into_bytes();
    }
    let mut bytes = vec![if n < 0 { 0xff } else { 0 }; width];
    bytes[width - 8..].copy_from_slice(&n.to_be_bytes());
    bytes[0] |= 0x80;
    bytes
}

/// Writes the checksum of a header.
pub fn sign(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[derive(Default, Clone)]
pub struct Archive(pub Vec<u8>);

impl Archive {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
    /// A header as it is, and no data.
    pub fn head(self, head: Head) -> Self {
        self.raw(&head.block())
    }
    /// A header with its size set, the data and the padding.
    pub fn data(self, head: Head, data: &[u8]) -> Self {
        let head = head.size(data.len() as u64);
        let filling = vec![0; (512 - data.len() % 512) % 512];
        self.head(head).raw(data).raw(&filling)
    }
    pub fn file(self, name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        self.data(head(b'0', name), data)
    }
    pub fn dir(self, name: impl AsRef<[u8]>) -> Self {
        self.head(head(b'5', name))
    }
    pub fn symlink(self, name: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Self {
        self.head(head(b'2', name).link(to))
    }
    pub fn hardlink(self, name: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Self {
        self.head(head(b'1', name).link(to))
    }
    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        self.records(b'x', records)
    }
    pub fn records(self, kind: u8, records: &[(&str, &[u8])]) -> Self {
        let data: Vec<u8> = records.iter().flat_map(|(k, v)| record(k, v)).collect();
        self.data(head(kind, "PaxHeader"), &data)
    }
    pub fn long(self, kind: u8, name: &[u8]) -> Self {
        self.data(head(kind, "././@LongLink"), &[name, b"\0"].concat())
    }
    pub fn end(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }
}

fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(data).unwrap();
    out.finish().unwrap()
}

/// A directory that is gone afterwards: `root` to unpack into, `outside` with a victim.
pub struct Scratch(pub PathBuf);

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Scratch {
    pub fn new() -> Self {
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let at = std::env::temp_dir().join(format!("rootfs-fetch-{}-{n}", std::process::id()));
        std::fs::create_dir(&at).unwrap();
        std::fs::create_dir(at.join("root")).unwrap();
        std::fs::create_dir(at.join("outside")).unwrap();
        std::fs::write(at.join("outside/victim"), "intact").unwrap();
        Self(at)
    }
    pub fn root(&self) -> PathBuf {
        self.0.join("root")
    }
    pub fn at(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }
    /// The absolute path of something outside, as an archive would name it.
    pub fn outside(&self, name: &str) -> String {
        self.0
            .join("outside")
            .join(name)
            .to_str()
            .unwrap()
            .to_owned()
    }
    pub fn unpack(&self, archive: &[u8]) -> Result<Report, Failure> {
        self.unpack_as(archive, &options())
    }
    pub fn unpack_as(&self, archive: &[u8], options: &Options) -> Result<Report, Failure> {
        let file = self.0.join("archive");
        std::fs::write(&file, archive).unwrap();
        let result = self.unpack_file(&file, options);
        self.assert_intact();
        result
    }
    pub fn unpack_file(&self, file: &Path, options: &Options) -> Result<Report, Failure> {
        let archive = std::fs::File::open(file).unwrap();
        unpack(
            archive,
            self.root().as_os_str().as_bytes(),
            options,
            &Arc::new(Monitor::default()),
        )
    }
    pub fn assert_intact(&self) {
        let victim = self.0.join("outside/victim");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "intact");
        assert_eq!(
            std::fs::metadata(&victim).unwrap().nlink(),
            1,
            "a hard link to the victim"
        );
        assert_eq!(
            std::fs::read_dir(self.0.join("outside")).unwrap().count(),
            1,
            "something new outside"
        );
        for entry in std::fs::read_dir(&self.0).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(
                ["root", "outside", "archive", "gnu", "made"]
                    .map(OsStr::new)
                    .contains(&name.as_os_str()),
                "{name:?}"
            );
        }
    }
    pub fn read(&self, name: &str) -> String {
        let path = self.at(name);
        assert!(
            path.symlink_metadata().unwrap().is_file(),
            "{name} is no regular file"
        );
        std::fs::read_to_string(path).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove_tree(self.0.as_os_str().as_bytes()).unwrap();
    }
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Owners as in the archive where that is possible.
pub fn options() -> Options {
    Options {
        owners: rootfs_fetch_core::owners_of_this_process(),
        ..Options::default()
    }
}

pub fn squashed() -> Options {
    Options {
        owners: Owners::Squash,
        ..Options::default()
    }
}

/// Everything that may be said of each file of a tree, the root's own attributes left out.
pub fn dump(root: &Path) -> BTreeMap<Vec<u8>, String> {
    let mut all = BTreeMap::new();
    collect(root, root, &mut all);
    all
}

fn collect(root: &Path, at: &Path, all: &mut BTreeMap<Vec<u8>, String>) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        let kind = meta.file_type();
        let content = if kind.is_symlink() {
            format!("-> {:?}", std::fs::read_link(&path).unwrap())
        } else if kind.is_file() {
            let data = std::fs::read(&path).unwrap();
            let sum = data.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, &b| {
                (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
            });
            format!("{} bytes {sum:x} links {}", data.len(), meta.nlink())
        } else {
            String::new()
        };
        let attributes = extended(&path);
        let line = format!(
            "{:o} {}:{} {}.{:09} {:x} {content} {attributes:?}",
            meta.mode(),
            meta.uid(),
            meta.gid(),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.rdev(),
        );
        all.insert(
            path.strip_prefix(root)
                .unwrap()
                .as_os_str()
                .as_bytes()
                .to_vec(),
            line,
        );
        if kind.is_dir() {
            collect(root, &path, all);
        }
    }
}

fn extended(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut names = [0u8; 4096];
    let n = rustix::fs::llistxattr(path, &mut names).unwrap_or(0);
    let names = names[..n].split(|&b| b == 0).filter(|n| !n.is_empty());
    names
        .map(|name| {
            let mut value = [0u8; 4096];
            let n = rustix::fs::lgetxattr(path, name, &mut value).unwrap();
            (
                String::from_utf8_lossy(name).into_owned(),
                value[..n].to_vec(),
            )
        })
        .collect()
}

/// Whether a program is there to compare with.
pub fn has(program: &str) -> bool {
    std::process::Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
}

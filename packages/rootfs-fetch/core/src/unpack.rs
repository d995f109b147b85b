//! Archives into a directory: read an entry, judge its name, make it; at the end either all of it
//! stands, or there is an error. Several archives may be put over one another as the layers of an OCI
//! image; the tree is completed once, after the last.

use crate::failure::{Failure, over};
use crate::input::{Input, Sums};
use crate::limits::Limits;
use crate::name::components;
use crate::owners::Owners;
use crate::report::{Monitor, Report};
use crate::tar::Reader;
use crate::tree::{Tree, open_target};
use rustix::fs::Mode;
use std::fs::File;
use std::sync::Arc;

/// How to unpack.
#[derive(Debug, Clone)]
pub struct Options {
    /// What becomes of owners.
    pub owners: Owners,
    /// Set no set-id bits.
    pub strip_set_id: bool,
    /// Make device nodes and FIFOs instead of counting them.
    pub keep_devices: bool,
    /// Which extended attributes are set, see [`Xattrs`].
    pub xattrs: Xattrs,
    /// Bring everything to disk at the end.
    pub sync: bool,
    /// What it may cost, each archive.
    pub limits: Limits,
}

/// Which extended attributes an archive may set. Labels of a security module (`security.selinux`) and
/// `trusted.*`, which steers overlayfs, are the host's to give: never set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Xattrs {
    /// `user.*`, file capabilities and ACLs.
    Known,
    /// None at all.
    None,
    /// Of the known ones, those that match one of these: whole names, or beginnings that end in `*`.
    Only(Vec<String>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            owners: Owners::Squash,
            strip_set_id: false,
            keep_devices: false,
            xattrs: Xattrs::Known,
            sync: true,
            limits: Limits::default(),
        }
    }
}

/// How an archive lies over what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// `.wh.x` is an ordinary name.
    Plain,
    /// As an OCI layer: whiteouts take away what lower layers brought.
    Layer,
}

/// A directory that archives are unpacked into, one after another.
pub struct Unpacker {
    tree: Tree,
    options: Options,
}

impl Unpacker {
    /// Takes an empty directory.
    ///
    /// # Errors
    /// If it cannot be opened, or is not empty.
    pub fn open(target: &[u8], options: &Options) -> Result<Self, Failure> {
        let root = open_target(target)?;
        Ok(Self {
            tree: Tree::open(&root, options).map_err(|f| f.at(target))?,
            options: options.clone(),
        })
    }

    /// Unpacks `archive`, from where it stands to its end; a file, or the reading end of a pipe.
    ///
    /// # Errors
    /// Whatever cannot be made exactly, as [`Report`] does not count it. What is in the target then must go.
    pub fn archive(
        &mut self,
        archive: File,
        over: Over,
        sums: Sums,
        monitor: &Arc<Monitor>,
    ) -> Result<Report, Failure> {
        let input = || Input::open(archive, sums, &self.options.limits, monitor);
        // A thread of its own, because of its file mode creation mask.
        let tree = &mut self.tree;
        let limits = &self.options.limits;
        std::thread::scope(|scope| {
            let work = scope.spawn(|| {
                tree.free_umask(own_umask());
                let result = input().and_then(|input| fill(tree, input, over, limits, monitor));
                tree.free_umask(false);
                result
            });
            work.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Gives directories their attributes. Only now is the tree what the archives say; the report is of
    /// what could not be given to directories.
    ///
    /// # Errors
    /// As [`Self::archive`].
    pub fn finish(mut self) -> Result<Report, Failure> {
        self.tree.seal()?;
        Ok(self.tree.report)
    }
}

fn fill(
    tree: &mut Tree,
    input: Input,
    layer: Over,
    limits: &Limits,
    monitor: &Monitor,
) -> Result<Report, Failure> {
    tree.begin(layer == Over::Layer);
    let mut reader = Reader::new(input, limits);
    while let Some(mut entry) = reader.next()? {
        tree.report.entries += 1;
        tree.report.records += entry.unknown_records;
        monitor.begun(tree.report.entries);
        if tree.report.entries > limits.entries {
            return Err(over(format!("more than {} entries", limits.entries)));
        }
        let path = std::mem::take(&mut entry.path);
        components(&path, limits)
            .and_then(|parts| tree.place(&parts, &mut entry, &mut reader))
            .map_err(|f| f.at(&path))?;
    }
    tree.link_deferred()?;
    let mut report = std::mem::take(&mut tree.report);
    let (sums, read) = reader.finish();
    report.read = read;
    report.sha256 = sums.sha256;
    report.sha512 = sums.sha512;
    report.diff_id = sums.diff_id;
    Ok(report)
}

/// Gives this thread a mask of its own, of 0, so that files are made with their mode at once: see
/// CLONE_FS in unshare(2). False where that is forbidden.
fn own_umask() -> bool {
    // SAFETY: the thread was made for this one job and ends with it; only its own mask and working
    // directory are apart from the others' now, and it uses no relative path.
    let apart = unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::FS) };
    if apart.is_ok() {
        rustix::process::umask(Mode::empty());
    }
    apart.is_ok()
}

/// Unpacks one archive into the empty directory `target`, with its SHA-512.
///
/// # Errors
/// Whatever cannot be made exactly, as [`Report`] does not count it. What is in `target` then must go.
pub fn unpack(
    archive: File,
    target: &[u8],
    options: &Options,
    monitor: &Arc<Monitor>,
) -> Result<Report, Failure> {
    let sums = Sums {
        sha512: true,
        ..Sums::default()
    };
    let mut unpacker = Unpacker::open(target, options)?;
    let mut report = unpacker.archive(archive, Over::Plain, sums, monitor)?;
    report.add_directories(&unpacker.finish()?);
    Ok(report)
}

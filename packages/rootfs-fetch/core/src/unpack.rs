//! An archive into a directory: read an entry, judge its name, make it; at the end either all of it
//! stands, or there is an error.

use crate::failure::{Failure, over};
use crate::input::Input;
use crate::limits::Limits;
use crate::name::components;
use crate::owners::Owners;
use crate::report::{Monitor, Report};
use crate::tar::Reader;
use crate::tree::{Tree, open_target};
use std::fs::File;

/// How to unpack.
#[derive(Debug, Clone)]
pub struct Options {
    /// What becomes of owners.
    pub owners: Owners,
    /// Set no set-id bits.
    pub strip_set_id: bool,
    /// Make device nodes and FIFOs instead of counting them.
    pub keep_devices: bool,
    /// What it may cost.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            owners: Owners::Squash,
            strip_set_id: false,
            keep_devices: false,
            limits: Limits::default(),
        }
    }
}

/// Unpacks `archive`, from where it stands to its end, into the empty directory `target`.
///
/// # Errors
/// Whatever cannot be made exactly, as [`Report`] does not count it. What is in `target` then must go.
pub fn unpack(
    archive: File,
    target: &[u8],
    options: &Options,
    monitor: &Monitor,
) -> Result<Report, Failure> {
    let root = open_target(target)?;
    let mut tree = Tree::open(&root, options).map_err(|f| f.at(target))?;
    let mut reader = Reader::new(
        Input::open(archive, &options.limits, monitor)?,
        &options.limits,
    );
    let mut buffer = vec![0; 128 << 10];
    while let Some(mut entry) = reader.next()? {
        tree.report.entries += 1;
        tree.report.records += entry.unknown_records;
        monitor.begun(tree.report.entries);
        if tree.report.entries > options.limits.entries {
            return Err(over(format!(
                "more than {} entries",
                options.limits.entries
            )));
        }
        let path = std::mem::take(&mut entry.path);
        components(&path, &options.limits)
            .and_then(|parts| tree.place(&parts, &mut entry, &mut reader, &mut buffer))
            .map_err(|f| f.at(&path))?;
    }
    tree.seal()?;
    let mut report = tree.report;
    (report.sha512, report.read) = reader.sum();
    Ok(report)
}

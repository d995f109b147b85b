//! v1: a new cpuset group has no CPUs and no memory nodes, and a process that joins it gets ENOSPC.
//! So what the step does not set is copied from the parent. See cpuset(7).

use crate::{directory::Directory, hierarchy::Group};
use srcon_step::Failure;

/// Copies what the step does not write itself.
pub(crate) fn inherit(parent: &Directory, group: &Directory, step: &Group) -> Result<(), Failure> {
    if step.version != 1 || !step.has("cpuset") {
        return Ok(());
    }
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if step.write.iter().any(|w| w.file == file) {
            continue;
        }
        let value = parent.read(file)?;
        if value.is_empty() {
            let note = "it is empty, so a group below it cannot have any";
            return Err(Failure::wrong(note).at(parent.path_of(file)));
        }
        group.write(file, &value)?;
    }
    Ok(())
}

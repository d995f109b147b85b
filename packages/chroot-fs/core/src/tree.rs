//! Copies of parts of the mount tree, made before the root changes: the new root itself and the
//! source of every bind. See open_tree(2). In a user namespace they can be copied only after its
//! own mount namespace was made (before: EPERM), and only with all that is mounted below, because
//! those mounts are locked (else: EINVAL).

use crate::attributes::{self, Attribute};
use crate::root;
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const CLONE: OpenTreeFlags = OpenTreeFlags::OPEN_TREE_CLONE.union(OpenTreeFlags::OPEN_TREE_CLOEXEC);

/// A detached copy of the mount that an open file stands on, cut at that file.
pub fn clone_of(fd: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd, Failure> {
    let recurse = if recursive {
        OpenTreeFlags::AT_RECURSIVE
    } else {
        OpenTreeFlags::empty()
    };
    open_tree(fd, c"", CLONE | recurse | OpenTreeFlags::AT_EMPTY_PATH)
        .map_err(|e| Failure::new("open_tree", e))
}

/// Puts a detached tree where `target` is open.
pub fn put(tree: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<(), Failure> {
    let by_descriptor =
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(tree, c"", target, c"", by_descriptor).map_err(|e| Failure::new("move_mount", e))
}

/// Copies a tree and names the copy. The path is looked up when the step acts, in the root and
/// from the directory that the process then has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Open {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    tree: String,
    path: Bytes,
    #[serde(default)]
    recursive: bool,
}

impl Step for Open {
    fn name(&self) -> &'static str {
        "fs.open"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        root::check_name(&self.tree)
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let recurse = if self.recursive {
            OpenTreeFlags::AT_RECURSIVE
        } else {
            OpenTreeFlags::empty()
        };
        let tree = open_tree(CWD, self.path.as_c_str(), CLONE | recurse)
            .map_err(|e| Failure::new("open_tree", e).at(self.path.to_text()))?;
        launch.descriptors().put(&self.tree, tree);
        Ok(())
    }
}

/// Attaches a copy so that it can become the root; the steps that follow work inside it.
///
/// It goes on top of `/`: pivot_root(2) wants a mount point that is not the current root, and `/`
/// is the one that is always there. Look-ups of this process do not see it: they begin below it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Attach {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    tree: String,
    #[serde(default)]
    recursive_attributes: Vec<Attribute>,
}

impl Step for Attach {
    fn name(&self) -> &'static str {
        "fs.attach"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        root::check_name(&self.tree)
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let tree = root::take_tree(launch, &self.tree)?;
        if !crate::place::is_directory(&tree)? {
            return Err(Failure::new("move_mount", rustix::io::Errno::NOTDIR)
                .note("a root must be a directory"));
        }
        attributes::add(tree.as_fd(), &self.recursive_attributes, true)?;
        put(tree.as_fd(), root::current()?.as_fd())?;
        root::prepare(launch, tree);
        Ok(())
    }
}

//! `ns.file`: keeps a namespace by binding it to a file. The keeper does it, outside: a bind made
//! inside would be gone with the mount namespace, and a user namespace may not bind its own file
//! (EPERM). See namespaces(7), "Pinning a namespace".

use crate::NsType;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Keeper, Launch, Mark, Needs, Step};
use std::{
    ffi::CString,
    os::fd::{AsFd, OwnedFd},
};

/// Binds the worker's current namespace of a type to a file of the caller's file system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    #[serde(rename = "type")]
    kind: NsType,
    /// As the caller sees it; made where it is missing.
    path: Bytes,
}

impl Step for File {
    fn name(&self) -> &'static str {
        "ns.file"
    }

    fn needs(&self) -> Needs {
        Needs {
            keeper: true,
            ..Needs::default()
        }
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::NamespaceFile]
    }

    fn validate(&self) -> Result<(), String> {
        if self.path.as_bytes().is_empty() {
            return Err("path: is empty".to_owned());
        }
        Ok(())
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        // A worker may enter its time namespace only when it executes the command.
        let name = match self.kind {
            NsType::Time => "time_for_children",
            kind => kind.file(),
        };
        let path = format!("self/ns/{name}");
        let c_path = CString::new(path.as_str()).map_err(|_| Failure::wrong("path"))?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let namespace = openat(launch.proc(), &c_path, flags, Mode::empty())
            .map_err(|e| Failure::new("openat", e).at(format!("/proc/{path}")))?;
        launch.outside(&[namespace.as_fd()])?;
        Ok(())
    }

    fn outside(
        &self,
        _keeper: &mut dyn Keeper,
        received: Vec<OwnedFd>,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let namespace = received
            .first()
            .ok_or_else(|| Failure::wrong("no namespace was sent"))?;
        let shown = self.path.to_text();
        let create = OFlags::RDONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let target = openat(CWD, self.path.as_c_str(), create, Mode::RUSR | Mode::WUSR)
            .map_err(|e| Failure::new("openat", e).at(&shown))?;
        let clone = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH;
        let tree = open_tree(namespace, c"", clone)
            .map_err(|e| Failure::new("open_tree", e).at(&shown))?;
        let by_descriptor =
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(&tree, c"", &target, c"", by_descriptor)
            .map_err(|e| Failure::new("move_mount", e).at(&shown))?;
        Ok(Vec::new())
    }
}

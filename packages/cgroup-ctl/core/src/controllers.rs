//! v2: a controller must be enabled in `cgroup.subtree_control` of every group above ours. What is
//! enabled stays so, since a sibling may rest on it by the time we end. A group with processes of
//! its own cannot enable controllers ("no internal processes", EBUSY): that is said, never worked
//! round by moving processes that are not ours. See admin-guide/cgroup-v2.rst.

use crate::{
    directory::{Directory, OPEN},
    hierarchy::{Group, components},
};
use rustix::fs::{Mode, OFlags, open, openat};
use srcon_step::{Failure, fail};

/// Enables the group's controllers from the top of the mount down to and including its parent.
pub(crate) fn enable(group: &Group) -> Result<(), Failure> {
    let mount = group.mount.to_text();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let top = open(group.mount.as_c_str(), flags, Mode::empty())
        .map_err(|e| fail("open")(e).at(&mount))?;
    let mut at = Directory::new(top, mount);
    enable_in(&at, &group.controllers)?;
    for part in components(&group.parent) {
        let path = at.path_of(&String::from_utf8_lossy(part));
        let fd = openat(&at, part, OPEN, Mode::empty()).map_err(|e| fail("open")(e).at(&path))?;
        at = Directory::new(fd, path);
        enable_in(&at, &group.controllers)?;
    }
    Ok(())
}

/// Enables controllers for the children of this group.
pub(crate) fn enable_in(directory: &Directory, controllers: &[String]) -> Result<(), Failure> {
    let enabled = directory.read("cgroup.subtree_control")?;
    for order in missing(&enabled, controllers) {
        directory.write("cgroup.subtree_control", &order)?;
    }
    Ok(())
}

/// One order for each controller, so that the one that fails is named.
fn missing(enabled: &str, controllers: &[String]) -> Vec<String> {
    (controllers.iter())
        .filter(|c| !enabled.split_whitespace().any(|e| e == c.as_str()))
        .map(|c| format!("+{c}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use srcon_step::Bytes;

    #[test]
    fn every_group_from_the_top_to_the_parent_enables_it() {
        let tree = crate::directory::tests::Tree::new(&[
            ("cgroup.subtree_control", "cpu memory"),
            ("a/cgroup.subtree_control", "cpu"),
            ("a/b/cgroup.subtree_control", ""),
            ("a/b/c/cgroup.subtree_control", ""),
        ]);
        let group = Group {
            version: 2,
            controllers: vec!["memory".into()],
            mount: Bytes::new(tree.path()).unwrap(),
            parent: Bytes::new("/a/b").unwrap(),
            write: Vec::new(),
        };
        enable(&group).unwrap();
        let read = |at: &str| tree.read(&format!("{at}cgroup.subtree_control"));
        assert_eq!(read(""), "cpu memory", "already enabled: not written");
        assert_eq!(
            (read("a/"), read("a/b/")),
            ("+memory".into(), "+memory".into())
        );
        assert_eq!(read("a/b/c/"), "", "nothing below the parent");
    }

    #[test]
    fn what_is_enabled_is_left_alone() {
        let wanted = ["memory".to_owned(), "pids".to_owned()];
        assert_eq!(missing("cpu memory", &wanted), ["+pids"]);
        assert_eq!(missing("", &wanted), ["+memory", "+pids"]);
        assert!(missing("pids memory", &wanted).is_empty());
    }
}

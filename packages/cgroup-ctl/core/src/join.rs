//! `cgroup.join`: puts the worker, and so all that it starts, into a group. The keeper makes it and
//! opens `cgroup.procs`; the worker writes "0", which is itself wherever it stands (in a user or
//! pid namespace, under another root), through that descriptor. See cgroups(7).

use crate::{Group, Statistics, directory::Directory, make, remove};
use rustix::io::write;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Keeper, Launch, Needs, Step, Undo, fail};
use std::{
    ffi::{CStr, CString},
    os::fd::OwnedFd,
    time::Instant,
};

/// Most hierarchies: v1 has at most one for each controller.
const MOST_GROUPS: usize = 32;

/// The step. Without `name` the group is transient: it is called as the run is, lasts as long and
/// takes all its members with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    /// Joins the group of this name, which is there already: nothing is made, limited or removed.
    #[serde(default)]
    name: Option<Bytes>,
    groups: Vec<Group>,
}

impl Step for Join {
    fn name(&self) -> &'static str {
        "cgroup.join"
    }

    fn needs(&self) -> Needs {
        let transient = self.name.is_none();
        Needs {
            keeper: true,
            supervisor: transient,
            undo: transient,
            encloses: transient,
            ..Needs::default()
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.groups.is_empty() || self.groups.len() > MOST_GROUPS {
            return Err(format!("groups: between 1 and {MOST_GROUPS}"));
        }
        for (index, group) in self.groups.iter().enumerate() {
            (group.validate()).map_err(|e| format!("groups[{index}].{e}"))?;
            if self.name.is_some() && !group.write.is_empty() {
                return Err(format!(
                    "groups[{index}].write: a named group has its limits"
                ));
            }
        }
        match &self.name {
            Some(name) if !is_name(name) => Err("name: not the name of one group".into()),
            _ => Ok(()),
        }
    }

    fn may_follow_pid(&self) -> bool {
        true
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let descriptors = launch.outside(&[])?;
        for (index, fd) in descriptors.iter().enumerate() {
            write(fd, b"0").map_err(|e| {
                let path = self.groups.get(index).map(|g| g.mount.to_text());
                (fail("write")(e).at(path.unwrap_or_default())).note("cgroup.procs")
            })?;
        }
        Ok(())
    }

    fn outside(
        &self,
        keeper: &mut dyn Keeper,
        _received: Vec<OwnedFd>,
    ) -> Result<Vec<OwnedFd>, Failure> {
        match &self.name {
            Some(name) => self.groups.iter().map(|g| existing(g, name)).collect(),
            None => make_all(&self.groups, keeper),
        }
    }

    fn undo(&self, undo: &Undo<'_>) {
        let Ok(name) = CString::new(undo.run_name) else {
            return;
        };
        if self.name.is_some() {
            return;
        }
        let deadline = Instant::now() + remove::PATIENCE;
        let parents: Vec<_> = (self.groups.iter())
            .filter_map(|g| Some((g.open_parent().ok()?, g.version)))
            .collect();
        for (parent, version) in &parents {
            statistics(parent, &name, *version).record(undo.page);
        }
        for (parent, _) in &parents {
            remove::remove(parent, &name, deadline);
        }
    }
}

/// A name is one component of a path.
fn is_name(name: &Bytes) -> bool {
    let bytes = name.as_bytes();
    !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/') && bytes.len() <= 255
}

fn existing(group: &Group, name: &Bytes) -> Result<OwnedFd, Failure> {
    let parent = group.open_parent()?;
    let path = parent.path_of(&name.to_text());
    match parent.child(name.as_c_str()) {
        Ok(Some(directory)) => make::procs(&directory),
        Ok(None) => Err(fail("open")(rustix::io::Errno::NOENT).at(path)),
        Err(errno) => Err(fail("open")(errno).at(path)),
    }
}

/// All groups or none.
fn make_all(groups: &[Group], keeper: &mut dyn Keeper) -> Result<Vec<OwnedFd>, Failure> {
    let name = CString::new(keeper.run_name()).map_err(|_| Failure::wrong("name of the run"))?;
    let mut made = Vec::with_capacity(groups.len());
    let mut descriptors = Vec::with_capacity(groups.len());
    for group in groups {
        let one = make::make(group, &name, Some(keeper.worker()))
            .and_then(|one| Ok((make::procs(&one.directory)?, one)));
        match one {
            Ok((procs, one)) => {
                descriptors.push(procs);
                made.push(one);
            }
            Err(failure) => {
                for one in &made {
                    let _ = one.parent.remove(&name);
                }
                return Err(failure);
            }
        }
    }
    for one in made {
        keeper.hold(one.directory.into_fd());
    }
    Ok(descriptors)
}

/// Of the run's group and those of its later steps, which are nested in it.
pub(crate) fn statistics(parent: &Directory, name: &CStr, version: u8) -> Statistics {
    let Ok(Some(mut group)) = parent.child(name) else {
        return Statistics::default();
    };
    let mut all = Statistics::read(&group, version);
    while let (1, Ok(Some(nested))) = (version, group.child(name)) {
        all = all.with_nested(&Statistics::read(&nested, version));
        group = nested;
    }
    all
}

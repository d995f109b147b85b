//! A group that a library holds for several commands: made as a run's own group is, locked as long
//! as the holder lives, so that it is swept up if the holder is killed.

use crate::{Group, directory::Directory, join::statistics, make, remove, statistics::Statistics};
use srcon_step::Failure;
use std::{ffi::CString, time::Instant};

/// Groups of one name in several hierarchies, with their locks.
pub struct Holding {
    name: CString,
    held: Vec<(Directory, u8, Directory)>,
}

impl Holding {
    /// Makes them all or none. `name` begins with `srcon-`, so that an abandoned one is known.
    ///
    /// # Errors
    /// The call that failed; a name that is taken is `mkdir`: EEXIST.
    pub fn make(name: &str, groups: &[Group]) -> Result<Self, Failure> {
        let wrong =
            || Failure::wrong("the name of a held group begins with srcon- and has no slash");
        let plain = name.as_bytes().starts_with(crate::sweep::PREFIX) && !name.contains('/');
        let name = CString::new(name).map_err(|_| wrong())?;
        if !plain || name.as_bytes().len() > 255 {
            return Err(wrong());
        }
        for group in groups {
            group.validate().map_err(Failure::wrong)?;
        }
        let mut holding = Self {
            name,
            held: Vec::new(),
        };
        for group in groups {
            let taken = matches!(group.open_parent()?.child(&holding.name), Ok(Some(_)));
            let made = match taken {
                true => Err(Failure::new("mkdir", rustix::io::Errno::EXIST)
                    .at(holding.name.to_string_lossy())),
                false => make::make(group, &holding.name, None),
            };
            match made {
                Ok(made) => (holding.held).push((made.parent, group.version, made.directory)),
                Err(failure) => {
                    holding.remove();
                    return Err(failure);
                }
            }
        }
        Ok(holding)
    }

    /// What they counted so far.
    #[must_use]
    pub fn statistics(&self) -> Vec<Statistics> {
        (self.held.iter())
            .map(|(parent, version, _)| statistics(parent, &self.name, *version))
            .collect()
    }

    /// Kills all members and removes the groups, within five seconds. Whether all are gone.
    #[must_use = "false: something is left"]
    pub fn end(self) -> bool {
        self.remove()
    }

    fn remove(&self) -> bool {
        let deadline = Instant::now() + remove::PATIENCE;
        (self.held.iter()).fold(true, |all, (parent, _, _)| {
            remove::remove(parent, &self.name, deadline) && all
        })
    }
}

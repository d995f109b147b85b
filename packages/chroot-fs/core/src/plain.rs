//! chroot(2) and nothing else, for those who ask for it: no wall. A process with CAP_SYS_CHROOT
//! leaves it by a second chroot, and one that holds a directory outside by fchdir(2).

use crate::root;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{chroot, fchdir};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step, fail};

/// Changes the root: to the prepared one, or to a directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Chroot {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    path: Option<Bytes>,
}

impl Step for Chroot {
    fn name(&self) -> &'static str {
        "fs.chroot"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::PlainChroot]
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let dir = match &self.path {
            Some(path) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                openat(CWD, path.as_c_str(), flags, Mode::empty())
                    .map_err(|e| Failure::new("openat", e).at(path.to_text()))?
            }
            None => root::take(launch)
                .ok_or_else(|| Failure::wrong("no path, and no fs.attach prepares a root"))?,
        };
        fchdir(&dir).map_err(fail("fchdir"))?;
        chroot(c".").map_err(fail("chroot"))?;
        root::stand_at_root()
    }
}

//! A root that others may want to take away is held while the container lives: whoever made it may have put a
//! file beside it, `ROOT.lock`, and takes that file's lock (flock(2)) alone before it removes the tree. Here
//! the lock is shared. The keeper has the descriptor: the command must not inherit it, and whatever ends the
//! container ends the keeper. A lock is seen from every mount and pid namespace, which a mount is not.

use rustix::fs::{CWD, FileType, FlockOperation, Mode, OFlags, flock, fstat, openat};
use rustix::io::Errno;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Keeper, Launch, Needs, Step, fail};
use std::{
    os::fd::{AsFd, OwnedFd},
    thread::sleep,
    time::{Duration, Instant},
};

/// Who removes a tree has its lock alone for the time of a rename.
const PATIENCE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(2);

/// Holds a shared lock until the container has ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Hold {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    /// The lock file; where there is none, nothing is held.
    path: Bytes,
}

impl Step for Hold {
    fn name(&self) -> &'static str {
        "fs.hold"
    }

    fn needs(&self) -> Needs {
        Needs {
            supervisor: true,
            keeper: true,
            ..Needs::default()
        }
    }

    fn may_follow_pid(&self) -> bool {
        true
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        // Not blocking on a FIFO, and never through a link.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let at = |call| move |e| Failure::new(call, e).at(self.path.to_text());
        let lock = match openat(CWD, self.path.as_c_str(), flags, Mode::empty()) {
            Ok(lock) => lock,
            // Gone with its tree: what opens the root says so.
            Err(Errno::NOENT) => return Ok(()),
            Err(e) => return Err(at("openat")(e)),
        };
        let stat = fstat(&lock).map_err(at("fstat"))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(at("flock")(Errno::INVAL).note("a lock must be a regular file"));
        }
        let end = Instant::now() + PATIENCE;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockShared) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if Instant::now() < end => sleep(TICK),
                Err(Errno::INTR) => {}
                Err(e) => return Err(at("flock")(e)),
            }
        }
        launch.outside(&[lock.as_fd()])?;
        Ok(())
    }

    fn outside(
        &self,
        keeper: &mut dyn Keeper,
        received: Vec<OwnedFd>,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let [lock] = <[OwnedFd; 1]>::try_from(received)
            .map_err(|_| Failure::wrong("one descriptor was expected"))?;
        // Once more, by this process: what is held is what it says.
        flock(&lock, FlockOperation::NonBlockingLockShared).map_err(fail("flock"))?;
        keeper.hold(lock);
        Ok(Vec::new())
    }
}

//! The descriptors that a command gets: ours, the null device, or real pipes. `child_process` makes
//! socket pairs, on which `echo > /dev/stdout` is ENXIO; these can be opened again. See pipe(7).

use crate::Failed;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Nothing: the null device for 0 to 2, closed above.
const IGNORE: i32 = -1;
/// A pipe that the command reads.
const PIPE_IN: i32 = -2;
/// A pipe that the command writes.
const PIPE_OUT: i32 = -3;

/// What a child is to have, and what stays here.
pub struct Stdio {
    /// Descriptor of ours and the number it gets there.
    pub moves: Vec<(RawFd, RawFd)>,
    /// Our ends of pipes by the child's number; -1: none.
    ours: Vec<Option<OwnedFd>>,
    /// The child's ends, closed here once it runs.
    _theirs: Vec<OwnedFd>,
    /// The null device, opened when it is first needed.
    null: Option<RawFd>,
}

impl Stdio {
    /// Opens what `wanted` asks for: a descriptor of ours, or one of the codes above.
    pub fn open(wanted: &[i32]) -> Result<Self, Failed> {
        let mut stdio = Self {
            moves: Vec::new(),
            ours: Vec::new(),
            _theirs: Vec::new(),
            null: None,
        };
        for (&what, to) in wanted.iter().zip(0..) {
            let (near, far) = stdio.one(what, to)?;
            stdio.ours.push(near);
            stdio.moves.extend(far.map(|fd| (fd, to)));
        }
        Ok(stdio)
    }

    /// Our end, and the descriptor that goes to the child's number `to`.
    fn one(&mut self, what: i32, to: RawFd) -> Result<(Option<OwnedFd>, Option<RawFd>), Failed> {
        match what {
            PIPE_IN | PIPE_OUT => {
                let (read, write) = pipe()?;
                let (near, far) = if what == PIPE_IN {
                    (write, read)
                } else {
                    (read, write)
                };
                do_not_block(&near)?;
                Ok((Some(near), Some(self.theirs(far))))
            }
            IGNORE if to <= 2 => {
                let null = match self.null {
                    Some(fd) => fd,
                    None => self.theirs(null_device()?),
                };
                self.null = Some(null);
                Ok((None, Some(null)))
            }
            fd => Ok((None, (fd >= 0).then_some(fd))),
        }
    }

    fn theirs(&mut self, fd: OwnedFd) -> RawFd {
        let number = fd.as_raw_fd();
        self._theirs.push(fd);
        number
    }

    /// Numbers from 3 on that the command shall have.
    pub fn kept(&self) -> Vec<RawFd> {
        self.moves
            .iter()
            .map(|&(_, to)| to)
            .filter(|&to| to > 2)
            .collect()
    }

    /// Gives our ends away, -1 where there is none.
    pub fn into_ours(self) -> Vec<RawFd> {
        self.ours
            .into_iter()
            .map(|fd| fd.map_or(-1, IntoRawFd::into_raw_fd))
            .collect()
    }
}

/// A pipe, close-on-exec: read end, write end.
pub fn pipe() -> Result<(OwnedFd, OwnedFd), Failed> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(Failed::last("pipe2"));
    }
    // SAFETY: the kernel has just given us both descriptors.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// Only our end: the other is a file description of its own, and the command's to decide on.
fn do_not_block(fd: &OwnedFd) -> Result<(), Failed> {
    // SAFETY: no memory is passed.
    match unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } {
        0 => Ok(()),
        _ => Err(Failed::last("fcntl")),
    }
}

fn null_device() -> Result<OwnedFd, Failed> {
    // SAFETY: the path ends with a NUL.
    match unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) } {
        -1 => Err(Failed::last("open")),
        // SAFETY: the kernel has just given us this descriptor.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

//! The kernel's interface: receive a notification, see whether it still stands, answer it. See
//! seccomp_unotify(2).

use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A call that waits for an answer: the kernel's `struct seccomp_notif`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notification {
    /// Of this notification.
    pub id: u64,
    /// The thread, in the pid namespace of the one that receives; 0 if it cannot be seen from there.
    pub tid: u32,
    flags: u32,
    /// Number of the call.
    pub nr: u32,
    /// `AUDIT_ARCH_*`: the way in.
    pub arch: u32,
    /// Where the call was made.
    pub ip: u64,
    /// Its arguments; on 32-bit ways in the upper halves mean nothing.
    pub args: [u64; 6],
}

impl Notification {
    const EMPTY: Self = Self {
        id: 0,
        tid: 0,
        flags: 0,
        nr: 0,
        arch: 0,
        ip: 0,
        args: [0; 6],
    };
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The call is made. Not a decision about safety: other threads may have changed what it points to.
    Continue,
    /// It is not made and returns this error number.
    Errno(u16),
    /// It is not made and returns this.
    Value(i64),
}

#[repr(C)]
struct Response {
    id: u64,
    val: i64,
    error: i32,
    flags: u32,
}

const CONTINUE: u32 = 1;
// _IOWR('!', 0, struct seccomp_notif), _IOWR('!', 1, …_resp), _IOW('!', 2, u64), _IOW('!', 4, u64)
const RECV: libc::Ioctl = 0xc050_2100_u32 as libc::Ioctl;
const SEND: libc::Ioctl = 0xc018_2101_u32 as libc::Ioctl;
const ID_VALID: libc::Ioctl = 0x4008_2102_u32 as libc::Ioctl;
const SET_FLAGS: libc::Ioctl = 0x4008_2104_u32 as libc::Ioctl;
const SYNC_WAKE_UP: u64 = 1;

const _: () = assert!(size_of::<Notification>() == 80 && size_of::<Response>() == 24);

/// The descriptor on which a filter asks. Closing it has the kernel answer ENOSYS from then on.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl From<OwnedFd> for Listener {
    fn from(fd: OwnedFd) -> Self {
        let flags = SYNC_WAKE_UP;
        // Since Linux 6.6: who asks and who answers take turns, so one CPU is better than two. An
        // older kernel answers EINVAL, and nothing is lost.
        // SAFETY: the flags are passed by value.
        unsafe { libc::ioctl(fd.as_raw_fd(), SET_FLAGS, flags) };
        Self(fd)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Listener {
    /// Waits for a call. `None`: the one that was announced has gone away meanwhile (a signal).
    ///
    /// # Errors
    /// ENOTCONN when nobody is left under the filter.
    pub fn receive(&self) -> Result<Option<Notification>, Errno> {
        // The kernel demands zeroes.
        let mut notification = Notification::EMPTY;
        // SAFETY: the kernel fills a structure of this size, which the number of the call holds.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), RECV, &raw mut notification) };
        match (
            result,
            Errno::from_io_error(&std::io::Error::last_os_error()),
        ) {
            (0, _) => Ok(Some(notification)),
            (_, Some(Errno::NOENT | Errno::INTR) | None) => Ok(None),
            (_, Some(errno)) => Err(errno),
        }
    }

    /// Whether the call still waits. What was read of its process before is worth something only
    /// then: else the pid may by now be another process's.
    #[must_use]
    pub fn is_valid(&self, id: u64) -> bool {
        // SAFETY: the kernel reads eight bytes.
        unsafe { libc::ioctl(self.0.as_raw_fd(), ID_VALID, &raw const id) == 0 }
    }

    /// Answers. A call that does not wait any more (its thread was killed) is no error.
    ///
    /// # Errors
    /// As the ioctl.
    pub fn reply(&self, id: u64, reply: Reply) -> Result<(), Errno> {
        let (val, error, flags) = match reply {
            Reply::Continue => (0, 0, CONTINUE),
            Reply::Errno(errno) => (0, -i32::from(errno), 0),
            Reply::Value(value) => (value, 0, 0),
        };
        let response = Response {
            id,
            val,
            error,
            flags,
        };
        // SAFETY: the kernel reads a structure of this size.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), SEND, &raw const response) };
        match (
            result,
            Errno::from_io_error(&std::io::Error::last_os_error()),
        ) {
            (0, _) | (_, Some(Errno::NOENT) | None) => Ok(()),
            (_, Some(errno)) => Err(errno),
        }
    }
}

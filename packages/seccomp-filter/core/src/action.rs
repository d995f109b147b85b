//! What a filter answers: the actions of seccomp(2), their OCI names and their rank.

/// The verdict on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ends the whole process as by SIGSYS.
    KillProcess,
    /// Ends the thread only.
    KillThread,
    /// Sends SIGSYS, which can be caught.
    Trap(u16),
    /// The call is not made and returns this error number; 0 pretends success.
    Errno(u16),
    /// Asks whoever holds the listener; ENOSYS without one.
    Notify,
    /// Asks a tracer; ENOSYS without one.
    Trace(u16),
    /// Makes the call and logs it.
    Log,
    /// Makes the call.
    Allow,
}

const KILL_PROCESS: u32 = 0x8000_0000;
const KILL_THREAD: u32 = 0x0000_0000;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;
const NOTIFY: u32 = 0x7fc0_0000;
const TRACE: u32 = 0x7ff0_0000;
const LOG: u32 = 0x7ffc_0000;
const ALLOW: u32 = 0x7fff_0000;
const DATA: u32 = 0xffff;

/// The kernel clamps larger error numbers to this one.
pub const MAX_ERRNO: u16 = 4095;

/// "Function not implemented": what a C library takes as "use the older call".
pub const ENOSYS: u16 = 38;

impl Action {
    /// The value that the filter returns.
    #[must_use]
    pub const fn value(self) -> u32 {
        match self {
            Self::KillProcess => KILL_PROCESS,
            Self::KillThread => KILL_THREAD,
            Self::Trap(data) => TRAP | data as u32,
            Self::Errno(errno) => ERRNO | errno as u32,
            Self::Notify => NOTIFY,
            Self::Trace(data) => TRACE | data as u32,
            Self::Log => LOG,
            Self::Allow => ALLOW,
        }
    }

    /// What a returned value means; as the kernel, an unknown one ends the process.
    #[must_use]
    pub const fn from_value(value: u32) -> Self {
        #[allow(clippy::cast_possible_truncation)] // masked
        let data = (value & DATA) as u16;
        match value & !DATA {
            KILL_THREAD => Self::KillThread,
            TRAP => Self::Trap(data),
            ERRNO => Self::Errno(data),
            NOTIFY => Self::Notify,
            TRACE => Self::Trace(data),
            LOG => Self::Log,
            ALLOW => Self::Allow,
            _ => Self::KillProcess,
        }
    }

    /// From the OCI name and `errnoRet`, which stands for the tracer's message too; EPERM if absent.
    #[must_use]
    pub fn from_oci(name: &str, errno: Option<u16>) -> Option<Self> {
        let data = errno.unwrap_or(libc::EPERM as u16);
        Some(match name {
            "SCMP_ACT_KILL_PROCESS" => Self::KillProcess,
            "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Self::KillThread,
            "SCMP_ACT_TRAP" => Self::Trap(0),
            "SCMP_ACT_ERRNO" => Self::Errno(data),
            "SCMP_ACT_NOTIFY" => Self::Notify,
            "SCMP_ACT_TRACE" => Self::Trace(data),
            "SCMP_ACT_LOG" => Self::Log,
            "SCMP_ACT_ALLOW" => Self::Allow,
            _ => return None,
        })
    }

    /// The OCI name and `errnoRet`, the reverse of [`Self::from_oci`]; `None` if it has no words for it.
    #[must_use]
    pub fn oci(self) -> Option<(&'static str, Option<u16>)> {
        let name = |name| Some((name, None));
        match self {
            Self::KillProcess => name("SCMP_ACT_KILL_PROCESS"),
            Self::KillThread => name("SCMP_ACT_KILL_THREAD"),
            Self::Trap(0) => name("SCMP_ACT_TRAP"),
            Self::Trap(_) => None,
            Self::Errno(errno) => Some(("SCMP_ACT_ERRNO", Some(errno))),
            Self::Notify => name("SCMP_ACT_NOTIFY"),
            Self::Trace(data) => Some(("SCMP_ACT_TRACE", Some(data))),
            Self::Log => name("SCMP_ACT_LOG"),
            Self::Allow => name("SCMP_ACT_ALLOW"),
        }
    }

    /// The kernel's order: of two filters (and, for us, of two rules that both match) the answer
    /// with the lower rank wins.
    #[must_use]
    pub const fn rank(self) -> i64 {
        (self.value() & !DATA) as i32 as i64
    }

    /// Whether the call is made, perhaps after a look: with such a default nothing is "unknown".
    #[must_use]
    pub const fn permits(self) -> bool {
        matches!(
            self,
            Self::Allow | Self::Log | Self::Trace(_) | Self::Notify
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_kernels() {
        let all = [
            (Action::KillProcess, libc::SECCOMP_RET_KILL_PROCESS),
            (Action::KillThread, libc::SECCOMP_RET_KILL_THREAD),
            (Action::Trap(7), libc::SECCOMP_RET_TRAP | 7),
            (Action::Errno(38), libc::SECCOMP_RET_ERRNO | 38),
            (Action::Notify, libc::SECCOMP_RET_USER_NOTIF),
            (Action::Trace(9), libc::SECCOMP_RET_TRACE | 9),
            (Action::Log, libc::SECCOMP_RET_LOG),
            (Action::Allow, libc::SECCOMP_RET_ALLOW),
        ];
        for (action, value) in all {
            assert_eq!(action.value(), value);
            assert_eq!(Action::from_value(value), action);
        }
        assert!(all.is_sorted_by_key(|(action, _)| action.rank()));
    }
}

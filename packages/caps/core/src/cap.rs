//! A capability by its kernel name. Names are those of linux/capability.h up to Linux 6.18; a newer
//! kernel's are written by number: `CAP_41`.

use serde::{Deserialize, Deserializer, de::Error};
use std::fmt;

const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// One capability.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cap(u8);

impl Cap {
    /// By number, 0 to 63: the kernel's sets have 64 bits.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < 64 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// By the kernel's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(at) = NAMES.iter().position(|n| *n == name) {
            return u8::try_from(at).ok().and_then(Self::new);
        }
        let digits = name.strip_prefix("CAP_")?;
        if digits.len() != 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: u8 = digits.parse().ok()?;
        if usize::from(number) < NAMES.len() {
            return None;
        }
        Self::new(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(usize::from(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "CAP_{}", self.0),
        }
    }
}

impl fmt::Debug for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Cap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            D::Error::custom(format!("unknown capability '{shown}'"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for number in 0..64 {
            let cap = Cap::new(number).unwrap();
            assert_eq!(Cap::from_name(&cap.to_string()), Some(cap));
        }
        assert_eq!(Cap::new(64), None);
        assert_eq!(Cap::from_name("CAP_CHECKPOINT_RESTORE"), Cap::new(40));
        for wrong in [
            "cap_chown",
            "CHOWN",
            "CAP_",
            "CAP_0",
            "CAP_40",
            "CAP_64",
            "CAP_+5",
            "",
            "CAP_041",
        ] {
            assert_eq!(Cap::from_name(wrong), None, "{wrong}");
        }
    }
}

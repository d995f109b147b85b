//! The architectures whose entries a filter can tell apart: what `seccomp_data.arch` and the number
//! of a call look like for each. See seccomp(2) and `linux/audit.h`.

/// One way into the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit entry of a PC.
    X86_64,
    /// `int $0x80` and the 32-bit sysenter of a PC.
    X86,
    /// 64-bit entry with [`X32_BIT`] set: the kernel reports the same architecture as for x86-64.
    X32,
    /// 64-bit Arm.
    Aarch64,
}

/// Set in the number of every x32 call.
pub const X32_BIT: u32 = 0x4000_0000;

impl Arch {
    /// All of them, in the order of the columns of the table of calls.
    pub const ALL: [Self; 4] = [Self::X86_64, Self::X86, Self::X32, Self::Aarch64];

    /// The one this program was built for.
    #[must_use]
    pub const fn native() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Aarch64
        } else {
            Self::X86_64
        }
    }

    /// From `uname -m`: only those that a kernel can be built for.
    #[must_use]
    pub fn from_machine(machine: &str) -> Option<Self> {
        match machine {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Aarch64),
            _ => None,
        }
    }

    /// `uname -m` of a kernel that has this entry as its own; x86 and x32 count as x86-64.
    #[must_use]
    pub const fn machine(self) -> &'static str {
        match self {
            Self::X86_64 | Self::X86 | Self::X32 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// From an OCI profile's token, `SCMP_ARCH_X86_64`.
    #[must_use]
    pub fn from_oci(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arch| arch.oci() == token)
    }

    /// The OCI profile's token.
    #[must_use]
    pub const fn oci(self) -> &'static str {
        match self {
            Self::X86_64 => "SCMP_ARCH_X86_64",
            Self::X86 => "SCMP_ARCH_X86",
            Self::X32 => "SCMP_ARCH_X32",
            Self::Aarch64 => "SCMP_ARCH_AARCH64",
        }
    }

    /// The word of Docker's profiles (`includes.arches`): Go's names, but also `x32`.
    #[must_use]
    pub const fn docker(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::X86 => "x86",
            Self::X32 => "x32",
            Self::Aarch64 => "arm64",
        }
    }

    /// `AUDIT_ARCH_*`, what the kernel puts into `seccomp_data.arch`.
    #[must_use]
    pub const fn audit(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::X86 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
        }
    }

    /// Whether arguments are 32 bits wide whatever their type. Not so for x32: its calls are the
    /// 64-bit ones and read whole registers.
    #[must_use]
    pub const fn is_32_bit(self) -> bool {
        matches!(self, Self::X86)
    }
}

//! The architectures whose entries a filter can tell apart: what `seccomp_data.arch` and the number
//! of a call look like for each, and how its words lie. See seccomp(2) and `linux/audit.h`.

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
    /// 32-bit Arm (EABI), alone or on a 64-bit kernel.
    Arm,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit IBM Z: big-endian.
    S390x,
    /// 64-bit POWER, little-endian.
    Ppc64le,
    /// 64-bit `LoongArch`.
    Loongarch64,
}

/// Set in the number of every x32 call.
pub const X32_BIT: u32 = 0x4000_0000;

/// Numbers from here on are those of 32-bit Arm's private calls (`cacheflush`, `set_tls`): they say
/// nothing of how new a call is.
pub const ARM_PRIVATE: u32 = 0x000f_0000;

/// In `seccomp_data.arch`: little-endian (`__AUDIT_ARCH_LE`).
const LITTLE_ENDIAN: u32 = 0x4000_0000;

/// Name, OCI token, Docker's word, `AUDIT_ARCH_*`, `uname -m` of the 64-bit kernel.
type Words = (&'static str, &'static str, &'static str, u32, &'static str);

impl Arch {
    /// All of them, in the order of the columns of the table of calls.
    pub const ALL: [Self; 9] = [
        Self::X86_64,
        Self::X86,
        Self::X32,
        Self::Aarch64,
        Self::Arm,
        Self::Riscv64,
        Self::S390x,
        Self::Ppc64le,
        Self::Loongarch64,
    ];

    #[rustfmt::skip]
    const fn words(self) -> Words {
        match self {
            Self::X86_64 => ("x86_64", "SCMP_ARCH_X86_64", "amd64", 0xc000_003e, "x86_64"),
            Self::X86 => ("x86", "SCMP_ARCH_X86", "x86", 0x4000_0003, "x86_64"),
            Self::X32 => ("x32", "SCMP_ARCH_X32", "x32", 0xc000_003e, "x86_64"),
            Self::Aarch64 => ("aarch64", "SCMP_ARCH_AARCH64", "arm64", 0xc000_00b7, "aarch64"),
            Self::Arm => ("arm", "SCMP_ARCH_ARM", "arm", 0x4000_0028, "aarch64"),
            Self::Riscv64 => ("riscv64", "SCMP_ARCH_RISCV64", "riscv64", 0xc000_00f3, "riscv64"),
            Self::S390x => ("s390x", "SCMP_ARCH_S390X", "s390x", 0x8000_0016, "s390x"),
            Self::Ppc64le => ("ppc64le", "SCMP_ARCH_PPC64LE", "ppc64le", 0xc000_0015, "ppc64le"),
            Self::Loongarch64 => ("loongarch64", "SCMP_ARCH_LOONGARCH64", "loong64", 0xc000_0102, "loongarch64"),
        }
    }

    /// The one this program was built for.
    #[must_use]
    pub const fn native() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Aarch64
        } else {
            Self::X86_64
        }
    }

    /// Its name, which is `uname -m` where a kernel has that entry as its own.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// From its name, or another that `uname -m` and other tools have for it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let known = match name {
            "amd64" => "x86_64",
            "i386" | "i486" | "i586" | "i686" => "x86",
            "arm64" => "aarch64",
            "armv6l" | "armv7l" | "armv8l" | "armhf" => "arm",
            "ppc64el" => "ppc64le",
            "loong64" => "loongarch64",
            other => other,
        };
        Self::ALL.into_iter().find(|arch| arch.name() == known)
    }

    /// `uname -m` of a 64-bit kernel that has this entry; x86 and x32 count as x86-64.
    #[must_use]
    pub const fn machine(self) -> &'static str {
        self.words().4
    }

    /// From an OCI profile's token, `SCMP_ARCH_X86_64`.
    #[must_use]
    pub fn from_oci(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arch| arch.oci() == token)
    }

    /// The OCI profile's token.
    #[must_use]
    pub const fn oci(self) -> &'static str {
        self.words().1
    }

    /// The word of Docker's profiles (`includes.arches`): Go's names, but also `x32`.
    #[must_use]
    pub const fn docker(self) -> &'static str {
        self.words().2
    }

    /// `AUDIT_ARCH_*`, what the kernel puts into `seccomp_data.arch`.
    #[must_use]
    pub const fn audit(self) -> u32 {
        self.words().3
    }

    /// Whether arguments are 32 bits wide whatever their type. Not so for x32: its calls are the
    /// 64-bit ones and read whole registers.
    #[must_use]
    pub const fn is_32_bit(self) -> bool {
        matches!(self, Self::X86 | Self::Arm)
    }

    /// Whether the upper half of an argument is the first of its two words, and programs are stored
    /// most significant byte first.
    #[must_use]
    pub const fn is_big_endian(self) -> bool {
        is_big_endian(self.audit())
    }
}

/// The same of what `seccomp_data.arch` says.
pub(crate) const fn is_big_endian(audit: u32) -> bool {
    audit & LITTLE_ENDIAN == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_order_and_names_lead_back() {
        for (index, arch) in Arch::ALL.into_iter().enumerate() {
            assert_eq!(arch as usize, index);
            assert_eq!(Arch::from_name(arch.name()), Some(arch));
            assert_eq!(Arch::from_oci(arch.oci()), Some(arch));
            assert_eq!(arch.is_big_endian(), arch == Arch::S390x);
        }
        assert_eq!(Arch::from_name("i686"), Some(Arch::X86));
        assert_eq!(Arch::from_name("sparc"), None);
    }

    #[test]
    fn audit_numbers_are_the_elf_machines() {
        let (wide, little) = (0x8000_0000, LITTLE_ENDIAN);
        let known = [
            (Arch::X86_64, 62 | wide | little),
            (Arch::X86, 3 | little),
            (Arch::Aarch64, 183 | wide | little),
            (Arch::Arm, 40 | little),
            (Arch::Riscv64, 243 | wide | little),
            (Arch::S390x, 22 | wide),
            (Arch::Ppc64le, 21 | wide | little),
            (Arch::Loongarch64, 258 | wide | little),
        ];
        for (arch, audit) in known {
            assert_eq!(arch.audit(), audit, "{arch:?}");
        }
    }
}

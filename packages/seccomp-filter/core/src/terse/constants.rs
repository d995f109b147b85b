//! Names of numbers: address families, flags, modes, errors. See `scripts/constants.mjs`.

mod values;

use crate::Arch;
use values::VALUES;

/// The value of a constant on an architecture; negative where the kernel's header says so.
#[must_use]
pub fn value(name: &str, arch: Arch) -> Option<i64> {
    let index = VALUES
        .binary_search_by(|(known, ..)| (*known).cmp(name))
        .ok()?;
    let (_, usual, others) = VALUES.get(index)?;
    // 32-bit and 64-bit programs of a PC share their headers, and so do LoongArch and RISC-V.
    let machine = match arch {
        Arch::X86 | Arch::X32 => Arch::X86_64,
        Arch::Loongarch64 => Arch::Riscv64,
        other => other,
    };
    let other = others.iter().find(|(arch, _)| *arch == machine);
    Some(other.map_or(*usual, |(_, value)| *value))
}

/// Those that begin so.
pub fn beginning(prefix: &str) -> impl Iterator<Item = &'static str> {
    let first = VALUES.partition_point(|(name, ..)| *name < prefix);
    let rest = VALUES[first..].iter().map(|(name, ..)| *name);
    rest.take_while(move |name| name.starts_with(prefix))
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    VALUES.iter().map(|(name, ..)| *name)
}

/// The number of an error, `EPERM`.
#[must_use]
pub fn errno(name: &str) -> Option<u16> {
    // C libraries' own name, which the kernel's headers have not.
    let name = if name == "ENOTSUP" {
        "EOPNOTSUPP"
    } else {
        name
    };
    let is_error = name.starts_with('E') && !name.starts_with("EPOLL") && !name.starts_with("EFD_");
    let value = value(name, Arch::native()).filter(|_| is_error)?;
    u16::try_from(value).ok().filter(|n| (1..4096).contains(n))
}

/// All names of errors.
pub fn errno_names() -> impl Iterator<Item = &'static str> {
    names().filter(|name| errno(name).is_some())
}

/// The name of an error number, as C libraries print it.
#[must_use]
pub fn errno_name(number: u16) -> Option<&'static str> {
    let other_names = ["EWOULDBLOCK", "EDEADLOCK"];
    let mut all = errno_names().filter(|name| !other_names.contains(name));
    all.find(|name| errno(name) == Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_right_for_this_machine() {
        assert!(VALUES.is_sorted_by(|a, b| a.0 < b.0));
        let here = |name| value(name, Arch::native()).unwrap();
        assert_eq!(here("AF_INET6"), i64::from(libc::AF_INET6));
        assert_eq!(here("O_DIRECTORY"), i64::from(libc::O_DIRECTORY));
        assert_eq!(here("CLONE_NEWUSER"), i64::from(libc::CLONE_NEWUSER));
        assert_eq!(here("AT_FDCWD"), i64::from(libc::AT_FDCWD));
        assert_eq!(here("TIOCSTI"), libc::TIOCSTI as i64);
        assert_eq!(here("UNAME26"), 0x002_0000);
        assert_eq!(value("NO_SUCH", Arch::X86), None);
        assert!(beginning("AF_").count() > 40 && beginning("AF_").all(|n| n.starts_with("AF_")));
        assert_eq!(beginning("NO_SUCH").count(), 0);
    }

    #[test]
    fn other_machines_have_other_values() {
        assert_eq!(value("O_DIRECTORY", Arch::X86), Some(0o20_0000));
        assert_eq!(value("O_DIRECTORY", Arch::Aarch64), Some(0o4_0000));
        assert_eq!(value("O_DIRECTORY", Arch::Loongarch64), Some(0o20_0000));
    }

    #[test]
    fn errors() {
        assert_eq!(errno("EPERM"), Some(1));
        assert_eq!(errno("EAFNOSUPPORT"), Some(97));
        assert_eq!(errno("ENOTSUP"), Some(95));
        assert_eq!(errno("AF_UNIX"), None);
        assert_eq!(errno("EPOLLIN"), None);
        assert_eq!(errno_name(11), Some("EAGAIN"));
        assert_eq!(errno_name(95), Some("EOPNOTSUPP"));
        for number in 1..=133 {
            let name = errno_name(number).or_else(|| [41, 58].contains(&number).then_some("none"));
            assert!(name.is_some(), "{number}");
        }
    }
}

//! How a live process stands: `Seccomp:` and `Seccomp_filters:` of `/proc/PID/status`. See proc(5).

use std::io;

/// Seccomp as the kernel reports it for a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// 0 none, 1 strict, 2 filter.
    pub mode: u32,
    /// Filters that every call passes; absent before Linux 5.9.
    pub filters: Option<u32>,
    /// Whether execve can give no more privileges.
    pub no_new_privs: bool,
}

/// Reads it.
///
/// # Errors
/// As of open(2): ENOENT if there is no such process; EINVAL if the kernel has no seccomp.
pub fn of(pid: u32) -> io::Result<Status> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/status"))?)
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
}

fn parse(text: &str) -> Option<Status> {
    let number = |key: &str| -> Option<u32> {
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        value.trim().parse().ok()
    };
    Some(Status {
        mode: number("Seccomp")?,
        filters: number("Seccomp_filters"),
        no_new_privs: number("NoNewPrivs")? == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        let text = "Name:\tSeccomp: 9\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";
        let status = Status {
            mode: 2,
            filters: Some(3),
            no_new_privs: true,
        };
        assert_eq!(parse(text), Some(status));
        assert_eq!(parse("Name:\tx\n"), None);
    }

    #[test]
    fn reads_its_own() {
        assert!(of(std::process::id()).is_ok());
        assert_eq!(of(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

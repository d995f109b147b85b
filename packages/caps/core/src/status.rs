//! The text of /proc/PID/status. See proc_pid_status(5).

/// What stands behind `name:`; empty where that line is not there.
pub(crate) fn field<'a>(status: &'a str, name: &str) -> &'a str {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .unwrap_or_default()
        .trim()
}

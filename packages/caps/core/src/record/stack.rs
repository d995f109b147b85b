//! What the kernel's stack says of a check: the call, and whether its outcome matters.

/// What kind of check it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Need,
    Accounting,
    Probe,
}

pub fn kind_of(frames: &[String]) -> Kind {
    let accounting = |f: &String| {
        [
            "security_vm_enough_memory",
            "cap_vm_enough_memory",
            "__vm_enough_memory",
        ]
        .iter()
        .any(|name| f.starts_with(name))
    };
    if frames.iter().any(accounting) {
        Kind::Accounting
    } else if frames.iter().any(|f| f.contains("noaudit")) {
        Kind::Probe
    } else {
        Kind::Need
    }
}

/// Where one of several capabilities does, the one that the kernel asks for next. See capabilities(7).
pub fn alternative(capability: u8) -> Option<u8> {
    const DAC_OVERRIDE: u8 = 1;
    const NET_ADMIN: u8 = 12;
    const SYS_ADMIN: u8 = 21;
    Some(match capability {
        // CAP_DAC_READ_SEARCH.
        2 => DAC_OVERRIDE,
        // CAP_NET_RAW.
        13 => NET_ADMIN,
        // CAP_SYS_NICE, CAP_SYSLOG, CAP_PERFMON, CAP_BPF, CAP_CHECKPOINT_RESTORE.
        23 | 34 | 38 | 39 | 40 => SYS_ADMIN,
        _ => return None,
    })
}

/// Without what the compiler added.
pub fn plain(frame: &str) -> &str {
    let cut = [".isra", ".constprop", ".cold", ".part", ".llvm"]
        .iter()
        .filter_map(|mark| frame.find(mark))
        .min();
    frame[..cut.unwrap_or(frame.len())].trim_end()
}

fn syscall(frame: &str) -> Option<&str> {
    let rest = frame.strip_prefix("__")?;
    let arch = [
        "x64_", "x32_", "ia32_", "arm64_", "riscv_", "s390_", "s390x_", "do_", "se_",
    ];
    let rest = arch
        .iter()
        .find_map(|name| rest.strip_prefix(name))
        .unwrap_or(rest);
    let rest = rest.strip_prefix("compat_").unwrap_or(rest);
    rest.strip_prefix("sys_")
}

/// The system call in a stack, innermost frame first; where the compiler has merged it away, what the
/// kernel was doing.
#[must_use]
pub fn call_of(frames: &[String]) -> String {
    const ENTRIES: [&str; 6] = [
        "do_syscall_64",
        "do_int80",
        "do_fast_syscall",
        "el0_svc",
        "invoke_syscall",
        "ret_from_fork",
    ];
    if let Some(call) = frames.iter().rev().find_map(|f| syscall(f)) {
        return call.to_owned();
    }
    if frames.iter().any(|f| f.contains("page_fault")) {
        return "page fault".to_owned();
    }
    let entry = frames
        .iter()
        .position(|f| ENTRIES.iter().any(|name| f.starts_with(name)));
    let outermost = match entry {
        Some(at) if at > 0 => frames.get(at - 1),
        _ => frames.last(),
    };
    outermost.map_or_else(|| "unknown".to_owned(), |frame| format!("in {frame}"))
}

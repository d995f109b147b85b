//! The launcher's program as a file that no container can write to. A root inside a container may
//! open what runs there by `/proc/PID/exe`; were that the installed file, the next start would run
//! what it wrote (CVE-2019-5736). So it is a sealed copy in memory, made once and kept open: copying
//! costs 0.1 to 0.24 ms. See memfd_create(2), open(2) on O_TMPFILE.

use crate::{Failed, memory};
use srcon_step::sys;
use std::{
    ffi::CString,
    fs::{self, File},
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::fs::OpenOptionsExt,
    },
    sync::{Arc, Mutex, PoisonError},
};

/// What is executed.
pub enum Program {
    /// A copy that cannot be found in any file system.
    Copy(OwnedFd),
    /// The installed file.
    Installed(CString),
}

static KEPT: Mutex<Option<(String, Arc<Program>)>> = Mutex::new(None);

impl Program {
    /// The program of the launcher at `path`.
    pub fn of(path: &str) -> Result<Arc<Self>, Failed> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((name, program)) = kept.as_ref()
            && name == path
        {
            return Ok(program.clone());
        }
        let (program, lasting) = choose(path)?;
        let program = Arc::new(program);
        if lasting {
            *kept = Some((path.to_owned(), program.clone()));
        }
        Ok(program)
    }

    /// The copy's descriptor; -1: there is none.
    pub fn descriptor(&self) -> RawFd {
        match self {
            Self::Copy(fd) => fd.as_raw_fd(),
            Self::Installed(_) => -1,
        }
    }
}

/// The best that this host allows, and whether it may be used again.
fn choose(path: &str) -> Result<(Program, bool), Failed> {
    let installed = || {
        let path = CString::new(path).map_err(|_| Failed::new("execve", libc::EINVAL))?;
        Ok((Program::Installed(path), true))
    };
    // AppArmor allows user namespaces by the path of the program, and a copy has none.
    if sysctl("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        return installed();
    }
    let from =
        File::open(path).map_err(|e| Failed::new("open", e.raw_os_error().unwrap_or(libc::EIO)))?;
    if let Ok(copy) = in_memory(&from) {
        return Ok((Program::Copy(copy), true));
    }
    // vm.memfd_noexec=2. A file without a name can be written to by whoever may open it: once only.
    match without_name(&from) {
        Some(copy) => Ok((Program::Copy(copy), false)),
        None => installed(),
    }
}

fn in_memory(from: &File) -> Result<OwnedFd, Failed> {
    let to = sys::memfd(c"srcon-launch", true)
        .map_err(|e| Failed::new("memfd_create", e.raw_os_error()))?;
    copy(from, to.as_raw_fd())?;
    memory::seal(&to)?;
    Ok(to)
}

fn without_name(from: &File) -> Option<OwnedFd> {
    ["/dev/shm", "/tmp", "/var/tmp"]
        .into_iter()
        .find_map(|folder| {
            let to = fs::OpenOptions::new()
                .write(true)
                .mode(0o500)
                .custom_flags(libc::O_TMPFILE)
                .open(folder)
                .ok()?;
            if is_noexec(&to) {
                return None;
            }
            copy(from, to.as_raw_fd()).ok()?;
            // Executing a file that is open for writing is ETXTBSY.
            let again = File::open(format!("/proc/self/fd/{}", to.as_raw_fd())).ok()?;
            Some(again.into())
        })
}

fn is_noexec(file: &File) -> bool {
    // SAFETY: plain data, filled in by the call below.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` lives through the call.
    let result = unsafe { libc::fstatvfs(file.as_raw_fd(), &raw mut stat) };
    result != 0 || stat.f_flag & libc::ST_NOEXEC != 0
}

/// All of `from`, wherever its offset stands.
fn copy(from: &File, to: RawFd) -> Result<(), Failed> {
    let mut offset: libc::off_t = 0;
    loop {
        // SAFETY: `offset` lives through the call.
        match unsafe { libc::sendfile(to, from.as_raw_fd(), &raw mut offset, 1 << 30) } {
            0 => return Ok(()),
            n if n > 0 => {}
            _ => return Err(Failed::last("sendfile")),
        }
    }
}

fn sysctl(name: &str) -> Option<i32> {
    fs::read_to_string(format!("/proc/sys/{name}"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

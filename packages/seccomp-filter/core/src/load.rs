//! The step `seccomp.load`: hands a compiled program to the kernel. See seccomp(2).
//!
//! The worker has one thread, so no TSYNC. Whether no_new_privs or CAP_SYS_ADMIN is there was decided
//! by the tools; without either the kernel says EACCES and the explainer says why.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Kind, Launch, Mark, Step, kind};

use crate::{
    Arch,
    bpf::{self, Insn, MAX_INSNS},
};

/// The steps of this tool.
pub const KINDS: &[Kind] = &[kind::<Load>("seccomp.load")];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Flag {
    /// Log every answer that is not "allow", as far as `kernel.seccomp.actions_logged` says.
    Log,
    /// Do not turn speculative store bypass off.
    SpecAllow,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    /// The array of `struct sock_filter`, base64.
    program: String,
    /// `uname -m` of the kernel that it was compiled for.
    arch: String,
    #[serde(default)]
    flags: Vec<Flag>,
    /// Where the program comes from, for people.
    #[serde(default, rename = "source")]
    _source: Option<String>,
}

impl Load {
    fn decode(&self) -> Result<Vec<Insn>, String> {
        let bytes = (BASE64_STANDARD.decode(&self.program)).map_err(|e| format!("program: {e}"))?;
        let program = bpf::decode(&bytes).ok_or("program: its length is not a multiple of 8")?;
        match program.len() {
            0 => Err("program: it is empty".to_owned()),
            1..=MAX_INSNS => Ok(program),
            n => Err(format!(
                "program: {n} instructions, the kernel takes {MAX_INSNS}"
            )),
        }
    }
}

impl Step for Load {
    fn name(&self) -> &'static str {
        "seccomp.load"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::Filter]
    }

    fn validate(&self) -> Result<(), String> {
        let here = Arch::native().machine();
        if self.arch != here {
            return Err(format!(
                "arch: the program is for {}, this is {here}",
                self.arch
            ));
        }
        self.decode().map(drop)
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        let program = self.decode().map_err(Failure::wrong)?;
        let flags = self.flags.iter().fold(0, |sum, flag| {
            sum | match flag {
                Flag::Log => libc::SECCOMP_FILTER_FLAG_LOG,
                Flag::SpecAllow => libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
            }
        });
        load(&program, flags).map_err(|errno| {
            Failure::new("seccomp", errno).note(format!("{} instructions", program.len()))
        })
    }
}

/// Loads a filter for the calling thread and what it will start. It cannot be taken off again.
///
/// # Errors
/// As seccomp(2): EACCES without no_new_privs and CAP_SYS_ADMIN in the own user namespace, EINVAL
/// for a program that the kernel refuses, ENOMEM if all filters together are too long.
pub fn load(program: &[Insn], flags: libc::c_ulong) -> Result<(), rustix::io::Errno> {
    let length = u16::try_from(program.len()).map_err(|_| rustix::io::Errno::INVAL)?;
    let array = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    // SAFETY: `Insn` is laid out as `sock_filter`; the kernel only reads the array, of which `len`
    // elements live through the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            std::ptr::from_ref(&array),
        )
    };
    if result == 0 {
        return Ok(());
    }
    let errno = std::io::Error::last_os_error().raw_os_error();
    Err(rustix::io::Errno::from_raw_os_error(
        errno.unwrap_or(libc::EIO),
    ))
}

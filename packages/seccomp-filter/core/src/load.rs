//! The step `seccomp.load`: hands a compiled program to the kernel. See seccomp(2).
//!
//! The worker has one thread, so no TSYNC. A filter that notifies needs somebody who answers: see
//! `listener`. Whether no_new_privs or CAP_SYS_ADMIN is there was decided
//! by the tools; without either the kernel says EACCES and the explainer says why.

use base64::{Engine, prelude::BASE64_STANDARD};
use rustix::io::Errno;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Keeper, Kind, Launch, Mark, Needs, Step, fail, kind};
use std::os::fd::{AsFd, OwnedFd};

use crate::{
    Action, Arch,
    bpf::{self, Insn, MAX_INSNS, RETURN},
    handover,
    listener::ToListener,
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
    /// A notified call whose listener has read of it waits on through signals, but for a fatal one:
    /// Linux 5.19.
    WaitKillable,
}

const WAIT_KILLABLE_RECV: libc::c_ulong = 1 << 5;

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
    /// Who is to answer the calls that the program has notified.
    listener: Option<ToListener>,
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
        let program = self.decode()?;
        let asks =
            |insn: &Insn| insn.code == RETURN && Action::from_value(insn.k) == Action::Notify;
        match &self.listener {
            Some(listener) => listener.validate(),
            None if self.flags.contains(&Flag::WaitKillable) => {
                Err("flags: wait-killable is for a program with a listener".to_owned())
            }
            None if program.iter().any(asks) => {
                Err("listener: it is missing, and the program has calls notified".to_owned())
            }
            None => Ok(()),
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            keeper: self.listener.as_ref().is_some_and(ToListener::is_by_path),
            ..Needs::default()
        }
    }

    fn outside(
        &self,
        keeper: &mut dyn Keeper,
        received: Vec<OwnedFd>,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let listener =
            (self.listener.as_ref()).ok_or_else(|| Failure::wrong("this step has no listener"))?;
        listener.tell(keeper, received).map(|()| Vec::new())
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let program = self.decode().map_err(Failure::wrong)?;
        let flags = self.flags.iter().fold(0, |sum, flag| {
            sum | match flag {
                Flag::Log => libc::SECCOMP_FILTER_FLAG_LOG,
                Flag::SpecAllow => libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                Flag::WaitKillable => WAIT_KILLABLE_RECV,
            }
        });
        let count = format!("{} instructions", program.len());
        match &self.listener {
            None => load(&program, flags).map(drop).map_err(fail("seccomp")),
            Some(listener) => {
                listener.prepare()?;
                let flags = flags | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
                let give = |launch: &mut dyn Launch, fd: OwnedFd| listener.give(launch, fd.as_fd());
                handover::load_and_give(&program, flags, launch, &give)
            }
        }
        .map_err(|failure| match failure.syscall {
            "seccomp" => failure.note(count),
            _ => failure,
        })
    }
}

/// Loads a filter for the calling thread and what it will start. It cannot be taken off again. With
/// SECCOMP_FILTER_FLAG_NEW_LISTENER the result is the number of a descriptor.
///
/// # Errors
/// As seccomp(2): EACCES without no_new_privs and CAP_SYS_ADMIN in the own user namespace, EINVAL
/// for a program that the kernel refuses, ENOMEM if all filters together are too long, EBUSY for a
/// second listener.
pub fn load(program: &[Insn], flags: libc::c_ulong) -> Result<i32, Errno> {
    let length = u16::try_from(program.len()).map_err(|_| Errno::INVAL)?;
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
    if let Ok(number) = i32::try_from(result)
        && number >= 0
    {
        return Ok(number);
    }
    let errno = std::io::Error::last_os_error().raw_os_error();
    Err(Errno::from_raw_os_error(errno.unwrap_or(libc::EIO)))
}

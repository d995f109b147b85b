//! The filters of a live process, read out of the kernel: `PTRACE_SECCOMP_GET_FILTER` (CONFIG_CHECKPOINT_RESTORE), which
//! asks for CAP_SYS_ADMIN in the first user namespace and a tracer without filters of its own. The process is attached
//! by PTRACE_SEIZE, which sends it no signal, stopped by PTRACE_INTERRUPT for the time of the reading, and let go in the
//! state in which it was: a stopped one stays stopped. See ptrace(2).

use crate::bpf::Insn;
use std::{io, ptr, thread, time};

/// `linux/ptrace.h`; C libraries differ in the type of a request, and have no name for the first.
const GET_FILTER: libc::c_long = 0x420c;
const SEIZE: libc::c_long = 0x4206;
const INTERRUPT: libc::c_long = 0x4207;
const DETACH: libc::c_long = 17;

/// How long a thread that sleeps where no signal reaches it is waited for.
const PATIENCE: time::Duration = time::Duration::from_secs(2);

/// What failed.
#[derive(Debug)]
pub struct Refused {
    /// The request.
    pub call: &'static str,
    /// The kernel's answer; ETIMEDOUT where the thread did not stop.
    pub error: io::Error,
}

/// All filters of a thread, the one that was loaded first before the others.
///
/// # Errors
/// What the kernel refused: EPERM if it may not be traced or is already, EACCES without the privilege or from behind a
/// filter, ESRCH if it is gone.
pub fn filters(tid: i32) -> Result<Vec<Vec<Insn>>, Refused> {
    request("PTRACE_SEIZE", SEIZE, tid, 0, ptr::null_mut())?;
    let attached = Attached { tid };
    request("PTRACE_INTERRUPT", INTERRUPT, tid, 0, ptr::null_mut())?;
    let signal = attached.stopped()?;
    let read = attached.read();
    attached.detach(signal);
    read
}

struct Attached {
    tid: i32,
}

impl Attached {
    /// Waits for it to stop. What it stopped for, if that was a signal of somebody else's: it is delivered afterwards.
    fn stopped(&self) -> Result<i32, Refused> {
        let deadline = time::Instant::now() + PATIENCE;
        loop {
            let mut status = 0;
            // SAFETY: one process by its id, a valid pointer.
            let pid =
                unsafe { libc::waitpid(self.tid, &raw mut status, libc::__WALL | libc::WNOHANG) };
            match pid {
                0 if time::Instant::now() < deadline => {
                    thread::sleep(time::Duration::from_micros(200))
                }
                0 => {
                    return Err(Refused {
                        call: "PTRACE_INTERRUPT",
                        error: io::Error::from_raw_os_error(libc::ETIMEDOUT),
                    });
                }
                -1 => return Err(refused("waitpid")),
                _ if libc::WIFSTOPPED(status) => {
                    let event = status >> 16 == libc::PTRACE_EVENT_STOP;
                    return Ok(if event { 0 } else { libc::WSTOPSIG(status) });
                }
                _ => {
                    return Err(Refused {
                        call: "waitpid",
                        error: io::Error::from_raw_os_error(libc::ESRCH),
                    });
                }
            }
        }
    }

    fn read(&self) -> Result<Vec<Vec<Insn>>, Refused> {
        let mut all = Vec::new();
        for index in 0.. {
            let length = match request(
                "PTRACE_SECCOMP_GET_FILTER",
                GET_FILTER,
                self.tid,
                index,
                ptr::null_mut(),
            ) {
                Err(refused) if refused.error.raw_os_error() == Some(libc::ENOENT) => break,
                // Without any filter at all.
                Err(refused)
                    if refused.error.raw_os_error() == Some(libc::EINVAL) && index == 0 =>
                {
                    break;
                }
                other => other?,
            };
            let empty = Insn {
                code: 0,
                jt: 0,
                jf: 0,
                k: 0,
            };
            let mut program = vec![empty; usize::try_from(length).unwrap_or(0)];
            request(
                "PTRACE_SECCOMP_GET_FILTER",
                GET_FILTER,
                self.tid,
                index,
                program.as_mut_ptr().cast(),
            )?;
            all.push(program);
        }
        Ok(all)
    }

    fn detach(self, signal: i32) {
        let data = ptr::without_provenance_mut(usize::try_from(signal).unwrap_or(0));
        // It may be gone; then there is nothing to let go.
        let _ = request("PTRACE_DETACH", DETACH, self.tid, 0, data);
        std::mem::forget(self);
    }
}

impl Drop for Attached {
    /// On an error between: only a stopped thread can be let go; the kernel does it for the rest when we end.
    fn drop(&mut self) {
        let _ = request("PTRACE_DETACH", DETACH, self.tid, 0, ptr::null_mut());
    }
}

fn request(
    call: &'static str,
    request: libc::c_long,
    tid: i32,
    address: usize,
    data: *mut libc::c_void,
) -> Result<i64, Refused> {
    let address = ptr::without_provenance_mut::<libc::c_void>(address);
    // SAFETY: the kernel writes to `data` only for GET_FILTER, and then as many instructions as it said before there are:
    // filters of a stopped thread do not change.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            request,
            libc::c_long::from(tid),
            address,
            data,
        )
    };
    if result < 0 {
        Err(refused(call))
    } else {
        Ok(result)
    }
}

fn refused(call: &'static str) -> Refused {
    Refused {
        call,
        error: io::Error::last_os_error(),
    }
}

//! What a waiting call points to, read from its process. Worth something only while the call still
//! waits: every reader asks the kernel afterwards. Another thread of that process may change it at any
//! time, so what is read is for people and records, never for a decision. See process_vm_readv(2).

use crate::{Listener, Notification};
use rustix::io::Errno;

/// Longest string that is read, bytes.
pub const MAX_STRING: usize = 4096;
const PAGE: u64 = 4096;

/// A string that ends with a NUL; cut at `limit` bytes. `None`: it cannot be read, or the call waits no more.
#[must_use]
pub fn string(
    listener: &Listener,
    call: &Notification,
    address: u64,
    limit: usize,
) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let limit = limit.min(MAX_STRING);
    let mut at = address;
    while text.len() < limit {
        // To the end of a page: the next may not be there.
        let room = (PAGE - at % PAGE).min((limit - text.len()) as u64);
        let mut part = vec![0; usize::try_from(room).ok()?];
        let n = read(call.tid, at, &mut part).ok()?;
        part.truncate(n);
        let end = part.iter().position(|&b| b == 0);
        text.extend_from_slice(&part[..end.unwrap_or(n)]);
        if end.is_some() || n == 0 {
            break;
        }
        at = at.checked_add(n as u64)?;
    }
    listener.is_valid(call.id).then_some(text)
}

/// Bytes; `None` as in [`string`], and where there are fewer.
#[must_use]
pub fn bytes<const N: usize>(
    listener: &Listener,
    call: &Notification,
    address: u64,
) -> Option<[u8; N]> {
    let mut buffer = [0; N];
    let n = read(call.tid, address, &mut buffer).ok()?;
    (n == N && listener.is_valid(call.id)).then_some(buffer)
}

/// How the process stands that a call is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its pid, as we see it.
    pub pid: u32,
    /// Its name (`comm`).
    pub name: String,
    sigsys_default: bool,
    first: bool,
}

impl Standing {
    /// Whether SIGSYS ends it, as a filter's own would: it is neither handled, ignored nor blocked, and
    /// the process is not the first of a pid namespace, which such signals do not reach.
    #[must_use]
    pub fn dies_of_sigsys(&self) -> bool {
        self.sigsys_default && !self.first
    }
}

/// Looks at the process; `None` if it is gone.
#[must_use]
pub fn standing(listener: &Listener, call: &Notification) -> Option<Standing> {
    let status = std::fs::read(format!("/proc/{}/status", call.tid)).ok()?;
    let status = String::from_utf8_lossy(&status);
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::trim)
    };
    let sigsys = |name: &str| {
        let set = field(name).and_then(|set| u64::from_str_radix(set, 16).ok());
        set.is_none_or(|set| set & (1 << (libc::SIGSYS - 1)) != 0)
    };
    let pids = field("NSpid:").unwrap_or_default();
    let standing = Standing {
        pid: field("Tgid:")?.parse().ok()?,
        name: field("Name:")?.to_owned(),
        sigsys_default: !["SigBlk:", "SigIgn:", "SigCgt:"].into_iter().any(sigsys),
        first: pids.split_whitespace().last() == Some("1"),
    };
    listener.is_valid(call.id).then_some(standing)
}

fn read(tid: u32, address: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
    let near = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let far = libc::iovec {
        iov_base: usize::try_from(address).map_err(|_| Errno::FAULT)? as *mut libc::c_void,
        iov_len: buffer.len(),
    };
    let tid = i32::try_from(tid).map_err(|_| Errno::SRCH)?;
    // SAFETY: the kernel writes into `buffer` only, at most its length; the other address is the
    // other process's.
    let n = unsafe { libc::process_vm_readv(tid, &raw const near, 1, &raw const far, 1, 0) };
    usize::try_from(n)
        .map_err(|_| Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::FAULT))
}

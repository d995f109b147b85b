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

/// Pid and name of the process that the thread is of; `None` if it is gone.
#[must_use]
pub fn process(listener: &Listener, call: &Notification) -> Option<(u32, String)> {
    let status = std::fs::read(format!("/proc/{}/status", call.tid)).ok()?;
    let status = String::from_utf8_lossy(&status);
    let field = |name: &str| {
        status
            .lines()
            .find_map(|l| l.strip_prefix(name))
            .map(str::trim)
    };
    let pid = field("Tgid:")?.parse().ok()?;
    let name = field("Name:")?.to_owned();
    listener.is_valid(call.id).then_some((pid, name))
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

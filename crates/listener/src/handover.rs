//! The listener's way from one process to another: one message on a Unix socket, the descriptor
//! beside it (SCM_RIGHTS), as OCI's `listenerPath` has it. See unix(7).
//!
//! The sender waits until the message was read. A listener that lies unread in a socket would have
//! the filtered process wait for ever; once it is read, its holder's end is the kernel's affair (ENOSYS).

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, IoSlice, IoSliceMut},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recvmsg,
        sendmsg, socket_with, socketpair,
    },
};
use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

/// How long the other side may take to read the message.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Two connected ends: one stays, one goes to who loads the filter.
///
/// # Errors
/// As socketpair(2).
pub fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let flags = SocketFlags::CLOEXEC;
    socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// Connects to a socket that somebody listens on.
///
/// # Errors
/// As connect(2); ENAMETOOLONG beyond 107 bytes.
pub fn connect_to(path: &[u8]) -> Result<OwnedFd, Errno> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &address)?;
    Ok(socket)
}

/// Sends a listener and waits until it was read.
///
/// # Errors
/// EPIPE if the other side is gone, ETIMEDOUT if it does not read.
pub fn send(socket: BorrowedFd<'_>, listener: BorrowedFd<'_>, message: &[u8]) -> Result<(), Errno> {
    send_within(socket, listener, message, PATIENCE)
}

fn send_within(
    socket: BorrowedFd<'_>,
    listener: BorrowedFd<'_>,
    message: &[u8],
    patience: Duration,
) -> Result<(), Errno> {
    let fds = [listener];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(Errno::TOOBIG);
    }
    let parts = [IoSlice::new(message)];
    loop {
        match sendmsg(socket, &parts, &mut ancillary, SendFlags::NOSIGNAL) {
            Ok(n) if n == message.len() => break,
            Ok(_) => return Err(Errno::MSGSIZE),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    until_read(socket, patience)
}

/// The kernel counts what was sent and not yet read; for a Unix socket that is exact.
fn until_read(socket: BorrowedFd<'_>, patience: Duration) -> Result<(), Errno> {
    let end = Instant::now() + patience;
    let mut pause = Duration::from_micros(20);
    loop {
        let mut unread: libc::c_int = 0;
        // SAFETY: TIOCOUTQ (SIOCOUTQ of sockets) stores one int.
        let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut unread) };
        if result != 0 || unread == 0 {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(Errno::TIMEDOUT);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// Waits for a listener and the message that came with it; `None` at the end of the socket: nobody
/// has loaded a filter. `wake`: gives up, as if it had ended, when this becomes readable.
///
/// # Errors
/// As recvmsg(2); EBADMSG for a message without exactly one descriptor.
pub fn receive(
    socket: BorrowedFd<'_>,
    wake: BorrowedFd<'_>,
) -> Result<Option<(OwnedFd, Vec<u8>)>, Errno> {
    wait(&[socket, wake], None)?;
    let mut bytes = vec![0; 64 << 10];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let received = loop {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        match recvmsg(socket, &mut parts, &mut ancillary, flags) {
            Err(Errno::INTR) => {}
            // It was the other one that woke us.
            Err(Errno::AGAIN) => return Ok(None),
            other => break other?,
        }
    };
    let mut fds: Vec<OwnedFd> = Vec::new();
    for part in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = part {
            fds.extend(more);
        }
    }
    bytes.truncate(received.bytes);
    match (received.bytes, fds.len()) {
        (0, 0) => Ok(None),
        (_, 1) => Ok(fds.pop().map(|fd| (fd, bytes))),
        _ => Err(Errno::BADMSG),
    }
}

/// Waits until one of them has something, or the time is over: which.
pub(crate) fn wait(
    fds: &[BorrowedFd<'_>],
    limit: Option<&Timespec>,
) -> Result<Vec<PollFlags>, Errno> {
    let mut polled: Vec<PollFd<'_>> = fds
        .iter()
        .map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN))
        .collect();
    loop {
        match poll(&mut polled, limit) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
            Ok(_) => return Ok(polled.iter().map(PollFd::revents).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Errno, pair, receive, send, send_within};
    use std::{fs::File, os::fd::AsFd, time::Duration};

    #[test]
    fn arrives_with_its_message() {
        let ((near, far), (never, _stop)) = (pair().unwrap(), pair().unwrap());
        let file = File::open("/dev/null").unwrap();
        let sender = std::thread::spawn(move || send(far.as_fd(), file.as_fd(), b"{}"));
        let (_fd, message) = receive(near.as_fd(), never.as_fd()).unwrap().unwrap();
        assert_eq!(
            (message.as_slice(), sender.join().unwrap()),
            (&b"{}"[..], Ok(()))
        );
        assert!(
            receive(near.as_fd(), never.as_fd()).unwrap().is_none(),
            "its end"
        );
    }

    #[test]
    fn nobody_reads_it() {
        let (_near, far) = pair().unwrap();
        let file = File::open("/dev/null").unwrap();
        let sent = send_within(far.as_fd(), file.as_fd(), b"{}", Duration::from_millis(20));
        assert_eq!(sent, Err(Errno::TIMEDOUT));
    }

    #[test]
    fn nobody_is_there() {
        let (near, far) = pair().unwrap();
        drop(near);
        let file = File::open("/dev/null").unwrap();
        assert_eq!(send(far.as_fd(), file.as_fd(), b"{}"), Err(Errno::PIPE));
    }

    #[test]
    fn a_message_alone_is_no_listener() {
        let ((near, far), (never, _stop)) = (pair().unwrap(), pair().unwrap());
        rustix::io::write(&far, b"{}").unwrap();
        let got = receive(near.as_fd(), never.as_fd());
        assert_eq!(got.map(drop), Err(Errno::BADMSG));
    }
}

//! What worker and keeper say to one another: one small message, one answer, descriptors beside
//! them. The keeper holds the plan itself, so the worker can ask for nothing but "my next outside
//! step" by its index. See unix(7), SCM_RIGHTS and SCM_CREDENTIALS.

use rustix::io::{Errno, IoSlice, IoSliceMut};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair, sockopt,
};
use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// Most descriptors in one message: a transient cgroup has one for each hierarchy.
const MAX_FDS: usize = 32;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Word {
    /// From a new worker: from now on it is me (my pidfd is beside it). Not answered.
    Successor = 2,
    /// From the worker: do the outside half of step `index`.
    Outside = 3,
    /// From the worker: I failed, explain it.
    Explain = 4,
    /// From the keeper: done.
    Done = 5,
    /// From the keeper: failed; the record is in the page.
    Failed = 6,
}

impl Word {
    fn of(number: u32) -> Option<Self> {
        [
            Self::Successor,
            Self::Outside,
            Self::Explain,
            Self::Done,
            Self::Failed,
        ]
        .into_iter()
        .find(|w| *w as u32 == number)
    }
}

/// A message as it arrived.
pub struct Message {
    /// What it is about.
    pub word: Word,
    /// Index of a step, or 0.
    pub index: u32,
    /// The descriptors beside it.
    pub fds: Vec<OwnedFd>,
    /// The sender's pid, as the kernel says.
    pub pid: i32,
}

/// One end.
pub struct Wire(OwnedFd);

impl Wire {
    /// The worker's end and the keeper's. Credentials are switched on before anybody can write:
    /// switched on later, the first message may lack them.
    pub fn pair() -> Option<(Self, Self)> {
        let (near, far) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .ok()?;
        sockopt::set_socket_passcred(&far, true).ok()?;
        Some((Self(near), Self(far)))
    }

    /// Sends a message.
    pub fn send(&self, word: Word, index: u32, fds: &[BorrowedFd<'_>]) -> Result<(), Errno> {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&(word as u32).to_ne_bytes());
        bytes[4..].copy_from_slice(&index.to_ne_bytes());
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(Errno::TOOBIG);
        }
        loop {
            match sendmsg(
                &self.0,
                &[IoSlice::new(&bytes)],
                &mut ancillary,
                SendFlags::NOSIGNAL,
            ) {
                Err(Errno::INTR) => {}
                other => return other.map(drop),
            }
        }
    }

    /// Waits for a message; `None` at the end or for anything malformed.
    pub fn receive(&self) -> Option<Message> {
        let mut bytes = [0; 8];
        let mut space =
            [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS), ScmCredentials(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            match recvmsg(&self.0, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                other => break other.ok()?,
            }
        };
        let mut message = Message {
            word: Word::Done,
            index: 0,
            fds: Vec::new(),
            pid: 0,
        };
        for part in ancillary.drain() {
            match part {
                RecvAncillaryMessage::ScmRights(fds) => message.fds.extend(fds),
                RecvAncillaryMessage::ScmCredentials(c) => {
                    message.pid = c.pid.as_raw_nonzero().get()
                }
                _ => {}
            }
        }
        if received.bytes != 8 || received.flags.contains(ReturnFlags::CTRUNC) {
            return None;
        }
        message.word = Word::of(u32::from_ne_bytes(bytes[..4].try_into().ok()?))?;
        message.index = u32::from_ne_bytes(bytes[4..].try_into().ok()?);
        Some(message)
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_FDS, Wire, Word};
    use std::{fs::File, os::fd::AsFd};

    #[test]
    fn a_message_arrives_with_its_sender_and_descriptors() {
        let (near, far) = Wire::pair().expect("two ends");
        let file = File::open("/dev/null").expect("a file");
        near.send(Word::Outside, 7, &[file.as_fd(), file.as_fd()])
            .expect("sent");
        let message = far.receive().expect("a message");
        assert_eq!(
            (message.word, message.index, message.fds.len()),
            (Word::Outside, 7, 2)
        );
        assert_eq!(message.pid, std::process::id() as i32);
        far.send(Word::Done, 7, &[]).expect("answered");
        assert_eq!(near.receive().expect("an answer").word, Word::Done);
    }

    #[test]
    fn an_end_and_rubbish_are_none() {
        let (near, far) = Wire::pair().expect("two ends");
        for bytes in [&b"short"[..], &[9, 0, 0, 0, 0, 0, 0, 0], &[0; 16]] {
            rustix::io::write(&near.0, bytes).expect("sent");
            assert!(far.receive().is_none(), "{bytes:?}");
        }
        drop(near);
        assert!(far.receive().is_none());
        assert!(far.send(Word::Done, 0, &[]).is_err());
    }

    #[test]
    fn more_descriptors_than_a_message_holds_are_refused() {
        let (near, _far) = Wire::pair().expect("two ends");
        let file = File::open("/dev/null").expect("a file");
        let many = vec![file.as_fd(); 2 * MAX_FDS];
        assert!(near.send(Word::Outside, 0, &many).is_err());
        assert!(near.send(Word::Outside, 0, &many[..MAX_FDS]).is_ok());
    }
}

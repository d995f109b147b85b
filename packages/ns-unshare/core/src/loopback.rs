//! `ns.loopback`: brings `lo` up, which is down in a new network namespace; the kernel then adds its
//! addresses by itself. See netdevice(7).

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Mark, Step, fail};
use std::os::fd::{AsRawFd, OwnedFd};

// The type of a request differs between libcs.
const SIOCGIFFLAGS: libc::Ioctl = 0x8913;
const SIOCSIFFLAGS: libc::Ioctl = 0x8914;

/// Brings the loopback interface up.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loopback {
    #[serde(rename = "do")]
    _do: IgnoredAny,
}

fn ask(
    socket: &OwnedFd,
    call: &'static str,
    request: libc::Ioctl,
    ifreq: &mut libc::ifreq,
) -> Result<(), Failure> {
    // SAFETY: `ifreq` is a whole, initialised struct of the type that both requests take.
    if unsafe { libc::ioctl(socket.as_raw_fd(), request, std::ptr::from_mut(ifreq)) } < 0 {
        return Err(Failure::last("ioctl").note(format!("{call} lo")));
    }
    Ok(())
}

impl Step for Loopback {
    fn name(&self) -> &'static str {
        "ns.loopback"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::Loopback]
    }

    fn may_follow_pid(&self) -> bool {
        true
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        let socket = socket_with(
            AddressFamily::INET,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(fail("socket"))?;
        // SAFETY: all bytes zero is a valid ifreq.
        let mut ifreq: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in ifreq.ifr_name.iter_mut().zip(b"lo") {
            *to = libc::c_char::from_ne_bytes([*from]);
        }
        ask(&socket, "SIOCGIFFLAGS", SIOCGIFFLAGS, &mut ifreq)?;
        // SAFETY: SIOCGIFFLAGS has filled this member.
        let flags = unsafe { ifreq.ifr_ifru.ifru_flags };
        ifreq.ifr_ifru.ifru_flags = flags | libc::IFF_UP as libc::c_short;
        ask(&socket, "SIOCSIFFLAGS", SIOCSIFFLAGS, &mut ifreq)
    }
}

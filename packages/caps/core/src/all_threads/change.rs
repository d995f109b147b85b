//! The change itself, on the thread that runs this. Called in a signal handler: system calls only, no
//! allocation, nothing of libc that keeps state. Each part is left out where it is so already, since a
//! thread made meanwhile may have it, and could not do it again. The order is that of capabilities(7).

use crate::{CapSet, securebits};
use std::fmt::Write as _;

/// What every thread shall have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The whole bounding set; `None`: as it is.
    pub bounding: Option<CapSet>,
    /// All supplementary groups, ascending; `None`: as they are.
    pub groups: Option<Vec<u32>>,
    /// Real, effective, saved and file system group id.
    pub gid: Option<u32>,
    /// The same of the user.
    pub uid: Option<u32>,
    /// The permitted set.
    pub permitted: CapSet,
    /// The effective set.
    pub effective: CapSet,
    /// The inheritable set.
    pub inheritable: CapSet,
    /// The ambient set.
    pub ambient: CapSet,
    /// Securebits to set.
    pub set: u32,
    /// Securebits to clear.
    pub clear: u32,
    /// Set no_new_privs.
    pub no_new_privs: bool,
}

/// The call, and its errno.
pub type Failed = (&'static str, i32);

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

const VERSION_3: u32 = 0x2008_0522;
const MAX_GROUPS: usize = 65_536;

fn call(name: &'static str, value: libc::c_long) -> Result<libc::c_long, Failed> {
    if value >= 0 {
        return Ok(value);
    }
    // SAFETY: the calling thread's own.
    Err((name, unsafe { *libc::__errno_location() }))
}

macro_rules! syscall {
    ($name:literal, $($argument:expr),+) => {
        // SAFETY: numbers, or pointers to what lives through the call, of the size that the call takes.
        call($name, unsafe { libc::syscall($($argument),+) })
    };
}

/// Makes the calling thread have what is wanted.
///
/// # Errors
/// The first call that failed.
pub fn apply(wanted: &Wanted) -> Result<(), Failed> {
    // SAFETY: the calling thread's own; a signal handler must leave it as it was.
    let errno = unsafe { *libc::__errno_location() };
    let done = change(wanted);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
    done
}

fn change(wanted: &Wanted) -> Result<(), Failed> {
    if let Some(set) = wanted.bounding {
        bounding(set)?;
    }
    if let Some(groups) = &wanted.groups {
        set_groups(groups)?;
    }
    if let Some(gid) = wanted.gid
        && ids(libc::SYS_getresgid)? != [gid; 3]
    {
        syscall!("setresgid", libc::SYS_setresgid, gid, gid, gid)?;
    }
    if let Some(uid) = wanted.uid
        && ids(libc::SYS_getresuid)? != [uid; 3]
    {
        // With no_setuid_fixup a change of ids takes nothing, and keep_caps may be locked.
        let keep = bits()? & (securebits::KEEP_CAPS | securebits::NO_SETUID_FIXUP) == 0;
        if keep {
            syscall!("prctl", libc::SYS_prctl, libc::PR_SET_KEEPCAPS, 1, 0, 0, 0)?;
        }
        syscall!("setresuid", libc::SYS_setresuid, uid, uid, uid)?;
        if keep {
            syscall!("prctl", libc::SYS_prctl, libc::PR_SET_KEEPCAPS, 0, 0, 0, 0)?;
        }
    }
    if wanted.set | wanted.clear != 0 {
        set_bits(wanted)?;
    }
    sets(wanted)?;
    ambient(wanted.ambient)?;
    if wanted.no_new_privs {
        syscall!(
            "prctl",
            libc::SYS_prctl,
            libc::PR_SET_NO_NEW_PRIVS,
            1,
            0,
            0,
            0
        )?;
    }
    Ok(())
}

fn bits() -> Result<u32, Failed> {
    let value = syscall!(
        "prctl",
        libc::SYS_prctl,
        libc::PR_GET_SECUREBITS,
        0,
        0,
        0,
        0
    )?;
    Ok(u32::try_from(value).unwrap_or(0))
}

/// Before the sets, which may take CAP_SETPCAP away, and after the ambient one, which a bit may lock:
/// so what that needs is made effective and inheritable for the moment. /proc does not tell them, so
/// the thread looks for itself.
fn set_bits(wanted: &Wanted) -> Result<(), Failed> {
    let now = bits()?;
    let then = now & !wanted.clear | wanted.set;
    if now == then {
        return Ok(());
    }
    let [_, permitted, inheritable] = get()?;
    let inheritable = CapSet(inheritable.0 | wanted.inheritable.0);
    put([permitted, permitted, inheritable])?;
    ambient(wanted.ambient)?;
    syscall!(
        "prctl",
        libc::SYS_prctl,
        libc::PR_SET_SECUREBITS,
        then,
        0,
        0,
        0
    )?;
    if bits()? == then {
        Ok(())
    } else {
        Err(("verify of the securebits", libc::EPERM))
    }
}

fn bounding(keep: CapSet) -> Result<(), Failed> {
    for number in 0..64_u64 {
        // SAFETY: numbers only.
        let has = unsafe { libc::syscall(libc::SYS_prctl, libc::PR_CAPBSET_READ, number, 0, 0, 0) };
        if has < 0 {
            break;
        }
        if has == 1 && keep.0 & 1 << number == 0 {
            syscall!(
                "prctl",
                libc::SYS_prctl,
                libc::PR_CAPBSET_DROP,
                number,
                0,
                0,
                0
            )?;
        }
    }
    Ok(())
}

fn ids(number: libc::c_long) -> Result<[u32; 3], Failed> {
    let mut now = [0_u32; 3];
    let [a, b, c] = now.each_mut().map(std::ptr::from_mut);
    syscall!("getresuid", number, a, b, c)?;
    Ok(now)
}

/// As many as fit without allocating are compared; more are set in any case.
fn set_groups(wanted: &[u32]) -> Result<(), Failed> {
    let mut now = [0_u32; 64];
    // SAFETY: there is room for as many as are said.
    let count = unsafe { libc::syscall(libc::SYS_getgroups, now.len(), now.as_mut_ptr()) };
    if let Ok(count) = usize::try_from(count)
        && now.get(..count) == Some(wanted)
    {
        return Ok(());
    }
    let count = wanted.len().min(MAX_GROUPS);
    syscall!("setgroups", libc::SYS_setgroups, count, wanted.as_ptr())?;
    Ok(())
}

const OWN: Header = Header {
    version: VERSION_3,
    pid: 0,
};

/// Effective, permitted, inheritable.
fn get() -> Result<[CapSet; 3], Failed> {
    let mut now = [[0_u32; 3]; 2];
    let header = OWN;
    syscall!(
        "capget",
        libc::SYS_capget,
        &raw const header,
        now.as_mut_ptr()
    )?;
    let of = |i: usize| CapSet(u64::from(now[0][i]) | u64::from(now[1][i]) << 32);
    Ok([of(0), of(1), of(2)])
}

#[allow(clippy::cast_possible_truncation)]
fn put(sets: [CapSet; 3]) -> Result<(), Failed> {
    if get()? == sets {
        return Ok(());
    }
    let of = |shift: u32| sets.map(|set| (set.0 >> shift) as u32);
    let data = [of(0), of(32)];
    let header = OWN;
    syscall!("capset", libc::SYS_capset, &raw const header, data.as_ptr())?;
    Ok(())
}

fn sets(wanted: &Wanted) -> Result<(), Failed> {
    put([wanted.effective, wanted.permitted, wanted.inheritable])
}

fn ambient(wanted: CapSet) -> Result<(), Failed> {
    for number in 0..64_u64 {
        // SAFETY: numbers only.
        let has = unsafe {
            libc::syscall(
                libc::SYS_prctl,
                libc::PR_CAP_AMBIENT,
                libc::PR_CAP_AMBIENT_IS_SET,
                number,
                0,
                0,
            )
        };
        if has < 0 {
            break;
        }
        let wants = wanted.0 & 1 << number != 0;
        if wants != (has == 1) {
            let change = if wants {
                libc::PR_CAP_AMBIENT_RAISE
            } else {
                libc::PR_CAP_AMBIENT_LOWER
            };
            syscall!(
                "prctl",
                libc::SYS_prctl,
                libc::PR_CAP_AMBIENT,
                change,
                number,
                0,
                0
            )?;
        }
    }
    Ok(())
}

impl Wanted {
    /// Whether a thread's `status` says what is wanted.
    ///
    /// # Errors
    /// What it says instead.
    pub fn check(&self, status: &str) -> Result<(), String> {
        let field = |name: &str| super::field(status, name);
        let mut wrong = String::new();
        let mut expect = |name: &str, ok: bool| {
            if !ok {
                let _ = write!(
                    wrong,
                    "{}{name} is {}",
                    if wrong.is_empty() { "" } else { ", " },
                    field(name)
                );
            }
        };
        let set = |name: &str| u64::from_str_radix(field(name), 16).ok().map(CapSet);
        let numbers = |name: &str| -> Vec<u32> {
            field(name)
                .split_whitespace()
                .filter_map(|n| n.parse().ok())
                .collect()
        };
        expect("CapPrm", set("CapPrm") == Some(self.permitted));
        expect("CapEff", set("CapEff") == Some(self.effective));
        expect("CapInh", set("CapInh") == Some(self.inheritable));
        expect("CapAmb", set("CapAmb") == Some(self.ambient));
        expect(
            "CapBnd",
            self.bounding.is_none() || set("CapBnd") == self.bounding,
        );
        expect("Uid", self.uid.is_none_or(|uid| numbers("Uid") == [uid; 4]));
        expect("Gid", self.gid.is_none_or(|gid| numbers("Gid") == [gid; 4]));
        expect(
            "Groups",
            self.groups
                .as_ref()
                .is_none_or(|groups| numbers("Groups") == *groups),
        );
        expect(
            "NoNewPrivs",
            !self.no_new_privs || field("NoNewPrivs") == "1",
        );
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

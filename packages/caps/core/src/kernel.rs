//! The calls on capabilities of the calling thread, thin. libc's wrappers of the id calls tell all
//! threads; the launcher has one, and the addon wants to know of this one. See capget(2), prctl(2).

use crate::{Cap, CapSet};
use srcon_step::Failure;

const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The three sets of a thread that capset(2) changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Triple {
    /// What permission checks look at.
    pub effective: CapSet,
    /// What may be made effective.
    pub permitted: CapSet,
    /// What an exec may hand on.
    pub inheritable: CapSet,
}

fn wide(data: [Data; 2], of: fn(&Data) -> u32) -> CapSet {
    CapSet(u64::from(of(&data[0])) | u64::from(of(&data[1])) << 32)
}

/// The sets of the calling thread.
///
/// # Errors
/// Of capget.
pub fn get() -> Result<Triple, Failure> {
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let mut data = [Data::default(); 2];
    // SAFETY: version 3 fills two structures, and two are there.
    let value = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, data.as_mut_ptr()) };
    if value < 0 {
        return Err(Failure::last("capget"));
    }
    Ok(Triple {
        effective: wide(data, |d| d.effective),
        permitted: wide(data, |d| d.permitted),
        inheritable: wide(data, |d| d.inheritable),
    })
}

/// Sets them and reads them back.
///
/// # Errors
/// Of capset, or where the kernel has something else afterwards.
pub fn set(wanted: Triple) -> Result<(), Failure> {
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    // The two halves, low word first.
    #[allow(clippy::cast_possible_truncation)]
    let data: [Data; 2] = [0, 32].map(|shift| Data {
        effective: (wanted.effective.0 >> shift) as u32,
        permitted: (wanted.permitted.0 >> shift) as u32,
        inheritable: (wanted.inheritable.0 >> shift) as u32,
    });
    // SAFETY: version 3 reads two structures, and two are there.
    let value = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, data.as_ptr()) };
    if value < 0 {
        return Err(Failure::last("capset"));
    }
    let now = get()?;
    if now != wanted {
        return Err(Failure::wrong(format!(
            "asked for {wanted:?}, have {now:?}"
        )));
    }
    Ok(())
}

/// prctl(2) with up to two arguments.
///
/// # Errors
/// Of prctl; `note` says which.
pub fn prctl(what: &'static str, option: i32, a: u64, b: u64) -> Result<i32, Failure> {
    // SAFETY: the options used here take numbers only.
    let value = unsafe { libc::prctl(option, a, b, 0_u64, 0_u64) };
    if value < 0 {
        return Err(Failure::last("prctl").note(what));
    }
    Ok(value)
}

/// The bounding set, and with it the highest capability of the kernel.
///
/// # Errors
/// Of prctl.
pub fn bounding() -> Result<(CapSet, u8), Failure> {
    let mut set = CapSet::default();
    for number in 0..64 {
        // SAFETY: a number only.
        let value = unsafe { libc::prctl(libc::PR_CAPBSET_READ, u64::from(number), 0, 0, 0) };
        match (value, Cap::new(number)) {
            (1, Some(cap)) => set = set.with(cap),
            (0, _) => {}
            // EINVAL: beyond the kernel's last.
            _ if number > 0 => return Ok((set, number - 1)),
            _ => return Err(Failure::last("prctl").note("PR_CAPBSET_READ")),
        }
    }
    Ok((set, 63))
}

/// Those of `caps` that are ambient.
///
/// # Errors
/// Of prctl.
pub fn ambient(caps: CapSet) -> Result<CapSet, Failure> {
    let (option, asked) = (libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET);
    let mut set = CapSet::default();
    for cap in caps.iter() {
        let number = u64::from(cap.number());
        let asked = u64::from(asked.cast_unsigned());
        if prctl("PR_CAP_AMBIENT_IS_SET", option, asked, number)? == 1 {
            set = set.with(cap);
        }
    }
    Ok(set)
}

/// The securebits of the calling thread.
///
/// # Errors
/// Of prctl.
pub fn securebits() -> Result<u32, Failure> {
    prctl("PR_GET_SECUREBITS", libc::PR_GET_SECUREBITS, 0, 0).map(i32::cast_unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(field: &str) -> CapSet {
        let text = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = text.lines().find(|l| l.starts_with(field)).unwrap();
        CapSet(u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap())
    }

    #[test]
    fn what_proc_says() {
        let now = get().unwrap();
        assert_eq!(now.effective, status("CapEff"));
        assert_eq!(now.permitted, status("CapPrm"));
        assert_eq!(now.inheritable, status("CapInh"));
        let (set, last) = bounding().unwrap();
        assert_eq!(set, status("CapBnd"));
        let kernel = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap();
        assert_eq!(last.to_string(), kernel.trim());
        assert_eq!(set_again(now), Ok(()));
    }

    fn set_again(now: Triple) -> Result<(), Failure> {
        set(now)
    }
}

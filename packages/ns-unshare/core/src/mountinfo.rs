//! The one question that is asked of mountinfo: whether what is mounted on a place would appear in
//! other mount namespaces too. See proc_pid_mountinfo(5).

use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags, openat, statx};
use srcon_step::{Failure, fail};
use std::{
    fs::File,
    io::Read,
    os::fd::{AsFd, BorrowedFd},
};

/// Whether the mount that `fd` lies on is shared. `proc`: the caller's.
///
/// # Errors
/// Of reading it.
pub fn is_shared(proc: BorrowedFd<'_>, fd: impl AsFd) -> Result<bool, Failure> {
    let stat = statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).map_err(fail("statx"))?;
    let path = "/proc/self/mountinfo";
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = openat(proc, c"self/mountinfo", flags, Mode::empty())
        .map_err(|e| Failure::new("openat", e).at(path))?;
    let mut text = Vec::new();
    File::from(file)
        .read_to_end(&mut text)
        .map_err(|_| Failure::last("read").at(path))?;
    Ok(shared_in(&String::from_utf8_lossy(&text), stat.stx_mnt_id))
}

/// Fields: id, parent, device, root, mount point, options, then optional ones up to "-".
fn shared_in(mountinfo: &str, id: u64) -> bool {
    mountinfo
        .lines()
        .filter(|line| line.split(' ').next().and_then(|f| f.parse().ok()) == Some(id))
        .any(|line| {
            let optional = line.split(' ').skip(6).take_while(|f| *f != "-");
            optional.into_iter().any(|f| f.starts_with("shared:"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_fields_only() {
        let text = "22 1 0:20 / / rw shared:1 - ext4 /dev/vda rw\n\
                    23 22 0:21 / /proc rw,nosuid - proc shared:9 rw\n\
                    24 22 0:22 / /x rw master:1 shared:3 - tmpfs t rw\n";
        assert!(shared_in(text, 22) && shared_in(text, 24));
        assert!(!shared_in(text, 23) && !shared_in(text, 2));
    }
}

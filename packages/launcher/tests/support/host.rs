//! A mount namespace of the test's own that stands for the host: shared as most hosts' is, so that a leak
//! would be seen, and apart from the machine's, so that what others mount meanwhile is not. A thread has
//! it alone, with what it starts. See mount_namespaces(7).

use std::ffi::CStr;

/// Gives this thread its own host, where it may have one, and returns its mounts.
pub fn own() -> Vec<String> {
    let change = |flags: libc::c_ulong| {
        let none = std::ptr::null();
        // SAFETY: the root's path is NUL-terminated; a change of propagation takes no other pointers.
        unsafe {
            libc::mount(
                none,
                c"/".as_ptr(),
                none.cast(),
                flags | libc::MS_REC,
                none.cast(),
            )
        }
    };
    // SAFETY: only this thread leaves the namespace.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } == 0 {
        assert_eq!(change(libc::MS_PRIVATE), 0);
        assert_eq!(change(libc::MS_SHARED), 0);
    }
    mounts()
}

/// The mounts that this thread sees, in any order, without the numbers that the kernel gave them.
pub fn mounts() -> Vec<String> {
    let text = std::fs::read_to_string("/proc/thread-self/mountinfo").expect("mountinfo");
    let line = |l: &str| l.split(' ').skip(2).collect::<Vec<_>>().join(" ");
    let mut all: Vec<String> = text.lines().map(line).collect();
    all.sort();
    all
}

/// The namespaces of this thread, as links.
pub fn namespace(kind: &str) -> String {
    let link = std::fs::read_link(format!("/proc/thread-self/ns/{kind}")).expect("a namespace");
    link.to_string_lossy().into_owned()
}

/// Takes a mount of this thread's host away.
pub fn unmount(path: &CStr) {
    // SAFETY: a C string that lives through the call.
    unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) };
}

/// Whether this user is root of the machine's first user namespace.
pub fn privileged() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    // SAFETY: only returns a number.
    unsafe { libc::geteuid() == 0 && map.contains("4294967295") }
}

//! All signals blocked for a while, by the kernel's own call: the C library would spare two of its
//! own. See rt_sigprocmask(2).

/// Blocks every signal for this thread; the old mask comes back when this goes.
pub struct Blocked(u64);

impl Blocked {
    /// Blocks them.
    pub fn all() -> Self {
        Self(set_mask(u64::MAX))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        set_mask(self.0);
    }
}

fn set_mask(new: u64) -> u64 {
    let mut old = 0_u64;
    // SAFETY: both masks are 8 bytes, the size that is passed, and outlive the call.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            std::ptr::from_ref(&new),
            std::ptr::from_mut(&mut old),
            size_of::<u64>(),
        );
    }
    old
}

//! Words as execve(2) wants them: C strings and a vector of pointers. They come from JavaScript as
//! bytes, since Node's strings cannot hold what is not UTF-8, in one piece, each ended by a NUL.

use std::ffi::c_char;

unsafe extern "C" {
    /// The C library's: raw bytes, with what the main thread's JavaScript has set.
    static environ: *const *const c_char;
}

/// The environment of this process, for a call from the thread that may change it.
pub fn environment() -> *const *const c_char {
    // SAFETY: only the pointer is read.
    unsafe { environ }
}

/// A vector of C strings that owns them.
pub struct Words {
    /// The pointers point into it: never changed after `new`.
    _bytes: Vec<u8>,
    pointers: Vec<*const c_char>,
}

impl Words {
    /// `first`, none of which has a NUL in it, then those in `packed`.
    pub fn new(first: &[&str], packed: &[u8]) -> Self {
        let mut bytes =
            Vec::with_capacity(first.iter().map(|w| w.len() + 1).sum::<usize>() + packed.len() + 1);
        for word in first {
            bytes.extend(word.as_bytes().iter().filter(|b| **b != 0));
            bytes.push(0);
        }
        bytes.extend_from_slice(packed);
        if bytes.last().is_some_and(|b| *b != 0) {
            bytes.push(0);
        }
        let mut pointers = Vec::new();
        let mut at = 0;
        for word in bytes.split_inclusive(|b| *b == 0) {
            pointers.push(bytes[at..].as_ptr().cast());
            at += word.len();
        }
        pointers.push(std::ptr::null());
        Self {
            _bytes: bytes,
            pointers,
        }
    }

    /// The vector, null at its end; valid as long as `self`.
    pub fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

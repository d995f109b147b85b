//! No unwinding and no backtraces: a panic ends the launcher, and says where. The standard library
//! would link an unwinder and a reader of debug information for them, a quarter of the program; with
//! these in their place the linker finds all of that unused.

use std::ffi::{c_int, c_void};

/// Ends a walk of the stack before its first frame, so no frame is ever looked at.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _data: *mut c_void) -> c_int {
    const END_OF_STACK: c_int = 5;
    END_OF_STACK
}

/// Only called for a frame of a walk.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetIP(_context: *mut c_void) -> usize {
    0
}

/// As above.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetCFA(_context: *mut c_void) -> usize {
    0
}

/// As above.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetIPInfo(_context: *mut c_void, _before: *mut c_int) -> usize {
    0
}

/// As above.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_FindEnclosingFunction(_pc: *mut c_void) -> *mut c_void {
    std::ptr::null_mut()
}

/// What would unwind: never called, since a panic aborts.
macro_rules! never_called {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> usize {
            crate::process::end(crate::FAILED)
        }
    )*};
}

never_called! {
    _Unwind_DeleteException
    _Unwind_GetDataRelBase
    _Unwind_GetLanguageSpecificData
    _Unwind_GetRegionStart
    _Unwind_GetTextRelBase
    _Unwind_RaiseException
    _Unwind_Resume
    _Unwind_SetGR
    _Unwind_SetIP
}

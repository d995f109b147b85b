//! Work that takes long: in a thread of its own, since those of Node's pool are few, on descriptors of
//! its own.

use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Result};
use std::{fs::File, os::fd::BorrowedFd};

/// A promise of what `work` gives.
pub fn in_thread<'env, T: ToNapiValue + Send + 'static>(
    env: &'env Env,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Object<'env>> {
    type Resolver<T> = Box<dyn FnOnce(Env) -> Result<T>>;
    let (deferred, promise) = env.create_deferred::<T, Resolver<T>>()?;
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let done = work();
            deferred.resolve(Box::new(move |_| Ok(done)));
        })?;
    Ok(promise)
}

/// The caller may close its descriptor as soon as the call returns.
pub fn duplicate(fd: i32) -> Result<File> {
    if fd < 0 {
        return Err(napi::Error::from_reason("archive is no descriptor"));
    }
    // SAFETY: it is only duplicated, during this call, while the caller holds it open.
    let open = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(File::from(open.try_clone_to_owned()?))
}

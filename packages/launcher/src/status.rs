//! The status page in our memory: the caller's, who watches it, or one of our own. See
//! `srcon_step::page`.

use srcon_step::{Refusal, page};
use std::os::fd::{BorrowedFd, RawFd};

/// A status page of our own, shared by the roles.
pub fn own_page() -> Result<&'static page::Page, Refusal> {
    let page = map(None)?;
    page.begin();
    Ok(page)
}

/// The status page of a caller that watches.
pub fn map_page(fd: RawFd) -> Result<&'static page::Page, Refusal> {
    let page = map(Some(fd))?;
    if page.valid() {
        Ok(page)
    } else {
        Err(Refusal::plan("page= is not a status page"))
    }
}

fn map(fd: Option<RawFd>) -> Result<&'static page::Page, Refusal> {
    use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous};
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    if let Some(fd) = fd {
        // SAFETY: borrowed for the calls below only.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let size = rustix::fs::fstat(borrowed).map_or(0, |s| s.st_size);
        if size < page::SIZE as i64 {
            return Err(Refusal::plan("page= is not a status page"));
        }
    }
    // SAFETY: a new mapping at an address of the kernel's choice, never unmapped; the page type is
    // valid for all bit patterns and the file is as long as the mapping.
    unsafe {
        let mapped = match fd {
            Some(fd) => {
                let fd = BorrowedFd::borrow_raw(fd);
                mmap(
                    std::ptr::null_mut(),
                    page::SIZE,
                    protection,
                    MapFlags::SHARED,
                    fd,
                    0,
                )
            }
            None => mmap_anonymous(
                std::ptr::null_mut(),
                page::SIZE,
                protection,
                MapFlags::SHARED,
            ),
        };
        let address =
            mapped.map_err(|e| Refusal::plan(format!("cannot map the status page: {e}")))?;
        Ok(&*address.cast::<page::Page>())
    }
}

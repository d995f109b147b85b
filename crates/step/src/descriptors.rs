//! The descriptors that steps of one plan hand to one another by name: `fs.open` names a tree,
//! `fs.attach` and `fs.pivot` use it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Named descriptors, all close-on-exec: none of them reaches the command.
#[derive(Debug, Default)]
pub struct Descriptors(Vec<(String, OwnedFd)>);

impl Descriptors {
    /// Names a descriptor; a former one of that name is closed.
    pub fn put(&mut self, name: &str, fd: OwnedFd) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), fd));
    }

    /// The descriptor of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<BorrowedFd<'_>> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, fd)| fd.as_fd())
    }

    /// Gives the descriptor of that name away.
    pub fn take(&mut self, name: &str) -> Option<OwnedFd> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

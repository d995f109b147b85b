//! User notification of system-call filters: a filter may answer "ask", and whoever holds its
//! *listener* is then told of the call and decides. See seccomp_unotify(2), docs/seccomp-notify.md.
//!
//! [`handover`] brings the listener from the process that loads the filter to the one that answers;
//! [`Listener`] is the kernel's interface; [`Session`] serves one in a thread of its own, at full
//! speed, and [`target`] reads what a call points to. [`program`] makes the filters that need no
//! policy. Knows nothing of Node, and nothing of what is to be answered.

#![warn(missing_docs)]

pub mod handover;
mod notify;
pub mod program;
mod session;
pub mod target;

pub use notify::{Listener, Notification, Reply};
pub use session::{Answer, Ended, Session, Stopper};

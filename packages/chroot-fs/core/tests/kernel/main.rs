//! What the steps do to the kernel's state.

mod forked;
mod hostile;
mod steps;

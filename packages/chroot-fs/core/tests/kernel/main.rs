//! What the steps do to the kernel's state.

mod entries;
mod forked;
mod hostile;
mod mounts;
mod roots;
mod walls;

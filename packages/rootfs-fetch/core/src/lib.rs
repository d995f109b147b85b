//! Unpacks root file systems that nobody vouches for.
//!
//! [`unpack`] reads a tar archive (plain, gzip, zstd or xz), and makes its tree below one descriptor: no entry
//! leaves the target, whatever its name, its links or an earlier entry say, and nothing that cannot
//! be done exactly is passed over in silence. Knows nothing of Node. See tar(5), openat2(2).

mod copy;
mod failure;
mod input;
mod inside;
mod limits;
mod lock;
mod name;
mod owners;
mod pack;
pub mod remove;
mod report;
mod tar;
mod tree;
mod unpack;

pub use copy::{Aside, Copied, Method, copy_tree};
pub use failure::{Failure, Kind};
pub use input::Sums;
pub use inside::read_inside;
pub use limits::Limits;
pub use lock::{share_lock, sync_directory, try_lock};
pub use name::printable;
pub use owners::{Owners, owners_of_this_process};
pub use pack::{Compression, PackOptions, Packed, pack};
pub use report::{Monitor, Report};
pub use unpack::{Options, Over, Unpacker, Xattrs, unpack};

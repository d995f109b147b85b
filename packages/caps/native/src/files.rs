//! Capabilities of files.

use crate::SystemError;
use caps_core::{
    CapSet,
    file_caps::{self, FileCaps, How},
};
use napi_derive::napi;
use rustix::fd::AsFd;

/// What a file has. Sets are hexadecimal digits.
#[napi(object)]
pub struct Attribute {
    /// 1, 2 or 3.
    pub revision: u32,
    /// Effective at the start of the program.
    pub effective: bool,
    /// The permitted set.
    pub permitted: String,
    /// The inheritable set.
    pub inheritable: String,
    /// Of revision 3: the root user id for which it counts, as seen from here.
    pub root_id: Option<u32>,
}

impl From<FileCaps> for Attribute {
    fn from(caps: FileCaps) -> Self {
        Self {
            revision: u32::from(caps.revision),
            effective: caps.effective,
            permitted: format!("{:016x}", caps.permitted.0),
            inheritable: format!("{:016x}", caps.inheritable.0),
            root_id: caps.root_id,
        }
    }
}

/// What came of one file.
#[napi(object)]
pub struct OfFile {
    /// Absent: the file has no attribute, or there is an error.
    pub attribute: Option<Attribute>,
    /// What failed.
    pub error: Option<SystemError>,
}

fn outcome(result: Result<Option<FileCaps>, srcon_step::Failure>) -> OfFile {
    match result {
        Ok(caps) => OfFile {
            attribute: caps.map(Into::into),
            error: None,
        },
        Err(failure) => OfFile {
            attribute: None,
            error: Some(failure.into()),
        },
    }
}

/// The capabilities of one regular file, itself no link.
#[napi]
#[must_use]
pub fn file_caps(path: String) -> OfFile {
    outcome(file_caps::open(&path).and_then(|file| file_caps::get(file.as_fd())))
}

/// Sets them and reads them back. Sets are hexadecimal digits.
#[napi]
#[must_use]
pub fn set_file_caps(
    path: String,
    effective: bool,
    permitted: String,
    inheritable: String,
    root_id: Option<u32>,
) -> OfFile {
    let set = |digits: &str| CapSet(u64::from_str_radix(digits, 16).unwrap_or(0));
    let wanted = FileCaps {
        revision: if root_id.is_some() { 3 } else { 2 },
        effective,
        permitted: set(&permitted),
        inheritable: set(&inheritable),
        root_id,
    };
    outcome(file_caps::open(&path).and_then(|file| {
        file_caps::set(file.as_fd(), &wanted)?;
        file_caps::get(file.as_fd())
    }))
}

/// What came of taking them away.
#[napi(object)]
pub struct Removed {
    /// There were some.
    pub had: bool,
    /// What failed.
    pub error: Option<SystemError>,
}

/// Takes the attribute of a file away.
#[napi]
#[must_use]
pub fn remove_file_caps(path: String) -> Removed {
    match file_caps::open(&path).and_then(|file| file_caps::remove(file.as_fd())) {
        Ok(had) => Removed { had, error: None },
        Err(failure) => Removed {
            had: false,
            error: Some(failure.into()),
        },
    }
}

/// A file with capabilities.
#[napi(object)]
pub struct FoundFile {
    /// Its path from the start on.
    pub path: String,
    /// What it has; absent: `errno` says why it cannot be read.
    pub attribute: Option<Attribute>,
    /// Of reading it.
    pub errno: Option<i32>,
}

/// What a walk found.
#[napi(object)]
pub struct Walk {
    /// The files with capabilities.
    pub found: Vec<FoundFile>,
    /// How many files were looked at.
    pub files: f64,
    /// Directories that could not be read.
    pub unread: Vec<String>,
    /// The start could not be opened.
    pub error: Option<SystemError>,
}

/// The files with capabilities in a directory; links are not followed.
#[napi]
#[must_use]
pub fn files_under(path: String, recursive: bool, one_file_system: bool) -> Walk {
    let how = How {
        recursive,
        one_file_system,
    };
    let (under, error) = match file_caps::under(&path, how) {
        Ok(under) => (under, None),
        Err(failure) => (file_caps::Under::default(), Some(failure.into())),
    };
    let found = under.found.into_iter().map(|file| FoundFile {
        path: file.path,
        attribute: file.caps.ok().map(Into::into),
        errno: file.caps.err(),
    });
    #[allow(clippy::cast_precision_loss)]
    Walk {
        found: found.collect(),
        files: under.files as f64,
        unread: under.unread,
        error,
    }
}

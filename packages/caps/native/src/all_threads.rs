//! The change of this process.

use crate::SystemError;
use caps_core::{
    CapSet,
    all_threads::{self, Stopped},
};
use napi_derive::napi;

/// What every thread shall have. Sets are hexadecimal digits.
#[napi(object)]
pub struct Wanted {
    /// The whole bounding set; absent: as it is.
    pub bounding: Option<String>,
    /// The permitted set.
    pub permitted: String,
    /// The effective set.
    pub effective: String,
    /// The inheritable set.
    pub inheritable: String,
    /// The ambient set.
    pub ambient: String,
    /// All supplementary groups; absent: as they are.
    pub groups: Option<Vec<u32>>,
    /// Group id.
    pub gid: Option<u32>,
    /// User id.
    pub uid: Option<u32>,
    /// Securebits to set.
    pub set: u32,
    /// Securebits to clear.
    pub clear: u32,
    /// Set no_new_privs.
    pub no_new_privs: bool,
}

/// What came of it.
#[napi(object)]
pub struct Changed {
    /// `done`, `refused` (nothing was changed), `halfway`.
    pub outcome: String,
    /// Threads that have what was asked; of a failure the thread concerned, or 0.
    pub thread: i32,
    /// Name of the thread concerned.
    pub name: String,
    /// Why it was refused, or what failed.
    pub why: String,
}

/// Makes all threads of this process have what is wanted.
#[napi]
#[must_use]
pub fn change_all_threads(wanted: Wanted) -> Changed {
    let set = |digits: &str| CapSet(u64::from_str_radix(digits, 16).unwrap_or(0));
    let groups = wanted.groups.map(|mut groups| {
        groups.sort_unstable();
        groups.dedup();
        groups
    });
    let wanted = all_threads::Wanted {
        bounding: wanted.bounding.as_deref().map(set),
        groups,
        gid: wanted.gid,
        uid: wanted.uid,
        permitted: set(&wanted.permitted),
        effective: set(&wanted.effective),
        inheritable: set(&wanted.inheritable),
        ambient: set(&wanted.ambient),
        set: wanted.set,
        clear: wanted.clear,
        no_new_privs: wanted.no_new_privs,
    };
    let (outcome, thread, name, why) = match all_threads::change(&wanted) {
        Ok(done) => (
            "done",
            i32::try_from(done.threads).unwrap_or(i32::MAX),
            String::new(),
            String::new(),
        ),
        Err(Stopped::Refused { thread, name, why }) => ("refused", thread, name, why),
        Err(Stopped::Halfway {
            thread,
            name,
            failure,
        }) => ("halfway", thread, name, failure.to_string()),
    };
    Changed {
        outcome: outcome.to_owned(),
        thread,
        name,
        why,
    }
}

/// Ids in numbers.
#[napi(object)]
pub struct FoundIds {
    /// The user; absent: as it is.
    pub uid: Option<u32>,
    /// The group; absent: as it is.
    pub gid: Option<u32>,
    /// The supplementary groups; absent: as they are.
    pub groups: Option<Vec<u32>>,
    /// Why there are none.
    pub error: Option<SystemError>,
}

/// Looks the names of a `caps.ids` step (JSON) up in this process's root.
#[napi]
#[must_use]
pub fn look_up_ids(step: String) -> FoundIds {
    match caps_core::ids::look_up(&step) {
        Ok(found) => FoundIds {
            uid: found.uid,
            gid: found.gid,
            groups: found.groups,
            error: None,
        },
        Err(failure) => FoundIds {
            uid: None,
            gid: None,
            groups: None,
            error: Some(failure.into()),
        },
    }
}

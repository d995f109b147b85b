//! The change of this process.

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

//! `caps.ids`: the ids of the process. Groups before gid before uid, since the earlier ones need
//! what the later ones take away. Leaving uid 0 empties the capability sets: KEEPCAPS saves the
//! permitted one, and the effective one is raised again from it, so that the steps that follow may
//! still act; what the command has is settled by `caps.sets` and by exec. See credentials(7),
//! capabilities(7) "Effect of user ID changes on capabilities".

use crate::kernel::{self, Triple};
use serde::{Deserialize, Deserializer, de::Error, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step};

/// `NGROUPS_MAX`.
const MAX_GROUPS: usize = 65536;

/// The supplementary groups wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// As they are.
    Keep,
    /// Exactly these.
    Are(Vec<u32>),
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "\"keep\" or a list of group ids")]
        enum Form {
            Word(String),
            List(Vec<u32>),
        }
        match Form::deserialize(deserializer)? {
            Form::Word(word) if word == "keep" => Ok(Self::Keep),
            Form::Word(_) => Err(D::Error::custom("\"keep\" or a list of group ids")),
            Form::List(list) => Ok(Self::Are(list)),
        }
    }
}

/// Changes of ids; what is left out stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    uid: Option<u32>,
    gid: Option<u32>,
    groups: Groups,
}

impl Step for Ids {
    fn name(&self) -> &'static str {
        "caps.ids"
    }

    fn validate(&self) -> Result<(), String> {
        for (field, id) in [("uid", self.uid), ("gid", self.gid)] {
            if id == Some(u32::MAX) {
                return Err(format!("{field}: {} is no id", u32::MAX));
            }
        }
        match &self.groups {
            Groups::Are(list) if list.len() > MAX_GROUPS => {
                Err(format!("groups: more than {MAX_GROUPS}"))
            }
            Groups::Are(list) if list.contains(&u32::MAX) => {
                Err(format!("groups: {} is no id", u32::MAX))
            }
            _ => Ok(()),
        }
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let before = kernel::get()?;
        if let Groups::Are(wanted) = &self.groups {
            set_groups(wanted)?;
        }
        if let Some(gid) = self.gid {
            change("setresgid", libc::SYS_setresgid, gid)?;
            verify("gid", libc::SYS_getresgid, gid)?;
        }
        if let Some(uid) = self.uid {
            change_uid(uid, before)?;
        }
        launch.credentials_changed();
        Ok(())
    }
}

fn change_uid(uid: u32, before: Triple) -> Result<(), Failure> {
    let had_keep = kernel::prctl("PR_GET_KEEPCAPS", libc::PR_GET_KEEPCAPS, 0, 0)? == 1;
    let keep = !had_keep && !before.permitted.is_empty();
    if keep {
        kernel::prctl("PR_SET_KEEPCAPS", libc::PR_SET_KEEPCAPS, 1, 0)?;
    }
    change("setresuid", libc::SYS_setresuid, uid)?;
    verify("uid", libc::SYS_getresuid, uid)?;
    if keep {
        kernel::prctl("PR_SET_KEEPCAPS", libc::PR_SET_KEEPCAPS, 0, 0)?;
    }
    let now = kernel::get()?;
    let effective = before.effective.and(now.permitted);
    if now.effective == effective {
        return Ok(());
    }
    kernel::set(Triple { effective, ..now })
}

fn change(call: &'static str, number: libc::c_long, id: u32) -> Result<(), Failure> {
    // SAFETY: numbers only.
    if unsafe { libc::syscall(number, id, id, id) } < 0 {
        return Err(Failure::last(call).note(id.to_string()));
    }
    Ok(())
}

fn verify(what: &str, number: libc::c_long, id: u32) -> Result<(), Failure> {
    let mut now = [0_u32; 3];
    let [a, b, c] = now.each_mut().map(std::ptr::from_mut);
    // SAFETY: three valid places for three ids.
    if unsafe { libc::syscall(number, a, b, c) } < 0 {
        return Err(Failure::last("getresuid"));
    }
    if now != [id; 3] {
        return Err(Failure::wrong(format!("{what}s are {now:?}, not {id}")));
    }
    Ok(())
}

/// The supplementary groups, sorted.
fn groups() -> Result<Vec<u32>, Failure> {
    // SAFETY: size 0 asks for the number only.
    let count = unsafe { libc::syscall(libc::SYS_getgroups, 0, 0) };
    let count = usize::try_from(count).map_err(|_| Failure::last("getgroups"))?;
    let mut list = vec![0_u32; count];
    // SAFETY: there is room for as many as are said.
    let count = unsafe { libc::syscall(libc::SYS_getgroups, count, list.as_mut_ptr()) };
    let count = usize::try_from(count).map_err(|_| Failure::last("getgroups"))?;
    list.truncate(count);
    list.sort_unstable();
    Ok(list)
}

/// Where they are as wanted already nothing is called: an ordinary user could not.
fn set_groups(wanted: &[u32]) -> Result<(), Failure> {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if groups()? == wanted {
        return Ok(());
    }
    // SAFETY: the list has the length said.
    if unsafe { libc::syscall(libc::SYS_setgroups, wanted.len(), wanted.as_ptr()) } < 0 {
        return Err(Failure::last("setgroups").note(format!("{wanted:?}")));
    }
    let now = groups()?;
    if now != wanted {
        return Err(Failure::wrong(format!(
            "groups are {now:?}, not {wanted:?}"
        )));
    }
    Ok(())
}

//! `caps.ids`: the ids of the process. Groups before gid before uid, since the earlier ones need
//! what the later ones take away. Leaving uid 0 empties the capability sets: KEEPCAPS saves the
//! permitted one, and the effective one is raised again from it, so that the steps that follow may
//! still act; what the command has is settled by `caps.sets` and by exec. See credentials(7),
//! capabilities(7) "Effect of user ID changes on capabilities".

use crate::{
    account::{self, GROUP, PASSWD},
    kernel::{self, Triple},
    securebits,
};
use serde::{Deserialize, Deserializer, de::Error, de::IgnoredAny};
use srcon_step::{Failure, Launch, Mark, Step};
use std::ffi::CStr;

/// `NGROUPS_MAX`.
const MAX_GROUPS: usize = 65536;

/// A group by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a group id or a name")]
pub enum GroupWord {
    /// Its id.
    Id(u32),
    /// Its name in the root's group(5).
    Name(String),
}

/// The supplementary groups wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// As they are.
    Keep,
    /// Those that the root's group(5) gives the user, and its own.
    OfUser,
    /// Exactly these.
    Are(Vec<GroupWord>),
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "\"keep\", \"of-user\", or a list of group ids and names"
        )]
        enum Form {
            Word(String),
            List(Vec<GroupWord>),
        }
        match Form::deserialize(deserializer)? {
            Form::Word(word) if word == "keep" => Ok(Self::Keep),
            Form::Word(word) if word == "of-user" => Ok(Self::OfUser),
            Form::Word(_) => Err(D::Error::custom(
                "\"keep\", \"of-user\", or a list of group ids and names",
            )),
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
    /// Instead of `uid`: a name in the root's passwd(5). Its own group is the gid where none is given.
    user: Option<String>,
    gid: Option<u32>,
    /// Instead of `gid`.
    group: Option<String>,
    groups: Groups,
}

impl Ids {
    fn has_names(&self) -> bool {
        let names = match &self.groups {
            Groups::Keep => false,
            Groups::OfUser => true,
            Groups::Are(list) => list.iter().any(|g| matches!(g, GroupWord::Name(_))),
        };
        names || self.user.is_some() || self.group.is_some()
    }
}

impl Step for Ids {
    fn name(&self) -> &'static str {
        "caps.ids"
    }

    fn marks(&self) -> Vec<Mark> {
        if self.has_names() {
            vec![Mark::Names]
        } else {
            Vec::new()
        }
    }

    fn validate(&self) -> Result<(), String> {
        for (field, id) in [("uid", self.uid), ("gid", self.gid)] {
            if id == Some(u32::MAX) {
                return Err(format!("{field}: {} is no id", u32::MAX));
            }
        }
        if self.uid.is_some() && self.user.is_some() {
            return Err("user: uid is given too".to_owned());
        }
        if self.gid.is_some() && self.group.is_some() {
            return Err("group: gid is given too".to_owned());
        }
        for (field, name) in [("user", &self.user), ("group", &self.group)] {
            if name.as_deref().is_some_and(|n| !account::is_name(n)) {
                return Err(format!("{field}: not a name"));
            }
        }
        let Groups::Are(list) = &self.groups else {
            let nobody = self.uid.is_none() && self.user.is_none();
            return match self.groups {
                Groups::OfUser if nobody => Err("groups: of-user, but no user".to_owned()),
                _ => Ok(()),
            };
        };
        if list.len() > MAX_GROUPS {
            return Err(format!("groups: more than {MAX_GROUPS}"));
        }
        for word in list {
            match word {
                GroupWord::Id(u32::MAX) => return Err(format!("groups: {} is no id", u32::MAX)),
                GroupWord::Name(name) if !account::is_name(name) => {
                    return Err("groups: not a name".to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        // All names first: nothing is half done where one of them is unknown.
        let Found { uid, gid, groups } = Found::of(self)?;
        let before = kernel::get()?;
        if let Some(wanted) = &groups {
            set_groups(wanted)?;
        }
        if let Some(gid) = gid {
            change("setresgid", libc::SYS_setresgid, gid)?;
            verify("gid", libc::SYS_getresgid, gid)?;
        }
        if let Some(uid) = uid {
            change_uid(uid, before)?;
        }
        launch.credentials_changed();
        Ok(())
    }
}

/// The ids in numbers; `None`: as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The user.
    pub uid: Option<u32>,
    /// The group.
    pub gid: Option<u32>,
    /// The supplementary groups.
    pub groups: Option<Vec<u32>>,
}

/// Looks the names of a `caps.ids` step up in the root of this process, and changes nothing.
///
/// # Errors
/// What is wrong with the step or the files, or a name that they do not have.
pub fn look_up(step: &str) -> Result<Found, Failure> {
    let ids: Ids = serde_json::from_str(step).map_err(|e| Failure::wrong(e.to_string()))?;
    ids.validate().map_err(Failure::wrong)?;
    Found::of(&ids)
}

fn unknown(kind: &str, name: &str, file: &CStr) -> Failure {
    let file = file.to_string_lossy();
    Failure::wrong(format!("no {kind} '{name}' in {file}")).at(file)
}

impl Found {
    fn of(ids: &Ids) -> Result<Self, Failure> {
        if !ids.has_names() {
            let groups = match &ids.groups {
                Groups::Are(list) => list.iter().filter_map(GroupWord::id).collect(),
                _ => {
                    return Ok(Self {
                        uid: ids.uid,
                        gid: ids.gid,
                        groups: None,
                    });
                }
            };
            return Ok(Self {
                uid: ids.uid,
                gid: ids.gid,
                groups: Some(groups),
            });
        }
        let of_user = ids.groups == Groups::OfUser;
        let passwd = if ids.user.is_some() || of_user {
            account::read(PASSWD)?
        } else {
            Vec::new()
        };
        let by_name = |name: &String| {
            account::user(&passwd, name).ok_or_else(|| unknown("user", name, PASSWD))
        };
        let account = ids.user.as_ref().map(by_name).transpose()?;
        let uid = ids.uid.or(account.map(|a| a.uid));
        let some = |g: &GroupWord| matches!(g, GroupWord::Name(_));
        let named = matches!(&ids.groups, Groups::Are(list) if list.iter().any(some));
        let file = if ids.group.is_some() || of_user || named {
            account::read(GROUP)?
        } else {
            Vec::new()
        };
        let group = |name: &String| {
            account::group(&file, name).ok_or_else(|| unknown("group", name, GROUP))
        };
        let gid = match &ids.group {
            Some(name) => Some(group(name)?),
            None => ids.gid.or(account.map(|a| a.gid)),
        };
        let groups = match &ids.groups {
            Groups::Keep => None,
            Groups::Are(list) => Some(
                list.iter()
                    .map(|word| match word {
                        GroupWord::Id(id) => Ok(*id),
                        GroupWord::Name(name) => group(name),
                    })
                    .collect::<Result<Vec<_>, _>>()?,
            ),
            Groups::OfUser => {
                let name = match &ids.user {
                    Some(name) => name.clone().into_bytes(),
                    None => uid
                        .and_then(|uid| account::name_of(&passwd, uid))
                        .ok_or_else(|| {
                            unknown("user", &uid.unwrap_or_default().to_string(), PASSWD)
                        })?,
                };
                let mut groups = account::groups_of(&file, &name);
                groups.extend(gid);
                if groups.len() > MAX_GROUPS {
                    return Err(Failure::wrong(format!(
                        "the user is in more than {MAX_GROUPS} groups"
                    )));
                }
                Some(groups)
            }
        };
        Ok(Self { uid, gid, groups })
    }
}

impl GroupWord {
    fn id(&self) -> Option<u32> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Name(_) => None,
        }
    }
}

fn change_uid(uid: u32, before: Triple) -> Result<(), Failure> {
    let bits = kernel::securebits()?;
    // With no_setuid_fixup a change of ids takes nothing, and keep_caps may be locked.
    let needed = bits & (securebits::KEEP_CAPS | securebits::NO_SETUID_FIXUP) == 0;
    let keep = needed && !before.permitted.is_empty();
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

//! An estimate of what a command needs, for who may not read the kernel's record: the calls that can
//! need a capability are announced by a filter, looked at and let through. What is decided here is what
//! the kernel would ask for by these arguments; what it asks for by the state of files it cannot know.
//! See seccomp_unotify(2), capabilities(7).

use crate::status::field;
use crate::{Cap, CapSet};
use srcon_listener::{Answer, Listener, Notification, Reply, Session, target};
use std::{collections::BTreeMap, fs, os::fd::OwnedFd};

/// A call of a process that needed a capability.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// Which.
    pub capability: Cap,
    /// Whether the process had it effective.
    pub had: bool,
    /// The call.
    pub call: &'static str,
    /// Name of the process.
    pub process: String,
    /// In a user namespace other than ours, as far as that can be known.
    pub elsewhere: bool,
}

/// Gathers them.
#[derive(Debug, Default)]
pub struct Gathered {
    /// How often each was seen.
    pub needed: BTreeMap<Needed, u32>,
}

/// What the arguments of a call decide.
#[derive(Clone, Copy)]
enum Rule {
    /// It always needs it.
    Always(u8),
    /// As it always does, where an argument is not all ones (which means "no change"): that of an owner.
    Owner(usize, usize),
    /// An id at each of these places that is not one of the process's own.
    Ids(u8, &'static [usize], &'static str),
    /// A device at this place of the mode.
    Device(usize),
    /// A raw or packet socket.
    Socket,
    /// A port below those for everybody.
    Bind,
    /// A namespace other than a user one.
    Namespaces,
    /// A process of another user.
    Kill,
    /// A priority below the present one.
    Nice,
}

const CHOWN: u8 = 0;
const KILL: u8 = 5;
const SETGID: u8 = 6;
const SETUID: u8 = 7;
const NET_BIND_SERVICE: u8 = 10;
const NET_RAW: u8 = 13;
const SYS_MODULE: u8 = 16;
const SYS_CHROOT: u8 = 18;
const SYS_PACCT: u8 = 20;
const SYS_ADMIN: u8 = 21;
const SYS_BOOT: u8 = 22;
const SYS_NICE: u8 = 23;
const SYS_TIME: u8 = 25;
const SYS_TTY_CONFIG: u8 = 26;
const MKNOD: u8 = 27;

const TABLE: &[(libc::c_long, &str, Rule)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chown, "chown", Rule::Owner(1, 2)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_lchown, "lchown", Rule::Owner(1, 2)),
    (libc::SYS_fchown, "fchown", Rule::Owner(1, 2)),
    (libc::SYS_fchownat, "fchownat", Rule::Owner(2, 3)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, "mknod", Rule::Device(1)),
    (libc::SYS_mknodat, "mknodat", Rule::Device(2)),
    (libc::SYS_socket, "socket", Rule::Socket),
    (libc::SYS_bind, "bind", Rule::Bind),
    (libc::SYS_kill, "kill", Rule::Kill),
    (libc::SYS_setuid, "setuid", Rule::Ids(SETUID, &[0], "Uid")),
    (
        libc::SYS_setreuid,
        "setreuid",
        Rule::Ids(SETUID, &[0, 1], "Uid"),
    ),
    (
        libc::SYS_setresuid,
        "setresuid",
        Rule::Ids(SETUID, &[0, 1, 2], "Uid"),
    ),
    (libc::SYS_setgid, "setgid", Rule::Ids(SETGID, &[0], "Gid")),
    (
        libc::SYS_setregid,
        "setregid",
        Rule::Ids(SETGID, &[0, 1], "Gid"),
    ),
    (
        libc::SYS_setresgid,
        "setresgid",
        Rule::Ids(SETGID, &[0, 1, 2], "Gid"),
    ),
    (libc::SYS_setgroups, "setgroups", Rule::Always(SETGID)),
    (libc::SYS_chroot, "chroot", Rule::Always(SYS_CHROOT)),
    (libc::SYS_mount, "mount", Rule::Always(SYS_ADMIN)),
    (libc::SYS_umount2, "umount2", Rule::Always(SYS_ADMIN)),
    (libc::SYS_fsopen, "fsopen", Rule::Always(SYS_ADMIN)),
    (libc::SYS_move_mount, "move_mount", Rule::Always(SYS_ADMIN)),
    (libc::SYS_pivot_root, "pivot_root", Rule::Always(SYS_ADMIN)),
    (
        libc::SYS_sethostname,
        "sethostname",
        Rule::Always(SYS_ADMIN),
    ),
    (
        libc::SYS_setdomainname,
        "setdomainname",
        Rule::Always(SYS_ADMIN),
    ),
    (libc::SYS_swapon, "swapon", Rule::Always(SYS_ADMIN)),
    (libc::SYS_swapoff, "swapoff", Rule::Always(SYS_ADMIN)),
    (libc::SYS_unshare, "unshare", Rule::Namespaces),
    (libc::SYS_setpriority, "setpriority", Rule::Nice),
    (
        libc::SYS_settimeofday,
        "settimeofday",
        Rule::Always(SYS_TIME),
    ),
    (
        libc::SYS_clock_settime,
        "clock_settime",
        Rule::Always(SYS_TIME),
    ),
    (libc::SYS_reboot, "reboot", Rule::Always(SYS_BOOT)),
    (
        libc::SYS_init_module,
        "init_module",
        Rule::Always(SYS_MODULE),
    ),
    (
        libc::SYS_finit_module,
        "finit_module",
        Rule::Always(SYS_MODULE),
    ),
    (
        libc::SYS_delete_module,
        "delete_module",
        Rule::Always(SYS_MODULE),
    ),
    (libc::SYS_acct, "acct", Rule::Always(SYS_PACCT)),
    (libc::SYS_vhangup, "vhangup", Rule::Always(SYS_TTY_CONFIG)),
];

/// The program of the filter: it announces these calls and lets all others through.
#[must_use]
pub fn program() -> Vec<u8> {
    let numbers: Vec<u32> = TABLE
        .iter()
        .filter_map(|(number, _, _)| u32::try_from(*number).ok())
        .collect();
    srcon_listener::program::only(&numbers)
}

/// Starts to gather; the descriptor goes to who loads the filter.
///
/// # Errors
/// Without descriptors or threads to be had.
pub fn start() -> Result<(Session<Gathered>, OwnedFd), rustix::io::Errno> {
    Session::start(Gathered::default())
}

fn status(tid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{tid}/status")).ok()
}

/// Whether it is in another user namespace than we are. The link of one that is not ours to look at
/// cannot be read; its map can, and one that differs says enough.
fn elsewhere(tid: u32) -> bool {
    let differ = |read: &dyn Fn(&str) -> Option<Vec<u8>>, file: &str| {
        let theirs = read(&format!("/proc/{tid}/{file}"))?;
        Some(read(&format!("/proc/self/{file}"))? != theirs)
    };
    let link = |path: &str| {
        fs::read_link(path)
            .ok()
            .map(|link| link.into_os_string().into_encoded_bytes())
    };
    differ(&link, "ns/user")
        .or_else(|| differ(&|path| fs::read(path).ok(), "uid_map"))
        .unwrap_or(false)
}

fn ids(status: &str, name: &str) -> Vec<u32> {
    field(status, name)
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}

impl Answer for Gathered {
    fn answer(&mut self, listener: &Listener, call: &Notification) -> Reply {
        let rule = TABLE
            .iter()
            .find(|(number, _, _)| u32::try_from(*number) == Ok(call.nr));
        if let (Some((_, name, rule)), Some(status)) = (rule, status(call.tid))
            && let Some(number) = needs(*rule, listener, call, &status)
            && let Some(capability) = Cap::new(number)
        {
            let effective =
                u64::from_str_radix(field(&status, "CapEff"), 16).map_or(CapSet(0), CapSet);
            let needed = Needed {
                capability,
                had: effective.has(capability),
                call: name,
                process: field(&status, "Name").to_owned(),
                elsewhere: elsewhere(call.tid),
            };
            *self.needed.entry(needed).or_default() += 1;
        }
        Reply::Continue
    }
}

/// The registers hold more than the kernel reads of such an argument.
#[allow(clippy::cast_possible_truncation)]
fn low(call: &Notification, at: usize) -> u32 {
    call.args.get(at).map_or(0, |value| *value as u32)
}

fn needs(rule: Rule, listener: &Listener, call: &Notification, status: &str) -> Option<u8> {
    const UNCHANGED: u32 = u32::MAX;
    match rule {
        Rule::Always(cap) => Some(cap),
        Rule::Owner(user, group) => {
            let fsuid = *ids(status, "Uid").last()?;
            let mut groups = ids(status, "Groups");
            groups.extend(ids(status, "Gid").last());
            let (user, group) = (low(call, user), low(call, group));
            let own = (user == UNCHANGED || user == fsuid)
                && (group == UNCHANGED || groups.contains(&group));
            (!own).then_some(CHOWN)
        }
        Rule::Ids(cap, places, name) => {
            // Real, effective, saved.
            let own = ids(status, name);
            let own = own.get(..3)?;
            let foreign = places
                .iter()
                .map(|at| low(call, *at))
                .any(|id| id != UNCHANGED && !own.contains(&id));
            foreign.then_some(cap)
        }
        Rule::Device(mode) => {
            let kind = low(call, mode) & libc::S_IFMT;
            (kind == libc::S_IFBLK || kind == libc::S_IFCHR && call.args[mode + 1] != 0)
                .then_some(MKNOD)
        }
        Rule::Socket => {
            let (family, kind) = (low(call, 0).cast_signed(), low(call, 1).cast_signed() & 0xf);
            let raw =
                kind == libc::SOCK_RAW && (family == libc::AF_INET || family == libc::AF_INET6);
            (raw || family == libc::AF_PACKET).then_some(NET_RAW)
        }
        Rule::Bind => {
            let address = target::bytes::<4>(listener, call, call.args[1])?;
            let family = i32::from(u16::from_ne_bytes([address[0], address[1]]));
            let port = u16::from_be_bytes([address[2], address[3]]);
            let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok();
            let first = first
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(1024);
            let internet = family == libc::AF_INET || family == libc::AF_INET6;
            (internet && port != 0 && port < first).then_some(NET_BIND_SERVICE)
        }
        Rule::Namespaces => {
            let user = libc::CLONE_NEWUSER.cast_unsigned();
            let others = libc::CLONE_NEWNS
                | libc::CLONE_NEWUTS
                | libc::CLONE_NEWIPC
                | libc::CLONE_NEWPID
                | libc::CLONE_NEWNET
                | libc::CLONE_NEWCGROUP;
            let flags = low(call, 0);
            // With a user namespace of its own it has all in there.
            (flags & user == 0 && flags & others.cast_unsigned() != 0).then_some(SYS_ADMIN)
        }
        Rule::Kill => {
            let pid = low(call, 0).cast_signed();
            if pid < 1 {
                return None;
            }
            let theirs = self::status(pid.cast_unsigned())?;
            let (ours, theirs) = (ids(status, "Uid"), ids(&theirs, "Uid"));
            let same = ours
                .iter()
                .take(2)
                .any(|id| theirs.first() == Some(id) || theirs.get(2) == Some(id));
            (!same).then_some(KILL)
        }
        Rule::Nice => (low(call, 2).cast_signed() < 0).then_some(SYS_NICE),
    }
}

//! Which orders of steps cannot work. Refused before anything is done, with the reason: the kernel
//! would answer a bare EPERM, or worse, change somebody else's mounts. See `docs/plan.md`.

use crate::Refusal;

/// What a step does, as far as the order is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A new user namespace.
    User,
    /// A new mount namespace.
    Mount,
    /// A new pid namespace.
    Pid,
    /// A new network namespace.
    Net,
    /// A new UTS namespace.
    Uts,
    /// A namespace is bound to a file.
    NamespaceFile,
    /// Changes the mount tree (also: makes it private).
    ChangesMounts,
    /// Mounts a new proc.
    Proc,
    /// Mounts a new sysfs.
    Sysfs,
    /// Sets the host name.
    Hostname,
    /// Brings the loopback interface up.
    Loopback,
    /// chroot(2) without pivot_root(2).
    PlainChroot,
    /// pivot_root(2), old tree detached.
    NewRoot,
    /// A system-call filter is loaded.
    Filter,
    /// Users or groups are looked up by name, in the root of that moment.
    Names,
}

/// Where each mark stood last: position in the sequence of marks.
struct Seen<'a>(&'a [(usize, Mark)]);

impl Seen<'_> {
    fn last(&self, mark: Mark) -> Option<usize> {
        self.0.iter().rposition(|&(_, m)| m == mark)
    }
    /// Whether `inner` was made, then a user namespace, and no newer `inner` since.
    fn owned_outside(&self, inner: Mark) -> bool {
        matches!((self.last(inner), self.last(Mark::User)), (Some(i), Some(u)) if i < u)
    }
}

/// Checks a sequence of marks, each with the index of its step.
///
/// # Errors
/// The first order that cannot work.
pub fn check(marks: &[(usize, Mark)], privileged: bool) -> Result<(), Refusal> {
    for (at, &(index, mark)) in marks.iter().enumerate() {
        let refusal = refuse(&Seen(&marks[..at]), mark, &marks[at + 1..], privileged);
        if let Some((what, why, fix)) = refusal {
            return Err(Refusal::step(index, what).because(why, fix));
        }
    }
    Ok(())
}

type Text = (&'static str, &'static str, &'static str);

fn refuse(seen: &Seen<'_>, mark: Mark, later: &[(usize, Mark)], privileged: bool) -> Option<Text> {
    match mark {
        Mark::PlainChroot | Mark::NewRoot if seen.last(Mark::Names).is_some() => Some((
            "a new root after users or groups were looked up by name",
            "names are those of the root where the command runs, and that root comes only now",
            "put caps behind chroot-fs, or give numbers",
        )),
        Mark::User if seen.last(Mark::PlainChroot).is_some() => Some((
            "a user namespace after a plain chroot",
            "the kernel refuses a new user namespace to a process whose root is not its mount namespace's root",
            "make the user namespace first, or let chroot-fs use pivot_root (without --chroot)",
        )),
        Mark::ChangesMounts | Mark::NewRoot if !own_mounts(seen) => Some((
            "mounts are changed without a mount namespace of our own",
            "it would change the mounts of other processes; the plan makes no mount namespace after its last user namespace",
            "put ns-unshare --mount before it, after --user",
        )),
        Mark::Proc if seen.owned_outside(Mark::Pid) => Some((
            "proc for a pid namespace that an outer user namespace owns",
            "--pid was made before --user, so the outer user namespace owns it and mounting its proc is EPERM",
            "make --user first (or in the same link), then --pid",
        )),
        Mark::Proc if proc_is_gone(seen) => Some((
            "proc in a user namespace after a root without proc",
            "the old root is detached and with it the only proc that this user namespace may copy from: EPERM for good",
            "give --proc to the chroot-fs that changes the root",
        )),
        Mark::Sysfs | Mark::Loopback if seen.owned_outside(Mark::Net) => Some((
            "loopback or sysfs for a network namespace that an outer user namespace owns",
            "--net was made before --user, so the outer user namespace owns it: EPERM",
            "make --user first (or in the same link), then --net",
        )),
        Mark::Hostname if seen.owned_outside(Mark::Uts) => Some((
            "a host name for a UTS namespace that an outer user namespace owns",
            "--uts was made before --user, so the outer user namespace owns it: EPERM",
            "make --user first (or in the same link), then --uts",
        )),
        Mark::Pid
            if seen.last(Mark::Proc).is_some() && !later.iter().any(|l| l.1 == Mark::Proc) =>
        {
            Some((
                "a pid namespace after proc was mounted",
                "that proc belongs to the outer pid namespace and would show its processes",
                "put ns-unshare --pid before the --proc",
            ))
        }
        Mark::NamespaceFile if !privileged => Some((
            "a namespace file without privilege",
            "the file is a bind mount made from outside, which needs CAP_SYS_ADMIN there",
            "run as root, or leave the =FILE out and keep a process in the namespace",
        )),
        _ => None,
    }
}

fn own_mounts(seen: &Seen<'_>) -> bool {
    seen.last(Mark::Mount).is_some() && !seen.owned_outside(Mark::Mount)
}

fn proc_is_gone(seen: &Seen<'_>) -> bool {
    let Some(root) = seen.last(Mark::NewRoot) else {
        return false;
    };
    let had_proc = seen.0[..root].iter().any(|&(_, m)| m == Mark::Proc);
    seen.last(Mark::User).is_some() && !had_proc
}

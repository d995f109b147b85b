//! Every rule of the order of steps: what it refuses, at which step, and its neighbours that are accepted.

use srcon_step::{
    Mark::{self, *},
    order::check,
};

fn refused(marks: &[Mark], privileged: bool) -> Option<(usize, String)> {
    let numbered: Vec<(usize, Mark)> = marks.iter().copied().enumerate().collect();
    let refusal = check(&numbered, privileged).err()?;
    assert!(
        !refusal.why.is_empty() && !refusal.fix.is_empty(),
        "{refusal:?}"
    );
    Some((refusal.step.expect("a step"), refusal.what))
}

#[track_caller]
fn no(marks: &[Mark], step: usize, words: &str) {
    let (at, what) = refused(marks, true).expect("a refusal");
    assert_eq!(at, step, "{what}");
    assert!(what.contains(words), "{words:?} in {what:?}");
}

#[track_caller]
fn yes(marks: &[Mark]) {
    assert_eq!(refused(marks, true), None, "{marks:?}");
}

#[test]
fn user_after_plain_chroot() {
    no(&[PlainChroot, User], 1, "after a plain chroot");
    yes(&[User, PlainChroot]);
    yes(&[User, Mount, NewRoot, User]);
}

#[test]
fn mounts_need_a_mount_namespace_after_the_last_user_namespace() {
    for change in [ChangesMounts, NewRoot] {
        no(&[change], 0, "without a mount namespace of our own");
        no(&[User, change], 1, "without a mount namespace of our own");
        no(
            &[Mount, User, change],
            2,
            "without a mount namespace of our own",
        );
        yes(&[Mount, change]);
        yes(&[User, Mount, change]);
        yes(&[Mount, User, Mount, change]);
    }
}

#[test]
fn what_an_outer_user_namespace_owns() {
    no(&[Pid, User, Proc], 2, "proc for a pid namespace");
    yes(&[User, Pid, Proc]);
    yes(&[Pid, User, Pid, Proc]);
    yes(&[Pid, Proc]);
    for needs_net in [Loopback, Sysfs] {
        no(&[Net, User, needs_net], 2, "loopback or sysfs");
        yes(&[User, Net, needs_net]);
        yes(&[Net, needs_net, User]);
        yes(&[User, needs_net]);
    }
    no(&[Uts, User, Hostname], 2, "a host name");
    yes(&[Uts, Hostname, User]);
    yes(&[User, Uts, Hostname]);
}

#[test]
fn proc_has_to_come_with_the_root() {
    no(
        &[User, Mount, NewRoot, Pid, Proc],
        4,
        "after a root without proc",
    );
    no(
        &[Mount, NewRoot, User, Pid, Proc],
        4,
        "after a root without proc",
    );
    yes(&[User, Mount, Pid, Proc, NewRoot, Pid, Proc]);
    yes(&[Mount, NewRoot, Pid, Proc]);
}

#[test]
fn proc_before_pid_would_show_the_outer_processes() {
    no(&[Proc, Pid], 1, "after proc was mounted");
    yes(&[Pid, Proc]);
    yes(&[Proc, Pid, Proc]);
    yes(&[Pid, Proc, User, Pid, Proc]);
}

#[test]
fn a_namespace_file_needs_privilege() {
    let (at, what) = refused(&[User, NamespaceFile], false).expect("a refusal");
    assert_eq!(
        (at, what.as_str()),
        (1, "a namespace file without privilege")
    );
    yes(&[User, NamespaceFile]);
}

#[test]
fn the_first_wrong_step_is_named() {
    no(
        &[User, Filter, NewRoot, PlainChroot, User],
        2,
        "mount namespace",
    );
    yes(&[]);
}

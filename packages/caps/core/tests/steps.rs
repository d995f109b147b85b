//! Each step acts in a child process; then /proc/self/status is asked. Every refusal has its
//! positive control.

mod stage;

use stage::{bits, is_root, play, value};

const NET_RAW: u64 = 1 << 13;
const CHOWN: u64 = 1;
const SETPCAP: u64 = 1 << 8;

fn as_is() {}

/// As an ordinary user, without capabilities or groups.
fn as_nobody() {
    if !is_root() {
        return;
    }
    // SAFETY: no memory is passed.
    unsafe {
        libc::syscall(libc::SYS_setgroups, 0, 0);
        libc::syscall(libc::SYS_setresgid, 65534, 65534, 65534);
        libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534);
    }
}

/// In a user namespace of its own.
fn in_user_namespace() {
    as_nobody();
    // SAFETY: no memory is passed; the child has one thread.
    unsafe { libc::unshare(libc::CLONE_NEWUSER) };
}

/// The sets that the tests run with.
fn own(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with(key)).unwrap();
    u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap()
}

#[test]
fn bounding_drops_exactly_what_is_named() {
    if !is_root() {
        return;
    }
    let before = own("CapBnd");
    let seen = play(
        as_is,
        r#"[{"do":"caps.bounding","drop":["CAP_NET_RAW","CAP_CHOWN"]}]"#,
    )
    .unwrap();
    assert_eq!(bits(&seen, "CapBnd"), before & !(NET_RAW | CHOWN));
    let seen = play(as_is, r#"[{"do":"caps.bounding","keep":["CAP_NET_RAW"]}]"#).unwrap();
    assert_eq!(bits(&seen, "CapBnd"), NET_RAW);
    let seen = play(as_is, r#"[{"do":"caps.bounding","keep":[]}]"#).unwrap();
    assert_eq!(bits(&seen, "CapBnd"), 0);
    // What the running process has is not touched.
    assert_eq!(bits(&seen, "CapEff"), own("CapEff"));
}

#[test]
fn bounding_never_pretends_to_grow() {
    if !is_root() {
        return;
    }
    let steps = r#"[{"do":"caps.bounding","drop":["CAP_CHOWN"]},{"do":"caps.bounding","keep":["CAP_CHOWN"]}]"#;
    let failure = play(as_is, steps).unwrap_err();
    assert!(failure.contains("cannot grow: CAP_CHOWN"), "{failure}");
}

#[test]
fn bounding_needs_setpcap() {
    let step = r#"[{"do":"caps.bounding","drop":["CAP_CHOWN"]}]"#;
    let failure = play(as_nobody, step).unwrap_err();
    assert!(failure.contains("PR_CAPBSET_DROP CAP_CHOWN"), "{failure}");
    // An own user namespace has it again, where one can be had.
    if let Ok(seen) = play(in_user_namespace, step) {
        assert_eq!(bits(&seen, "CapBnd") & CHOWN, 0);
    }
}

#[test]
fn ids_are_changed_and_capabilities_kept_for_the_next_steps() {
    if !is_root() {
        return;
    }
    let step = r#"[{"do":"caps.ids","uid":1000,"gid":1001,"groups":[7,5,5]}]"#;
    let seen = play(as_is, step).unwrap();
    assert_eq!(value(&seen, "Uid"), "1000,1000,1000,1000");
    assert_eq!(value(&seen, "Gid"), "1001,1001,1001,1001");
    assert_eq!(value(&seen, "Groups"), "5,7");
    assert_eq!(bits(&seen, "CapEff"), own("CapEff"));
    assert_eq!(bits(&seen, "CapPrm"), own("CapPrm"));
    let seen = play(as_is, r#"[{"do":"caps.ids","gid":5,"groups":[]}]"#).unwrap();
    assert_eq!(value(&seen, "Uid"), "0,0,0,0");
    assert_eq!(value(&seen, "Groups"), "");
}

#[test]
fn ids_of_others_are_refused() {
    let failure = play(as_nobody, r#"[{"do":"caps.ids","uid":1,"groups":"keep"}]"#).unwrap_err();
    assert!(
        failure.contains("setresuid") && failure.contains('1'),
        "{failure}"
    );
    let failure = play(as_nobody, r#"[{"do":"caps.ids","groups":[1]}]"#).unwrap_err();
    assert!(failure.contains("setgroups"), "{failure}");
    if is_root() {
        // One's own ids, and groups that are as wanted already, need no privilege.
        let own = r#"[{"do":"caps.ids","uid":65534,"gid":65534,"groups":[]}]"#;
        assert_eq!(
            value(&play(as_nobody, own).unwrap(), "Uid"),
            "65534,65534,65534,65534"
        );
    }
}

#[test]
fn sets_are_as_asked() {
    if !is_root() {
        return;
    }
    let all = own("CapPrm");
    let seen = play(as_is, r#"[{"do":"caps.sets","effective":[],"permitted":["CAP_CHOWN"],"inheritable":["CAP_NET_RAW"]}]"#).unwrap();
    assert_eq!(
        (
            bits(&seen, "CapEff"),
            bits(&seen, "CapPrm"),
            bits(&seen, "CapInh")
        ),
        (0, CHOWN, NET_RAW)
    );
    // Effective follows permitted.
    let seen = play(
        as_is,
        r#"[{"do":"caps.sets","permitted":{"drop":["CAP_CHOWN"]}}]"#,
    )
    .unwrap();
    assert_eq!(
        (bits(&seen, "CapEff"), bits(&seen, "CapPrm")),
        (all & !CHOWN, all & !CHOWN)
    );
    let seen = play(
        as_is,
        r#"[{"do":"caps.sets","effective":{"drop":["CAP_CHOWN"]}}]"#,
    )
    .unwrap();
    assert_eq!(
        (bits(&seen, "CapEff"), bits(&seen, "CapPrm")),
        (all & !CHOWN, all)
    );
}

#[test]
fn impossible_sets_fail() {
    for (step, word) in [
        (
            r#"{"do":"caps.sets","permitted":["CAP_CHOWN"]}"#,
            "permitted",
        ),
        (
            r#"{"do":"caps.sets","effective":["CAP_CHOWN"]}"#,
            "effective",
        ),
        (
            r#"{"do":"caps.sets","inheritable":["CAP_CHOWN"]}"#,
            "inheritable",
        ),
    ] {
        let failure = play(as_nobody, &format!("[{step}]")).unwrap_err();
        assert!(
            failure.contains(word) && failure.contains("CAP_CHOWN"),
            "{failure}"
        );
    }
    if is_root() {
        // Dropped from bounding: it cannot become inheritable, even where it is permitted.
        let failure = play(as_is, r#"[{"do":"caps.bounding","drop":["CAP_CHOWN"]},{"do":"caps.sets","inheritable":["CAP_CHOWN"]}]"#).unwrap_err();
        assert!(
            failure.contains("capset") && failure.contains("adding CAP_CHOWN"),
            "{failure}"
        );
    }
}

#[test]
fn ambient_survives_where_it_can_and_fails_where_not() {
    if !is_root() {
        return;
    }
    let raise = r#"{"do":"caps.ambient","raise":["CAP_NET_RAW"]}"#;
    let ids = r#"{"do":"caps.ids","uid":1000,"gid":1000,"groups":[]}"#;
    let inherit = r#"{"do":"caps.sets","inheritable":["CAP_NET_RAW"]}"#;
    let seen = play(as_is, &format!("[{ids},{inherit},{raise}]")).unwrap();
    assert_eq!(bits(&seen, "CapAmb"), NET_RAW);
    let failure = play(as_is, &format!("[{ids},{raise}]")).unwrap_err();
    assert!(
        failure.contains("PR_CAP_AMBIENT_RAISE CAP_NET_RAW"),
        "{failure}"
    );
    let seen = play(
        as_is,
        &format!(r#"[{inherit},{raise},{{"do":"caps.ambient","raise":[],"clear":true}}]"#),
    )
    .unwrap();
    assert_eq!(bits(&seen, "CapAmb"), 0);
    // The order that loses it, which is why the tool never plans it.
    let seen = play(as_is, &format!("[{inherit},{raise},{ids}]")).unwrap();
    assert_eq!(bits(&seen, "CapAmb"), 0);
}

#[test]
fn no_new_privs_is_set_by_anyone() {
    let seen = play(as_nobody, r#"[{"do":"caps.no-new-privs"}]"#).unwrap();
    assert_eq!(value(&seen, "NoNewPrivs"), "1");
    assert_eq!(
        value(&play(as_nobody, "[]").unwrap(), "NoNewPrivs"),
        value(&play(as_is, "[]").unwrap(), "NoNewPrivs")
    );
}

#[test]
fn securebits_change_what_is_named() {
    if !is_root() {
        return;
    }
    let set = r#"{"do":"caps.securebits","set":["noroot","noroot_locked"]}"#;
    let clear = r#"{"do":"caps.securebits","clear":["noroot"]}"#;
    assert!(play(as_is, &format!("[{set},{set}]")).is_ok());
    let failure = play(as_is, &format!("[{set},{clear}]")).unwrap_err();
    assert!(
        failure.contains("PR_SET_SECUREBITS 0x3 to 0x2"),
        "{failure}"
    );
    let failure = play(as_nobody, &format!("[{set}]")).unwrap_err();
    assert!(failure.contains("PR_SET_SECUREBITS"), "{failure}");
    assert!(
        play(as_nobody, &format!("[{clear}]")).is_ok(),
        "it is not set"
    );
    // With no_setuid_fixup a change of ids takes nothing, so a locked keep_caps is no hindrance.
    let lock = r#"{"do":"caps.securebits","set":["keep_caps_locked"]}"#;
    let fixup = r#"{"do":"caps.securebits","set":["no_setuid_fixup"]}"#;
    let ids = r#"{"do":"caps.ids","uid":1000,"groups":[]}"#;
    let failure = play(as_is, &format!("[{lock},{ids}]")).unwrap_err();
    assert!(failure.contains("PR_SET_KEEPCAPS"), "{failure}");
    let seen = play(as_is, &format!("[{lock},{fixup},{ids}]")).unwrap();
    assert_eq!(bits(&seen, "CapEff"), own("CapEff"));
}

#[test]
fn names_are_those_of_the_root() {
    if !is_root() {
        return;
    }
    let seen = play(
        as_is,
        r#"[{"do":"caps.ids","user":"root","group":"root","groups":["root",7]}]"#,
    )
    .unwrap();
    assert_eq!(value(&seen, "Uid"), "0,0,0,0");
    assert_eq!(value(&seen, "Groups"), "0,7");
    let failure = play(
        as_is,
        r#"[{"do":"caps.ids","user":"no-such-user","groups":[]}]"#,
    )
    .unwrap_err();
    assert!(failure.contains("no user 'no-such-user'"), "{failure}");
}

#[test]
fn setpcap_goes_last() {
    if !is_root() {
        return;
    }
    // CAP_SETPCAP is what dropping needs: all others go although it is dropped too.
    let seen = play(as_is, r#"[{"do":"caps.bounding","keep":[]},{"do":"caps.sets","permitted":[],"effective":[],"inheritable":[]}]"#).unwrap();
    assert_eq!(
        (bits(&seen, "CapBnd"), bits(&seen, "CapPrm") & SETPCAP),
        (0, 0)
    );
}

#[test]
fn values_are_refused_before_anything_is_done() {
    for (step, word) in [
        (r#"{"do":"caps.bounding"}"#, "keep"),
        (r#"{"do":"caps.bounding","keep":[],"drop":[]}"#, "drop"),
        (r#"{"do":"caps.bounding","keep":["CAP_NONE"]}"#, "CAP_NONE"),
        (
            r#"{"do":"caps.bounding","keep":["cap_chown"]}"#,
            "cap_chown",
        ),
        (r#"{"do":"caps.sets"}"#, "effective"),
        (r#"{"do":"caps.sets","permitted":{"drop":["X"]}}"#, "'X'"),
        (r#"{"do":"caps.sets","permitted":{"add":[]}}"#, "add"),
        (r#"{"do":"caps.ids"}"#, "groups"),
        (r#"{"do":"caps.ids","groups":"none"}"#, "keep"),
        (r#"{"do":"caps.ids","groups":[],"uid":4294967295}"#, "uid"),
        (r#"{"do":"caps.ids","groups":[4294967295]}"#, "groups"),
        (r#"{"do":"caps.ids","groups":[],"uid":-1}"#, "-1"),
        (r#"{"do":"caps.ambient","raise":[]}"#, "raise"),
        (r#"{"do":"caps.no-new-privs","more":1}"#, "more"),
        (r#"{"do":"caps.ids","groups":"of-user"}"#, "of-user"),
        (
            r#"{"do":"caps.ids","groups":[],"uid":1,"user":"a"}"#,
            "user",
        ),
        (
            r#"{"do":"caps.ids","groups":[],"gid":1,"group":"a"}"#,
            "group",
        ),
        (r#"{"do":"caps.ids","groups":[],"user":"a:b"}"#, "user"),
        (r#"{"do":"caps.ids","groups":["1"]}"#, "groups"),
        (r#"{"do":"caps.securebits"}"#, "set"),
        (r#"{"do":"caps.securebits","set":["no"]}"#, "'no'"),
        (
            r#"{"do":"caps.securebits","set":["noroot"],"clear":["noroot"]}"#,
            "clear",
        ),
        (r#"{"do":"caps.pdeathsig","signal":0}"#, "signal"),
        (r#"{"do":"caps.pdeathsig","signal":"TERM"}"#, "signal"),
    ] {
        let message = play(as_is, &format!("[{step}]")).unwrap_err();
        assert!(
            message.starts_with("refused") && message.contains(word),
            "{step}: {message}"
        );
    }
}

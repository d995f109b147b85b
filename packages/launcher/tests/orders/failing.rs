//! Orders that only the host can refuse: 125 at that step, with the reason, and the host as before.

use crate::{
    changed,
    support::{
        carry_out, host,
        plans::{inner_user, new, pid, root, steps, user},
    },
};
use serde_json::{Value, json};

/// Fails at this step with these words; the command did not run and the host is as before.
#[track_caller]
fn fails(steps: Value, step: usize, words: &[&str]) {
    let before = host::own();
    let ended = carry_out(steps.clone(), &["/bin/echo", "executed"]);
    assert_eq!(
        (ended.code(), ended.out.as_str()),
        (Some(125), ""),
        "{ended:?} {steps}"
    );
    let name = steps[step]["do"].as_str().expect("a step");
    let head = format!("srcon-launch: step {step} ({name}) failed: ");
    assert!(ended.err.starts_with(&head), "{head} in {}", ended.err);
    for word in words {
        assert!(ended.err.contains(word), "{word:?} in {}", ended.err);
    }
    assert_eq!(host::mounts(), before);
}

#[test]
fn capabilities_dropped_before_they_are_needed() {
    let none = json!({ "do": "caps.sets", "effective": [], "permitted": [], "inheritable": [] });
    let uts = new(&["uts"]);
    fails(
        json!([user(), none, uts]),
        2,
        &["unshare", "Operation not permitted"],
    );
    assert_eq!(changed(json!([user(), uts, none])), ["user", "uts"]);
}

/// A filter that refuses one system call with EPERM, all on this machine's own architecture.
fn filter(call: libc::c_long) -> Value {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let call = u32::try_from(call).expect("a number of a call");
    let program = [
        (LOAD, 0u8, 0u8, 0u32),
        (EQUAL, 0, 1, call),
        (RETURN, 0, 0, 0x0005_0000 | libc::EPERM as u32),
        (RETURN, 0, 0, 0x7fff_0000),
    ];
    let bytes = program.iter().flat_map(|&(code, yes, no, k)| {
        [&code.to_ne_bytes()[..], &[yes, no], &k.to_ne_bytes()].concat()
    });
    json!({ "do": "seccomp.load", "arch": std::env::consts::ARCH, "program": base64(&bytes.collect::<Vec<u8>>()) })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let number =
            part.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - part.len()));
        for at in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(if at > part.len() { '=' } else { letter.into() });
        }
    }
    text
}

#[test]
fn a_filter_that_is_not_last() {
    let (uts, filter) = (new(&["uts"]), filter(libc::SYS_unshare));
    let safe = json!({ "do": "caps.no-new-privs" });
    fails(
        json!([user(), safe, filter, uts]),
        3,
        &["unshare", "Operation not permitted"],
    );
    assert_eq!(changed(json!([user(), uts, safe, filter])), ["user", "uts"]);
}

#[test]
fn a_filter_that_refuses_writing_still_lets_the_end_be_known() {
    let safe = json!({ "do": "caps.no-new-privs" });
    let ended = carry_out(
        json!([user(), pid(true), safe, filter(libc::SYS_write)]),
        &["/bin/false"],
    );
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    let ended = carry_out(
        json!([user(), pid(true), safe, filter(libc::SYS_execve)]),
        &["/bin/true"],
    );
    assert_eq!(ended.code(), Some(126), "{ended:?}");
}

#[test]
fn a_proc_below_a_masked_one() {
    let mut masked = root();
    masked.insert(3, json!({ "do": "fs.mask", "path": "/proc/fs" }));
    let inner = [&[inner_user(), new(&["mnt"]), pid(true)][..], &root()].concat();
    let all = steps(&[&[user(), new(&["mnt"]), pid(true)], &masked, &inner]);
    let at = 3 + masked.len() + 3 + 2;
    fails(all, at, &["Operation not permitted"]);
    // Without the mask it works.
    let all = steps(&[&[user(), new(&["mnt"]), pid(true)], &root(), &inner]);
    let me = carry_out(all, &["/usr/bin/readlink", "/proc/self"]).ok();
    assert_eq!(me, "2\n");
}

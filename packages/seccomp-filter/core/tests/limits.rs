//! Policies as large and as odd as somebody can write them: they compile, or are refused with the reason, in
//! bounded time.

mod support;

use seccomp_filter_core::{Arch, compile, oci};
use std::{fmt::Write, time::Instant};
use support::context;

/// Seconds, on a busy machine and without optimization.
const MOST: u64 = 20;

fn outcome(text: &str) -> Result<usize, String> {
    let start = Instant::now();
    let read = oci::read(text, &context(Arch::X86_64)).and_then(|p| compile(&p.policy));
    assert!(start.elapsed().as_secs() < MOST, "{:?}", start.elapsed());
    read.map(|program| program.insns.len())
        .map_err(|e| e.to_string())
}

fn policy(rules: impl Iterator<Item = String>) -> String {
    let rules: Vec<String> = rules.collect();
    format!(
        r#"{{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{}]}}"#,
        rules.join(",\n")
    )
}

fn rule(call: &str, action: &str, args: &str) -> String {
    format!(r#"{{"names": ["{call}"], "action": "SCMP_ACT_{action}", "args": [{args}]}}"#)
}

fn eq(index: usize, value: u64) -> String {
    format!(r#"{{"index": {index}, "value": {value}, "op": "SCMP_CMP_EQ"}}"#)
}

#[test]
fn ten_thousand_rules_that_fit() {
    let same = policy((0..10_000).map(|i| rule("ioctl", "ALLOW", &eq(1, i % 50))));
    assert!(outcome(&same).unwrap() < 400);
    let calls = ["read", "write", "openat", "close", "futex"];
    let plain = policy((0..10_000).map(|i| rule(calls[i % 5], "ALLOW", "")));
    assert!(outcome(&plain).unwrap() < 40);
}

#[test]
fn ten_thousand_rules_that_do_not() {
    for args in [
        |i: u64| eq(1, i * 7),
        |i| format!("{}, {}", eq(0, i << 33), eq(2, i)),
        |i| {
            format!(
                r#"{{"index": 1, "value": {i}, "op": "SCMP_CMP_GT"}}, {}"#,
                eq(2, i)
            )
        },
    ] {
        let many = policy((0..10_000).map(|i| rule("mmap", "ALLOW", &args(i))));
        let refused = outcome(&many).unwrap_err();
        assert!(
            refused.contains("instructions, the kernel no more than 4096"),
            "{refused}"
        );
    }
}

#[test]
fn deep_wide_and_huge() {
    let deep = format!(
        r#"{{"defaultAction": "SCMP_ACT_ALLOW", "$schema": {}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(outcome(&deep).is_ok(), "what is passed over needs no stack");
    let number = policy(std::iter::once(rule(
        "read",
        "ALLOW",
        &format!(
            r#"{{"index": 0, "value": {}, "op": "SCMP_CMP_EQ"}}"#,
            "9".repeat(100_000)
        ),
    )));
    assert!(outcome(&number).is_err());
    let name = policy(std::iter::once(rule(&"x".repeat(1 << 20), "ALLOW", "")));
    assert!(outcome(&name).is_ok(), "a call that nobody has");
    let mut names = String::from(r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["#);
    for _ in 0..100_000 {
        let _ = write!(names, r#""read", "#);
    }
    names.push_str(r#""write"], "action": "SCMP_ACT_ALLOW"}]}"#);
    assert!(outcome(&names).is_ok());
    let large = policy((0..).take(60_000).map(|_| rule("read", "ALLOW", &eq(0, 1))));
    assert!(
        outcome(&large).unwrap_err().contains("larger than"),
        "4 MiB"
    );
}

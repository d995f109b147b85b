//! Policies that are refused, and where the fault is said to be; what is noted; the forms that a
//! profile may come in; and that no text, however broken, does worse than be refused.

mod support;

use seccomp_filter_core::{Arch, Op, PolicyError, compile, oci};
use support::{Random, context, preset};

fn read(text: &str) -> Result<oci::Profile, PolicyError> {
    oci::read(text, &context(Arch::X86_64))
}

fn refused(text: &str, line: u32, column: u32, part: &str) {
    let error = read(text).expect_err(text);
    assert!(error.message.contains(part), "{error} — expected: {part}");
    assert_eq!((error.line, error.column), (line, column), "{error}");
}

fn with_rule(rule: &str) -> String {
    format!("{{\n \"defaultAction\": \"SCMP_ACT_ALLOW\",\n \"syscalls\": [\n  {rule}\n ]\n}}")
}

#[test]
fn refusals_name_the_place() {
    refused("", 1, 1, "a JSON object");
    refused("{", 1, 1, "EOF");
    refused("[]", 1, 1, "a JSON object");
    refused("{\n \"defaultAction\": 1 }", 2, 19, "expected a string");
    refused(
        "{ \"defaultAction\": \"SCMP_ACT_ALOW\" }",
        0,
        0,
        "defaultAction: unknown action \"SCMP_ACT_ALOW\"",
    );
    refused(
        "{ \"syscalls\": [] }",
        1,
        18,
        "missing field `defaultAction`",
    );
    refused(
        &with_rule(r#"{ "names": ["read"], "action": "ALLOW" }"#),
        4,
        3,
        "unknown action \"ALLOW\"",
    );
    refused(
        &with_rule(r#"{ "names": ["read"], "agrs": [], "action": "SCMP_ACT_LOG" }"#),
        4,
        29,
        "unknown field `agrs`",
    );
    refused(
        &with_rule(r#"{ "action": "SCMP_ACT_LOG" }"#),
        4,
        3,
        "one of names and name",
    );
    refused(
        &with_rule(r#"{ "names": ["read"], "action": "SCMP_ACT_NOTIFY" }"#),
        4,
        0,
        "listenerPath",
    );
    refused(
        &with_rule(r#"{ "names": ["write"], "action": "SCMP_ACT_NOTIFY" }"#),
        4,
        0,
        "write cannot be notified",
    );
    let arg = |arg: &str| {
        with_rule(&format!(
            r#"{{ "names": ["read"], "action": "SCMP_ACT_LOG", "args": [{arg}] }}"#
        ))
    };
    refused(
        &arg(r#"{ "index": 6, "value": 0, "op": "SCMP_CMP_EQ" }"#),
        4,
        3,
        "arguments 0 to 5",
    );
    refused(
        &arg(r#"{ "index": 0, "value": 0, "op": "EQ" }"#),
        4,
        3,
        "unknown operator \"EQ\"",
    );
    refused(
        &arg(r#"{ "index": 0, "value": -1, "op": "SCMP_CMP_EQ" }"#),
        4,
        83,
        "expected u64",
    );
    refused(
        &arg(r#"{ "index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ" }"#),
        4,
        101,
        "expected u64",
    );
    refused(
        r#"{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["x86_64"] }"#,
        0,
        0,
        "unknown architecture",
    );
    refused(
        r#"{ "defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"] }"#,
        0,
        0,
        "flags: \"X\"",
    );
    refused(
        r#"{ "ociVersion": "1.0.2", "linux": {} }"#,
        0,
        0,
        "no linux.seccomp",
    );
}

#[test]
fn all_64_bits_of_a_value_count() {
    let text = with_rule(
        r#"{ "names": ["mmap"], "action": "SCMP_ACT_LOG", "args": [{ "index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_NE" }] }"#,
    );
    let policy = read(&text).unwrap().policy;
    let rule = &policy.entries[0].calls[&9][0];
    assert_eq!(
        (rule.conditions[0].op, rule.conditions[0].value),
        (Op::Ne, u64::MAX)
    );
    assert_eq!(rule.line, 4);
}

#[test]
fn the_forms_are_one() {
    let bare = read(&preset("default")).unwrap();
    let config = format!(
        r#"{{"ociVersion":"1.2.0","process":{{}},"linux":{{"namespaces":[],"seccomp":{}}}}}"#,
        preset("default")
    );
    let whole = read(&config).unwrap();
    assert_eq!(
        compile(&bare.policy).unwrap().insns,
        compile(&whole.policy).unwrap().insns
    );
    let old = r#"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"name":"read","action":"SCMP_ACT_ALLOW","args":null}]}"#;
    let new = r#"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}"#;
    assert_eq!(read(old).unwrap().policy, read(new).unwrap().policy);
}

#[test]
fn the_plain_form_says_the_same() {
    let profiles = [
        "docker-default.json",
        "docker-old-format.json",
        "podman-2022.json",
    ];
    for text in profiles
        .iter()
        .filter_map(|name| support::foreign(name))
        .chain([preset("default")])
    {
        let context = context(Arch::X86_64);
        let plain = oci::plain(&text, &context).unwrap();
        for word in ["includes", "excludes", "archMap", "comment", "\"name\""] {
            assert!(!plain.contains(word), "{word}");
        }
        let program = |text: &str| {
            compile(&oci::read(text, &context).unwrap().policy)
                .unwrap()
                .insns
        };
        assert_eq!(program(&plain), program(&text));
    }
}

#[test]
fn flags_and_notes() {
    let text = r#"{ "defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"] }"#;
    let profile = read(text).unwrap();
    assert!(profile.log && profile.spec_allow);
    let text = with_rule(
        r#"{ "names": ["reed", "socketcall"], "action": "SCMP_ACT_LOG", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_NE" }, { "index": 0, "value": 2, "op": "SCMP_CMP_NE" }] }"#,
    );
    let notes = read(&text).unwrap().notes;
    assert_eq!(
        notes.len(),
        2,
        "a name of another architecture is no mistake: {notes:?}"
    );
    assert!(
        notes[0].text.contains("reed") && notes[1].text.contains("one argument"),
        "{notes:?}"
    );
    assert!(notes.iter().all(|n| n.line == 4));
}

#[test]
fn a_policy_that_is_too_long_is_refused() {
    let rule = |n: u64| {
        format!(
            r#"{{ "names": ["mmap"], "action": "SCMP_ACT_ERRNO", "errnoRet": {}, "args": [{{ "index": 0, "value": {}, "op": "SCMP_CMP_EQ" }}] }}"#,
            n % 4000 + 1,
            n * 7
        )
    };
    let rules: Vec<String> = (0..10_000).map(rule).collect();
    let text = format!(
        r#"{{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{}] }}"#,
        rules.join(",")
    );
    let error = compile(&read(&text).unwrap().policy).unwrap_err();
    assert!(
        error.message.contains("the kernel no more than 4096"),
        "{error}"
    );
    let some = format!(
        r#"{{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{}] }}"#,
        rules[..1000].join(",")
    );
    assert!(
        compile(&read(&some).unwrap().policy).is_ok(),
        "stepping stones over far jumps"
    );
}

#[test]
fn broken_text_is_only_refused() {
    let mut random = Random(7);
    let texts = [preset("srcontainer"), preset("default")];
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "null",
        "-1",
        "1e99",
        "\u{e9}",
        "\\u0000",
        "18446744073709551616",
        "args",
    ];
    let mut accepted = 0;
    for round in 0..3000 {
        let mut text = texts[usize::from(round % 10 == 0)].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            if !text.is_char_boundary(at) {
                continue;
            }
            let end = (at + random.below(12)).min(text.len());
            let end = (end..).find(|&i| text.is_char_boundary(i)).unwrap();
            text.replace_range(at..end, pieces[random.below(pieces.len())]);
        }
        if let Ok(profile) = read(&text) {
            compile(&profile.policy).unwrap();
            accepted += 1;
        }
    }
    assert!(accepted < 3000);
}

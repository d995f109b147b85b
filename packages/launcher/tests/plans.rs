//! Which plans are accepted and which refused: every example of every package's `plan.schema.json`, and
//! everything that differs from it in one place. A refused plan is refused by name, before anything is done.

mod support;

use serde_json::{Map, Value, json};
use srcon_step::plan::{MAX_BYTES, MAX_STEPS, MAX_WORDS};
use std::{collections::BTreeSet, process::Command};
use support::{Ended, LAUNCHER, Scratch, finish, host, launcher, plans};

#[allow(
    dead_code,
    reason = "of the launcher's own steps only the list is used here"
)]
#[path = "../src/steps/mod.rs"]
mod steps;

/// `--check` of a file's content.
#[track_caller]
fn check(content: impl AsRef<[u8]>) -> Ended {
    let scratch = Scratch::new();
    let file = scratch.file("plan.json", content);
    finish(Command::new(LAUNCHER).arg("--check").arg(file))
}

#[track_caller]
fn accepted(plan: &Value) {
    let ended = check(plan.to_string());
    assert_eq!((ended.code(), ended.err.as_str()), (Some(0), ""), "{plan}");
}

/// Refused by `--check` and by a start, with these words, and nothing was executed.
#[track_caller]
fn refused(content: impl AsRef<[u8]>, words: &[&str]) -> String {
    let scratch = Scratch::new();
    let file = scratch.file("plan.json", content);
    let ended = finish(Command::new(LAUNCHER).arg("--check").arg(&file));
    let start = finish(&mut launcher(&file, &["/bin/echo", "executed"]));
    for ended in [&ended, &start] {
        assert_eq!(ended.code(), Some(125), "{ended:?}");
        assert_eq!(ended.out, "");
        assert!(ended.err.starts_with("srcon-launch: "), "{ended:?}");
        for word in words {
            assert!(ended.err.contains(word), "{word:?} in {:?}", ended.err);
        }
    }
    ended.err
}

#[test]
fn every_published_example_is_accepted() {
    let examples = plans::examples();
    assert!(examples.len() > 30, "{}", examples.len());
    for (name, example) in examples {
        if name == "ns.file" && !host::privileged() {
            continue; // Refused without privilege, see orders.rs.
        }
        accepted(&plans::around(example));
    }
}

#[test]
fn published_steps_are_the_steps_there_are() {
    let lists = [
        ns_unshare_core::KINDS,
        chroot_fs_core::KINDS,
        cgroup_ctl_core::KINDS,
        caps_core::KINDS,
        seccomp_filter_core::KINDS,
        steps::KINDS,
    ];
    let kinds: BTreeSet<&str> = lists
        .iter()
        .flat_map(|k| k.iter())
        .map(|k| k.name)
        .collect();
    let schemas = plans::schemas();
    let published: BTreeSet<&str> = schemas.keys().map(String::as_str).collect();
    assert_eq!(kinds, published);
    for (name, schema) in &schemas {
        assert!(schema.contains_key("examples"), "{name} has no example");
        assert_eq!(schema["properties"]["do"]["const"], **name);
    }
}

#[test]
fn a_required_field_left_out_is_refused_by_name() {
    let schemas = plans::schemas();
    for (name, example) in plans::examples() {
        let required = schemas[&name]["required"].as_array().expect("required");
        for field in required.iter().filter_map(Value::as_str) {
            let mut step = example.clone();
            step.as_object_mut().expect("a step").remove(field);
            let word = format!("`{field}`");
            refused(plans::around(step).to_string(), &["step 2", &word]);
        }
    }
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    for (name, mut step) in plans::examples() {
        step["extra-field"] = json!(true);
        let words = ["step 2", name.as_str(), "`extra-field`"];
        refused(plans::around(step).to_string(), &words);
    }
    let mut plan = plans::plan(json!([]));
    plan["extra-field"] = json!(true);
    refused(plan.to_string(), &["`extra-field`"]);
}

#[test]
fn a_field_of_another_type_is_refused() {
    for (name, example) in plans::examples() {
        for (field, value) in example.as_object().expect("a step") {
            if field == "do" {
                continue;
            }
            // A list in a list is nowhere right, nor an object with an unknown field.
            for wrong in [json!([[[]]]), json!({ "extra-field": 1 })] {
                if plans::schemas()[&name]["properties"][field]["type"] == "object"
                    && wrong.is_object()
                    && !plans::schemas()[&name]["properties"][field]["additionalProperties"]
                        .is_boolean()
                {
                    continue;
                }
                let mut step = example.clone();
                step[field] = wrong;
                assert_ne!(&step[field], value);
                refused(plans::around(step).to_string(), &["step 2", &name]);
            }
        }
    }
}

#[test]
fn steps_and_versions_that_are_not_known_are_refused() {
    let step = |step: Value| plans::plan(json!([step])).to_string();
    refused(
        step(json!({ "do": "ns.teleport" })),
        &["step 0", "unknown step 'ns.teleport'"],
    );
    refused(
        step(json!({ "do": "NS.USER" })),
        &["unknown step 'NS.USER'"],
    );
    refused(step(json!({ "do": 7 })), &["step 0"]);
    refused(step(json!({})), &["step 0", "`do`"]);
    refused(step(json!("ns.user")), &["step 0"]);
    refused(step(json!(null)), &["step 0"]);
    refused(
        r#"{"version":2,"steps":[]}"#,
        &["another version than 1", "why:", "fix:"],
    );
    // What a newer version has beside its number does not hide that it is newer.
    refused(
        r#"{"version":9,"steps":{},"walls":5}"#,
        &["another version than 1"],
    );
    refused(r#"{"steps":[]}"#, &["`version`"]);
    refused(r#"{"version":"1","steps":[]}"#, &["not valid"]);
    refused(r#"{"version":1}"#, &["`steps`"]);
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "null",
        "[]",
        "\"\"",
        "{}{}",
        "\u{feff}{}",
        "{'version':1}",
    ] {
        refused(text, &[]);
    }
    refused(r#"{"version":1,"steps":[]} {"version":1}"#, &["trailing"]);
    refused(
        [
            &b"{\"version\":1,\"steps\":[],\"argv\":[\""[..],
            b"\xff\"]}",
        ]
        .concat(),
        &["not UTF-8"],
    );
    refused(
        r#"{"version":1,"version":1,"steps":[]}"#,
        &["duplicate field `version`"],
    );
    refused(
        r#"{"version":1,"steps":[],"steps":[]}"#,
        &["duplicate field `steps`"],
    );
    let twice = r#"{"version":1,"steps":[{"do":"ns.pid","init":true,"init":false}]}"#;
    refused(twice, &["step 0 (ns.pid)", "duplicate field `init`"]);
    let twice = r#"{"version":1,"steps":[{"do":"ns.pid","do":"ns.loopback"}]}"#;
    refused(twice, &["step 0", "duplicate field `do`"]);
}

#[test]
fn sizes_and_counts_have_limits() {
    let step = json!({ "do": "run.env", "edits": [] });
    let steps = |n: usize| plans::plan(Value::Array(vec![step.clone(); n]));
    accepted(&steps(MAX_STEPS));
    refused(steps(MAX_STEPS + 1).to_string(), &["more than 1024 steps"]);

    let padded = |size: usize| {
        let plan = r#"{"version":1,"steps":[]}"#;
        format!("{plan}{}", " ".repeat(size - plan.len()))
    };
    assert_eq!(check(padded(MAX_BYTES)).code(), Some(0));
    refused(padded(MAX_BYTES + 1), &["larger than 1048576 bytes"]);
    refused(padded(3 * MAX_BYTES), &["larger than 1048576 bytes"]);

    let mut words = plans::plan(json!([]));
    words["argv"] = json!(vec![""; MAX_WORDS + 1]);
    refused(words.to_string(), &["more than 65536 words"]);

    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    for place in ["$schema", "steps", "argv", "facts"] {
        let plan = format!(r#"{{"version":1,"steps":[],"{place}":{}}}"#, deep(200_000));
        let ended = check(plan);
        assert!(matches!(ended.code(), Some(0 | 125)), "{place}: {ended:?}");
    }
    let plan = format!(r#"{{"version":1,"steps":[{}]}}"#, deep(200_000));
    refused(plan, &[]);
    let plan = format!(
        r#"{{"version":1,"steps":[{{"do":"run.env","edits":{}}}]}}"#,
        deep(200_000)
    );
    refused(plan, &["step 0"]);
}

#[test]
fn a_nul_has_no_place_in_a_path_or_word() {
    refused(r#"{"version":1,"steps":[],"argv":["a\u0000b"]}"#, &["NUL"]);
    refused(
        r#"{"version":1,"steps":[],"argv":[{"base64":"YQBi"}]}"#,
        &["NUL"],
    );
    let cwd = |path: &str| plans::plan(json!([{ "do": "run.cwd", "path": path }])).to_string();
    refused(cwd("/a\0b"), &["step 0 (run.cwd)", "NUL"]);
    let edit = json!({ "do": "run.env", "edits": [{ "name": "A", "value": "b\0c" }] });
    refused(
        plans::plan(json!([edit])).to_string(),
        &["step 0 (run.env)", "NUL"],
    );
    refused(
        r#"{"version":1,"steps":[],"argv":[{"base64":"!"}]}"#,
        &["not base64"],
    );
}

#[test]
fn values_of_our_own_steps_are_checked() {
    let step = |step: Value| plans::plan(json!([{ "do": "ns.pid" }, step])).to_string();
    let limit = |resource: &str, soft: Value, hard: Value| {
        step(json!({ "do": "run.rlimit", "resource": resource, "soft": soft, "hard": hard }))
    };
    refused(
        limit("files", json!(1), json!(1)),
        &["step 1 (run.rlimit)", "'files'"],
    );
    refused(limit("nofile", json!(2), json!(1)), &["soft"]);
    refused(limit("nofile", json!(-1), json!(1)), &["step 1"]);
    refused(limit("nofile", json!(1.5), json!(2)), &["step 1"]);
    for name in ["", "A=B"] {
        refused(
            step(json!({ "do": "run.env", "edits": [{ "name": name }] })),
            &["edits", "variable"],
        );
    }
    refused(
        step(json!({ "do": "run.time-limit", "wallMs": u64::MAX })),
        &["hundred years"],
    );
}

#[test]
fn a_plan_of_another_host_is_refused() {
    let with = |facts: Value| {
        let mut plan = plans::plan(json!([]));
        plan["facts"] = facts;
        plan.to_string()
    };
    let last = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").expect("cap_last_cap");
    let last: u32 = last.trim().parse().expect("a number");
    let here = json!({ "arch": std::env::consts::ARCH, "lastCap": last });
    assert_eq!(check(with(here)).code(), Some(0));
    refused(with(json!({ "arch": "s390x" })), &["s390x", "another host"]);
    refused(
        with(json!({ "lastCap": last + 1 })),
        &["last capability", "another host"],
    );
    refused(with(json!({ "kernel": "6" })), &["`kernel`"]);
}

#[test]
fn words_of_the_launcher_are_checked() {
    let run = |words: &[&str]| finish(Command::new(LAUNCHER).args(words));
    let refused = |words: &[&str], text: &str| {
        let ended = run(words);
        assert_eq!(
            (ended.code(), ended.out.as_str()),
            (Some(125), ""),
            "{words:?}"
        );
        assert!(ended.err.contains(text), "{words:?}: {}", ended.err);
    };
    let scratch = Scratch::new();
    let plan = scratch.plan(&plans::plan(json!([])));
    let plan = plan.to_str().expect("UTF-8");
    refused(&[], "no plan");
    refused(&["--frobnicate"], "--frobnicate");
    refused(&["/nonexistent/plan"], "/nonexistent/plan");
    refused(&["/"], "cannot read");
    refused(&[plan], "no command");
    refused(&[plan, "--"], "no command");
    refused(&[plan, "--", ""], "no command");
    refused(&[plan, "echo"], "--");
    for list in [
        "@",
        "@plan",
        "@plan=",
        "@plan=-1",
        "@plan=x",
        "@page=0",
        "@plan=0,when=1",
        "@plan=9999",
    ] {
        refused(&[list, "--", "/bin/echo", "executed"], "");
    }
    assert_eq!(run(&["--help"]).code(), Some(0));
    assert!(run(&["--version"]).ok().starts_with("srcon-launch "));
}

#[test]
fn check_json_says_the_same_as_data() {
    let json = |content: &str| -> Map<String, Value> {
        let scratch = Scratch::new();
        let file = scratch.file("plan.json", content);
        let ended = finish(Command::new(LAUNCHER).args(["--check", "--json"]).arg(file));
        serde_json::from_str(&ended.ok()).expect("JSON")
    };
    assert_eq!(json(r#"{"version":1,"steps":[]}"#)["ok"], true);
    let refusal = json(r#"{"version":1,"steps":[{"do":"ns.teleport"}]}"#);
    assert_eq!(
        (&refusal["ok"], &refusal["step"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(refusal["what"], "step 0: unknown step 'ns.teleport'");
}

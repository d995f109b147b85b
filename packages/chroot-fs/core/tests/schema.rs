//! The published schema and the code agree: every example is accepted; a missing or an unknown
//! field is refused by name.

use serde_json::{Map, Value, json};
use srcon_step::Plan;

fn definitions() -> Map<String, Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../plan.schema.json");
    let text = std::fs::read_to_string(path).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    schema["$defs"].as_object().unwrap().clone()
}

fn parse(step: &Value) -> Result<Plan, String> {
    let plan = json!({ "version": 1, "steps": [step] }).to_string();
    Plan::parse(plan.as_bytes(), &[chroot_fs_core::KINDS]).map_err(|r| r.what)
}

#[test]
fn every_step_is_described_and_nothing_else() {
    let mut described: Vec<String> = definitions().keys().cloned().collect();
    let mut known: Vec<String> = chroot_fs_core::KINDS
        .iter()
        .map(|k| k.name.to_owned())
        .collect();
    described.sort();
    known.sort();
    assert_eq!(described, known);
}

#[test]
fn examples_are_accepted_and_what_differs_is_refused() {
    for (name, definition) in definitions() {
        for example in definition["examples"].as_array().unwrap() {
            let plan = parse(example).unwrap();
            assert_eq!(plan.steps[0].name(), name);
            for required in definition["required"].as_array().unwrap() {
                let mut less = example.clone();
                less.as_object_mut()
                    .unwrap()
                    .remove(required.as_str().unwrap());
                let refusal = parse(&less).unwrap_err();
                assert!(
                    refusal.contains(required.as_str().unwrap()),
                    "{name}: {refusal}"
                );
            }
            let mut more = example.clone();
            more["banana"] = json!(1);
            assert!(parse(&more).unwrap_err().contains("banana"), "{name}");
        }
    }
}

#[test]
fn values_that_cannot_be_meant_are_refused() {
    let refused = [
        (
            json!({"do":"fs.mount","type":"ext4","target":"/x"}),
            "unknown variant `ext4`",
        ),
        (
            json!({"do":"fs.mount","type":"tmpfs","target":"x"}),
            "absolute",
        ),
        (
            json!({"do":"fs.mount","type":"tmpfs","target":"/./"}),
            "the root itself",
        ),
        (
            json!({"do":"fs.mount","type":"tmpfs","target":"/x\u{0}y"}),
            "NUL",
        ),
        (
            json!({"do":"fs.mount","type":"tmpfs","target":"/x","attributes":["suid"]}),
            "`suid`",
        ),
        (
            json!({"do":"fs.mount","type":"tmpfs","target":"/x","options":{"size":1}}),
            "a string",
        ),
        (
            json!({"do":"fs.mount","type":"tmpfs","target":"/x","options":{"size":false}}),
            "'size'",
        ),
        (
            json!({"do":"fs.open","tree":"fs:root","path":"/"}),
            "begin with 'fs:'",
        ),
        (
            json!({"do":"fs.bind","tree":"","target":"/x"}),
            "a name is wanted",
        ),
        (
            json!({"do":"fs.device","path":"/dev/null","major":-1,"minor":3}),
            "-1",
        ),
        (json!({"do":"fs.directory","path":"/x","mode":4096}), "mode"),
        (json!({"do":"fs.symlink","path":"/x","to":""}), "to:"),
    ];
    for (step, why) in refused {
        let refusal = parse(&step).unwrap_err();
        assert!(refusal.contains(why), "{step}: {refusal}");
    }
}

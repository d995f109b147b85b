//! What the step accepts: the published schema and the Rust type must say the same.

mod host;
use serde_json::{Value, json};

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../plan.schema.json");
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["$defs"]["cgroup.join"].clone()
}

#[test]
fn every_example_is_accepted_and_every_required_field_is_needed() {
    let schema = schema();
    for example in schema["examples"].as_array().unwrap() {
        host::parse(example).unwrap();
        for field in schema["required"].as_array().unwrap() {
            let field = field.as_str().unwrap();
            let mut broken = example.clone();
            broken.as_object_mut().unwrap().remove(field);
            assert!(host::parse(&broken).unwrap_err().contains(field));
        }
        for field in ["version", "controllers", "mount", "parent", "write"] {
            let mut broken = example.clone();
            broken["groups"][0].as_object_mut().unwrap().remove(field);
            assert!(host::parse(&broken).unwrap_err().contains(field));
        }
    }
}

#[test]
fn unknown_fields_are_refused_by_name() {
    let mut step = schema()["examples"][0].clone();
    step["groups"][0]["surprise"] = json!(1);
    assert!(host::parse(&step).unwrap_err().contains("surprise"));
}

#[test]
fn values_that_types_cannot_express_are_refused_by_name() {
    for (field, value, name) in [
        ("version", json!(3), "version"),
        ("mount", json!("sys/fs/cgroup"), "mount"),
        ("parent", json!("../../etc"), "parent"),
        ("controllers", json!([]), "controllers"),
        (
            "write",
            json!([{ "file": "cgroup.procs", "value": "1" }]),
            "cgroup.procs",
        ),
        (
            "write",
            json!([{ "file": "memory.max", "value": "" }]),
            "memory.max",
        ),
    ] {
        let mut step = schema()["examples"][0].clone();
        step["groups"][0][field] = value;
        assert!(host::parse(&step).unwrap_err().contains(name), "{name}");
    }
    let mut step = schema()["examples"][2].clone();
    for name in ["..", "a/b", ""] {
        step["name"] = json!(name);
        assert!(host::parse(&step).unwrap_err().contains("name"));
    }
}

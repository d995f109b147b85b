//! The published schema and the types agree: every example is read, every required field that is
//! left out and every unknown one is refused by name.

use ns_unshare_core::KINDS;
use serde_json::{Map, Value};
use srcon_step::Plan;

const SCHEMA: &str = include_str!("../../plan.schema.json");

fn read(step: &Map<String, Value>) -> Result<(), String> {
    let plan = serde_json::json!({ "version": 1, "steps": [step] }).to_string();
    let read = Plan::parse(plan.as_bytes(), &[KINDS]);
    read.map(drop).map_err(|r| r.what)
}

#[test]
fn schema_and_types_agree() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let steps = schema["$defs"].as_object().unwrap();
    let mut names: Vec<_> = KINDS.iter().map(|k| k.name).collect();
    names.sort_unstable();
    let mut described: Vec<_> = steps.keys().map(String::as_str).collect();
    described.sort_unstable();
    assert_eq!(described, names);
    for (name, about) in steps {
        for example in about["examples"].as_array().unwrap() {
            let example = example.as_object().unwrap();
            assert_eq!(example["do"], name.as_str());
            assert_eq!(read(example), Ok(()), "{example:?}");
            for field in about["required"].as_array().unwrap() {
                let field = field.as_str().unwrap();
                let mut less = example.clone();
                less.remove(field);
                let message = read(&less).unwrap_err();
                assert!(message.contains(field), "{name}: {message}");
            }
            let mut more = example.clone();
            more.insert("unheardOf".to_owned(), Value::Null);
            let message = read(&more).unwrap_err();
            assert!(message.contains("unheardOf"), "{name}: {message}");
        }
    }
}

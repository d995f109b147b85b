//! Plans and their parts, as the tests write them; and what the packages publish about steps.

use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fs, path::Path};

/// A plan of these steps.
pub fn plan(steps: Value) -> Value {
    json!({ "version": 1, "steps": steps })
}

/// A user namespace in which our ids are root's.
pub fn user() -> Value {
    // SAFETY: both only return a number.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    let map = |outside: u32| json!([{ "inside": 0, "outside": outside, "count": 1 }]);
    json!({ "do": "ns.user", "uidMap": map(uid), "gidMap": map(gid), "setgroups": "deny" })
}

/// A user namespace inside that of [`user`].
pub fn inner_user() -> Value {
    let map = json!([{ "inside": 0, "outside": 0, "count": 1 }]);
    json!({ "do": "ns.user", "uidMap": map, "gidMap": map, "setgroups": "deny" })
}

/// New namespaces of these types.
pub fn new(types: &[&str]) -> Value {
    json!({ "do": "ns.new", "types": types })
}

/// A pid namespace, with an init of ours or without.
pub fn pid(init: bool) -> Value {
    json!({ "do": "ns.pid", "init": init })
}

/// The host's own tree as a new root, with a proc.
pub fn root() -> Vec<Value> {
    vec![
        json!({ "do": "fs.open", "tree": "root", "path": "/", "recursive": true }),
        json!({ "do": "fs.attach", "tree": "root" }),
        json!({ "do": "fs.mount", "type": "proc", "target": "/proc" }),
        json!({ "do": "fs.pivot" }),
    ]
}

/// A new root without a proc of its own.
pub fn root_without_proc() -> Vec<Value> {
    let mut steps = root();
    steps.remove(2);
    steps
}

/// A list of steps from parts.
pub fn steps(parts: &[&[Value]]) -> Value {
    Value::Array(parts.concat())
}

/// The steps that all packages describe: name and schema.
pub fn schemas() -> BTreeMap<String, Map<String, Value>> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(packages).expect("the packages") {
        let file = entry.expect("a package").path().join("plan.schema.json");
        let Ok(text) = fs::read(&file) else { continue };
        let schema: Value = serde_json::from_slice(&text).expect("JSON");
        for (name, definition) in schema["$defs"].as_object().expect("$defs") {
            let definition = definition.as_object().expect("an object").clone();
            let twice = all.insert(name.clone(), definition);
            assert!(twice.is_none(), "{name} is described twice");
        }
    }
    all
}

/// All examples, with the name of their step.
pub fn examples() -> Vec<(String, Value)> {
    let of = |(name, schema): (String, Map<String, Value>)| {
        let examples = schema["examples"].as_array().cloned().unwrap_or_default();
        examples.into_iter().map(move |e| (name.clone(), e))
    };
    schemas().into_iter().flat_map(of).collect()
}

/// A plan in which this step may stand, as far as the order goes.
pub fn around(step: Value) -> Value {
    plan(json!([{ "do": "ns.new", "types": ["mnt", "net", "uts"] }, { "do": "ns.pid" }, step]))
}

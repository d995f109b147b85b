//! Which orders of steps work. Each row of the table in docs/plan.md: accepted orders give the state they
//! should, refused ones do nothing and say why, failing ones end with 125 at that step with the reason. Then
//! twenty orders of namespaces, root, files and ids.

mod accepted;
mod failing;
mod refused;
#[path = "../support/mod.rs"]
mod support;
mod twenty;

use serde_json::Value;
use support::{host, sh};

const KINDS: [&str; 8] = ["user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time"];

/// The namespaces that are not this thread's after these steps.
#[track_caller]
fn changed(steps: Value) -> Vec<&'static str> {
    let script = KINDS
        .map(|k| format!("readlink /proc/self/ns/{k};"))
        .concat();
    let out = sh(steps, &script).ok();
    let links: Vec<&str> = out.lines().collect();
    assert_eq!(links.len(), KINDS.len(), "{out}");
    let pairs = KINDS.into_iter().zip(links);
    pairs
        .filter(|(kind, link)| host::namespace(kind) != *link)
        .map(|(kind, _)| kind)
        .collect()
}

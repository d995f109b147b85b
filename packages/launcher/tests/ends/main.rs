//! How a run ends and what reaches the command: codes, signals, the terminal, the clock; and that the
//! command inherits nothing but what it should. See docs/launcher.md.

mod inherited;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod terminal;

use serde_json::{Value, json};
use std::{
    io::Read,
    process::{Child, Stdio},
};
use support::{
    Scratch, launcher,
    plans::{self, pid, user},
};

/// The shapes of a run: in place, with a keeper beside it, supervised, with an init.
fn shapes() -> [Value; 4] {
    [
        json!([]),
        json!([user()]),
        json!([user(), pid(false)]),
        json!([user(), pid(true)]),
    ]
}

/// A started launcher whose command has said that it is there.
struct Run {
    child: Child,
    _scratch: Scratch,
}

impl Run {
    fn new(steps: Value, script: &str) -> Self {
        let scratch = Scratch::new();
        let plan = scratch.plan(&plans::plan(steps));
        let mut child = launcher(&plan, &["/bin/sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut byte = [0];
        child
            .stdout
            .as_mut()
            .expect("a pipe")
            .read_exact(&mut byte)
            .expect("a line");
        Self {
            child,
            _scratch: scratch,
        }
    }

    fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    fn rest(&mut self) -> String {
        let mut text = String::new();
        self.child
            .stdout
            .as_mut()
            .expect("a pipe")
            .read_to_string(&mut text)
            .expect("text");
        text
    }
}

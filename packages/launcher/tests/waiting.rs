//! What waits beside a running container: how much memory it takes, what it holds, and that a container
//! which sees an init of ours can get nothing out of it. See proc(5), CVE-2019-5736.

mod support;

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    ffi::CString,
    io::{Read, Write},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use support::{
    LAUNCHER, LONG, Scratch,
    groups::Group,
    host,
    kernel::{self, Process},
    plans::{self, new, pid, root, user},
    until,
};

/// The program that is delivered, where it was built; else the one under test.
fn release() -> Option<PathBuf> {
    let arch = if cfg!(target_arch = "x86_64") {
        "x64"
    } else {
        "arm64"
    };
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("bin");
    Some(bin.join(format!("srcon-launch-{arch}"))).filter(|file| file.exists())
}

/// A container whose command waits for the end of its input.
struct Running {
    child: Child,
    _scratch: Scratch,
}

impl Running {
    fn new(program: &Path, steps: Value, script: &str) -> Self {
        let scratch = Scratch::new();
        let plan = scratch.plan(&plans::plan(steps));
        let mut child = Command::new(program)
            .arg(plan)
            .args(["--", "/bin/sh", "-c", script])
            .env("SRCON_TEST_SECRET", "hidden")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let read = child.stdout.as_mut().expect("a pipe").read(&mut [0]);
        assert_eq!(read.expect("a line"), 1);
        Self {
            child,
            _scratch: scratch,
        }
    }

    /// The launcher's processes by name; they give themselves their names when they begin to wait.
    fn roles(&self, names: &[&'static str]) -> BTreeMap<&'static str, Process> {
        until(
            &format!("{names:?} below {}", self.child.id()),
            LONG,
            || {
                let all = kernel::below(self.child.id() as i32);
                let find = |name| Some((name, all.iter().find(|p| p.name == name)?.clone()));
                names.iter().map(|&name| find(name)).collect()
            },
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

const WAIT: &str = "echo; read line";
const ROLES: [&str; 3] = ["srcon-super", "srcon-keeper", "srcon-init"];

fn container() -> Value {
    let mut steps = vec![user(), new(&["mnt", "uts"]), pid(true)];
    steps.extend(root());
    Value::Array(steps)
}

#[test]
fn all_roles_together_take_little_memory() {
    let Some(program) = release() else { return };
    let size = std::fs::metadata(&program).expect("the program").len();
    assert!(size <= 700 << 10, "{size} bytes");
    if !host::privileged() {
        return; // The roles do not let their memory be looked at.
    }
    let running = Running::new(&program, container(), WAIT);
    let roles = running.roles(&ROLES);
    let sizes: BTreeMap<_, _> = roles
        .iter()
        .map(|(name, p)| (name, kernel::pss(p.pid)))
        .collect();
    let all: u64 = sizes.values().sum();
    println!("{sizes:?}: {all} kB, the file {size} bytes");
    assert!(all <= 800, "{sizes:?}");
}

#[test]
fn the_roles_hold_nothing_of_the_caller_s() {
    if !host::privileged() {
        return;
    }
    let running = Running::new(Path::new(LAUNCHER), container(), WAIT);
    let stream = |fd: i32| {
        std::fs::read_link(format!("/proc/self/fd/{fd}"))
            .expect("a pipe")
            .display()
            .to_string()
    };
    let streams = [
        stream(running.child.stdin.as_ref().expect("a pipe").as_raw_fd()),
        stream(running.child.stdout.as_ref().expect("a pipe").as_raw_fd()),
    ];
    for (name, role) in running.roles(&ROLES) {
        let open = || -> Vec<(String, String)> {
            let dir = std::fs::read_dir(format!("/proc/{}/fd", role.pid)).expect("descriptors");
            let link = |p: PathBuf| {
                std::fs::read_link(p)
                    .unwrap_or_default()
                    .display()
                    .to_string()
            };
            let pair = |e: std::fs::DirEntry| (e.file_name().display().to_string(), link(e.path()));
            dir.flatten().map(pair).collect()
        };
        // Standard error for a last word (an init has none), pipes and sockets among the roles.
        let own = |(fd, link): &(String, String)| {
            let among = ["pipe:", "socket:", "anon_inode:", "/proc"];
            let streams = link == &streams[0] || link == &streams[1];
            let ours = among.iter().any(|p| link.starts_with(p)) && !streams;
            ours || (fd == "2" && name != "srcon-init")
        };
        let open = until("nothing of the caller's", LONG, || {
            let open = open();
            open.iter().all(own).then_some(open)
        });
        assert!(open.len() <= 8, "{name}: {open:?}");
        let children = kernel::status(role.pid, "SigCgt").expect("a mask");
        assert_eq!(children, "0000000000000000", "{name} handles nothing");
    }
    // What nobody can take over: an init has no capability and may gain none.
    let init = running.roles(&ROLES)["srcon-init"].pid;
    for (field, value) in [
        ("CapEff", "0000000000000000"),
        ("CapPrm", "0000000000000000"),
        ("NoNewPrivs", "1"),
    ] {
        until(field, LONG, || {
            (kernel::status(init, field).as_deref() == Some(value)).then_some(())
        });
    }
}

#[test]
fn the_keeper_and_the_supervisor_are_not_in_the_group() {
    let Some(group) = Group::new() else { return };
    let steps = json!([group.join(), user(), pid(true)]);
    let running = Running::new(Path::new(LAUNCHER), steps, WAIT);
    let roles = running.roles(&ROLES);
    let members = group.members();
    assert!(members.contains(&roles["srcon-init"].pid), "{members:?}");
    for name in ["srcon-super", "srcon-keeper"] {
        assert!(!members.contains(&roles[name].pid), "{name}: {members:?}");
    }
}

#[test]
fn the_command_has_no_role_of_ours_beside_it_without_need() {
    let shapes: [(Value, &[&str]); 4] = [
        (json!([]), &[]),
        (json!([user()]), &[]),
        (json!([pid(false)]), &["srcon-super"]),
        (
            json!([user(), pid(false)]),
            &["srcon-super", "srcon-keeper"],
        ),
    ];
    for (steps, expected) in shapes {
        if !host::privileged() && !steps.to_string().contains("ns.user") {
            continue;
        }
        let running = Running::new(Path::new(LAUNCHER), steps.clone(), WAIT);
        running.roles(expected);
        let all = kernel::below(running.child.id() as i32);
        assert_eq!(all.len(), expected.len() + 1, "{steps} {all:?}");
    }
}

/// What the container's root finds out about its pid 1. The positive control is the same of itself.
const PRY: &str = r#"
    for of in 1 self; do
        tr '\0' ' ' </proc/$of/cmdline | head -c 200; echo "< words of $of"
        cat /proc/$of/environ 2>/dev/null | tr '\0' '\n' | grep -c SRCON_TEST_SECRET
        ls -l /proc/$of/fd 2>/dev/null | grep -q -e '->'; echo "fd $?"
        ls -L /proc/$of/cwd/. /proc/$of/root/. >/dev/null 2>&1; echo "root $?"
    done
    (: >>/proc/1/exe) 2>/dev/null; echo "write $?"
    sleep 0.05"#;

fn pry(steps: Value) -> Vec<String> {
    let scratch = Scratch::new();
    let plan = scratch.plan(&plans::plan(steps));
    // Until the init waits, it is the process that is being changed.
    let script = format!("while grep -qv srcon-init /proc/1/comm; do :; done; sleep 0.02;{PRY}");
    let mut command = support::launcher(&plan, &["/bin/sh", "-c", &script]);
    let out = support::finish(command.env("SRCON_TEST_SECRET", "hidden")).ok();
    out.lines().map(str::to_owned).collect()
}

#[test]
fn the_container_s_root_gets_nothing_out_of_its_init() {
    let seen = pry(container());
    let (init, own) = (&seen[..4], &seen[4..8]);
    assert!(
        init[0].trim_start_matches(' ').ends_with("< words of 1"),
        "{seen:?}"
    );
    assert!(
        !init[0].contains(".json") && !init[0].contains("sh"),
        "no word of the plan: {seen:?}"
    );
    assert_eq!(init[1], "0", "environment: {seen:?}");
    assert_ne!(init[2], "fd 0", "{seen:?}");
    assert_ne!(seen[8], "write 0", "{seen:?}");
    assert_eq!(
        (own[1].as_str(), own[2].as_str(), own[3].as_str()),
        ("1", "fd 0", "root 0"),
        "{seen:?}"
    );
    assert!(
        own[0].starts_with("tr") || own[0].starts_with("sh") || own[0].contains("words of self")
    );
}

#[test]
fn without_a_user_namespace_its_file_is_not_the_host_s() {
    if !host::privileged() {
        return;
    }
    let mut steps = vec![new(&["mnt"]), pid(true)];
    steps.extend(root());
    let seen = pry(Value::Array(steps.clone()));
    assert_ne!(seen[8], "write 0", "{seen:?}");
    let running = Running::new(Path::new(LAUNCHER), Value::Array(steps), WAIT);
    let init = running.roles(&["srcon-super", "srcon-init"])["srcon-init"].pid;
    let file = CString::new(format!("/proc/{init}/exe")).expect("no NUL");
    // SAFETY: a string of ours and a structure that the call fills.
    let flags = unsafe {
        let mut stat: libc::statvfs = std::mem::zeroed();
        assert_eq!(libc::statvfs(file.as_ptr(), &raw mut stat), 0);
        stat.f_flag
    };
    let link = std::fs::read_link(format!("/proc/{init}/exe")).expect("a link");
    let memory = link.to_string_lossy().starts_with("/memfd:");
    assert!(
        memory || flags & libc::ST_RDONLY != 0,
        "{}: {flags:x}",
        link.display()
    );
    // The positive control: our own program lies on a file system that is written to.
    let own = std::fs::OpenOptions::new()
        .append(true)
        .open(running._scratch.file("own", ""));
    own.expect("a file").write_all(b"x").expect("writable");
}

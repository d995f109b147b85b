use super::*;

fn line(pid: u32, event: &str) -> String {
    format!("            node-{pid:<7} [001]    12.345678: {event}\n")
}

fn check(pid: u32, cap: u8, ret: i32, frames: &[&str], ns: &str) -> String {
    let mut text = line(
        pid,
        &format!("cap_capable: cred 0, target_ns {ns}, capable_ns {ns}, cap {cap}, ret {ret}"),
    );
    text += &line(pid, "<stack trace>");
    for frame in frames {
        text += &format!(" => {frame}\n");
    }
    text
}

fn setup() -> String {
    line(
        1,
        "cap_capable: cred 0, target_ns a, capable_ns a, cap 8, ret 0",
    ) + &line(
        1,
        "sched_process_fork: comm=node pid=1 child_comm=node child_pid=2",
    ) + &line(
        2,
        "sched_process_exec: filename=/proc/self/fd/9 pid=2 old_pid=2",
    )
}

fn start() -> String {
    line(
        2,
        "sched_process_exec: filename=/usr/bin/my tool pid=2 old_pid=2",
    )
}

fn read(text: &[u8], step: usize) -> Reader {
    let mut reader = Reader::default();
    for piece in text.chunks(step) {
        reader.add(piece);
    }
    reader.end();
    reader
}

#[test]
fn what_counts() {
    let chown = [
        "cap_capable",
        "security_capable",
        "setattr_prepare.isra.0",
        "__x64_sys_chown",
        "do_syscall_64",
    ];
    let open = ["__x64_sys_openat"];
    let text = setup()
        + &check(2, 21, 0, &["__x64_sys_mount"], "a")
        + &start()
        + &check(2, 0, 0, &chown, "a")
        + &check(2, 0, 0, &chown, "a")
        + &check(
            2,
            21,
            0,
            &["security_vm_enough_memory_mm", "__x64_sys_brk"],
            "a",
        )
        + &check(2, 19, -1, &["ns_capable_noaudit", "__x64_sys_openat"], "a")
        + &check(2, 21, 0, &["__x64_sys_mount"], "b")
        + &check(2, 2, -1, &open, "a")
        + &check(2, 1, 0, &open, "a")
        + &check(2, 2, -1, &open, "a")
        + &check(2, 1, -1, &open, "a")
        + &check(7, 5, -1, &["__x64_sys_kill"], "a");
    for step in [text.len(), 7] {
        let reader = read(text.as_bytes(), step);
        let seen: Vec<_> = reader
            .seen
            .iter()
            .map(|(s, count)| {
                assert_eq!(&*s.process, "my tool");
                (
                    s.capability,
                    s.granted,
                    s.call.as_str(),
                    s.elsewhere,
                    s.instead,
                    *count,
                )
            })
            .collect();
        // Neither the launcher nor others, neither accounting nor probes; of alternatives one.
        assert_eq!(
            seen,
            [
                (0, true, "chown", false, false, 2),
                (1, false, "openat", false, true, 1),
                (1, true, "openat", false, false, 1),
                (2, false, "openat", false, false, 1),
                (2, false, "openat", false, true, 1),
                (21, true, "mount", true, false, 1),
            ]
        );
        assert_eq!((reader.accounting, reader.probes, reader.lost), (1, 1, 0));
    }
}

#[test]
fn calls() {
    let call =
        |frames: &[&str]| call_of(&frames.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
    assert_eq!(
        call(&["x", "__do_sys_setgroups", "do_syscall_64"]),
        "setgroups"
    );
    assert_eq!(
        call(&["do_mmap", "vm_mmap_pgoff", "do_syscall_64", "entry"]),
        "in vm_mmap_pgoff"
    );
    assert_eq!(call(&["x", "asm_exc_page_fault"]), "page fault");
    assert_eq!(call(&[]), "unknown");
}

#[test]
fn what_is_no_record() {
    let reader = read(
        b"garbage\n => x\n-1 [000] 1: y\n- [\n-9 [0] : \n\xff\xff-1\n",
        5,
    );
    assert!(!reader.works());
    assert!(reader.seen.is_empty());
    let reader = read(b"CPU:1 [LOST 42 EVENTS]\n", 5);
    assert_eq!(reader.lost, 42);
}

#[test]
fn a_name_cannot_be_an_event() {
    let text = setup()
        + &start()
        + "   a-7 [0] 1.1: -2       [001] 12.345678: cap_capable: cred 0, target_ns a, capable_ns a, cap 5, ret 0\n";
    let reader = read(text.as_bytes(), text.len());
    assert_eq!(reader.seen.keys().next().map(|s| s.capability), Some(5));
}

#[test]
fn it_is_bounded() {
    // A line without end.
    let mut reader = Reader::default();
    for _ in 0..1000 {
        reader.add(&[b'x'; 4096]);
    }
    assert!(reader.rest.capacity() <= 2 * MAX_LINE);
    // Different entries, tasks and checks of an exec that never ends.
    reader.add(b"\n");
    reader.add((setup() + &start()).as_bytes());
    for i in 0..2000 {
        let call = format!("__x64_sys_call{i}");
        reader.add(check(2, 1, 0, &[&call, "do_syscall_64"], "a").as_bytes());
    }
    assert!(reader.lost > 900, "and it says so");
    for i in 10..6000 {
        let fork = format!("sched_process_fork: comm=a pid=2 child_comm=a child_pid={i}");
        reader.add(line(2, &fork).as_bytes());
    }
    assert_eq!(
        (reader.seen.len(), reader.tasks.len()),
        (MAX_SEEN, MAX_TASKS)
    );
    assert!(reader.lost > 2800);
    for i in 10..6000 {
        reader.add(line(i, "sched_process_exit: comm=a pid=9 prio=120").as_bytes());
    }
    assert!(reader.tasks.len() < 10, "what has ended is forgotten");
}

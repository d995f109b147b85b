//! The terse form against the form that the presets had before and against itself.

mod support;

use seccomp_filter_core::{
    Action, Arch, bpf, compile,
    source::{self, Source},
    terse::format::format,
};
use support::{Random, context};

fn answer(text: &str, arch: Arch, call: &str, args: &[u64]) -> Action {
    let Source::Policy(profile) =
        source::read(text.as_bytes(), "x.policy", &context(arch)).unwrap()
    else {
        panic!()
    };
    let program = compile(&profile.policy).unwrap().insns;
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    let nr = seccomp_filter_core::table::find(call)
        .unwrap()
        .number(arch)
        .unwrap();
    let data = bpf::Data {
        nr,
        arch: arch.audit(),
        ip: 0,
        args: all,
    };
    Action::from_value(bpf::run(&program, &data).unwrap().1)
}

fn refusal(text: &str) -> String {
    source::read(text.as_bytes(), "x.policy", &context(Arch::X86_64))
        .unwrap_err()
        .to_string()
}

#[test]
fn first_match_wins() {
    let text = "default errno 1\nread(fd == 3): errno 5\nread(fd <= 3): log\nallow read\n";
    for (fd, action) in [(3, Action::Errno(5)), (2, Action::Log), (4, Action::Allow)] {
        assert_eq!(answer(text, Arch::X86_64, "read", &[fd]), action, "{fd}");
    }
    let masked = "default allow\nopen(flags & O_ACCMODE != O_RDONLY or mode in 1, 2|4 and arg0 not in 7, 8): kill-process\n";
    for (args, action) in [
        ([0, 1, 0], Action::KillProcess),
        ([0, 0, 0], Action::Allow),
        ([0, 0, 6], Action::KillProcess),
        ([7, 0, 6], Action::Allow),
    ] {
        assert_eq!(
            answer(masked, Arch::X86_64, "open", &args),
            action,
            "{args:?}"
        );
    }
}

#[test]
fn arguments_are_where_the_machine_has_them() {
    let text = "default allow\nclone(flags & CLONE_NEWUSER != 0): errno EPERM\n";
    let user = 0x1000_0000;
    for arch in Arch::ALL {
        let args = if arch == Arch::S390x {
            [0, user]
        } else {
            [user, 0]
        };
        assert_eq!(
            answer(text, arch, "clone", &args),
            Action::Errno(1),
            "{arch:?}"
        );
        let swapped = [args[1], args[0]];
        assert_eq!(
            answer(text, arch, "clone", &swapped),
            Action::Allow,
            "{arch:?}"
        );
    }
    let text = "default allow\nopenat(flags & O_DIRECTORY != 0): log\n";
    assert_eq!(
        answer(text, Arch::X86_64, "openat", &[0, 0, 0o20_0000]),
        Action::Log
    );
    assert_eq!(
        answer(text, Arch::Aarch64, "openat", &[0, 0, 0o4_0000]),
        Action::Log
    );
    assert_eq!(
        answer(text, Arch::Aarch64, "openat", &[0, 0, 0o20_0000]),
        Action::Allow
    );
}

#[test]
fn widths_and_signs() {
    let text = "default allow\nopenat(dirfd == AT_FDCWD): log\npersonality(persona == -1): errno 2\nkill(signal == 9): errno 3\n";
    assert_eq!(
        answer(text, Arch::X86_64, "openat", &[0xffff_ff9c]),
        Action::Log
    );
    assert_eq!(
        answer(text, Arch::X86_64, "openat", &[0xdead_ffff_ff9c]),
        Action::Log,
        "an int"
    );
    assert_eq!(
        answer(text, Arch::X86_64, "personality", &[0xffff_ffff]),
        Action::Errno(2)
    );
    assert_eq!(
        answer(text, Arch::X86_64, "kill", &[0, 9 | 1 << 32]),
        Action::Errno(3)
    );
}

#[test]
fn refusals() {
    let whole = [
        ("allow read\n", "default"),
        (
            "default errno EPERM\nalow read\n",
            "line 2, column 1: \"alow\" begins no statement; is it \"allow\"?",
        ),
        (
            "default allow\nallow raed\n",
            "line 2, column 7: there is no system call raed; is it \"read\"?",
        ),
        (
            "default allow\nallow @basic-oi\n",
            "line 2, column 7: there is no group @basic-oi; is it \"@basic-io\"?",
        ),
        (
            "default allow\nsocket(domian == 1): log\n",
            "line 2, column 8: socket has no argument domian; is it \"domain\"?",
        ),
        (
            "default allow\nsocket(domain == AF_UNIZ): log\n",
            "line 2, column 18: there is no constant AF_UNIZ; is it \"AF_UNIX\"?",
        ),
        (
            "default errno EPREM\n",
            "line 1, column 15: there is no error EPREM; is it \"EPERM\"?",
        ),
        (
            "default errno 4096\n",
            "line 1, column 15: 4096 is no error number",
        ),
        (
            "default allow\nsocket(domain == 0x100000000): log\n",
            "line 2, column 18: 4294967296 does not fit: the kernel reads 32 bits",
        ),
        (
            "default allow\nsocket(domain & 3 == 4): log\n",
            "line 2, column 22: this has bits",
        ),
        (
            "default allow\nsocket(domain = 4): log\n",
            "equality is written ==",
        ),
        (
            "default allow\nsocket(domain == 1: log\n",
            "line 2, column 19: \")\" is missing before \":\"",
        ),
        (
            "default allow\nsocket(domain == 1)\n",
            "line 2, column 20: \":\" is missing",
        ),
        ("default allow\nsocket\n", "what of socket?"),
        (
            "default allow\ndefault log\n",
            "line 2, column 1: default is said already",
        ),
        (
            "default allow\narch x68\n",
            "line 2, column 6: there is no architecture x68; is it \"x86\"?",
        ),
        (
            "default allow\nflags logs\n",
            "line 2, column 7: there is no flag logs; is it \"log\"?",
        ),
        (
            "default allow\nextends defualt\n",
            "line 2, column 9: there is no preset defualt; is it \"default\"?",
        ),
        (
            "default allow\nextends ./no-such.policy\n",
            "line 2, column 9: cannot read",
        ),
        ("default allow\nchmod(mode == 010): log\n", "written 0o10"),
        ("default allow\ngroup x = read\n", "begins with @"),
        (
            "default allow\ngroup @basic-io = read\n",
            "there is a group @basic-io already",
        ),
        (
            "default allow\narch x86\nmmap(prot == 1): log\n",
            "on x86 the arguments of mmap lie in memory",
        ),
        ("default allow\nread read: log\n", "what of read?"),
    ];
    for (text, expected) in whole {
        let said = refusal(text);
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn extending() {
    let own = "extends default\nptrace: errno EPERM\nallow keyctl\n";
    assert_eq!(answer(own, Arch::X86_64, "ptrace", &[]), Action::Errno(1));
    assert_eq!(answer(own, Arch::X86_64, "keyctl", &[]), Action::Allow);
    assert_eq!(answer(own, Arch::X86_64, "add_key", &[]), Action::Errno(1));
    assert_eq!(
        answer(own, Arch::X86_64, "io_uring_setup", &[]),
        Action::Errno(38)
    );
    let dir = std::env::temp_dir().join(format!("terse-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    write(
        "base.json",
        r#"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":7,"architectures":["SCMP_ARCH_X86"],"syscalls":[{"names":["read","write"],"action":"SCMP_ACT_ALLOW"}]}"#,
    );
    write("middle.policy", "extends ./base.json\nread(fd == 0): log\n");
    write("circle.policy", "default allow\nextends circle.policy\n");
    write("broken.policy", "default allow\n  \nallow reed\n");
    let read = |text: &str| {
        let name = dir.join("own.policy");
        source::read(
            text.as_bytes(),
            name.to_str().unwrap(),
            &context(Arch::X86_64),
        )
    };
    let Source::Policy(profile) = read("extends middle.policy\nread(fd == 1): errno 9\n").unwrap()
    else {
        panic!()
    };
    assert_eq!(
        profile.policy.entries.len(),
        2,
        "x86 too, as the last one says"
    );
    assert_eq!(profile.policy.entries[0].default, Action::Errno(7));
    let lines: Vec<_> = profile.policy.entries[0].calls[&0]
        .iter()
        .map(|rule| source::place(rule.line))
        .collect();
    assert_eq!(lines, [(0, 2), (1, 2), (2, 1)]);
    assert!(profile.files[2].ends_with("base.json"));
    let said = |text: &str| read(text).unwrap_err().to_string();
    assert!(
        said("default allow\nextends circle.policy\n").contains("extends itself"),
        "{}",
        said("extends circle.policy")
    );
    let broken = said("\nextends broken.policy\n");
    assert!(
        broken.starts_with("line 2, column 9: ")
            && broken.contains("broken.policy:3:7: there is no system call reed"),
        "{broken}"
    );
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn unknown_calls_and_closed_ways() {
    let number = |text: &str, arch: u32, nr| {
        let Source::Policy(profile) =
            source::read(text.as_bytes(), "x.policy", &context(Arch::X86_64)).unwrap()
        else {
            panic!()
        };
        let program = compile(&profile.policy).unwrap().insns;
        Action::from_value(
            bpf::run(
                &program,
                &bpf::Data {
                    nr,
                    arch,
                    ip: 0,
                    args: [0; 6],
                },
            )
            .unwrap()
            .1,
        )
    };
    let native = Arch::X86_64.audit();
    assert_eq!(
        number("default errno EPERM", native, 1000),
        Action::Errno(38)
    );
    assert_eq!(
        number("default errno EPERM", native, 471),
        Action::Errno(1),
        "known, not named"
    );
    assert_eq!(number("default allow", native, 1000), Action::Allow);
    assert_eq!(
        number("default errno EPERM\nunknown kill-thread", native, 1000),
        Action::KillThread
    );
    assert_eq!(
        number("default allow", Arch::X86.audit(), 1),
        Action::KillProcess
    );
    assert_eq!(
        number("default allow\nclosed errno ENOSYS", Arch::X86.audit(), 1),
        Action::Errno(38)
    );
    assert_eq!(
        number("default allow\narch x86", Arch::X86.audit(), 1),
        Action::Allow
    );
}

#[test]
fn programs_are_taken_as_they_are() {
    let insns = [bpf::Insn {
        code: bpf::RETURN,
        jt: 0,
        jf: 0,
        k: 0x7fff_0000,
    }];
    let read = source::read(&bpf::encode(&insns), "x.bpf", &context(Arch::X86_64)).unwrap();
    assert_eq!(read, Source::Program(insns.to_vec()));
    for bad in [&b""[..], b"1234567", &[0x20, 0, 0, 0, 4, 0, 0, 0]] {
        assert!(source::read(bad, "x.bpf", &context(Arch::X86_64)).is_err());
    }
}

/// A text with conditions of all kinds, 1 to 5 lines a call.
fn random_text(random: &mut Random) -> String {
    let pick = |random: &mut Random, words: &[&'static str]| words[random.below(words.len())];
    let actions = [
        "allow",
        "log",
        "errno EPERM",
        "errno ENOSYS",
        "kill-thread",
        "trap",
        "trace 7",
    ];
    let values = ["0", "1", "2", "0x27", "CLONE_NEWUSER", "3|4", "-1", "0o17"];
    let mut text = format!("default {}\n", pick(random, &actions));
    for (call, args) in [
        ("socket", ["domain", "type", "arg2"]),
        ("personality", ["persona", "arg1", "arg2"]),
        ("clone", ["flags", "stack", "tls"]),
    ] {
        for _ in 0..1 + random.below(5) {
            let tests = random.below(3);
            text.push_str(call);
            for test in 0..tests {
                text.push_str(if test == 0 {
                    "("
                } else {
                    pick(random, &[" and ", " or "])
                });
                text.push_str(args[random.below(3)]);
                match random.below(4) {
                    0 => text.push_str(&format!(
                        " in {}, {}",
                        pick(random, &values),
                        pick(random, &values)
                    )),
                    1 => text.push_str(&format!(
                        " & {} {} 0",
                        pick(random, &values[1..6]),
                        pick(random, &["==", "!="])
                    )),
                    2 => text.push_str(&format!("  not in {}", pick(random, &values))),
                    _ => text.push_str(&format!(
                        "{} {}",
                        pick(random, &["==", "!=", "<", ">=", ">", "<="]),
                        pick(random, &values)
                    )),
                }
            }
            text.push_str(if tests > 0 { ")" } else { "" });
            text.push_str(&format!(":{}   # {call}\n", pick(random, &actions)));
        }
    }
    text
}

fn policy(text: &str) -> seccomp_filter_core::oci::Profile {
    match source::read(text.as_bytes(), "x.policy", &context(Arch::X86_64)).unwrap() {
        Source::Policy(profile) => *profile,
        Source::Program(_) => panic!(),
    }
}

#[test]
fn the_canonical_form_means_the_same() {
    let mut random = Random(7);
    let presets = source::PRESETS.map(|(_, text)| text.to_owned());
    let texts = (0..300)
        .map(|_| random_text(&mut random))
        .collect::<Vec<_>>();
    for text in texts.into_iter().chain(presets) {
        let canonical = format(&text).unwrap();
        assert_eq!(policy(&canonical).policy, policy(&text).policy, "{text}");
        assert_eq!(format(&canonical).unwrap(), canonical);
    }
    for (name, text) in source::PRESETS {
        assert_eq!(format(text).unwrap(), text, "{name} is in canonical form");
    }
}

/// What OCI's form can say means the same there; the rest is refused.
#[test]
fn oci_form_is_exact_or_refused() {
    let mut random = Random(11);
    let (mut written, mut refused, mut points) = (0, 0, 0);
    let values = [
        0,
        1,
        2,
        3,
        7,
        0x27,
        0x28,
        0x1000_0000,
        0x1000_0001,
        0xffff_ffff,
        u64::MAX,
        1 << 32,
        15,
    ];
    for _ in 0..400 {
        let text = random_text(&mut random);
        let profile = policy(&text);
        let context = context(Arch::X86_64);
        let Ok(oci) = seccomp_filter_core::oci::write(&profile, &context) else {
            refused += 1;
            continue;
        };
        written += 1;
        let ours = compile(&profile.policy).unwrap().insns;
        let theirs = compile(
            &seccomp_filter_core::oci::read(&oci, &context)
                .unwrap()
                .policy,
        )
        .unwrap()
        .insns;
        for nr in [41, 135, 56, 0, 471, 472, 1000] {
            for _ in 0..200 {
                let mut pick = || values[random.below(values.len())];
                let args = [pick(), pick(), pick(), 0, pick(), 0];
                let data = bpf::Data {
                    nr,
                    arch: Arch::X86_64.audit(),
                    ip: 0,
                    args,
                };
                let (a, b) = (
                    bpf::run(&ours, &data).unwrap().1,
                    bpf::run(&theirs, &data).unwrap().1,
                );
                assert_eq!(
                    Action::from_value(a),
                    Action::from_value(b),
                    "{nr} {args:x?}\n{text}\n{oci}"
                );
                points += 1;
            }
        }
    }
    println!("{written} written, {refused} refused, {points} points, 0 differences");
    assert!(written > 100 && refused > 20, "{written} {refused}");
}

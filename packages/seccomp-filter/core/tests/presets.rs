//! What our profiles say, call by call; that `default` is nowhere weaker than Docker's; and that the
//! form in which they are shipped (`src/presets.ts`: the OCI object and the compiled programs, so that a
//! start needs neither addon nor compiler) is up to date. After a change:
//!     SRCON_BLESS=1 cargo test -p seccomp-filter-core --test presets

mod support;

use seccomp_filter_core::{Action, Arch, X32_BIT, bpf, compile, table};
use std::fmt::Write;
use support::{Naive, context, foreign, preset, terse};

const PRESETS: [&str; 4] = ["default", "strict", "srcontainer", "srcontainer-hardened"];
const ALLOW: Action = Action::Allow;
const EPERM: Action = Action::Errno(1);
const ENOSYS: Action = Action::Errno(38);
const EAFNOSUPPORT: Action = Action::Errno(97);

fn program(name: &str, arch: Arch) -> Vec<bpf::Insn> {
    let profile = terse(name, &context(arch));
    assert_eq!(profile.notes, [], "{name}");
    compile(&profile.policy).unwrap().insns
}

struct Filter(Vec<bpf::Insn>, Arch);

impl Filter {
    fn answers(&self, call: &str, args: &[u64]) -> Action {
        let nr = table::find(call).unwrap().number(self.1).unwrap();
        let mut all = [0; 6];
        all[..args.len()].copy_from_slice(args);
        self.raw(self.1.audit(), nr, all)
    }

    fn raw(&self, arch: u32, nr: u32, args: [u64; 6]) -> Action {
        let data = bpf::Data {
            nr,
            arch,
            ip: 0,
            args,
        };
        Action::from_value(bpf::run(&self.0, &data).unwrap().1)
    }
}

#[test]
fn default_answers() {
    for arch in [Arch::X86_64, Arch::Aarch64] {
        let filter = Filter(program("default", arch), arch);
        for call in [
            "read",
            "execve",
            "openat",
            "exit_group",
            "futex",
            "setresuid",
            "chroot",
            "prctl",
        ] {
            assert_eq!(filter.answers(call, &[]), ALLOW, "{call}");
        }
        let closed = [
            "mount",
            "umount2",
            "pivot_root",
            "move_mount",
            "fsopen",
            "open_tree",
            "mount_setattr",
            "setns",
            "unshare",
            "add_key",
            "keyctl",
            "request_key",
            "userfaultfd",
            "bpf",
            "perf_event_open",
            "init_module",
            "kexec_load",
            "reboot",
            "swapon",
            "settimeofday",
            "open_by_handle_at",
            "syslog",
        ];
        for call in closed {
            assert_eq!(filter.answers(call, &[!0; 6]), EPERM, "{call}");
        }
        for call in [
            "clone3",
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "listns",
        ] {
            assert_eq!(filter.answers(call, &[]), ENOSYS, "{call}");
        }
        assert_eq!(
            filter.raw(arch.audit(), 500, [0; 6]),
            ENOSYS,
            "a call of the future"
        );
    }
}

#[test]
fn default_arguments() {
    let filter = Filter(program("default", Arch::X86_64), Arch::X86_64);
    assert_eq!(filter.answers("clone", &[0x003d_0f00]), ALLOW, "a thread");
    assert_eq!(filter.answers("clone", &[0x0120_0011]), ALLOW, "a fork");
    for namespace in [
        0x2_0000,
        0x200_0000,
        0x400_0000,
        0x800_0000,
        0x1000_0000,
        0x2000_0000,
        0x4000_0000,
    ] {
        assert_eq!(
            filter.answers("clone", &[namespace | 17]),
            EPERM,
            "{namespace:x}"
        );
    }
    let garbage = 0xdead << 32;
    for family in [1, 2, 10, 16, 17] {
        assert_eq!(filter.answers("socket", &[family]), ALLOW, "{family}");
        assert_eq!(
            filter.answers("socket", &[family | garbage]),
            ALLOW,
            "the kernel reads an int"
        );
    }
    for family in [38, 40] {
        assert_eq!(
            filter.answers("socket", &[family]),
            EAFNOSUPPORT,
            "{family}"
        );
        assert_eq!(
            filter.answers("socket", &[family | garbage]),
            EAFNOSUPPORT,
            "the kernel reads an int"
        );
    }
    assert_eq!(filter.answers("socket", &[21]), ENOSYS, "RDS");
    assert_eq!(filter.answers("personality", &[0xffff_ffff]), ALLOW);
    assert_eq!(
        filter.answers("personality", &[0x0040_0000]),
        ENOSYS,
        "READ_IMPLIES_EXEC"
    );
}

#[test]
fn other_ways_in_are_closed() {
    for name in PRESETS {
        let filter = Filter(program(name, Arch::X86_64), Arch::X86_64);
        for nr in [0, 20, 39, 120, 500] {
            assert_eq!(
                filter.raw(Arch::X86.audit(), nr, [0; 6]),
                Action::KillProcess,
                "int $0x80"
            );
            let x32 = filter.raw(Arch::X86_64.audit(), nr | X32_BIT, [0; 6]);
            assert_eq!(x32, Action::KillProcess, "x32");
            let other = filter.raw(Arch::Aarch64.audit(), nr, [0; 6]);
            assert_eq!(other, Action::KillProcess, "another machine");
        }
    }
}

#[test]
fn srcontainer_answers() {
    let filter = Filter(program("srcontainer", Arch::X86_64), Arch::X86_64);
    for call in ["ptrace", "mbind", "migrate_pages", "move_pages"] {
        assert_eq!(filter.answers(call, &[]), EPERM, "{call}");
    }
    for call in ["unshare", "clone"] {
        assert_eq!(
            filter.answers(call, &[0x1000_0000]),
            EPERM,
            "{call} NEWUSER"
        );
        assert_eq!(filter.answers(call, &[0x2000_0000]), ALLOW, "{call} NEWPID");
    }
    for (mode, answer) in [
        (0o4755, EPERM),
        (0o2755, EPERM),
        (0o6755, EPERM),
        (0o1777, ALLOW),
        (0o644, ALLOW),
    ] {
        assert_eq!(filter.answers("chmod", &[0x1000, mode]), answer, "{mode:o}");
    }
    assert_eq!(
        filter.answers("chmod", &[0o4755, 0o644]),
        ALLOW,
        "the path is not the mode"
    );
    assert_eq!(filter.answers("clone3", &[]), ENOSYS);
    assert_eq!(filter.answers("mount", &[]), ALLOW, "everything else");
}

#[test]
fn default_is_not_weaker_than_dockers() {
    let Some(docker) = foreign("docker-default.json") else {
        return eprintln!("skipped: SRCON_TEST_DATA does not say where Docker's profile is");
    };
    for arch in [Arch::X86_64, Arch::Aarch64] {
        let ours = Filter(program("default", arch), arch);
        let theirs = Naive::new(&docker, &context(arch));
        let mut compared = 0;
        let mut compare = |nr: u32, args: [u64; 6]| {
            if ours.raw(arch.audit(), nr, args) == ALLOW {
                assert_eq!(theirs.verdict(arch, nr, &args), ALLOW, "{nr} {args:x?}");
                compared += 1;
            }
        };
        for nr in 0..1000 {
            compare(nr, [0; 6]);
        }
        for (call, values) in theirs.boundaries() {
            for value in values.iter().flatten() {
                call.number(arch)
                    .into_iter()
                    .for_each(|nr| compare(nr, [*value, 0, 0, 0, 0, 0]));
            }
        }
        assert!(compared > 200, "{compared}");
    }
}

/// A name as JavaScript has it before a colon.
fn key(name: &str) -> String {
    if name.contains('-') {
        format!("'{name}'")
    } else {
        name.to_owned()
    }
}

fn shipped() -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let mut text = String::from(
        "// Generated by core/tests/presets.rs from core/presets; do not edit.\n\
         import type { OciSeccomp } from './profile.ts'\n\n\
         export interface Preset {\n  readonly oci: OciSeccomp\n  /** By `uname -m`: the compiled program, base64. */\n  \
         readonly programs: Readonly<Record<string, string>>\n}\n\n\
         export const presets: Readonly<Record<string, Preset>> = {\n",
    );
    for name in PRESETS {
        let _ = writeln!(
            text,
            "  {}: {{\n    oci: {},\n    programs: {{",
            key(name),
            preset(name)
        );
        for arch in [Arch::X86_64, Arch::Aarch64] {
            let bytes = bpf::encode(&program(name, arch));
            let _ = writeln!(
                text,
                "      {}: '{}',",
                arch.machine(),
                BASE64_STANDARD.encode(bytes)
            );
        }
        text.push_str("    },\n  },\n");
    }
    text.push_str("}\n");
    text
}

#[test]
fn shipped_form_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/presets.ts");
    if std::env::var_os("SRCON_BLESS").is_some() {
        std::fs::write(file, shipped()).unwrap();
    }
    let fresh = std::fs::read_to_string(file).is_ok_and(|text| text == shipped());
    assert!(
        fresh,
        "src/presets.ts is stale: SRCON_BLESS=1 cargo test -p seccomp-filter-core --test presets"
    );
}

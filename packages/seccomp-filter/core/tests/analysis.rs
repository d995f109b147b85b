//! What a filter means: the diagram of a policy and that of the program compiled from it are the same (a proof that the
//! compiler is right about it, for every call at once), differences are shown by calls that the machine confirms, and a
//! program read back is the policy that it was made from.

mod support;

use seccomp_filter_core::{
    Action, Arch, Condition, Entry, Op, Policy, Rule,
    analysis::{Subject, decide, decompile, diff},
    bpf::{self, Data},
    compile, oci,
};
use support::{Random, context, foreign, preset};

fn read(text: &str, arch: Arch) -> Policy {
    oci::read(text, &context(arch)).unwrap().policy
}

fn program(policy: &Policy) -> Subject {
    Subject::Program(compile(policy).unwrap().insns)
}

/// Presets, with and without the other ways in, and whatever profiles there are.
fn texts() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for name in ["default", "srcontainer"] {
        let text = preset(name);
        let open = r#"{ "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],"#;
        all.push((format!("{name}, all ways"), text.replacen('{', open, 1)));
        all.push((name.to_owned(), text));
    }
    for name in [
        "docker-default.json",
        "docker-old-format.json",
        "podman-2022.json",
        "oci-example.json",
    ] {
        match foreign(name) {
            Some(text) => all.push((name.to_owned(), text)),
            None => eprintln!("{name}: left out, SRCON_TEST_DATA does not say where it is"),
        }
    }
    all
}

#[test]
fn compiled_is_proved_equal_to_what_is_written() {
    for (name, text) in texts() {
        for widths in [oci::Widths::Kernel, oci::Widths::Register] {
            let mut context = context(Arch::X86_64);
            context.widths = widths;
            let policy = oci::read(&text, &context).unwrap().policy;
            let found = diff(&Subject::Policy(policy.clone()), &program(&policy), None).unwrap();
            assert_eq!(found.all, [], "{name}");
            assert_eq!(found.unlike, 0);
            assert!(found.alike > 350, "{name}: {}", found.alike);
        }
    }
}

#[test]
fn decompiled_is_what_was_compiled() {
    for (name, text) in texts() {
        let policy = read(&text, Arch::X86_64);
        let program = program(&policy);
        let Subject::Program(insns) = &program else {
            unreachable!()
        };
        let back = decompile(insns, Arch::X86_64).unwrap();
        assert_eq!(back.unsaid, [""; 0], "{name}");
        let found = diff(&Subject::Policy(back.policy), &program, None).unwrap();
        assert_eq!(found.all, [], "{name}");
    }
}

const VALUES: [u64; 12] = [
    0,
    1,
    2,
    0x27,
    0x28,
    0xffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 32,
    0x1_0000_0028,
    0xffff_ffff_ffff_ff9c,
    u64::MAX,
];
const ACTIONS: [Action; 5] = [
    Action::Allow,
    Action::Errno(1),
    Action::Errno(38),
    Action::Log,
    Action::KillProcess,
];

fn pick<T: Copy>(random: &mut Random, all: &[T]) -> T {
    all[random.below(all.len())]
}

fn condition(random: &mut Random) -> Condition {
    let mask = match random.below(4) {
        0 => pick(random, &VALUES) | 1,
        1 => 0xffff_ffff,
        _ => u64::MAX,
    };
    let op = pick(random, &[Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le]);
    Condition {
        arg: u8::try_from(random.below(2)).unwrap(),
        mask,
        op,
        value: pick(random, &VALUES) & mask,
    }
}

/// A policy of a few calls with a few rules each, so that two of them are often alike in part, sometimes wholly.
fn small(random: &mut Random) -> Policy {
    let ways = [Arch::X86_64, Arch::X86, Arch::X32];
    let entry = |random: &mut Random, arch| Entry {
        arch,
        default: pick(random, &ACTIONS[..2]),
        newer: (random.below(2) == 0).then_some((base(arch) + 7, Action::Errno(38))),
        calls: (0..3)
            .map(|_| {
                let rules = (0..1 + random.below(3)).map(|_| Rule {
                    conditions: (0..random.below(3)).map(|_| condition(random)).collect(),
                    action: pick(random, &ACTIONS),
                    line: 0,
                });
                let rules: Vec<Rule> = rules.collect();
                (base(arch) + u32::try_from(random.below(6)).unwrap(), rules)
            })
            .collect(),
    };
    let mut entries = vec![entry(random, ways[0])];
    for way in &ways[1..] {
        if random.below(3) == 0 {
            entries.push(entry(random, *way));
        }
    }
    Policy {
        entries,
        closed: pick(random, &[Action::KillProcess, Action::KillThread]),
    }
}

fn base(arch: Arch) -> u32 {
    if arch == Arch::X32 { 0x4000_0000 } else { 0 }
}

/// The places at which an answer can change, for these values and masks.
fn samples() -> Vec<Data> {
    let mut values: Vec<u64> = VALUES
        .iter()
        .flat_map(|&v| [v.wrapping_sub(1), v, v.wrapping_add(1), v | 1])
        .collect();
    values.extend([
        1 << 15,
        1 << 33,
        0x7fff_ffff,
        0xdead_beef_0000_0000,
        3 << 31,
    ]);
    values.sort_unstable();
    values.dedup();
    let mut all = Vec::new();
    for arch in [Arch::X86_64, Arch::X86, Arch::Aarch64] {
        for nr in (0..9).chain(0x4000_0000..0x4000_0009).chain([u32::MAX]) {
            for &x in &values {
                for &y in &values {
                    all.push(Data {
                        nr,
                        arch: arch.audit(),
                        ip: 0,
                        args: [x, y, 0, 0, 0, 0],
                    });
                }
            }
        }
    }
    all
}

/// `diff` says equal exactly where no sample differs, and the machine confirms each witness on both programs.
#[test]
fn random_policies() {
    let mut random = Random(7);
    let samples = samples();
    let (mut equal, mut unequal, mut witnesses) = (0, 0, 0);
    for round in 0..60 {
        let a = small(&mut random);
        let mut b = a.clone();
        // A change that may or may not change the meaning.
        let entry = random.below(b.entries.len());
        let calls = &mut b.entries[entry].calls;
        if let Some(rules) = calls.values_mut().nth(random.below(3)) {
            match round % 3 {
                0 => rules.push(Rule {
                    conditions: vec![condition(&mut random)],
                    action: pick(&mut random, &ACTIONS),
                    line: 0,
                }),
                1 => rules.rotate_left(1),
                _ => drop(rules.remove(0)),
            }
        }
        let programs = [&a, &b].map(|policy| compile(policy).unwrap().insns);
        let found = diff(
            &Subject::Policy(a.clone()),
            &Subject::Program(programs[1].clone()),
            None,
        )
        .unwrap();
        for difference in &found.all {
            let verdicts = [0, 1].map(|i| {
                Action::from_value(bpf::run(&programs[i], &difference.witness).unwrap().1)
            });
            assert_eq!(verdicts, [difference.a.action, difference.b.action]);
            assert_ne!(verdicts[0], verdicts[1]);
            witnesses += 1;
        }
        let differs = samples.iter().find(|data| {
            let [x, y] = [0, 1].map(|i| bpf::run(&programs[i], data).unwrap().1);
            x != y
        });
        if found.all.is_empty() {
            assert_eq!(differs, None, "{a:?}\n{b:?}");
            equal += 1;
        } else {
            assert!(
                differs.is_some(),
                "the samples meet every boundary: {:?}",
                found.all
            );
            unequal += 1;
        }
        // Each sampled call is answered by the rule that the policy names.
        for data in samples.iter().step_by(997) {
            assert_eq!(
                decide(&a, data).action.value(),
                bpf::run(&programs[0], data).unwrap().1
            );
        }
        let back = decompile(&programs[0], Arch::X86_64).unwrap();
        if back.unsaid.is_empty() {
            let same = diff(
                &Subject::Policy(back.policy),
                &Subject::Policy(a.clone()),
                None,
            )
            .unwrap();
            assert_eq!(same.all, []);
        }
    }
    println!("{equal} equal, {unequal} unequal, {witnesses} witnesses");
    assert!(equal >= 10 && unequal >= 10, "{equal} {unequal}");
}

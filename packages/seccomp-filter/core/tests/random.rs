//! Random rule sets: 2 to 6 rules on a call, up to three conditions each, values that meet and miss
//! each other at the halves of 64 bits. The compiled program and the naive reader must agree everywhere.

mod support;

use seccomp_filter_core::{Action, Arch, bpf, compile, oci};
use serde_json::{Value, json};
use support::{Naive, Random, context};

const CALLS: [&str; 5] = ["socket", "mmap", "chmod", "prctl", "clone"];
const OPS: [&str; 7] = ["EQ", "NE", "GT", "GE", "LT", "LE", "MASKED_EQ"];
const VALUES: [u64; 14] = [
    0,
    1,
    2,
    0x27,
    0x28,
    0x29,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 32,
    0x1_0000_0027,
    0xffff_ffff_ffff_ff9c,
    u64::MAX,
];

/// What a list of values is in this form.
fn listed(random: &mut Random, call: &str) -> Value {
    let value = VALUES[random.below(VALUES.len())];
    let args = json!([{ "index": 0, "value": value, "op": "SCMP_CMP_EQ" }]);
    json!({ "names": [call], "action": "SCMP_ACT_ALLOW", "args": args })
}

fn rule(random: &mut Random, call: &str) -> Value {
    if random.below(3) == 0 {
        return listed(random, call);
    }
    let mut free: Vec<usize> = (0..3).collect();
    let args: Vec<Value> = (0..random.below(4).min(3))
        .map(|_| {
            let index = free.swap_remove(random.below(free.len()));
            condition(random, index)
        })
        .collect();
    let (action, errno) = match random.below(6) {
        0 | 1 => ("SCMP_ACT_ALLOW", None),
        2 => ("SCMP_ACT_LOG", None),
        3 => ("SCMP_ACT_KILL_PROCESS", None),
        n => ("SCMP_ACT_ERRNO", Some(n)),
    };
    match errno {
        Some(errno) => {
            json!({ "names": [call], "action": action, "errnoRet": errno, "args": args })
        }
        None => json!({ "names": [call], "action": action, "args": args }),
    }
}

fn condition(random: &mut Random, index: usize) -> Value {
    let op = OPS[random.below(OPS.len())];
    let value = VALUES[random.below(VALUES.len())];
    // Mostly a value that can be reached under the mask.
    let two = VALUES[random.below(VALUES.len())]
        & if random.below(8) == 0 {
            u64::MAX
        } else {
            value
        };
    json!({ "index": index, "value": value, "valueTwo": two, "op": format!("SCMP_CMP_{op}") })
}

/// Kernels, with the ways in that each may have; a PC most often.
const KERNELS: [&[Arch]; 8] = [
    &[Arch::X86_64, Arch::X86, Arch::X32],
    &[Arch::X86_64, Arch::X86, Arch::X32],
    &[Arch::X86_64, Arch::X86, Arch::X32],
    &[Arch::Aarch64, Arch::Arm],
    &[Arch::S390x],
    &[Arch::Riscv64],
    &[Arch::Ppc64le],
    &[Arch::Loongarch64],
];

fn profile(random: &mut Random, ways: &[Arch]) -> Value {
    let mut rules = Vec::new();
    for call in CALLS {
        for _ in 0..2 + random.below(5) {
            rules.push(rule(random, call));
        }
    }
    let default = ["SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_KILL_THREAD"][random.below(3)];
    let arches: Vec<&str> = ways.iter().map(|way| way.oci()).collect();
    let open = 1 + random.below(arches.len());
    json!({ "defaultAction": default, "architectures": arches[..open], "syscalls": rules })
}

#[test]
fn agrees_with_the_naive_reader() {
    let sets: usize = std::env::var("SRCON_ORACLE_SETS").map_or(150, |n| n.parse().unwrap());
    let mut random = Random(42);
    let mut points = 0_u64;
    for set in 0..sets {
        let ways = KERNELS[set % KERNELS.len()];
        let text = profile(&mut random, ways).to_string();
        let mut context = context(ways[0]);
        if set % 3 == 0 {
            context.widths = oci::Widths::Register;
        }
        let read = oci::read(&text, &context).unwrap();
        let program = compile(&read.policy).unwrap().insns;
        let naive = Naive::new(&text, &context);
        for (call, values) in naive.boundaries() {
            for &way in ways {
                let Some(nr) = call.number(way) else { continue };
                for _ in 0..60 {
                    let mut pick = |i: usize| values[i][random.below(values[i].len())];
                    let args = [pick(0), pick(1), pick(2), 0, 0, 0];
                    let data = bpf::Data {
                        nr,
                        arch: way.audit(),
                        ip: 0,
                        args,
                    };
                    let (_, value) = bpf::run(&program, &data).unwrap();
                    let expected = naive.verdict(way, nr, &args);
                    assert_eq!(
                        Action::from_value(value),
                        expected,
                        "{way:?} {} {args:x?}\n{text}",
                        call.name
                    );
                    points += 1;
                }
            }
        }
    }
    println!("{points} points, 0 differences");
}

//! Our presets and profiles not written by us, judged by the kernel itself: for every number by every
//! way in, and at all values where a verdict can change, its answer is the one that the naive reader
//! expects.
#![cfg(target_arch = "x86_64")]

#[path = "support/kernel.rs"]
mod kernel;
mod support;

use kernel::{Point, has_x86, verdicts};
use seccomp_filter_core::{
    Action, Arch, X32_BIT, compile, oci,
    source::{self, Source},
};
use support::{Naive, context, foreign, preset};

/// The kernel itself lets these two pass every filter (they serve uprobes), and then sends SIGILL.
const PAST_EVERY_FILTER: [u32; 2] = [335, 336];

fn points(naive: &Naive) -> Vec<Point> {
    let mut ways = vec![Arch::X86_64, Arch::X32];
    if has_x86() {
        ways.push(Arch::X86);
    } else {
        eprintln!("no 32-bit entry in this kernel: its points are left out");
    }
    let mut points = Vec::new();
    let garbage = [
        0xdead_0000_0001_u64,
        !0,
        1 << 32,
        38 | 1 << 40,
        40 | 1 << 32,
        7,
    ];
    for way in ways.iter().copied() {
        let base = if way == Arch::X32 { X32_BIT } else { 0 };
        let odd = [
            1000,
            0x3fff_ffff,
            0x8000_0000,
            0xbfff_ffff,
            u32::MAX - 1,
            u32::MAX,
        ];
        for number in (0..600).map(|n| n | base).chain(odd) {
            for args in [[0; 6], garbage, [!0; 6]] {
                points.push(Point { way, number, args });
            }
        }
        for (call, values) in naive.boundaries() {
            let Some(number) = call.number(way) else {
                continue;
            };
            for (i, first) in values.iter().enumerate() {
                for &value in first {
                    for &other in &values[(i + 1) % 6] {
                        let mut args = [0; 6];
                        (args[i], args[(i + 1) % 6]) = (value, other);
                        points.push(Point { way, number, args });
                    }
                }
            }
        }
    }
    // The way in is what the kernel makes of it: x32 is a bit of the number, and its sixth argument
    // does not come in through `int $0x80`.
    points.retain(|p| p.way == Arch::X86 || !PAST_EVERY_FILTER.contains(&p.number));
    points
}

/// By the syscall instruction, bit 30 makes a number x32's, but for -1.
fn way_in(point: &Point) -> Arch {
    match (point.way, point.number) {
        (Arch::X86, _) => Arch::X86,
        (_, u32::MAX) => Arch::X86_64,
        (_, number) if number >= X32_BIT => Arch::X32,
        _ => Arch::X86_64,
    }
}

fn judge(name: &str, text: &str, widths: oci::Widths) {
    let mut context = context(Arch::X86_64);
    context.widths = widths;
    let read = oci::read(text, &context).unwrap();
    judge_as(name, &read, text, &context);
}

/// The program of a policy against the naive reader of the same policy in OCI's form.
fn judge_as(name: &str, read: &oci::Profile, text: &str, context: &oci::Context) {
    let program = compile(&read.policy).unwrap().insns;
    let naive = Naive::new(text, context);
    let points = points(&naive);
    for (point, verdict) in points.iter().zip(verdicts(&program, &points)) {
        let expected = naive.verdict(way_in(point), point.number, &point.args);
        assert_eq!(verdict, expected, "{name}: {point:x?}");
    }
    println!(
        "{name}: {} instructions, {} points, 0 differences",
        program.len(),
        points.len()
    );
}

/// A preset as it is, and with more lines before it.
fn judge_preset(name: &str, more: &str) {
    let context = context(Arch::X86_64);
    let text = format!("{more}{}", source::preset(name).unwrap());
    let Source::Policy(read) = source::read(text.as_bytes(), name, &context).unwrap() else {
        panic!("{name} is a policy")
    };
    let oci = oci::write(&read, &context).unwrap();
    judge_as(name, &read, &oci, &context);
    judge(name, &oci, oci::Widths::Kernel);
}

#[test]
fn presets() {
    for (name, _) in source::PRESETS {
        judge_preset(name, "");
    }
}

#[test]
fn presets_with_32_bit_entries() {
    for (name, _) in source::PRESETS {
        judge_preset(name, "arch x86 x32\n");
    }
}

#[test]
fn foreign_profiles() {
    for name in [
        "docker-default.json",
        "docker-old-format.json",
        "podman-2022.json",
        "oci-example.json",
    ] {
        match foreign(name) {
            Some(text) => {
                judge(name, &text, oci::Widths::Kernel);
                judge(name, &text, oci::Widths::Register);
            }
            None => eprintln!("{name}: skipped, SRCON_TEST_DATA does not say where it is"),
        }
    }
}

/// The positive control of all tests above: a policy that says something else is seen to differ.
#[test]
fn a_wrong_program_is_found() {
    let text = preset("srcontainer");
    let context = context(Arch::X86_64);
    let naive = Naive::new(&text.replace("2048", "1024"), &context);
    let program = compile(&oci::read(&text, &context).unwrap().policy)
        .unwrap()
        .insns;
    let points = points(&naive);
    let differs = |(p, v): (&Point, Action)| v != naive.verdict(way_in(p), p.number, &p.args);
    assert!(points.iter().zip(verdicts(&program, &points)).any(differs));
}

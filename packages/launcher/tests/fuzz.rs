//! Broken plans: mutations of valid ones and JSON at random, from a seed, for a bounded time. Each is read
//! or refused with a line; none panics, none hangs. Most go through the parser itself, some hundred through
//! the program.

mod support;

use serde_json::{Value, json};
use srcon_step::{Kind, Plan};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use support::{LAUNCHER, Scratch, finish, plans};

#[allow(dead_code, reason = "only the list of steps is used here")]
#[path = "../src/steps/mod.rs"]
mod steps;

const KINDS: &[&[Kind]] = &[
    ns_unshare_core::KINDS,
    chroot_fs_core::KINDS,
    cgroup_ctl_core::KINDS,
    caps_core::KINDS,
    seccomp_filter_core::KINDS,
    steps::KINDS,
];
/// All parsing together takes no longer; what is not tried then is not tried.
const BOUND: Duration = Duration::from_secs(8);
const INPUTS: usize = 100_000;

/// xorshift64*: the same inputs in every run, unless a seed is given.
struct Random(u64);

impl Random {
    fn seeded() -> Self {
        let seed = std::env::var("SRCON_FUZZ_SEED").ok();
        let seed = seed.and_then(|s| s.parse().ok()).unwrap_or(0x5eed);
        println!("SRCON_FUZZ_SEED={seed}");
        Self(u64::max(seed, 1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Values that stand at some edge.
fn odd(random: &mut Random) -> Value {
    match random.below(16) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(i64::MIN),
        5 => json!(1e308),
        6 => json!(0.5),
        7 => json!(""),
        8 => json!("\0"),
        9 => json!("é\u{1F980}\u{202e}"),
        10 => json!("x".repeat(random.below(5000))),
        11 => json!([]),
        12 => json!({}),
        13 => json!({ "base64": "/w==" }),
        14 => json!("../../proc/self/exe"),
        _ => json!([[[{ "do": "ns.user" }]]]),
    }
}

/// Replaces, removes, doubles or adds something somewhere inside.
fn change(value: &mut Value, random: &mut Random) {
    match value {
        Value::Array(list) if !list.is_empty() && random.below(5) > 0 => {
            let at = random.below(list.len());
            match random.below(6) {
                0 => drop(list.remove(at)),
                1 => list.push(list[at].clone()),
                2 => list.insert(at, odd(random)),
                _ => change(&mut list[at], random),
            }
        }
        Value::Object(map) if !map.is_empty() && random.below(5) > 0 => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = random.one(&keys).clone();
            match random.below(8) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(format!("{key}x"), odd(random))),
                _ => change(map.get_mut(&key).expect("a key of it"), random),
            }
        }
        other => *other = odd(random),
    }
}

/// Damage to the text: as a broken disk or a cut-off pipe makes it.
fn damage(text: &mut Vec<u8>, random: &mut Random) {
    if text.is_empty() {
        return;
    }
    let at = random.below(text.len());
    match random.below(6) {
        0 => text.truncate(at),
        1 => text[at] = random.next() as u8,
        2 => text[at] ^= 1 << random.below(8),
        3 => drop(text.remove(at)),
        4 => text.insert(at, *random.one(b"{}[]\",:\\0-e\xff\0")),
        _ => text.extend_from_within(at..),
    }
}

/// JSON that was never a plan.
fn any_json(random: &mut Random, depth: usize) -> Value {
    const WORDS: &[&str] = &[
        "do", "version", "steps", "argv", "facts", "types", "path", "groups", "base64",
    ];
    match random.below(if depth > 5 { 2 } else { 4 }) {
        2 => (0..random.below(4))
            .map(|_| any_json(random, depth + 1))
            .collect(),
        3 => Value::Object(
            (0..random.below(4))
                .map(|_| ((*random.one(WORDS)).to_owned(), any_json(random, depth + 1)))
                .collect(),
        ),
        _ => odd(random),
    }
}

fn input(valid: &[Value], random: &mut Random) -> Vec<u8> {
    if random.below(8) == 0 {
        return any_json(random, 0).to_string().into_bytes();
    }
    // Most steps want these namespaces before them.
    let mut steps = vec![plans::new(&["mnt", "net", "uts"]), plans::pid(true)];
    steps.extend((0..1 + random.below(3)).map(|_| random.one(valid).clone()));
    let mut plan = json!({ "version": 1, "argv": ["true"], "facts": {}, "steps": steps });
    for _ in 0..random.below(4) {
        change(&mut plan, random);
    }
    let mut text = plan.to_string().into_bytes();
    for _ in 0..random.below(3) {
        damage(&mut text, random);
    }
    text
}

fn valid() -> Vec<Value> {
    plans::examples()
        .into_iter()
        .map(|(_, example)| example)
        .collect()
}

#[test]
fn the_parser_reads_or_refuses_whatever_it_gets() {
    let (valid, mut random) = (valid(), Random::seeded());
    let start = Instant::now();
    let (mut tried, mut read) = (0, 0);
    while tried < INPUTS && start.elapsed() < BOUND {
        let text = input(&valid, &mut random);
        let began = Instant::now();
        let shown = || String::from_utf8_lossy(&text).into_owned();
        let result = std::panic::catch_unwind(|| {
            let plan = Plan::parse(&text, KINDS)?;
            let _ = plan.needs();
            plan.check_order(true)?;
            plan.check_order(false)
        });
        match result.unwrap_or_else(|_| panic!("a panic for {}", shown())) {
            Ok(()) => read += 1,
            Err(refusal) => {
                assert!(!refusal.what.trim().is_empty(), "{}", shown());
                assert!(
                    !refusal.what.contains('\n'),
                    "{:?} for {}",
                    refusal.what,
                    shown()
                );
            }
        }
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "slow: {}",
            shown()
        );
        tried += 1;
    }
    println!(
        "{tried} inputs, {read} of them plans, {:?}",
        start.elapsed()
    );
    // The positive control: the mutations are not so wild that everything is refused at once.
    assert!(
        read > tried / 20 && read < tried * 19 / 20,
        "{read} of {tried}"
    );
    assert!(tried > 1000, "{tried}");
}

#[test]
fn the_program_refuses_broken_plans_with_a_line() {
    let (valid, mut random) = (valid(), Random::seeded());
    let scratch = Scratch::new();
    for round in 0..300 {
        let text = input(&valid, &mut random);
        let file = scratch.file("plan.json", &text);
        let began = Instant::now();
        let ended = finish(Command::new(LAUNCHER).arg("--check").arg(&file));
        let shown = String::from_utf8_lossy(&text);
        assert!(
            matches!(ended.code(), Some(0 | 125)),
            "round {round}: {ended:?} for {shown}"
        );
        let refused = ended.code() == Some(125);
        assert_eq!(
            refused,
            ended.err.starts_with("srcon-launch: "),
            "{ended:?} for {shown}"
        );
        assert!(ended.err.lines().count() <= 3, "{ended:?}");
        assert!(began.elapsed() < Duration::from_secs(1), "slow: {shown}");
    }
}

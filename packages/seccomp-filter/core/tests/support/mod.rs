//! What the tests share: a second opinion on what a profile means. It is written from the words of
//! the runtime-spec and of runc, works on plain JSON and 64-bit values, one call at a time, and has no
//! code in common with the compiler. Only the table of calls is shared: numbers and widths are data.
#![allow(dead_code)] // each test uses a part

use seccomp_filter_core::{
    Action, Arch, X32_BIT, oci,
    source::{self, Source},
    table,
};
use serde_json::Value;

/// Docker's default capabilities.
pub const CAPS: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

pub fn context(arch: Arch) -> oci::Context {
    oci::Context {
        arch,
        caps: CAPS.map(str::to_owned).to_vec(),
        kernel: (6, 1),
        widths: oci::Widths::Kernel,
        closed: Action::KillProcess,
    }
}

/// A preset in OCI's form, for readers that know no other.
pub fn preset(name: &str) -> String {
    let context = context(Arch::X86_64);
    oci::write(&terse(name, &context), &context).unwrap()
}

/// A preset as it is read.
pub fn terse(name: &str, context: &oci::Context) -> oci::Profile {
    let text = source::preset(name).unwrap();
    match source::read(text.as_bytes(), name, context).unwrap() {
        Source::Policy(profile) => *profile,
        Source::Program(_) => panic!("{name} is a policy"),
    }
}

/// A profile not written by us, if the tests were told where such profiles are.
pub fn foreign(name: &str) -> Option<String> {
    let data = std::env::var_os("SRCON_TEST_DATA")?;
    let path = std::path::Path::new(&data).join("seccomp").join(name);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The naive reader.
pub struct Naive {
    profile: Value,
    context: oci::Context,
    default: Action,
    ways: Vec<Arch>,
    rules: Vec<NaiveRule>,
}

struct NaiveRule {
    calls: Vec<&'static table::Call>,
    action: Action,
    conditions: Vec<Value>,
}

impl Naive {
    pub fn new(text: &str, context: &oci::Context) -> Self {
        let mut naive = Self {
            profile: serde_json::from_str(text).unwrap(),
            context: context.clone(),
            default: Action::Allow,
            ways: Vec::new(),
            rules: Vec::new(),
        };
        let errno = naive.profile["defaultErrnoRet"].as_u64().map(|n| n as u16);
        naive.default =
            Action::from_oci(naive.profile["defaultAction"].as_str().unwrap(), errno).unwrap();
        naive.ways = naive.find_ways();
        let all = naive.profile["syscalls"].as_array().into_iter().flatten();
        let applied = all
            .filter(|rule| naive.applies(rule))
            .map(|rule| NaiveRule {
                calls: Self::names(rule)
                    .into_iter()
                    .filter_map(table::find)
                    .collect(),
                action: Self::action(rule),
                conditions: rule["args"].as_array().cloned().unwrap_or_default(),
            });
        naive.rules = applied.collect();
        naive
    }

    fn find_ways(&self) -> Vec<Arch> {
        let native = self.context.arch;
        let strings = |v: &Value| -> Vec<String> {
            let list = v.as_array().into_iter().flatten();
            list.map(|s| s.as_str().unwrap().to_owned()).collect()
        };
        let mut tokens = strings(&self.profile["architectures"]);
        for map in self.profile["archMap"].as_array().into_iter().flatten() {
            if map["architecture"] == native.oci() {
                tokens.extend(strings(&map["subArchitectures"]));
            }
        }
        let family: &[Arch] = match native {
            Arch::X86_64 => &[Arch::X86_64, Arch::X86, Arch::X32],
            Arch::Aarch64 => &[Arch::Aarch64, Arch::Arm],
            _ => &[native],
        };
        let open = |a: &&Arch| **a == native || tokens.iter().any(|t| t == a.oci());
        family.iter().filter(open).copied().collect()
    }

    fn applies(&self, rule: &Value) -> bool {
        let list = |side: &str, key: &str| -> Vec<String> {
            let list = rule[side][key].as_array().into_iter().flatten();
            list.map(|s| s.as_str().unwrap().to_owned()).collect()
        };
        let word = match self.context.arch {
            Arch::X86_64 => "amd64",
            Arch::Aarch64 => "arm64",
            Arch::Loongarch64 => "loong64",
            other => other.name(),
        };
        let arches = list("includes", "arches");
        let kernel = rule["includes"]["minKernel"].as_str().is_none_or(|min| {
            let (major, minor) = min.split_once('.').unwrap();
            (major.parse().unwrap(), minor.parse().unwrap()) <= self.context.kernel
        });
        kernel
            && (arches.is_empty() || arches.iter().any(|a| a == word))
            && !list("excludes", "arches").iter().any(|a| a == word)
            && list("includes", "caps")
                .iter()
                .all(|c| self.context.caps.contains(c))
            && !list("excludes", "caps")
                .iter()
                .any(|c| self.context.caps.contains(c))
    }

    fn names(rule: &Value) -> Vec<&str> {
        let list = rule["names"].as_array().into_iter().flatten();
        list.chain(rule.get("name"))
            .map(|n| n.as_str().unwrap())
            .collect()
    }

    fn action(rule: &Value) -> Action {
        let errno = rule["errnoRet"].as_u64().map(|n| n.min(4095) as u16);
        Action::from_oci(rule["action"].as_str().unwrap(), errno).unwrap()
    }

    /// What should happen to a call by `way`.
    pub fn verdict(&self, way: Arch, number: u32, args: &[u64; 6]) -> Action {
        if !self.ways.contains(&way) {
            return self.context.closed;
        }
        let mut last = if way == Arch::X32 { X32_BIT } else { 0 };
        let mut hits = Vec::new();
        let mut always = Vec::new();
        for rule in &self.rules {
            for call in &rule.calls {
                let Some(own) = call.number(way) else {
                    continue;
                };
                last = last.max(own);
                if own == number && rule.action != self.default {
                    match self.matches(rule, call, way, args) {
                        Some(true) => always.push(rule.action),
                        Some(false) => hits.push(rule.action),
                        None => {}
                    }
                }
            }
        }
        if let Some(first) = always.first() {
            return *first;
        }
        if let Some(strictest) = hits.iter().min_by_key(|a| a.rank()) {
            return *strictest;
        }
        let permissive = matches!(self.default, Action::Allow | Action::Log | Action::Trace(_));
        let skip = way == Arch::X86_64 && number == u32::MAX;
        let newer = number > last && !permissive && !skip;
        if newer {
            Action::Errno(38)
        } else {
            self.default
        }
    }

    /// Whether a rule matches, and if so, whether it would for all arguments.
    fn matches(
        &self,
        rule: &NaiveRule,
        call: &table::Call,
        way: Arch,
        args: &[u64; 6],
    ) -> Option<bool> {
        let all = &rule.conditions;
        let same = |a: &Value| all.iter().filter(|b| a["index"] == b["index"]).count() > 1;
        let constant = |c: &Value| self.condition_is_constant(c, call, way);
        let holds = |c: &Value| self.holds(c, call, way, args);
        if all.iter().any(same) {
            // Any of them is enough.
            return match all.iter().any(constant) {
                true => Some(true),
                false => all.iter().any(holds).then_some(false),
            };
        }
        all.iter().all(holds).then(|| all.iter().all(constant))
    }

    fn read_mask(&self, call: &table::Call, way: Arch, index: u8) -> u64 {
        match (self.context.widths, way) {
            (oci::Widths::Kernel, _) | (_, Arch::X86 | Arch::Arm) => call.read_mask(way, index),
            (_, Arch::X32) => 0xffff_ffff,
            _ => u64::MAX,
        }
    }

    /// Whether it holds for every value: then libseccomp's "rule without conditions wins" applies.
    fn condition_is_constant(&self, c: &Value, call: &table::Call, way: Arch) -> bool {
        let (op, mask, value, read) = self.parts(c, call, way);
        match op {
            "MASKED_EQ" => mask & read == 0 && (value == 0),
            "NE" | "LT" | "LE" => value > read,
            _ => false,
        }
    }

    /// Operator, mask, value as the kernel's width makes it, width.
    fn parts<'a>(&self, c: &'a Value, call: &table::Call, way: Arch) -> (&'a str, u64, u64, u64) {
        let index = c["index"].as_u64().unwrap() as u8;
        let read = self.read_mask(call, way, index);
        let op = c["op"].as_str().unwrap().strip_prefix("SCMP_CMP_").unwrap();
        let (mask, value) = match op {
            "MASKED_EQ" => (
                c["value"].as_u64().unwrap(),
                c["valueTwo"].as_u64().unwrap_or(0),
            ),
            _ => (u64::MAX, c["value"].as_u64().unwrap()),
        };
        // A negative int, written over 64 bits.
        let bits = read.count_ones();
        let negative = bits < 64 && value >> (bits - 1) & 1 == 1 && value & !read == mask & !read;
        (op, mask, if negative { value & read } else { value }, read)
    }

    fn holds(&self, c: &Value, call: &table::Call, way: Arch, args: &[u64; 6]) -> bool {
        let (op, mask, value, read) = self.parts(c, call, way);
        let arg = args[c["index"].as_u64().unwrap() as usize] & read;
        match op {
            "EQ" => arg == value,
            "NE" => arg != value,
            "GT" => arg > value,
            "GE" => arg >= value,
            "LT" => arg < value,
            "LE" => arg <= value,
            "MASKED_EQ" => arg & mask == value,
            other => panic!("{other}"),
        }
    }

    /// Per call that has conditions: the values at which a verdict can change, for each argument.
    pub fn boundaries(&self) -> Vec<(&'static table::Call, [Vec<u64>; 6])> {
        let mut found: Vec<(&'static table::Call, [Vec<u64>; 6])> = Vec::new();
        for rule in &self.rules {
            for &call in &rule.calls {
                for c in &rule.conditions {
                    let at = found
                        .iter()
                        .position(|(k, _)| k.name == call.name)
                        .unwrap_or_else(|| {
                            found.push((call, Default::default()));
                            found.len() - 1
                        });
                    let (op, mask, value, _) = self.parts(c, call, Arch::X86_64);
                    let index = c["index"].as_u64().unwrap() as usize;
                    found[at].1[index].extend(around(op, mask, value));
                }
            }
        }
        for (_, args) in &mut found {
            for values in args {
                values.push(0);
                values.sort_unstable();
                values.dedup();
            }
        }
        found
    }
}

fn around(op: &str, mask: u64, value: u64) -> Vec<u64> {
    let high = 1_u64 << 32;
    let mut all = vec![
        value,
        value.wrapping_sub(1),
        value.wrapping_add(1),
        value | high,
        value << 32,
        u64::MAX,
        value ^ high,
    ];
    if op == "MASKED_EQ" {
        let bits = (0..64)
            .map(|bit| 1_u64 << bit)
            .filter(|bit| mask & bit != 0);
        all.extend(bits.flat_map(|bit| [value ^ bit, (value ^ bit) | high]));
        all.extend([!mask | value, !mask & !value, value | (high << 7)]);
    }
    all
}

/// A small generator of numbers that are the same in every run (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

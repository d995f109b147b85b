//! Texts and bytes that are no policies: each reader refuses them or takes them, without a panic, within
//! 100 ms of its own time and with bounded memory. Random bytes, and valid texts with damage. A part runs
//! with all tests; `SRCON_FUZZ` (`npm run oracle`) says how many inputs a reader gets.

mod support;

use seccomp_filter_core::{Arch, bpf, compile, oci, source, terse};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};
use support::{Random, context, foreign};

/// Counts what is allocated now, and the most that ever was.
struct Counting;
static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does the work; the numbers beside it are atomic.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises; `alloc` took it from there.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MOST_TIME: Duration = Duration::from_millis(100);
const MOST_BYTES: usize = 32 << 20;

/// Time of this thread: what others do on a busy machine does not count.
fn own_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a valid pointer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Words that a reader gives a meaning to, and what breaks readers.
const WORDS: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "-1",
    "1e309",
    "18446744073709551616",
    "18446744073709551615",
    "0.5",
    "\"args\"",
    "\"index\": 6",
    "\"op\"",
    "\"SCMP_CMP_MASKED_EQ\"",
    "\"SCMP_ACT_NOTIFY\"",
    "\"names\": []",
    "\"SCMP_ARCH_S390X\"",
    "\\ud800",
    "\u{0}",
    "\u{feff}",
    "é",
    "\n",
    " \t",
    "#",
    "(arg0 & 1 == 2 or arg1 in 1, 2)",
    "@file-system",
    "0x",
];

fn damaged(random: &mut Random, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    // Half of them stay texts of the form, with other numbers.
    let gentle = random.below(2) == 0;
    for _ in 0..1 + random.below(6) {
        let at = random.below(bytes.len() + 1);
        if gentle {
            let digit = (at..bytes.len()).find(|&i| bytes[i].is_ascii_digit());
            digit
                .into_iter()
                .for_each(|i| bytes[i] = b'0' + random.below(10) as u8);
            continue;
        }
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(
                at..at,
                WORDS[random.below(WORDS.len())].bytes().collect::<Vec<_>>(),
            )),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 => {
                let again: Vec<u8> = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, again);
            }
            4 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ => drop(bytes.splice(
                at..end,
                WORDS[random.below(WORDS.len())].bytes().collect::<Vec<_>>(),
            )),
        }
    }
    bytes
}

fn noise(random: &mut Random) -> Vec<u8> {
    let length = random.below(400);
    if random.below(2) == 0 {
        let words = (0..length / 8).map(|_| WORDS[random.below(WORDS.len())]);
        return words.collect::<String>().into_bytes();
    }
    (0..length).map(|_| random.below(256) as u8).collect()
}

/// Gives a reader its inputs. It returns whether it took one.
fn feed(name: &str, valid: &[Vec<u8>], reader: impl Fn(&[u8]) -> bool) {
    let inputs: u64 = std::env::var("SRCON_FUZZ").map_or(1500, |n| n.parse().unwrap());
    let (mut taken, mut slowest) = (0, Duration::ZERO);
    PEAK.store(NOW.load(Relaxed), Relaxed);
    let before = NOW.load(Relaxed);
    for seed in 0..inputs {
        let mut random = Random(seed);
        let input = match random.below(4) {
            0 => noise(&mut random),
            _ => damaged(&mut random, &valid[seed as usize % valid.len()]),
        };
        let start = own_time();
        let Ok(took) = catch_unwind(AssertUnwindSafe(|| reader(&input))) else {
            panic!(
                "{name}, seed {seed}: a panic for {:?}",
                String::from_utf8_lossy(&input)
            );
        };
        let time = own_time().saturating_sub(start);
        slowest = slowest.max(time);
        assert!(
            time < MOST_TIME,
            "{name}, seed {seed}: {time:?} for {:?}",
            String::from_utf8_lossy(&input)
        );
        taken += u64::from(took);
    }
    let peak = PEAK.load(Relaxed).saturating_sub(before);
    assert!(peak < MOST_BYTES, "{name}: {peak} bytes at once");
    assert!(
        taken > inputs / 100 && taken < inputs * 99 / 100,
        "{name}: {taken} taken"
    );
    println!(
        "{name}: {inputs} inputs, {taken} taken; slowest {slowest:?}, at most {} KiB",
        peak >> 10
    );
}

fn profiles() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "flags": ["SECCOMP_FILTER_FLAG_LOG"], "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}, {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 40, "valueTwo": 0, "op": "SCMP_CMP_NE"}]}]}"#,
        r#"{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}], "syscalls": [{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}], "includes": {"minKernel": "4.8"}, "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"]}, "comment": "x"}, {"name": "bpf", "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": null}]}"#,
        r#"{"ociVersion": "1.2.0", "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mmap", "mprotect"], "action": "SCMP_ACT_TRACE", "errnoRet": 7, "args": [{"index": 2, "value": 18446744073709551615, "op": "SCMP_CMP_LE"}, {"index": 2, "value": 4, "valueTwo": 4, "op": "SCMP_CMP_MASKED_EQ"}]}]}}}"#,
    ];
    let own = texts.map(|text| text.as_bytes().to_vec());
    let oci = foreign("oci-example.json").map(String::into_bytes);
    own.into_iter().chain(oci).collect()
}

fn read(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let arch = Arch::ALL[bytes.len() % Arch::ALL.len()];
    match oci::read(text, &context(arch)) {
        Ok(profile) => compile(&profile.policy).is_ok(),
        Err(error) => {
            let lines = u32::try_from(text.matches('\n').count() + 1).unwrap();
            assert!(error.line <= lines, "a place in the text: {error}");
            false
        }
    }
}

fn run(bytes: &[u8]) -> bool {
    let data = bpf::Data {
        nr: 1,
        arch: Arch::X86_64.audit(),
        ip: 0,
        args: [1, 2, 3, 4, 5, 6],
    };
    bpf::decode(bytes).is_some_and(|program| bpf::run(&program, &data).is_some())
}

/// Short texts that have everything: a long one is mostly refused for its first damage.
fn texts() -> Vec<Vec<u8>> {
    let own = [
        "default errno EPERM\nunknown errno ENOSYS\narch x86 x32 arm\nallow @basic-io read\nsocket(domain in AF_UNIX, AF_INET or type & 0xf == 1): allow\n",
        "default allow # all\nclosed kill-thread\nflags log\ngroup @mine = ptrace bpf\n  mount\nerrno 1 @mine\nclone(flags & CLONE_NEWUSER|CLONE_NEWNS != 0 and arg1 > -100): errno EACCES\n",
        "extends default\nclone3: errno ENOSYS\nprctl(option not in 1, 2, 0o3): trap 7\nmmap(arg2 & 4 == 4): kill-process\n",
    ];
    own.map(|text| text.as_bytes().to_vec()).to_vec()
}

fn read_terse(bytes: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = terse::format::format(text);
    }
    let arch = Arch::ALL[bytes.len() % Arch::ALL.len()];
    match source::read(bytes, "fuzz.policy", &context(arch)) {
        Ok(source::Source::Policy(profile)) => compile(&profile.policy).is_ok(),
        Ok(source::Source::Program(_)) | Err(_) => false,
    }
}

#[test]
fn every_reader() {
    feed("OCI and Docker profiles", &profiles(), read);
    let programs = profiles().into_iter().filter_map(|text| {
        let text = String::from_utf8(text).unwrap();
        let policy = oci::read(&text, &context(Arch::X86_64)).ok()?.policy;
        Some(bpf::encode(&compile(&policy).ok()?.insns))
    });
    feed("BPF programs", &programs.collect::<Vec<_>>(), run);
    feed("the terse form", &texts(), read_terse);
}

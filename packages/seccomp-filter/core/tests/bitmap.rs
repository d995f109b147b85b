//! The kernel runs a new filter once for each number, without arguments, and never again for those that it
//! then knows to be allowed (`seccomp_cache_prepare`, Linux 5.11). That works only if nothing but the number
//! and the architecture is loaded on the way, and nothing but these operations is used.

mod support;

use seccomp_filter_core::{Action, Arch, Condition, bpf, compile, oci};
use support::{context, preset};

/// As the kernel's `seccomp_is_const_allow`.
fn always_allowed(program: &[bpf::Insn], nr: u32, arch: u32) -> bool {
    let (mut at, mut a) = (0, 0);
    loop {
        let insn = program[at];
        let branch = |holds: bool| usize::from(if holds { insn.jt } else { insn.jf });
        at += 1 + match (insn.code, insn.k) {
            (bpf::LOAD, 0) => {
                a = nr;
                0
            }
            (bpf::LOAD, 4) => {
                a = arch;
                0
            }
            (bpf::RETURN, k) => return k == Action::Allow.value(),
            (bpf::AND, k) => {
                a &= k;
                0
            }
            (bpf::JUMP, k) => k as usize,
            (bpf::JEQ, k) => branch(a == k),
            (bpf::JGE, k) => branch(a >= k),
            (bpf::JGT, k) => branch(a > k),
            (bpf::JSET, k) => branch(a & k != 0),
            _ => return false,
        };
    }
}

#[test]
fn unconditional_calls_are_seen_to_be_allowed() {
    for name in ["default", "srcontainer"] {
        let open = r#"{ "architectures": ["SCMP_ARCH_X86"],"#;
        let text = preset(name).replacen('{', open, 1);
        let policy = oci::read(&text, &context(Arch::X86_64)).unwrap().policy;
        let program = compile(&policy).unwrap().insns;
        let mut allowed = 0;
        for entry in &policy.entries {
            for nr in 0..512 {
                let newer = entry
                    .newer
                    .filter(|&(last, _)| nr > last)
                    .map(|(_, action)| action);
                let conditions: Option<&[Condition]> =
                    entry.calls.get(&nr).map(|rules| &rules[0].conditions[..]);
                let constant = match entry.calls.get(&nr) {
                    Some(rules) if conditions == Some(&[]) => Some(rules[0].action),
                    Some(_) => None,
                    None => Some(newer.unwrap_or(entry.default)),
                };
                let expected = constant == Some(Action::Allow);
                assert_eq!(
                    always_allowed(&program, nr, entry.arch.audit()),
                    expected,
                    "{name} {:?} {nr}",
                    entry.arch
                );
                allowed += usize::from(expected);
            }
        }
        assert!(allowed > 400, "{name}: {allowed}");
    }
}

//! The kernel as the judge: every RETURN of a program is replaced by an error number of its own, the
//! program is loaded in a child, and the calls are really made. Nothing is executed, since every answer
//! is an error, and the error tells which RETURN the kernel came to.

use seccomp_filter_core::{
    Action, Arch,
    bpf::{Insn, JEQ, LOAD, RETURN},
    load,
};
use std::arch::asm;

/// A call by one way in.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub way: Arch,
    pub number: u32,
    pub args: [u64; 6],
}

/// In the sixth argument of the one call that is really made: the child's end.
const KEY: u32 = 0x5eed_c0de;

/// The verdicts of the kernel.
pub fn verdicts(program: &[Insn], points: &[Point]) -> Vec<Action> {
    let all = values(program, points);
    all.into_iter().map(Action::from_value).collect()
}

/// The values that the filter returned.
pub fn values(program: &[Insn], points: &[Point]) -> Vec<u32> {
    let answers: Vec<u32> = program
        .iter()
        .filter(|i| i.code == RETURN)
        .map(|i| i.k)
        .collect();
    let marked = marked(program);
    let results = in_child(points, || {
        load(&marked, 0).expect("the kernel takes the program");
    });
    let value = |(result, point): (i64, &Point)| {
        let index = usize::try_from(-result - 1)
            .ok()
            .and_then(|i| answers.get(i));
        *index.unwrap_or_else(|| panic!("{point:x?}: the kernel answered {result}"))
    };
    results.into_iter().zip(points).map(value).collect()
}

/// Whether this kernel has the 32-bit entry at all.
pub fn has_x86() -> bool {
    let getpid = Point {
        way: Arch::X86,
        number: 20,
        args: [0; 6],
    };
    // SAFETY: the child makes no allocation and leaves by _exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let pid = call(&getpid);
        // SAFETY: as above.
        unsafe { libc::_exit(i32::from(pid <= 0)) };
    }
    wait(child) == 0
}

fn marked(program: &[Insn]) -> Vec<Insn> {
    let insn = |code, jt, jf, k| Insn { code, jt, jf, k };
    let mut marked = vec![
        insn(LOAD, 0, 0, 4),
        insn(JEQ, 0, 5, Arch::X86_64.audit()),
        insn(LOAD, 0, 0, 0),
        insn(JEQ, 0, 3, libc::SYS_exit_group as u32),
        insn(LOAD, 0, 0, 16 + 8 * 5),
        insn(JEQ, 0, 1, KEY),
        insn(RETURN, 0, 0, Action::Allow.value()),
    ];
    let mut index = 0;
    for &old in program {
        let mut new = old;
        if old.code == RETURN {
            index += 1;
            new.k = Action::Errno(index).value();
        }
        marked.push(new);
    }
    marked
}

fn in_child(points: &[Point], prepare: impl Fn()) -> Vec<i64> {
    let bytes = size_of_val(points).max(4096);
    // SAFETY: a new anonymous mapping.
    let shared = unsafe {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            flags,
            -1,
            0,
        )
    };
    assert_ne!(shared, libc::MAP_FAILED);
    let results = shared.cast::<i64>();
    // SAFETY: the child runs only `prepare` (system calls, no allocation), raw calls and stores.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY: no memory is passed.
        unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        prepare();
        for (i, point) in points.iter().enumerate() {
            let result = call(point);
            // SAFETY: `i` is within the mapping, which has room for a result a point.
            unsafe { results.add(i).write(result) };
        }
        let end = [0, 0, 0, 0, 0, u64::from(KEY)];
        let number = libc::SYS_exit_group as u32;
        call(&Point {
            way: Arch::X86_64,
            number,
            args: end,
        });
        std::process::abort();
    }
    assert_eq!(wait(child), 0, "the child of the oracle ended early");
    // SAFETY: the child has written a result for every point; i64 has no invalid values.
    let all = unsafe { std::slice::from_raw_parts(results, points.len()) }.to_vec();
    // SAFETY: the mapping made above; `all` is a copy.
    unsafe { libc::munmap(shared, bytes) };
    all
}

fn wait(child: i32) -> i32 {
    let mut status = 0;
    // SAFETY: our own child, a valid pointer.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    status
}

/// Makes the call. As the answer is an error, it does nothing.
fn call(point: &Point) -> i64 {
    let [a0, a1, a2, a3, a4, a5] = point.args;
    let result: i64;
    let number = u64::from(point.number);
    if point.way == Arch::X86 {
        // SAFETY: the 32-bit entry clobbers r8 to r11; rbx is put back. The filter lets nothing pass.
        unsafe {
            asm!("xchg rbx, {b}", "int 0x80", "xchg rbx, {b}", b = inout(reg) a0 => _,
                inlateout("rax") number => result, in("rcx") a1, in("rdx") a2, in("rsi") a3, in("rdi") a4,
                lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _);
        }
        return i64::from(result as i32);
    }
    // SAFETY: the kernel clobbers rcx and r11. The filter lets nothing pass.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a0, in("rsi") a1, in("rdx") a2,
            in("r10") a3, in("r8") a4, in("r9") a5, lateout("rcx") _, lateout("r11") _);
    }
    result
}

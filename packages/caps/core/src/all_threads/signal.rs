//! The signal that makes a thread act. Ours is told from the C library's own by `si_code` and a value,
//! and the C library's are handed on to its handler, so a setuid(3) of another thread still works.
//! libc's wrappers refuse these two signals, so all calls are raw. See sigaction(2).

use super::{
    Failure, Wanted,
    change::{Failed, apply},
};
use std::{
    cell::Cell,
    os::raw::{c_int, c_void},
    ptr,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The second of glibc's two: nobody's mask has it, since its wrappers leave it out.
const SIGNAL: c_int = 33;
/// In a mask of /proc.
pub const BIT: u64 = 1 << (SIGNAL - 1);
/// Not to be mistaken for a value of somebody else's.
const OURS: usize = 0x7372_636f;

/// Most threads that can be asked at once; more are asked in turn.
const SLOTS: usize = 256;
const IDLE: u32 = 0;
const WAITING: u32 = 1;
const ANSWERED: u32 = 2;
const FAILED: u32 = 3;

struct Slot {
    thread: AtomicI32,
    state: AtomicU32,
    errno: AtomicI32,
    /// Points to a call's name, which is static.
    call: AtomicPtr<u8>,
    length: AtomicUsize,
}

impl Slot {
    const fn new() -> Self {
        Self {
            thread: AtomicI32::new(0),
            state: AtomicU32::new(IDLE),
            errno: AtomicI32::new(0),
            call: AtomicPtr::new(ptr::null_mut()),
            length: AtomicUsize::new(0),
        }
    }
}

static TABLE: [Slot; SLOTS] = [const { Slot::new() }; SLOTS];
/// What is to be done; null: only an answer.
static WANTED: AtomicPtr<Wanted> = AtomicPtr::new(ptr::null_mut());
/// The handler that was there.
static BEFORE: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
static ONE: Mutex<()> = Mutex::new(());

/// One change at a time.
pub fn exclusive() -> MutexGuard<'static, ()> {
    ONE.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What a thread is asked.
pub enum Asked<'a> {
    /// Whether it hears.
    Nothing,
    /// To change.
    Change(&'a Wanted),
}

/// What a thread answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It did as asked.
    Done,
    /// It has ended.
    Gone,
    /// A call failed on it.
    Failed(&'static str, i32),
    /// It said nothing.
    Silent,
}

/// The kernel's `struct sigaction`, which is not the C library's.
#[repr(C)]
#[derive(Clone, Copy)]
struct Action {
    handler: usize,
    flags: u64,
    #[cfg(target_arch = "x86_64")]
    restorer: usize,
    mask: u64,
}

#[cfg(target_arch = "x86_64")]
mod restorer {
    // On x86-64 the kernel has no way back from a handler of its own: that it takes from the program.
    std::arch::global_asm!(
        ".pushsection .text.caps_sigreturn,\"ax\",@progbits",
        ".hidden caps_sigreturn",
        ".globl caps_sigreturn",
        ".type caps_sigreturn,@function",
        "caps_sigreturn:",
        "mov $15, %eax",
        "syscall",
        ".size caps_sigreturn, . - caps_sigreturn",
        ".popsection",
        options(att_syntax)
    );
    unsafe extern "C" {
        pub fn caps_sigreturn();
    }
}

const SA_RESTORER: u64 = 0x0400_0000;

fn sigaction(new: Option<&Action>) -> Result<Action, Failure> {
    // SAFETY: zeros are a valid value.
    let mut old: Action = unsafe { std::mem::zeroed() };
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both are of the kernel's form, whose mask has 8 bytes.
    if unsafe { libc::syscall(libc::SYS_rt_sigaction, SIGNAL, new, &raw mut old, 8) } < 0 {
        return Err(Failure::last("rt_sigaction"));
    }
    Ok(old)
}

#[allow(clippy::cast_sign_loss)]
fn ours() -> Action {
    let flags = (libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK) as u64;
    Action {
        handler: handler as *const () as usize,
        flags: if cfg!(target_arch = "x86_64") {
            flags | SA_RESTORER
        } else {
            flags
        },
        #[cfg(target_arch = "x86_64")]
        restorer: restorer::caps_sigreturn as *const () as usize,
        // Nothing may interrupt a change.
        mask: u64::MAX,
    }
}

extern "C" fn handler(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a valid one.
    let (code, value) = unsafe { ((*info).si_code, (*info).si_value().sival_ptr as usize) };
    if code == libc::SI_QUEUE && value == OURS {
        return answer();
    }
    let before = BEFORE.load(Ordering::Acquire);
    if before != libc::SIG_DFL && before != libc::SIG_IGN {
        // SAFETY: it is the handler that the C library had set for this signal, with SA_SIGINFO.
        let next: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
            unsafe { std::mem::transmute(before) };
        next(signal, info, context);
    }
}

fn answer() {
    // SAFETY: no arguments.
    let own = unsafe { libc::syscall(libc::SYS_gettid) };
    let Some(slot) = TABLE.iter().find(|slot| {
        libc::c_long::from(slot.thread.load(Ordering::Acquire)) == own
            && slot.state.load(Ordering::Acquire) == WAITING
    }) else {
        return;
    };
    // SAFETY: null, or what `ask` holds until all slots are empty again.
    let outcome: Result<(), Failed> = match unsafe { WANTED.load(Ordering::Acquire).as_ref() } {
        None => Ok(()),
        Some(wanted) => apply(wanted),
    };
    let state = match outcome {
        Ok(()) => ANSWERED,
        Err((call, errno)) => {
            slot.errno.store(errno, Ordering::Relaxed);
            slot.call.store(call.as_ptr().cast_mut(), Ordering::Relaxed);
            slot.length.store(call.len(), Ordering::Relaxed);
            FAILED
        }
    };
    slot.state.store(state, Ordering::Release);
}

/// Our handler is in place.
pub struct Armed<'a> {
    before: Action,
    /// A signal may still be on its way to a thread that did not answer.
    pending: Cell<bool>,
    _one: &'a MutexGuard<'static, ()>,
}

impl<'a> Armed<'a> {
    pub fn new(one: &'a MutexGuard<'static, ()>) -> Result<Self, Failure> {
        let before = sigaction(None)?;
        let ours = ours();
        // One that was left in place, after a thread had not answered, stays.
        if before.handler != ours.handler {
            BEFORE.store(before.handler, Ordering::Release);
            sigaction(Some(&ours))?;
        }
        Ok(Self {
            before,
            pending: Cell::new(false),
            _one: one,
        })
    }

    /// Puts the handler back that was there. Only when nobody is still to answer: a signal that comes
    /// later would end the process, or reach a handler that does not know it.
    pub fn settle(&self) {
        if !self.pending.get() && self.before.handler != ours().handler {
            let _ = sigaction(Some(&self.before));
        }
    }

    /// Asks these threads, and waits for them.
    pub fn ask(&self, threads: &[i32], what: Asked<'_>, patience: Duration) -> Vec<(i32, Answer)> {
        let wanted = match what {
            Asked::Nothing => ptr::null_mut(),
            Asked::Change(wanted) => ptr::from_ref(wanted).cast_mut(),
        };
        WANTED.store(wanted, Ordering::Release);
        let answers: Vec<(i32, Answer)> = threads
            .chunks(SLOTS)
            .flat_map(|some| ask(some, patience))
            .collect();
        WANTED.store(ptr::null_mut(), Ordering::Release);
        let silent = answers.iter().any(|(_, answer)| *answer == Answer::Silent);
        self.pending.set(self.pending.get() || silent);
        answers
    }
}

fn ask(threads: &[i32], patience: Duration) -> Vec<(i32, Answer)> {
    for (slot, &thread) in TABLE.iter().zip(threads) {
        slot.thread.store(thread, Ordering::Relaxed);
        slot.state.store(WAITING, Ordering::Release);
    }
    let sent: Vec<bool> = threads.iter().map(|&thread| send(thread)).collect();
    let until = Instant::now() + patience;
    let answers = TABLE
        .iter()
        .zip(threads.iter().zip(sent))
        .map(|(slot, (&thread, sent))| {
            let answer = if sent {
                wait(slot, thread, until)
            } else {
                Answer::Gone
            };
            slot.state.store(IDLE, Ordering::Release);
            (thread, answer)
        });
    answers.collect()
}

/// `false`: there is no such thread any more.
fn send(thread: i32) -> bool {
    // SAFETY: zeros are a valid value.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    info.si_signo = SIGNAL;
    info.si_code = libc::SI_QUEUE;
    // si_pid, si_uid, si_value: they stand behind the three numbers and, on 64 bits, a gap.
    // SAFETY: a siginfo_t has 128 bytes; the value stands at 24.
    unsafe {
        ptr::from_mut(&mut info)
            .cast::<u8>()
            .add(24)
            .cast::<usize>()
            .write(OURS)
    };
    loop {
        // SAFETY: `info` lives through the call.
        let value = unsafe {
            libc::syscall(
                libc::SYS_rt_tgsigqueueinfo,
                libc::getpid(),
                thread,
                SIGNAL,
                &raw const info,
            )
        };
        if value == 0 {
            return true;
        }
        // SAFETY: the calling thread's own.
        if unsafe { *libc::__errno_location() } != libc::EAGAIN {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn wait(slot: &Slot, thread: i32, until: Instant) -> Answer {
    loop {
        match slot.state.load(Ordering::Acquire) {
            ANSWERED => return Answer::Done,
            FAILED => {
                let (call, length) = (
                    slot.call.load(Ordering::Relaxed),
                    slot.length.load(Ordering::Relaxed),
                );
                // SAFETY: both are of a static text.
                let call = unsafe {
                    std::str::from_utf8_unchecked(std::slice::from_raw_parts(call, length))
                };
                return Answer::Failed(call, slot.errno.load(Ordering::Relaxed));
            }
            _ => {}
        }
        if super::status(thread).is_none_or(|s| super::field(&s, "State").starts_with(['Z', 'X'])) {
            return Answer::Gone;
        }
        if Instant::now() > until {
            return Answer::Silent;
        }
        std::thread::sleep(Duration::from_micros(100));
    }
}

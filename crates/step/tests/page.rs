//! The status page: what is recorded is read again, the first failure stands, and no text overflows it.

use rustix::io::Errno;
use srcon_step::{
    Failure, Refusal,
    page::{Page, Phase, SIZE},
};
use std::sync::atomic::Ordering::Relaxed;

/// A page as the kernel gives it: aligned and zeroed.
#[repr(C, align(4096))]
struct Memory([u8; SIZE]);

fn with_page(test: impl FnOnce(&Page)) {
    let memory = Box::leak(Box::new(Memory([0; SIZE])));
    // SAFETY: zeroed, aligned, as long as a page and never freed; all bit patterns are a page.
    let page = unsafe { &*memory.0.as_ptr().cast::<Page>() };
    assert!(!page.valid());
    page.begin();
    assert!(page.valid());
    assert_eq!(
        (page.phase(), page.step.load(Relaxed)),
        (Phase::Starting, -1)
    );
    test(page);
}

#[test]
fn the_first_failure_stands() {
    with_page(|page| {
        page.fail(
            3,
            &Failure::new("mount", Errno::PERM)
                .at("/proc")
                .note("a note"),
        );
        page.fail(4, &Failure::wrong("recorded by the keeper"));
        assert_eq!((page.phase(), page.step.load(Relaxed)), (Phase::Failed, 3));
        assert_eq!(page.errno.load(Relaxed), libc::EPERM);
        assert_eq!(page.texts(), ["mount", "/proc", "a note", ""]);
    });
}

#[test]
fn a_refusal_has_what_why_and_fix() {
    with_page(|page| {
        page.refuse(&Refusal::step(2, "what").because("why", "fix"));
        assert_eq!((page.phase(), page.step.load(Relaxed)), (Phase::Refused, 2));
        assert_eq!(page.texts(), ["", "what", "why", "fix"]);
    });
}

#[test]
fn exec_may_fail_after_it_was_recorded() {
    with_page(|page| {
        page.exec();
        assert_eq!(page.phase(), Phase::Exec);
        page.exec_failed(libc::ENOENT, "/bin/x", "its loader is missing");
        assert_eq!(page.phase(), Phase::ExecFailed);
        assert_eq!(
            page.texts(),
            ["execve", "/bin/x", "its loader is missing", ""]
        );
    });
}

#[test]
fn long_and_odd_texts_fit() {
    with_page(|page| {
        let long = "é".repeat(SIZE);
        page.fail(
            usize::MAX,
            &Failure::new("openat", Errno::NOENT)
                .at(long.clone())
                .note(long),
        );
        let [call, path, note, rest] = page.texts();
        assert_eq!((call.as_str(), rest.as_str()), ("openat", ""));
        assert!(
            path.starts_with("éé") && path.len() <= 1003,
            "{}",
            path.len()
        );
        assert!(note.starts_with("éé"), "{}", note.len());
        assert_eq!(page.step.load(Relaxed), i32::MAX);
        assert!(page.valid());
    });
    with_page(|page| {
        page.fail(0, &Failure::wrong("a\0b").at("c\0d"));
        assert_eq!(page.texts(), ["verify", "c?d", "a?b", ""]);
    });
}

#[test]
fn zeroes_and_rubbish_are_readable() {
    let memory = Box::leak(Box::new(Memory([0xff; SIZE])));
    // SAFETY: as above.
    let page = unsafe { &*memory.0.as_ptr().cast::<Page>() };
    assert!(!page.valid());
    assert_eq!(page.phase(), Phase::Starting);
    assert_eq!(page.texts().len(), 4);
}

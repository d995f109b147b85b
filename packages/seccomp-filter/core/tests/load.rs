//! The step, as the launcher reads and does it: what is refused, and what the kernel then says of the
//! process that did it.

mod support;

use base64::{Engine, prelude::BASE64_STANDARD};
use seccomp_filter_core::{Arch, KINDS, bpf, compile, oci, status};
use srcon_step::{Descriptors, Failure, Launch, Step};
use std::os::fd::{BorrowedFd, OwnedFd};
use support::{context, preset};

/// A launcher of which this step asks nothing.
struct Nothing;

impl Launch for Nothing {
    fn proc(&self) -> BorrowedFd<'_> {
        unimplemented!()
    }
    fn outside(&mut self, _: &[BorrowedFd<'_>]) -> Result<Vec<OwnedFd>, Failure> {
        unimplemented!()
    }
    fn descriptors(&mut self) -> &mut Descriptors {
        unimplemented!()
    }
    fn owns_mounts(&self) -> bool {
        unimplemented!()
    }
    fn enter_pid_namespace(&mut self, _: bool) -> Result<(), Failure> {
        unimplemented!()
    }
    fn credentials_changed(&mut self) {
        unimplemented!()
    }
    fn set_env(&mut self, _: &[u8], _: Option<&[u8]>) {
        unimplemented!()
    }
}

fn program(name: &str) -> String {
    let profile = oci::read(&preset(name), &context(Arch::native())).unwrap();
    BASE64_STANDARD.encode(bpf::encode(&compile(&profile.policy).unwrap().insns))
}

fn step(fields: &str) -> Result<Box<dyn Step>, String> {
    let text = format!(r#"{{ "do": "seccomp.load", {fields} }}"#);
    let step = (KINDS[0].parse)(&text).map_err(|e| e.to_string())?;
    step.validate().map(|()| step)
}

fn here(program: &str, more: &str) -> Result<Box<dyn Step>, String> {
    step(&format!(
        r#""arch": "{}", "program": "{program}"{more}"#,
        Arch::native().machine()
    ))
}

/// Runs `body` in a child; its result is the exit status.
fn in_child(body: impl FnOnce() -> i32) -> i32 {
    // SAFETY: glibc keeps malloc usable in the child; it leaves by _exit.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let code = body();
        // SAFETY: ends the child without running the harness's exit handlers.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: our own child, a valid pointer.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status), "{status:x}");
    libc::WEXITSTATUS(status)
}

fn no_new_privs() {
    // SAFETY: no memory is passed.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
}

#[test]
fn loads() {
    for (name, flags) in [
        ("default", r#", "flags": ["log", "spec-allow"]"#),
        ("srcontainer", ""),
    ] {
        let step = here(&program(name), flags).unwrap();
        let before = status::of(std::process::id()).unwrap();
        let code = in_child(|| {
            no_new_privs();
            if step.act(&mut Nothing).is_err() {
                return 1;
            }
            let now = status::of(std::process::id()).unwrap();
            if now.mode != 2 || now.filters != before.filters.map(|n| n + 1) || !now.no_new_privs {
                return 2;
            }
            // SAFETY: a call that the filter answers; no memory is passed.
            let result = unsafe { libc::syscall(libc::SYS_migrate_pages, 0, 0, 0, 0) };
            let errno = std::io::Error::last_os_error().raw_os_error();
            if (result, errno) == (-1, Some(libc::EPERM)) {
                0
            } else {
                3
            }
        });
        assert_eq!(code, 0, "{name}");
    }
}

#[test]
fn without_no_new_privs_and_privilege_it_is_eacces() {
    let step = here(&program("srcontainer"), "").unwrap();
    let code = in_child(|| {
        // SAFETY: no memory is passed; from root to nobody, so without CAP_SYS_ADMIN.
        unsafe { libc::setresuid(65534, 65534, 65534) };
        match step.act(&mut Nothing) {
            Err(failure) if failure.syscall == "seccomp" => failure.errno,
            _ => 255,
        }
    });
    assert_eq!(code, libc::EACCES);
}

#[test]
fn refusals() {
    let good = program("srcontainer");
    assert!(here(&good, r#", "source": "srcontainer""#).is_ok());
    let error = |result: Result<Box<dyn Step>, String>| result.map(drop).unwrap_err();
    assert!(error(step(&format!(r#""arch": "s390x", "program": "{good}""#))).contains("s390x"));
    assert!(error(step(r#""arch": "x86_64""#)).contains("program"));
    assert!(error(step(&format!(r#""program": "{good}""#))).contains("arch"));
    assert!(error(here(&good, r#", "flags": ["tsync"]"#)).contains("tsync"));
    assert!(error(here(&good, r#", "more": 1"#)).contains("more"));
    assert!(error(here("", "")).contains("empty"));
    assert!(error(here("AAAA", "")).contains("multiple of 8"));
    assert!(error(here("?", "")).contains("program"));
    let long = BASE64_STANDARD.encode(vec![0; 8 * 4097]);
    assert!(error(here(&long, "")).contains("4097"));
}

/// What the kernel refuses is its EINVAL, not ours to guess.
#[test]
fn nonsense_is_einval() {
    let step = here(&BASE64_STANDARD.encode([0xff; 16]), "").unwrap();
    let code = in_child(|| {
        no_new_privs();
        step.act(&mut Nothing)
            .map_or_else(|failure| failure.errno, |()| 0)
    });
    assert_eq!(code, libc::EINVAL);
}

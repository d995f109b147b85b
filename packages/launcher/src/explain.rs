//! How a failure leaves the launcher: as a line of our own, or by the caller's explainer, which can
//! look at the host. It runs outside, from the keeper, and gets the record as its last word.

use crate::hygiene;
use srcon_step::{
    Refusal,
    page::{Page, Phase},
};
use std::{ffi::CString, fmt::Write, sync::atomic::Ordering::Relaxed};

/// The kernel takes at most 128 KiB in one word.
const MAX_WORD: usize = 100 << 10;
/// Texts in steps longer than this (filters) do not explain anything.
const MAX_TEXT: usize = 1024;

/// What, why, fix.
pub fn lines(refusal: &Refusal) -> String {
    let mut text = format!("srcon-launch: {}\n", refusal.what);
    for (label, line) in [("why", &refusal.why), ("fix", &refusal.fix)] {
        if !line.is_empty() {
            let _ = writeln!(text, "  {label}: {line}");
        }
    }
    text
}

/// The record of the page as one line, where there is no explainer.
pub fn record(page: &Page, plan: &[u8]) -> String {
    let [syscall, path, note, _] = page.texts().map(|t| srcon_step::one_line(&t));
    let errno = page.errno.load(Relaxed);
    let reason = std::io::Error::from_raw_os_error(errno);
    let note = if note.is_empty() {
        note
    } else {
        format!(" ({note})")
    };
    match page.phase() {
        Phase::ExecFailed => format!("srcon-launch: cannot execute {path}: {reason}{note}\n"),
        _ => {
            let index = page.step.load(Relaxed);
            let name = step_name(plan, index);
            let reason = if errno == 0 {
                String::new()
            } else {
                format!(": {reason}")
            };
            let path = if path.is_empty() {
                path
            } else {
                format!(" {path}")
            };
            format!("srcon-launch: step {index} ({name}) failed: {syscall}{path}{reason}{note}\n")
        }
    }
}

/// A worker that ended without a record.
pub fn died(status: i32) -> String {
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        format!("srcon-launch: ended by signal {signal} while the container was being set up\n")
    } else {
        "srcon-launch: ended while the container was being set up\n".to_owned()
    }
}

fn step_name(plan: &[u8], index: i32) -> String {
    let value: serde_json::Value = serde_json::from_slice(plan).unwrap_or_default();
    let at = usize::try_from(index).unwrap_or(usize::MAX);
    value["steps"][at]["do"].as_str().unwrap_or("?").to_owned()
}

/// The record as the explainer gets it.
fn json(page: &Page, plan: &[u8]) -> String {
    let mut plan: serde_json::Value = serde_json::from_slice(plan).unwrap_or_default();
    for step in plan["steps"].as_array_mut().into_iter().flatten() {
        if let Some(fields) = step.as_object_mut() {
            fields.retain(|_, v| v.as_str().is_none_or(|s| s.len() <= MAX_TEXT));
        }
    }
    let phase = match page.phase() {
        Phase::Starting => "died",
        Phase::Refused => "refused",
        Phase::Failed => "failed",
        Phase::Exec => "exec",
        Phase::ExecFailed => "exec-failed",
    };
    let texts = page.texts();
    let refused = page.phase() == Phase::Refused;
    let text = |at: usize, wanted: bool| if wanted { texts[at].as_str() } else { "" };
    let with = |plan: &serde_json::Value| {
        serde_json::json!({
            "phase": phase, "step": page.step.load(Relaxed), "errno": page.errno.load(Relaxed),
            "status": page.status.load(Relaxed),
            "syscall": text(0, !refused), "path": text(1, !refused), "note": text(2, !refused),
            "what": text(1, refused), "why": text(2, refused), "fix": text(3, refused), "plan": plan,
        })
        .to_string()
    };
    let whole = with(&plan);
    if whole.len() <= MAX_WORD {
        whole
    } else {
        with(&serde_json::Value::Null)
    }
}

/// Becomes the explainer: for a refused plan, where nothing has been done and nobody waits.
pub fn instead(words: &[Vec<u8>], page: &Page, plan: &[u8]) {
    if !words.is_empty() {
        execute(words, page, plan);
    }
}

/// Runs the explainer and waits for it.
pub fn run(words: &[Vec<u8>], page: &Page, plan: &[u8]) {
    match crate::process::fork() {
        Ok(0) => {
            execute(words, page, plan);
            crate::process::end(crate::FAILED)
        }
        Ok(child) => drop(crate::process::wait_for(child)),
        Err(()) => {}
    }
}

fn execute(words: &[Vec<u8>], page: &Page, plan: &[u8]) {
    hygiene::reset_signals();
    hygiene::set_dumpable(true);
    let last = format!("--srcon-explain={}", json(page, plan)).into_bytes();
    let strings: Vec<CString> = words
        .iter()
        .chain([&last])
        .filter_map(|w| CString::new(w.as_slice()).ok())
        .collect();
    let argv = crate::environment::pointers(&strings);
    // An empty environment: the one we have is the command's.
    let envp = [std::ptr::null()];
    // SAFETY: both vectors end with a null pointer and point to C strings that we own.
    unsafe { libc::execve(argv[0], argv.as_ptr(), envp.as_ptr()) };
}

#[cfg(test)]
mod tests {
    use super::{died, lines, record};
    use srcon_step::{Failure, Refusal};

    #[test]
    fn a_refusal_is_what_why_and_fix() {
        let refusal = Refusal::plan("what").because("why", "fix");
        assert_eq!(
            lines(&refusal),
            "srcon-launch: what\n  why: why\n  fix: fix\n"
        );
        assert_eq!(lines(&Refusal::plan("what")), "srcon-launch: what\n");
    }

    #[test]
    fn a_record_is_one_line_that_commands_no_terminal() {
        let page = crate::status::own_page().expect("a page");
        page.fail(0, &Failure::last("mount").at("/a\x1b[2J\n").note("odd"));
        page.errno
            .store(libc::EPERM, std::sync::atomic::Ordering::Relaxed);
        let line = record(page, br#"{"steps":[{"do":"fs.mount"}]}"#);
        assert!(
            line.starts_with("srcon-launch: step 0 (fs.mount) failed: mount /a"),
            "{line}"
        );
        assert!(
            line.contains("not permitted") && line.ends_with("(odd)\n"),
            "{line}"
        );
        assert_eq!(
            line.chars().filter(|c| c.is_control()).count(),
            1,
            "{line:?}"
        );
        assert!(record(page, b"rubbish").contains("step 0 (?)"));
    }

    #[test]
    fn a_death_names_its_signal() {
        assert!(died(libc::SIGSYS).contains("signal 31"));
        assert!(died(0).contains("ended while"));
    }
}

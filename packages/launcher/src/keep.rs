//! Capabilities that a change of user has kept. `caps.ids` keeps them for the steps that follow; the
//! command of an ordinary user has only the ambient ones after exec. Until then the rest would still
//! count twice: execve itself would reach files that the user may not execute, and with no_new_privs a
//! program with file capabilities gets those of them that its caller has. See execve(2),
//! capabilities(7) "Transformation of capabilities during execve".

use caps_core::kernel::{self, Triple};
use srcon_step::{Failure, Mark, Step};

/// Whether no step of these needs a capability: privileges are sealed first, then filters loaded. A
/// filter that comes before no_new_privs needs CAP_SYS_ADMIN.
pub fn nothing_needs_it(later: &[Box<dyn Step>]) -> bool {
    let seals = |step: &dyn Step| step.name() == "caps.no-new-privs";
    let filters = |step: &dyn Step| step.marks() == [Mark::Filter];
    let mut sealed = matches!(no_new_privs(), Ok(true));
    later.iter().all(|step| {
        sealed |= seals(step.as_ref());
        seals(step.as_ref()) || (sealed && filters(step.as_ref()))
    })
}

fn no_new_privs() -> Result<bool, Failure> {
    let set = kernel::prctl("PR_GET_NO_NEW_PRIVS", libc::PR_GET_NO_NEW_PRIVS, 0, 0)?;
    Ok(set == 1)
}

/// Gives up what exec would take anyway.
pub fn give_up() -> Result<(), Failure> {
    if rustix::process::geteuid().is_root() || rustix::process::getuid().is_root() {
        return Ok(());
    }
    let now = kernel::get()?;
    let ambient = kernel::ambient(now.permitted)?;
    let wanted = Triple {
        permitted: ambient,
        effective: now.effective.and(ambient),
        ..now
    };
    if wanted == now {
        return Ok(());
    }
    kernel::set(wanted)
}

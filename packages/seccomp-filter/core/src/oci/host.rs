//! Conditions on the host, which Docker's and podman's profiles have: capabilities, architecture, kernel.

use super::{
    Context,
    shape::{FormRule, HostCondition},
    words::kernel_version,
};

/// Whether a rule is for this host: Docker's `includes` and `excludes`.
pub(super) fn applies(rule: &FormRule, context: &Context) -> Result<bool, String> {
    let (includes, excludes) = (&rule.includes, &rule.excludes);
    let held = |cap: &String| context.caps.contains(cap);
    let here = |arch: &String| arch == context.arch.docker();
    let arch = includes.arches.is_empty() || includes.arches.iter().any(here);
    let included =
        arch && includes.caps.iter().all(held) && new_enough(includes, context)?.unwrap_or(true);
    let excluded = excludes.caps.iter().any(held)
        || excludes.arches.iter().any(here)
        || new_enough(excludes, context)?.unwrap_or(false);
    Ok(included && !excluded)
}

/// `None` if nothing is said of the kernel.
fn new_enough(host: &HostCondition, context: &Context) -> Result<Option<bool>, String> {
    let version = host.min_kernel.as_deref().map(kernel_version).transpose()?;
    Ok(version.map(|version| version <= context.kernel))
}

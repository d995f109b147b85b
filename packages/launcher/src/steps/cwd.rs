//! `run.cwd`: the working directory, as the command's root sees it. See chdir(2).

use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Step, fail};

/// Changes the working directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cwd {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    path: Bytes,
}

impl Step for Cwd {
    fn name(&self) -> &'static str {
        "run.cwd"
    }

    /// A magic link (`/proc/self/fd/N` of a leaked descriptor) could lead out of the root: so the
    /// directory must have a name inside it afterwards (CVE-2024-21626).
    fn act(&self, _: &mut dyn Launch) -> Result<(), Failure> {
        rustix::process::chdir(self.path.as_c_str())
            .map_err(|e| fail("chdir")(e).at(self.path.to_text()))?;
        let here = rustix::process::getcwd(Vec::new())
            .map_err(|e| fail("getcwd")(e).at(self.path.to_text()))?;
        if here.as_bytes().first() != Some(&b'/') {
            return Err(
                Failure::wrong("the directory lies outside the root").at(self.path.to_text())
            );
        }
        Ok(())
    }
}

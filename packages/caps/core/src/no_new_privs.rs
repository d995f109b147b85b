//! `caps.no-new-privs`: from here on no exec gives privileges that were not there: setuid bits and
//! file capabilities do nothing. It cannot be taken back. See PR_SET_NO_NEW_PRIVS(2const).

use crate::kernel::prctl;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step};

/// Sets no_new_privs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoNewPrivs {
    #[serde(rename = "do")]
    _do: IgnoredAny,
}

impl Step for NoNewPrivs {
    fn name(&self) -> &'static str {
        "caps.no-new-privs"
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        prctl("PR_SET_NO_NEW_PRIVS", libc::PR_SET_NO_NEW_PRIVS, 1, 0)?;
        if prctl("PR_GET_NO_NEW_PRIVS", libc::PR_GET_NO_NEW_PRIVS, 0, 0)? != 1 {
            return Err(Failure::wrong("no_new_privs was set and is not"));
        }
        Ok(())
    }
}

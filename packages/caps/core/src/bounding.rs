//! `caps.bounding`: the set that limits what any later exec can give. It can only shrink, and only
//! while CAP_SETPCAP is effective. See capabilities(7), "Capability bounding set".

use crate::{CapSet, kernel};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step};

/// Drops from the bounding set: what is named, or all but what is named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounding {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    keep: Option<CapSet>,
    drop: Option<CapSet>,
}

impl Bounding {
    fn target(&self, now: CapSet) -> Result<CapSet, Failure> {
        let Some(keep) = self.keep else {
            return Ok(now.without(self.drop.unwrap_or_default()));
        };
        let gone = keep.without(now);
        if gone.is_empty() {
            return Ok(keep);
        }
        Err(Failure::wrong(format!(
            "not in the bounding set, which cannot grow: {gone}"
        )))
    }
}

impl Step for Bounding {
    fn name(&self) -> &'static str {
        "caps.bounding"
    }

    fn validate(&self) -> Result<(), String> {
        if self.keep.is_some() == self.drop.is_some() {
            return Err("one of keep and drop is needed".to_owned());
        }
        Ok(())
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        let (now, _) = kernel::bounding()?;
        let target = self.target(now)?;
        for cap in now.without(target).iter() {
            let number = u64::from(cap.number());
            kernel::prctl("PR_CAPBSET_DROP", libc::PR_CAPBSET_DROP, number, 0)
                .map_err(|f| f.note(format!("PR_CAPBSET_DROP {cap}")))?;
        }
        let (after, _) = kernel::bounding()?;
        if after != target {
            let note = format!("the bounding set is {after}, not {target}");
            return Err(Failure::wrong(note));
        }
        Ok(())
    }
}

//! `caps.sets`: the thread's effective, permitted and inheritable sets. Each is given whole or as
//! what to drop; one that is left out stays, but effective can never exceed permitted.
//! See capset(2).

use crate::{
    CapSet,
    kernel::{self, Triple},
};
use serde::{Deserialize, Deserializer, de::Error, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step};

#[derive(Debug, Clone, Copy)]
enum Change {
    Are(CapSet),
    Drop(CapSet),
}

impl Change {
    fn of(self, now: CapSet) -> CapSet {
        match self {
            Self::Are(set) => set,
            Self::Drop(set) => now.without(set),
        }
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not an untagged enum: that would swallow which name is unknown.
        let value = serde_json::Value::deserialize(deserializer)?;
        match value {
            serde_json::Value::Array(_) => CapSet::deserialize(value).map(Self::Are),
            serde_json::Value::Object(_) => Dropped::deserialize(value).map(|d| Self::Drop(d.drop)),
            _ => {
                return Err(D::Error::custom(
                    "a list of names, or { \"drop\": [names] }",
                ));
            }
        }
        .map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dropped {
    drop: CapSet,
}

/// Sets of the thread.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sets {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    effective: Option<Change>,
    permitted: Option<Change>,
    inheritable: Option<Change>,
    /// What `all` did not cover since the process lacks it: for people, not acted on.
    #[serde(default, rename = "lacks")]
    _lacks: CapSet,
}

impl Sets {
    fn target(&self, now: Triple) -> Result<Triple, Failure> {
        let permitted = self
            .permitted
            .map_or(now.permitted, |c| c.of(now.permitted));
        let effective = self
            .effective
            .map_or(now.effective.and(permitted), |c| c.of(now.effective));
        let inheritable = self
            .inheritable
            .map_or(now.inheritable, |c| c.of(now.inheritable));
        let impossible = |set: &str, missing: CapSet, within: &str| {
            Failure::wrong(format!("{set}: not in the {within} set: {missing}"))
        };
        let missing = permitted.without(now.permitted);
        if !missing.is_empty() {
            return Err(impossible("permitted", missing, "permitted"));
        }
        let missing = effective.without(permitted);
        if !missing.is_empty() {
            return Err(impossible("effective", missing, "permitted"));
        }
        Ok(Triple {
            effective,
            permitted,
            inheritable,
        })
    }
}

impl Step for Sets {
    fn name(&self) -> &'static str {
        "caps.sets"
    }

    fn validate(&self) -> Result<(), String> {
        if self.effective.is_none() && self.permitted.is_none() && self.inheritable.is_none() {
            return Err("one of effective, permitted and inheritable is needed".to_owned());
        }
        Ok(())
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let now = kernel::get()?;
        let target = self.target(now)?;
        if target == now {
            return Ok(());
        }
        let added = target.inheritable.without(now.inheritable);
        kernel::set(target).map_err(|f| {
            if f.syscall == "capset" && !added.is_empty() {
                return f.note(format!("inheritable: adding {added}"));
            }
            f
        })?;
        launch.credentials_changed();
        Ok(())
    }
}

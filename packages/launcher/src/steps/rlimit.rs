//! `run.rlimit`: a resource limit of the command. See setrlimit(2).

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step, fail};

const NAMES: &[(&str, Resource)] = &[
    ("as", Resource::As),
    ("core", Resource::Core),
    ("cpu", Resource::Cpu),
    ("data", Resource::Data),
    ("fsize", Resource::Fsize),
    ("locks", Resource::Locks),
    ("memlock", Resource::Memlock),
    ("msgqueue", Resource::Msgqueue),
    ("nice", Resource::Nice),
    ("nofile", Resource::Nofile),
    ("nproc", Resource::Nproc),
    ("rss", Resource::Rss),
    ("rtprio", Resource::Rtprio),
    ("rttime", Resource::Rttime),
    ("sigpending", Resource::Sigpending),
    ("stack", Resource::Stack),
];

/// Sets one limit; a value left out is "unlimited".
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    resource: String,
    soft: Option<u64>,
    hard: Option<u64>,
}

impl Limit {
    fn resource(&self) -> Option<Resource> {
        NAMES
            .iter()
            .find(|(name, _)| *name == self.resource)
            .map(|(_, r)| *r)
    }
}

impl Step for Limit {
    fn name(&self) -> &'static str {
        "run.rlimit"
    }

    fn validate(&self) -> Result<(), String> {
        match (self.resource(), self.soft, self.hard) {
            (None, ..) => Err(format!("resource: unknown limit '{}'", self.resource)),
            (_, None, Some(_)) => Err("soft: must not be above hard".to_owned()),
            (_, Some(soft), Some(hard)) if soft > hard => {
                Err("soft: must not be above hard".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn act(&self, _: &mut dyn Launch) -> Result<(), Failure> {
        let Some(resource) = self.resource() else {
            return Err(Failure::wrong("unknown limit"));
        };
        let limit = Rlimit {
            current: self.soft,
            maximum: self.hard,
        };
        setrlimit(resource, limit).map_err(|e| fail("setrlimit")(e).note(self.resource.clone()))
    }
}

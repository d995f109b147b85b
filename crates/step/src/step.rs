//! One change to a process, as a type.

use crate::{Failure, Keeper, Launch, Mark, Undo};
use std::{fmt::Debug, os::fd::OwnedFd, time::Duration};

/// Which of the launcher's roles a step needs beside the worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// A process that waits: the tool's own pid stays as supervisor.
    pub supervisor: bool,
    /// A process that acts from outside: [`Step::outside`] is called in the keeper.
    pub keeper: bool,
    /// [`Step::undo`] must run after the end (implies supervisor and keeper).
    pub undo: bool,
    /// The command is ended after this wall-clock time: first with TERM.
    pub time_limit: Option<Duration>,
    /// Between TERM and KILL at the time limit.
    pub grace: Option<Duration>,
    /// A process of the launcher's stays that the container can see.
    pub visible: bool,
    /// What the command is to get when its parent ends; it speaks for the supervisor too.
    pub parent_death: Option<ParentDeath>,
    /// What is to be ended can be ended as a whole: a pid namespace or a transient cgroup.
    pub encloses: bool,
}

/// The signal that a process gets when its parent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentDeath {
    /// As the launcher was started with.
    Keep,
    /// This one; 0: none.
    Signal(i32),
}

/// One change to a process. See `docs/plan.md`; implementations live in the tools' cores.
pub trait Step: Debug {
    /// The word after `"do"`.
    fn name(&self) -> &'static str;

    /// The roles needed.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What the order of steps depends on, in the order in which this step does it.
    fn marks(&self) -> Vec<Mark> {
        Vec::new()
    }

    /// Whether it does the same inside the pid namespace that a later step makes: then the launcher
    /// may make that namespace with its first clone, which saves a process.
    fn may_follow_pid(&self) -> bool {
        false
    }

    /// A check of values that the types cannot express; the message names the field.
    ///
    /// # Errors
    /// What is wrong, one line.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }

    /// Does it, in the worker.
    ///
    /// # Errors
    /// The call that failed.
    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure>;

    /// The half that must be done from outside, in the keeper, when the worker's [`Step::act`]
    /// calls [`Launch::outside`]. `received` are the descriptors that the worker sent.
    ///
    /// # Errors
    /// The call that failed; the worker then stops at this step.
    fn outside(
        &self,
        keeper: &mut dyn Keeper,
        received: Vec<OwnedFd>,
    ) -> Result<Vec<OwnedFd>, Failure> {
        let _ = (keeper, received);
        Err(Failure::wrong("this step has no outside half"))
    }

    /// Undoes what outlives the worker; called once per step, last step first, whatever happened
    /// (also when `act` never ran). Must never fail on what is already gone.
    fn undo(&self, undo: &Undo<'_>) {
        let _ = undo;
    }
}

/// A kind of step: its name and how to read it.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The word after `"do"`.
    pub name: &'static str,
    /// Reads one step from JSON; unknown and missing fields are errors that name them.
    pub parse: fn(&str) -> Result<Box<dyn Step>, serde_json::Error>,
}

/// Makes the [`Kind`] of a type. The type must have a field `do` (see `Do`) or accept it:
/// `#[serde(deny_unknown_fields)] struct X { #[serde(rename = "do")] _do: serde::de::IgnoredAny, … }`.
#[must_use]
pub const fn kind<T: Step + serde::de::DeserializeOwned + 'static>(name: &'static str) -> Kind {
    Kind {
        name,
        parse: |text| Ok(Box::new(serde_json::from_str::<T>(text)?) as Box<dyn Step>),
    }
}

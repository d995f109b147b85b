//! Calls by purpose. The built-in groups are a text of the same form, `groups.policy`; every call of the
//! table is in exactly one of them.

use super::lexer::statements;
use crate::PolicyError;
use std::{collections::BTreeMap, sync::OnceLock};

const TEXT: &str = include_str!("../../groups.policy");

type Lists = BTreeMap<&'static str, Vec<&'static str>>;

/// The groups that a text knows.
pub(crate) struct Groups<'a> {
    own: BTreeMap<&'a str, Vec<&'a str>>,
    built_in: &'static Lists,
}

impl<'a> Groups<'a> {
    pub(crate) fn built_in() -> Result<Self, PolicyError> {
        Ok(Self {
            own: BTreeMap::new(),
            built_in: lists(),
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[&'a str]> {
        let own = self.own.get(name).map(Vec::as_slice);
        own.or_else(|| self.built_in.get(name).map(Vec::as_slice))
    }

    pub(crate) fn add(&mut self, name: &'a str, calls: impl Iterator<Item = &'a str>) {
        self.own.insert(name, calls.collect());
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.built_in
            .keys()
            .copied()
            .chain(self.own.keys().copied())
    }
}

/// All built-in groups by name, with the `@`.
#[must_use]
pub fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| {
        // The text is ours, and a test reads it.
        let statements = statements(TEXT).unwrap_or_default();
        let named = statements.iter().filter(|tokens| tokens.len() > 3);
        named
            .map(|tokens| (tokens[1].text, tokens[3..].iter().map(|t| t.text).collect()))
            .collect()
    })
}

/// Whether there is a built-in group of this name, written without its `@`.
pub(crate) fn is_known(name: &str) -> bool {
    lists().contains_key(format!("@{name}").as_str())
}

/// The built-in group of a call.
#[must_use]
pub fn of(call: &str) -> Option<&'static str> {
    lists()
        .iter()
        .find(|(_, calls)| calls.contains(&call))
        .map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn every_call_is_in_one_group() {
        for tokens in statements(TEXT).unwrap() {
            assert_eq!((tokens[0].text, tokens[2].text), ("group", "="));
        }
        let mut all: Vec<&str> = lists().values().flatten().copied().collect();
        all.sort_unstable();
        let table: Vec<&str> = table::all().iter().map(|call| call.name).collect();
        let twice: Vec<_> = all.windows(2).filter(|w| w[0] == w[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        let missing: Vec<_> = table.iter().filter(|n| !all.contains(n)).collect();
        assert!(missing.is_empty(), "in no group: {missing:?}");
        let strange: Vec<_> = all.iter().filter(|n| !table.contains(n)).collect();
        assert!(strange.is_empty(), "not in the table: {strange:?}");
        assert_eq!(of("socket"), Some("@network-io"));
    }
}

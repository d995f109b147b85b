//! A set of capabilities, as the kernel's 64 bits.

use crate::Cap;
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A set of capabilities.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CapSet(pub u64);

impl CapSet {
    /// Whether `cap` is in it.
    #[must_use]
    pub const fn has(self, cap: Cap) -> bool {
        self.0 & 1 << cap.number() != 0
    }

    /// The same with `cap`.
    #[must_use]
    pub const fn with(self, cap: Cap) -> Self {
        Self(self.0 | 1 << cap.number())
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = Cap> {
        (0..64).filter_map(Cap::new).filter(move |c| self.has(*c))
    }
}

impl FromIterator<Cap> for CapSet {
    fn from_iter<I: IntoIterator<Item = Cap>>(caps: I) -> Self {
        caps.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for CapSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (i, cap) in self.iter().enumerate() {
            write!(f, "{}{cap}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for CapSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for CapSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Cap>::deserialize(deserializer).map(|caps| caps.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_in_order() {
        let set: CapSet =
            serde_json::from_str(r#"["CAP_NET_RAW", "CAP_CHOWN", "CAP_CHOWN"]"#).unwrap();
        assert_eq!(set, CapSet(1 << 13 | 1));
        assert_eq!(set.to_string(), "CAP_CHOWN CAP_NET_RAW");
        assert_eq!(CapSet::default().to_string(), "none");
        assert_eq!(set.without(CapSet(1)), CapSet(1 << 13));
        assert_eq!(CapSet(u64::MAX).iter().count(), 64);
    }

    #[test]
    fn a_wrong_name_is_named() {
        let error = serde_json::from_str::<CapSet>(r#"["CAP_CHOWN", "CAP_NONE"]"#).unwrap_err();
        assert!(error.to_string().contains("'CAP_NONE'"), "{error}");
    }
}

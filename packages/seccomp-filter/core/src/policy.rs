//! A policy, resolved: for each architecture a map from the number of a call to an ordered list of
//! rules, of which the first that matches decides. Every front end ends here and every back end
//! (the compiler, later an explanation or a comparison) begins here.

use crate::{Action, Arch};
use std::collections::BTreeMap;

/// How a masked argument is compared with a value; without sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `<=`
    Le,
}

/// `args[arg] & mask op value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Which argument, 0 to 5.
    pub arg: u8,
    /// Its bits that count; the width that the kernel reads is already in it.
    pub mask: u64,
    /// The comparison.
    pub op: Op,
    /// What it is compared with; no bits outside of `mask`.
    pub value: u64,
}

/// A condition after its argument's width is taken into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrowed {
    /// It is to be tested.
    Test(Condition),
    /// It holds for every value.
    Always,
    /// It holds for none.
    Never,
}

impl Condition {
    /// The condition as the kernel sees the argument, of which it reads only the bits of `read`.
    ///
    /// A value that is a negative `int` may be written sign-extended (`AT_FDCWD`,
    /// 0xffffffffffffff9c); any other value that does not fit can never be equal.
    #[must_use]
    pub fn narrow(self, read: u64) -> Narrowed {
        let mask = self.mask & read;
        let beyond = self.mask & !read;
        let sign = read ^ (read >> 1);
        let extended = self.value & beyond == beyond && self.value & sign != 0;
        let fits = self.value & !self.mask == 0 && (self.value & beyond == 0 || extended);
        let value = self.value & read;
        match (fits, self.op) {
            (true, Op::Eq) if mask == 0 => Narrowed::Always,
            (true, Op::Ne) if mask == 0 => Narrowed::Never,
            (true, op) => Narrowed::Test(Self {
                mask,
                op,
                value,
                ..self
            }),
            (false, Op::Eq | Op::Gt | Op::Ge) => Narrowed::Never,
            (false, Op::Ne | Op::Lt | Op::Le) => Narrowed::Always,
        }
    }
}

/// An answer and when it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// The answer.
    pub action: Action,
    /// Where in the policy's text it stands, from 1.
    pub line: u32,
}

/// What holds for one way into the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which way.
    pub arch: Arch,
    /// For calls that are not named, and where no rule matches.
    pub default: Action,
    /// For numbers above this one, which the author of the policy cannot have known.
    pub newer: Option<(u32, Action)>,
    /// By number: the rules in order.
    pub calls: BTreeMap<u32, Vec<Rule>>,
}

/// A policy, ready to be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// One for each way in that is open.
    pub entries: Vec<Entry>,
    /// The answer to calls by any other way.
    pub closed: Action,
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: u64 = 0xffff_ffff;

    fn narrow(mask: u64, op: Op, value: u64, read: u64) -> Narrowed {
        let condition = Condition {
            arg: 0,
            mask,
            op,
            value,
        };
        condition.narrow(read)
    }

    fn test(mask: u64, op: Op, value: u64) -> Narrowed {
        Narrowed::Test(Condition {
            arg: 0,
            mask,
            op,
            value,
        })
    }

    #[test]
    fn an_int_is_compared_over_32_bits() {
        assert_eq!(
            narrow(u64::MAX, Op::Lt, 38, INT),
            test(INT, Op::Lt, 38),
            "the upper half does not count"
        );
        assert_eq!(
            narrow(u64::MAX, Op::Eq, -100_i64 as u64, INT),
            test(INT, Op::Eq, 0xffff_ff9c),
            "AT_FDCWD"
        );
        assert_eq!(narrow(u64::MAX, Op::Eq, 1 << 32, INT), Narrowed::Never);
        assert_eq!(narrow(u64::MAX, Op::Ne, 1 << 32, INT), Narrowed::Always);
        assert_eq!(narrow(u64::MAX, Op::Le, 5 << 32, INT), Narrowed::Always);
        assert_eq!(narrow(u64::MAX, Op::Ge, 5 << 32, INT), Narrowed::Never);
    }

    #[test]
    fn masks() {
        assert_eq!(narrow(6, Op::Eq, 2, INT), test(6, Op::Eq, 2));
        assert_eq!(
            narrow(6, Op::Eq, 1, INT),
            Narrowed::Never,
            "outside the mask"
        );
        assert_eq!(narrow(0, Op::Eq, 0, INT), Narrowed::Always);
        assert_eq!(
            narrow(0xf << 32, Op::Eq, 0, INT),
            Narrowed::Always,
            "bits that the kernel does not read"
        );
        assert_eq!(narrow(0xf << 32, Op::Eq, 1 << 32, INT), Narrowed::Never);
        assert_eq!(
            narrow(u64::MAX, Op::Eq, 7 << 40, u64::MAX),
            test(u64::MAX, Op::Eq, 7 << 40)
        );
    }
}

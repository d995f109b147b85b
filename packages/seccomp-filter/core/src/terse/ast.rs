//! What a text says, before it is known for which architectures. See docs/policy-language.md.

use super::lexer::Token;
use crate::{Action, Op};

/// A text, read.
#[derive(Debug, Default)]
pub(crate) struct Text<'a> {
    pub(crate) default: Option<Action>,
    pub(crate) unknown: Option<Action>,
    pub(crate) closed: Option<Action>,
    pub(crate) arches: Vec<Token<'a>>,
    pub(crate) flags: Vec<Token<'a>>,
    pub(crate) extends: Option<Token<'a>>,
    pub(crate) rules: Vec<Statement<'a>>,
}

/// `allow read write`, or `socket(domain == AF_UNIX): allow`.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    pub(crate) calls: Vec<Named<'a>>,
    /// Any of these must hold; `None`: always.
    pub(crate) condition: Option<Vec<Vec<Test<'a>>>>,
    pub(crate) action: Action,
}

/// A call, and the place that names it or its group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Token<'a>,
}

/// `argument & mask op value`, or a list of values.
#[derive(Debug)]
pub(crate) struct Test<'a> {
    pub(crate) argument: Token<'a>,
    pub(crate) mask: Option<Value<'a>>,
    pub(crate) comparison: Comparison<'a>,
}

#[derive(Debug)]
pub(crate) enum Comparison<'a> {
    Op(Op, Value<'a>),
    In(Vec<Value<'a>>),
    NotIn(Vec<Value<'a>>),
}

/// `O_WRONLY|O_CREAT`: items whose bits are put together.
#[derive(Debug)]
pub(crate) struct Value<'a> {
    pub(crate) items: Vec<Token<'a>>,
}

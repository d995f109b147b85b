//! Statements of the terse form. The first word says which; a call's own rule is known by the sign after
//! its name.

use super::{
    ast::{Named, Statement, Text},
    condition::condition,
    constants,
    groups::{self, Groups},
    lexer::{Token, statements},
    nearest::hint,
};
use crate::{Action, PolicyError, action::MAX_ERRNO, table};

/// Words that begin a statement.
const WORDS: [&str; 7] = [
    "default", "unknown", "closed", "arch", "flags", "extends", "group",
];

const ACTIONS: [&str; 8] = [
    "allow",
    "log",
    "errno",
    "kill-process",
    "kill-thread",
    "trap",
    "trace",
    "notify",
];

/// Reads a text.
///
/// # Errors
/// What is not a statement, with its place.
pub(crate) fn parse(text: &str) -> Result<Text<'_>, PolicyError> {
    let mut parser = Parser {
        text: Text::default(),
        groups: Groups::built_in()?,
    };
    for tokens in statements(text)? {
        parser.statement(&mut Tokens::new(&tokens))?;
    }
    Ok(parser.text)
}

/// The tokens of one statement, taken from the front.
pub(crate) struct Tokens<'a, 't> {
    all: &'t [Token<'a>],
    next: usize,
}

impl<'a, 't> Tokens<'a, 't> {
    pub(crate) const fn new(all: &'t [Token<'a>]) -> Self {
        Self { all, next: 0 }
    }

    pub(crate) fn peek(&self) -> Option<Token<'a>> {
        self.all.get(self.next).copied()
    }

    /// The next one, if it is this sign or word.
    pub(crate) fn take(&mut self, text: &str) -> Option<Token<'a>> {
        let token = self.peek().filter(|token| token.text == text)?;
        self.next += 1;
        Some(token)
    }

    pub(crate) fn any(&mut self, what: &str) -> Result<Token<'a>, PolicyError> {
        let token = self.peek().ok_or_else(|| self.missing(what))?;
        self.next += 1;
        Ok(token)
    }

    /// A word or number, no sign.
    pub(crate) fn word(&mut self, what: &str) -> Result<Token<'a>, PolicyError> {
        match self.peek() {
            Some(token) if is_word(token.text) => self.any(what),
            Some(token) => Err(token.refuse(format!("{what} is missing before {:?}", token.text))),
            None => Err(self.missing(what)),
        }
    }

    pub(crate) fn expect(&mut self, sign: &str) -> Result<(), PolicyError> {
        match self.peek() {
            Some(token) if token.text == sign => {
                self.next += 1;
                Ok(())
            }
            Some(token) => {
                Err(token.refuse(format!("{sign:?} is missing before {:?}", token.text)))
            }
            None => Err(self.missing(&format!("{sign:?}"))),
        }
    }

    pub(crate) fn end(&self) -> Result<(), PolicyError> {
        match self.peek() {
            Some(token) => Err(token.refuse(format!("{:?} is one word too many", token.text))),
            None => Ok(()),
        }
    }

    /// Something is missing at the end of the statement.
    pub(crate) fn missing(&self, what: &str) -> PolicyError {
        match self.all.last() {
            Some(last) => PolicyError {
                line: last.line,
                column: last.column + u32::try_from(last.text.chars().count()).unwrap_or(0),
                message: format!("{what} is missing"),
            },
            None => PolicyError::whole(format!("{what} is missing")),
        }
    }

    fn is_rule(&self) -> bool {
        let after = self.all.get(self.next + 1);
        after.is_some_and(|token| matches!(token.text, "(" | ":"))
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || "_@.-+/~%".contains(c))
}

struct Parser<'a> {
    text: Text<'a>,
    groups: Groups<'a>,
}

impl<'a> Parser<'a> {
    fn statement(&mut self, tokens: &mut Tokens<'a, '_>) -> Result<(), PolicyError> {
        if tokens.is_rule() {
            return self.rule(tokens);
        }
        let Some(first) = tokens.peek() else {
            return Ok(());
        };
        if ACTIONS.contains(&first.text) {
            return self.list(tokens);
        }
        let first = tokens.word("a word")?;
        match first.text {
            "default" => once(first, &mut self.text.default, tokens),
            "unknown" => once(first, &mut self.text.unknown, tokens),
            "closed" => once(first, &mut self.text.closed, tokens),
            "arch" => words(&mut self.text.arches, "an architecture", tokens),
            "flags" => words(&mut self.text.flags, "a flag", tokens),
            "extends" => self.extends(first, tokens),
            "group" => self.group(tokens),
            other => Err(first.refuse(unknown_word(other))),
        }
    }

    fn extends(&mut self, word: Token<'a>, tokens: &mut Tokens<'a, '_>) -> Result<(), PolicyError> {
        if self.text.extends.is_some() {
            return Err(word.refuse("a policy extends one other, and it does so already"));
        }
        self.text.extends = Some(tokens.any("a preset or a file")?);
        tokens.end()
    }

    fn group(&mut self, tokens: &mut Tokens<'a, '_>) -> Result<(), PolicyError> {
        let name = tokens.word("a name that begins with @")?;
        if !name.text.starts_with('@') || name.text.len() < 2 {
            return Err(name.refuse("the name of a group begins with @"));
        }
        if self.groups.get(name.text).is_some() {
            return Err(name.refuse(format!("there is a group {} already", name.text)));
        }
        tokens.expect("=")?;
        let calls = self.calls(tokens)?;
        self.groups
            .add(name.text, calls.into_iter().map(|call| call.name));
        Ok(())
    }

    /// `allow @basic-io read`.
    fn list(&mut self, tokens: &mut Tokens<'a, '_>) -> Result<(), PolicyError> {
        let action = action(tokens)?;
        let calls = self.calls(tokens)?;
        self.text.rules.push(Statement {
            calls,
            condition: None,
            action,
        });
        Ok(())
    }

    /// `socket(domain == AF_UNIX): allow`.
    fn rule(&mut self, tokens: &mut Tokens<'a, '_>) -> Result<(), PolicyError> {
        let name = tokens.word("a call")?;
        let call = known(name)?;
        let condition = match tokens.take("(") {
            Some(_) => {
                let condition = condition(tokens)?;
                tokens.expect(")")?;
                Some(condition)
            }
            None => None,
        };
        tokens.expect(":")?;
        let action = action(tokens)?;
        tokens.end()?;
        self.text.rules.push(Statement {
            calls: vec![Named {
                name: call,
                at: name,
            }],
            condition,
            action,
        });
        Ok(())
    }

    /// Names of calls and groups to the end of the statement; at least one.
    fn calls(&self, tokens: &mut Tokens<'a, '_>) -> Result<Vec<Named<'a>>, PolicyError> {
        let mut calls = Vec::new();
        while calls.is_empty() || tokens.peek().is_some() {
            let at = tokens.word("a call or a group")?;
            if at.text.starts_with('@') {
                let group = self.groups.get(at.text).ok_or_else(|| {
                    let near = hint(at.text, self.groups.names());
                    at.refuse(format!("there is no group {}{near}", at.text))
                })?;
                calls.extend(group.iter().map(|&name| Named { name, at }));
            } else {
                calls.push(Named {
                    name: known(at)?,
                    at,
                });
            }
        }
        Ok(calls)
    }
}

fn once<'a>(
    word: Token<'a>,
    place: &mut Option<Action>,
    tokens: &mut Tokens<'a, '_>,
) -> Result<(), PolicyError> {
    if place.is_some() {
        return Err(word.refuse(format!("{} is said already", word.text)));
    }
    *place = Some(action(tokens)?);
    tokens.end()
}

fn words<'a>(
    list: &mut Vec<Token<'a>>,
    what: &str,
    tokens: &mut Tokens<'a, '_>,
) -> Result<(), PolicyError> {
    list.push(tokens.word(what)?);
    while tokens.peek().is_some() {
        list.push(tokens.word(what)?);
    }
    Ok(())
}

/// An action and its number.
fn action(tokens: &mut Tokens<'_, '_>) -> Result<Action, PolicyError> {
    let word = tokens.word("an action")?;
    Ok(match word.text {
        "allow" => Action::Allow,
        "log" => Action::Log,
        "kill-process" => Action::KillProcess,
        "kill-thread" => Action::KillThread,
        "trap" => Action::Trap(number(tokens)?),
        "trace" => Action::Trace(number(tokens)?),
        "errno" => Action::Errno(errno(tokens.word("an error, EPERM or its number,")?)?),
        "notify" => Action::Notify,
        other => {
            let near = hint(other, ACTIONS);
            return Err(word.refuse(format!(
                "{other:?} is no action{near}; there are {}",
                ACTIONS.join(", ")
            )));
        }
    })
}

/// The number that goes with `trap` and `trace`; 0 without one.
fn number(tokens: &mut Tokens<'_, '_>) -> Result<u16, PolicyError> {
    match tokens.peek() {
        Some(token) if token.text.starts_with(|c: char| c.is_ascii_digit()) => {
            let token = tokens.any("a number")?;
            token
                .text
                .parse()
                .map_err(|_| token.refuse(format!("{} is no number from 0 to 65535", token.text)))
        }
        _ => Ok(0),
    }
}

fn errno(token: Token<'_>) -> Result<u16, PolicyError> {
    if token.text.starts_with(|c: char| c.is_ascii_digit()) {
        let number = token.text.parse().ok().filter(|n| *n <= MAX_ERRNO);
        return number.ok_or_else(|| {
            token.refuse(format!(
                "{} is no error number from 0 to {MAX_ERRNO}",
                token.text
            ))
        });
    }
    constants::errno(token.text).ok_or_else(|| {
        let near = hint(token.text, constants::errno_names());
        token.refuse(format!("there is no error {}{near}", token.text))
    })
}

/// The table's own name of a call.
fn known(name: Token<'_>) -> Result<&'static str, PolicyError> {
    table::find(name.text).map(|call| call.name).ok_or_else(|| {
        let near = hint(name.text, table::all().iter().map(|call| call.name));
        name.refuse(format!("there is no system call {}{near}", name.text))
    })
}

fn unknown_word(word: &str) -> String {
    if table::find(word).is_some() {
        return format!("what of {word}? A rule is \"{word}: allow\" or \"allow {word}\"");
    }
    if word.starts_with('@') || groups::is_known(word) {
        return format!("what of {word}? A rule is \"allow {word}\"");
    }
    format!(
        "{word:?} begins no statement{}",
        hint(word, WORDS.into_iter().chain(ACTIONS))
    )
}

//! Text to tokens with their places. A statement is a line; a line that begins with white space goes on
//! with the one before.

use crate::PolicyError;

/// A word or a sign, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// From 1.
    pub(crate) line: u32,
    /// From 1, in characters.
    pub(crate) column: u32,
}

impl Token<'_> {
    /// A refusal that points here.
    pub(crate) fn refuse(&self, message: impl Into<String>) -> PolicyError {
        PolicyError {
            line: self.line,
            column: self.column,
            message: message.into(),
        }
    }
}

/// One line of the text: whether it goes on with a statement, its tokens, its comment with the `#`.
pub(crate) struct Line<'a> {
    pub(crate) indented: bool,
    pub(crate) tokens: Vec<Token<'a>>,
    pub(crate) comment: Option<&'a str>,
}

/// Signs of two characters come first.
const SIGNS: [&str; 13] = [
    "==", "!=", "<=", ">=", "<", ">", "=", "(", ")", ",", ":", "&", "|",
];

/// All lines of a text.
///
/// # Errors
/// A character that begins no token.
pub(crate) fn lines(text: &str) -> Result<Vec<Line<'_>>, PolicyError> {
    (1..)
        .zip(text.lines())
        .map(|(number, line)| scan(number, line))
        .collect()
}

/// The statements: tokens of a line and of those that go on with it.
///
/// # Errors
/// As [`lines`], and a first line that goes on with nothing.
pub(crate) fn statements(text: &str) -> Result<Vec<Vec<Token<'_>>>, PolicyError> {
    let mut statements: Vec<Vec<Token<'_>>> = Vec::new();
    for line in lines(text)? {
        let Some(first) = line.tokens.first() else {
            continue;
        };
        match statements.last_mut() {
            Some(last) if line.indented => last.extend(line.tokens),
            None if line.indented => {
                return Err(first.refuse("a line that begins with white space goes on with the one before, and there is none"));
            }
            _ => statements.push(line.tokens),
        }
    }
    Ok(statements)
}

fn scan(number: u32, line: &str) -> Result<Line<'_>, PolicyError> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut tokens = Vec::new();
    let mut comment = None;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if first == '#' {
            comment = Some(rest.trim_end());
            break;
        }
        if matches!(first, ' ' | '\t') {
            rest = &rest[1..];
            continue;
        }
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        let length = sign.map_or_else(|| word_length(rest), |sign| sign.len());
        let before = &line[..line.len() - rest.len()];
        let column = u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX);
        let token = Token {
            text: &rest[..length],
            line: number,
            column,
        };
        if length == 0 {
            return Err(token.refuse(format!("{first:?} has no meaning here")));
        }
        tokens.push(token);
        rest = &rest[length..];
    }
    Ok(Line {
        indented: line.starts_with([' ', '\t']),
        tokens,
        comment,
    })
}

/// Letters of words, numbers and paths; others than ASCII only in paths.
fn word_length(text: &str) -> usize {
    let inside = |c: char| c.is_alphanumeric() || "_@.-+/~%".contains(c);
    text.find(|c: char| !inside(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<&str>> {
        let statements = statements(text).unwrap();
        let text_of = |tokens: &Vec<Token<'static>>| tokens.iter().map(|t| t.text).collect();
        let leaked: Vec<Vec<Token<'static>>> = statements
            .into_iter()
            .map(|tokens| {
                let own = |t: Token<'_>| Token {
                    text: Box::leak(t.text.to_owned().into_boxed_str()),
                    ..t
                };
                tokens.into_iter().map(own).collect()
            })
            .collect();
        leaked.iter().map(text_of).collect()
    }

    #[test]
    fn lines_go_on() {
        let text = "allow @basic-io # all\n# nothing\n\n  read\n\topenat\nx(a&1!=2):log\r\n";
        assert_eq!(
            words(text),
            [
                vec!["allow", "@basic-io", "read", "openat"],
                vec!["x", "(", "a", "&", "1", "!=", "2", ")", ":", "log"],
            ]
        );
    }

    #[test]
    fn places() {
        let statements = statements("# ä\nallow é read").unwrap();
        let places: Vec<_> = statements[0].iter().map(|t| (t.line, t.column)).collect();
        assert_eq!(places, [(2, 1), (2, 7), (2, 9)]);
        let error = lines("allow\n read ;").err().unwrap();
        assert_eq!((error.line, error.column), (2, 7));
        assert_eq!(super::statements(" allow").err().unwrap().line, 1);
    }
}

//! The canonical form of a text: the same lines and comments, each word and sign with the same space
//! around it. Nothing is moved, so that a difference between two versions stays one of lines.

use super::{
    lexer::{Line, Token, lines},
    parse,
};
use crate::PolicyError;

/// Space before a line that goes on with the one before.
const INDENT: &str = "    ";

/// The text in canonical form.
///
/// # Errors
/// As [`super::check`]: what cannot be read is not made up.
pub fn format(text: &str) -> Result<String, PolicyError> {
    parse(text)?;
    let mut made = String::with_capacity(text.len());
    let mut blank = true;
    for line in lines(text)? {
        let written = write(&line);
        // One empty line between others, none at the beginning.
        if !(written.is_empty() && blank) {
            made.push_str(&written);
            made.push('\n');
        }
        blank = written.is_empty();
    }
    while made.ends_with("\n\n") {
        made.pop();
    }
    Ok(made)
}

fn write(line: &Line<'_>) -> String {
    let mut written = String::new();
    let mut last: Option<Token<'_>> = None;
    for token in &line.tokens {
        match last {
            None if line.indented => written.push_str(INDENT),
            Some(last) if spaced(last.text, token.text) => written.push(' '),
            _ => {}
        }
        written.push_str(&number(token.text));
        last = Some(*token);
    }
    match line.comment {
        Some(comment) if last.is_some() => written.push_str(&format!("  {}", remark(comment))),
        Some(comment) if line.indented => written.push_str(&format!("{INDENT}{}", remark(comment))),
        Some(comment) => written.push_str(&remark(comment)),
        None => {}
    }
    written
}

fn spaced(before: &str, after: &str) -> bool {
    !matches!(after, ")" | "," | ":" | "|" | "(") && !matches!(before, "(" | "|")
}

/// Hexadecimal digits are small.
fn number(word: &str) -> String {
    match word.strip_prefix("0x") {
        Some(digits) if digits.chars().all(|c| c.is_ascii_hexdigit()) => word.to_ascii_lowercase(),
        _ => word.to_owned(),
    }
}

/// A space after the `#`, unless there are more signs.
fn remark(comment: &str) -> String {
    let text = comment.trim_end();
    match text[1..].chars().next() {
        Some(first) if first.is_alphanumeric() => format!("# {}", &text[1..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form() {
        let odd = "\n\ndefault   errno\tEPERM#why\n\n\n#all\nallow read  write\n\t @basic-io  # more\n   #  kept\nsocket ( domain in AF_UNIX,AF_INET )  :allow\nclone(flags&CLONE_NEWUSER | 0xFF!=0 and arg1>=-1):errno 1\n\n";
        let canonical = "default errno EPERM  # why\n\n# all\nallow read write\n    @basic-io  # more\n    #  kept\nsocket(domain in AF_UNIX, AF_INET): allow\nclone(flags & CLONE_NEWUSER|0xff != 0 and arg1 >= -1): errno 1\n";
        assert_eq!(format(odd).unwrap(), canonical);
        assert_eq!(format(canonical).unwrap(), canonical);
        assert_eq!(format("").unwrap(), "");
        assert!(format("alow read").is_err());
    }
}

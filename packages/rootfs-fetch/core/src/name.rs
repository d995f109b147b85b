//! Names out of archives: bytes, never text. They are split and judged here, once, and what is left
//! is a list of plain components that cannot climb.

use crate::failure::{Failure, over, refused};
use crate::limits::Limits;

/// The components of a path below the root: no empty one, no `.`, no `..`, no NUL. A leading `/` is
/// dropped, as every tar does: absolute names are ordinary in root file systems. No component at all
/// means the root itself.
pub(crate) fn components<'p>(path: &'p [u8], limits: &Limits) -> Result<Vec<&'p [u8]>, Failure> {
    if path.contains(&0) {
        return Err(refused("NUL in the name"));
    }
    if path.len() > limits.path {
        return Err(over(format!(
            "name of {} bytes, more than {}",
            path.len(),
            limits.path
        )));
    }
    let mut parts = Vec::new();
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err(refused("'..' in the name")),
            _ if part.len() > limits.name => {
                return Err(over(format!(
                    "a component of {} bytes, more than {}",
                    part.len(),
                    limits.name
                )));
            }
            _ => parts.push(part),
        }
    }
    if parts.len() > limits.depth {
        return Err(over(format!(
            "{} directories deep, more than {}",
            parts.len(),
            limits.depth
        )));
    }
    Ok(parts)
}

/// A name for messages and JSON: control characters and bytes that are not UTF-8 escaped, and cut at
/// 200 bytes, so that a hostile name can neither drive a terminal nor flood a log.
#[must_use]
pub fn printable(name: &[u8]) -> String {
    const MOST: usize = 200;
    let mut text = String::new();
    for chunk in name[..name.len().min(MOST)].utf8_chunks() {
        for c in chunk.valid().chars() {
            // Beside the control characters, the invisible ones that reorder a line.
            if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                text.extend(c.escape_default());
            } else if c == '\\' {
                text.push_str("\\\\");
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if name.len() > MOST {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(path: &[u8]) -> Result<Vec<&[u8]>, Failure> {
        components(path, &Limits::default())
    }

    #[test]
    fn plain_components_remain() {
        assert_eq!(split(b"./a//b/./c/").unwrap(), [b"a", b"b", b"c"]);
        assert_eq!(split(b"/abs/x").unwrap(), [&b"abs"[..], b"x"]);
        assert_eq!(split(b"...").unwrap(), [b"..."]);
        assert_eq!(split(b"a\\..\\x").unwrap(), [b"a\\..\\x"]);
        assert!(split(b"./").unwrap().is_empty());
    }

    #[test]
    fn climbing_and_excess_are_refused() {
        for bad in [&b".."[..], b"../x", b"a/../../x", b"a/..", b"a\0b"] {
            assert_eq!(split(bad).unwrap_err().kind, crate::Kind::Unsafe);
        }
        assert_eq!(split(&[b'x'; 256]).unwrap_err().kind, crate::Kind::Limit);
        assert_eq!(
            split(&b"x/".repeat(1100)).unwrap_err().kind,
            crate::Kind::Limit
        );
        assert_eq!(
            split(&b"xxxxxxxxxxxxxxxxxxxxxxx/".repeat(200))
                .unwrap_err()
                .kind,
            crate::Kind::Limit
        );
    }

    #[test]
    fn names_are_shown_without_their_teeth() {
        assert_eq!(printable(b"\x1b[31m\nx\\\xff"), "\\u{1b}[31m\\nx\\\\\\xff");
        assert_eq!(printable("ü".as_bytes()), "ü");
        assert_eq!(printable("\u{202e}".as_bytes()), "\\u{202e}");
        assert!(printable(&[b'a'; 5000]).len() < 250);
    }
}

//! Numbers as tar writes them: octal text, base 256 where that is too short (GNU), decimal in PAX.

use crate::failure::{Failure, damaged};

/// A numeric field of a header. Empty is 0; base 256 may be negative.
pub(crate) fn field(bytes: &[u8], what: &str) -> Result<i64, Failure> {
    match bytes[0] {
        first if first & 0x80 != 0 => base256(bytes),
        _ => octal(bytes),
    }
    .ok_or_else(|| damaged(format!("{what} is no number")))
}

fn octal(bytes: &[u8]) -> Option<i64> {
    let text = bytes.trim_ascii_start();
    let end = text
        .iter()
        .position(|&b| b == b' ' || b == 0)
        .unwrap_or(text.len());
    // Behind the first blank there is only filling.
    if text[end..].iter().any(|&b| b != b' ' && b != 0) {
        return None;
    }
    text[..end].iter().try_fold(0i64, |n, &b| match b {
        b'0'..=b'7' => n.checked_mul(8)?.checked_add(i64::from(b - b'0')),
        _ => None,
    })
}

/// Two's complement, big endian; the highest bit only marks the form, the next one is the sign.
fn base256(bytes: &[u8]) -> Option<i64> {
    let negative = bytes[0] & 0x40 != 0;
    let first = if negative { bytes[0] } else { bytes[0] & 0x7f };
    let mut n = if negative { -1i128 } else { 0 };
    for (i, &b) in bytes.iter().enumerate() {
        n = n.checked_mul(256)? | i128::from(if i == 0 { first } else { b });
    }
    i64::try_from(n).ok()
}

/// Decimal digits only, as in PAX records.
pub(crate) fn decimal(text: &[u8], what: &str) -> Result<u64, Failure> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = if digits {
        std::str::from_utf8(text).ok().and_then(|t| t.parse().ok())
    } else {
        None
    };
    number.ok_or_else(|| damaged(format!("{what} is no number")))
}

/// Seconds with a fraction, as in PAX: `-1.5` is 1.5 s before 1970, so (-2, 500_000_000).
pub(crate) fn time(text: &[u8]) -> Result<(i64, u32), Failure> {
    let bad = || damaged("mtime is no number");
    let (negative, rest) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = rest.splitn(2, |&b| b == b'.');
    let whole =
        i64::try_from(decimal(parts.next().unwrap_or_default(), "mtime")?).map_err(|_| bad())?;
    let fraction = parts.next().unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(bad());
    }
    let nanos = (0..9).fold(0, |n, i| {
        n * 10 + fraction.get(i).map_or(0, |b| u32::from(b - b'0'))
    });
    Ok(match (negative, nanos) {
        (false, _) => (whole, nanos),
        (true, 0) => (-whole, 0),
        (true, _) => (-whole - 1, 1_000_000_000 - nanos),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_fields() {
        for (text, n) in [
            (&b"0000644\0"[..], 420),
            (b"     1 \0", 1),
            (b"\0\0\0\0\0\0\0\0", 0),
            (b"77777777", 0o77_777_777),
        ] {
            assert_eq!(field(text, "x").unwrap(), n);
        }
        for bad in [
            &b"-000001\0"[..],
            b"0x10\0\0\0\0",
            b"12 34\0\0\0",
            b"9999999\0",
        ] {
            assert!(field(bad, "x").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn base_256_fields() {
        assert_eq!(field(b"\x80\0\0\0\0\0\x01\0", "x").unwrap(), 256);
        assert_eq!(field(b"\xff\xff\xff\xff\xff\xff\xff\xfb", "x").unwrap(), -5);
        assert_eq!(
            field(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", "x").unwrap(),
            i64::MAX
        );
        assert!(field(b"\x80\0\0\x01\0\0\0\0\0\0\0\0", "x").is_err());
    }

    #[test]
    fn times() {
        assert_eq!(time(b"12.5").unwrap(), (12, 500_000_000));
        assert_eq!(time(b"-1.5").unwrap(), (-2, 500_000_000));
        assert_eq!(time(b"-3").unwrap(), (-3, 0));
        assert_eq!(time(b"1.1234567899").unwrap(), (1, 123_456_789));
        for bad in [&b""[..], b"x", b"1.x", b"--1", b"99999999999999999999"] {
            assert!(time(bad).is_err());
        }
    }
}

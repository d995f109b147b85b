//! PAX records, `LENGTH KEY=VALUE\n`, as bytes: values may be binary (`SCHILY.xattr.*`) and names need
//! not be UTF-8. See pax(1), "pax Extended Header".

use super::number;
use super::sparse::Keys;
use crate::failure::{Failure, damaged, refused};

/// What extended headers say of the next entry; `None` leaves the plain header's word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) uid: Option<u64>,
    pub(crate) gid: Option<u64>,
    pub(crate) mtime: Option<(i64, u32)>,
    pub(crate) attributes: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) sparse: Keys,
    /// Records of unknown meaning.
    pub(crate) unknown: u64,
}

impl Records {
    /// Adds the records of an `x` header.
    pub(crate) fn add(&mut self, data: &[u8]) -> Result<(), Failure> {
        each(data, |key, value| self.set(key, value))
    }

    /// Adds the records of a `g` header, which apply to all entries that follow. A name or a size for
    /// all entries makes no sense, and readers disagree on it.
    pub(crate) fn add_global(&mut self, data: &[u8]) -> Result<(), Failure> {
        each(data, |key, value| match key {
            b"uid" | b"gid" | b"mtime" | b"atime" | b"ctime" | b"uname" | b"gname" | b"comment" => {
                self.set(key, value)
            }
            _ => Err(refused(format!(
                "'{}' in a global PAX header",
                crate::printable(key)
            ))),
        })
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        if matches!(key, b"path" | b"linkpath" | b"GNU.sparse.name") && value.contains(&0) {
            return Err(refused("NUL in a PAX name"));
        }
        // An empty value takes an earlier record back.
        let given = !value.is_empty();
        match key {
            b"path" => self.path = given.then(|| value.to_vec()),
            b"linkpath" => self.link = given.then(|| value.to_vec()),
            b"size" => self.size = given.then(|| number::decimal(value, "size")).transpose()?,
            b"uid" => self.uid = given.then(|| number::decimal(value, "uid")).transpose()?,
            b"gid" => self.gid = given.then(|| number::decimal(value, "gid")).transpose()?,
            b"mtime" => self.mtime = given.then(|| number::time(value)).transpose()?,
            // Said by numbers already, or of no account for a tree.
            b"uname" | b"gname" | b"atime" | b"ctime" | b"comment" | b"charset" | b"hdrcharset" => {
            }
            _ if key.starts_with(b"SCHILY.xattr.") => {
                let name = &key[b"SCHILY.xattr.".len()..];
                self.attributes.retain(|(n, _)| n != name);
                self.attributes.push((name.to_vec(), value.to_vec()));
            }
            _ if key.starts_with(b"GNU.sparse.") => {
                self.sparse.set(&key[b"GNU.sparse.".len()..], value)?
            }
            _ => self.unknown += 1,
        }
        Ok(())
    }
}

fn each(
    mut data: &[u8],
    mut take: impl FnMut(&[u8], &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let bad = || damaged("malformed PAX record");
    while !data.is_empty() {
        let blank = data
            .iter()
            .take(20)
            .position(|&b| b == b' ')
            .ok_or_else(bad)?;
        let length =
            usize::try_from(number::decimal(&data[..blank], "a PAX length")?).map_err(|_| bad())?;
        if length > data.len() || length < blank + 4 || data[length - 1] != b'\n' {
            return Err(bad());
        }
        let record = &data[blank + 1..length - 1];
        let equals = record
            .iter()
            .position(|&b| b == b'=')
            .filter(|&at| at > 0)
            .ok_or_else(bad)?;
        take(&record[..equals], &record[equals + 1..])?;
        data = &data[length..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_override_and_are_taken_back() {
        let mut r = Records::default();
        r.add(b"11 path=ab\n12 uid=1000\n17 mtime=12.5\n")
            .unwrap_err(); // a wrong length
        let mut r2 = Records::default();
        r2.add(b"11 path=ab\n12 uid=1000\n14 mtime=12.5\n").unwrap();
        assert_eq!(
            (r2.path.as_deref(), r2.uid, r2.mtime),
            (Some(&b"ab"[..]), Some(1000), Some((12, 500_000_000)))
        );
        r2.add(b"8 path=\n").unwrap();
        assert_eq!(r2.path, None);
    }

    #[test]
    fn binary_values_stay_whole() {
        let mut r = Records::default();
        r.add(b"28 SCHILY.xattr.user.a=\0\n\xff=\n").unwrap();
        assert_eq!(r.attributes, [(b"user.a".to_vec(), b"\0\n\xff=".to_vec())]);
    }

    #[test]
    fn malformed_records_are_refused() {
        for bad in [
            &b"x"[..],
            b"99 path=a\n",
            b"3 a\n",
            b"7 path=",
            b"10 path=abc",
            b"0 \n",
            b"6 =ab\n",
            b"\xff\xff",
        ] {
            assert!(Records::default().add(bad).is_err(), "{bad:?}");
        }
        assert!(Records::default().add(b"12 path=a\0b\n").is_err());
    }

    #[test]
    fn a_name_for_all_entries_is_refused() {
        assert!(Records::default().add_global(b"11 path=ab\n").is_err());
        assert!(Records::default().add_global(b"15 comment=abc\n").is_ok());
    }
}

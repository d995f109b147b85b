//! From blocks to entries. Headers that only describe the next entry (`x`, `g`, `L`, `K`) are taken in
//! here; what comes out is one entry with everything known of it, its data still unread.

use super::BLOCK;
use super::entry::{Body, Entry, id};
use super::header::Header;
use super::pax::Records;
use super::sparse::{self, Keys, Map};
use crate::failure::{Failure, Kind, damaged, over, refused};
use crate::input::{Input, Results};
use crate::limits::Limits;

/// Reads entries; their data is read between two calls of [`Reader::next`].
pub(crate) struct Reader<'a> {
    input: Input,
    limits: &'a Limits,
    global: Records,
    /// Data of the present entry that is not read yet, and the padding behind it.
    left: u64,
    padding: u64,
}

/// What the headers before an entry said of it.
#[derive(Default)]
struct Before {
    records: Option<Records>,
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl Before {
    fn is_empty(&self) -> bool {
        self.records.is_none() && self.path.is_none() && self.link.is_none()
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: Input, limits: &'a Limits) -> Self {
        Self {
            input,
            limits,
            global: Records::default(),
            left: 0,
            padding: 0,
        }
    }

    /// The next entry; `None` after the end-of-archive marker.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Failure> {
        debug_assert_eq!(self.left, 0, "the data of the entry before is read first");
        self.skip_padding()?;
        let mut before = Before::default();
        loop {
            let block = self.block()?;
            if block == [0; BLOCK] {
                if !before.is_empty() {
                    return Err(damaged("an extended header with no entry behind it"));
                }
                self.end()?;
                return Ok(None);
            }
            let header = Header::new(&block)?;
            match header.type_flag() {
                b'x' => {
                    let data = self.description(header.size()?)?;
                    let mut records = self.global.clone();
                    records.add(&data)?;
                    if before.records.replace(records).is_some() {
                        return Err(refused("two extended headers for one entry"));
                    }
                }
                b'g' => {
                    let data = self.description(header.size()?)?;
                    self.global.add_global(&data)?;
                }
                b'L' => self.long(&mut before.path, header.size()?)?,
                b'K' => self.long(&mut before.link, header.size()?)?,
                _ => return self.entry(&header, before).map(Some),
            }
        }
    }

    /// What there is of the entry's data, at most `most` bytes; empty at its end.
    pub(crate) fn data(&mut self, most: u64) -> Result<&[u8], Failure> {
        let most = self.left.min(most);
        if most == 0 {
            return Ok(&[]);
        }
        let there = self.input.available()?;
        if there.is_empty() {
            return Err(truncated());
        }
        let n = usize::try_from(most).unwrap_or(usize::MAX).min(there.len());
        Ok(&there[..n])
    }

    /// So many bytes of it were taken.
    pub(crate) fn took(&mut self, n: usize) {
        self.input.consume(n);
        self.left -= n as u64;
    }

    /// The sums of the archive and its size, after the end.
    pub(crate) fn finish(self) -> (Results, u64) {
        self.input.finish()
    }

    fn entry(&mut self, header: &Header<'_>, before: Before) -> Result<Entry, Failure> {
        let mut records = before.records.unwrap_or_else(|| self.global.clone());
        let path = records
            .path
            .take()
            .or(before.path)
            .unwrap_or_else(|| header.path());
        let link = records
            .link
            .take()
            .or(before.link)
            .unwrap_or_else(|| header.link());
        self.describe(header, records, path.clone(), link)
            .map_err(|f| f.at(&path))
    }

    fn describe(
        &mut self,
        header: &Header<'_>,
        mut records: Records,
        path: Vec<u8>,
        link: Vec<u8>,
    ) -> Result<Entry, Failure> {
        let stored = records.size.map_or_else(|| header.size(), Ok)?;
        // The tar of 1979 has no directories, only names that end with a slash.
        let slash = path.ends_with(b"/");
        let sparse = std::mem::take(&mut records.sparse);
        let (body, name) = self.body(header, slash, link, stored, sparse)?;
        // Some readers skip the data that a link claims to have, some take it for the next header.
        if stored != 0 && !matches!(body, Body::File { .. }) {
            return Err(refused("data behind an entry that is no file"));
        }
        let attributes: usize = records
            .attributes
            .iter()
            .map(|(n, v)| n.len() + v.len())
            .sum();
        if attributes > self.limits.attributes {
            return Err(over("too many bytes of extended attributes"));
        }
        Ok(Entry {
            path: name.unwrap_or(path),
            body,
            mode: header.mode()?,
            uid: id(records.uid, header.uid(), "uid")?,
            gid: id(records.gid, header.gid(), "gid")?,
            mtime: records
                .mtime
                .map_or_else(|| header.mtime().map(|s| (s, 0)), Ok)?,
            attributes: records.attributes,
            unknown_records: records.unknown,
        })
    }

    /// What the entry is, and the name that a sparse file keeps apart.
    fn body(
        &mut self,
        header: &Header<'_>,
        slash: bool,
        link: Vec<u8>,
        stored: u64,
        sparse: Keys,
    ) -> Result<(Body, Option<Vec<u8>>), Failure> {
        let body = match header.type_flag() {
            0 | b'0' | b'7' if slash => Body::Directory,
            0 | b'0' | b'7' => {
                self.begin(stored);
                let map = match sparse.map_in_data()? {
                    true => Some(sparse::pax_map(|| self.data_block())?),
                    false => sparse.map,
                };
                if map.is_none() && (sparse.name.is_some() || sparse.real_size.is_some()) {
                    return Err(damaged("a sparse file without its map"));
                }
                return Ok((self.file(map, sparse.real_size)?, sparse.name));
            }
            b'S' => {
                let (map, size) = sparse::gnu_map(header.block(), || self.block())?;
                self.begin(stored);
                self.file(Some(map), Some(size))?
            }
            b'1' => Body::HardLink { target: link },
            b'2' => Body::Symlink { target: link },
            b'3' => header.device().map(|(a, b)| Body::Character(a, b))?,
            b'4' => header.device().map(|(a, b)| Body::Block(a, b))?,
            b'5' => Body::Directory,
            b'6' => Body::Fifo,
            other => {
                let what = format!("unknown type of entry '{}'", crate::printable(&[other]));
                return Err(Failure::new(Kind::Unsupported, what));
            }
        };
        Ok((body, None))
    }

    /// So many bytes of data follow.
    fn begin(&mut self, stored: u64) {
        self.left = stored;
        self.padding = padding(stored);
    }

    fn file(&mut self, map: Option<Map>, real: Option<u64>) -> Result<Body, Failure> {
        let Some(map) = map else {
            return Ok(Body::File {
                size: self.left,
                map: None,
            });
        };
        let size = real.ok_or_else(|| damaged("a sparse file without its size"))?;
        if size > self.limits.bytes {
            return Err(over(format!(
                "a sparse file of {size} bytes, more than {}",
                self.limits.bytes
            )));
        }
        sparse::check(&map, size, self.left)?;
        Ok(Body::File {
            size,
            map: Some(map),
        })
    }

    fn block(&mut self) -> Result<[u8; BLOCK], Failure> {
        let mut block = [0; BLOCK];
        if self.input.fill(&mut block)? < BLOCK {
            Err(truncated())
        } else {
            Ok(block)
        }
    }

    /// A block of the entry's own data.
    fn data_block(&mut self) -> Result<[u8; BLOCK], Failure> {
        self.left = self
            .left
            .checked_sub(BLOCK as u64)
            .ok_or_else(|| damaged("a sparse map longer than its data"))?;
        self.block()
    }

    /// The data of a header that describes the next entry. Its size is its own: a `size` record before
    /// it speaks of the entry (CVE-2026-53655 in another reader).
    fn description(&mut self, size: u64) -> Result<Vec<u8>, Failure> {
        if size > self.limits.header {
            return Err(over(format!(
                "an extended header of {size} bytes, more than {}",
                self.limits.header
            )));
        }
        let mut data = vec![0; size as usize];
        if self.input.fill(&mut data)? < data.len() {
            return Err(truncated());
        }
        self.padding = padding(size);
        self.skip_padding()?;
        Ok(data)
    }

    /// A GNU long name: text up to a NUL, and nothing but NULs behind it.
    fn long(&mut self, place: &mut Option<Vec<u8>>, size: u64) -> Result<(), Failure> {
        let mut name = self.description(size)?;
        let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
        if name[end..].iter().any(|&b| b != 0) {
            return Err(refused("NUL in a long name"));
        }
        name.truncate(end);
        match place.replace(name) {
            None => Ok(()),
            Some(_) => Err(refused("two long names for one entry")),
        }
    }

    fn skip_padding(&mut self) -> Result<(), Failure> {
        let mut rest = [0; BLOCK];
        let rest = &mut rest[..std::mem::take(&mut self.padding) as usize];
        if self.input.fill(rest)? < rest.len() {
            Err(truncated())
        } else {
            Ok(())
        }
    }

    /// Behind the first zero block: nothing but zeros to the end of the file. Reading it all verifies
    /// the compressed stream's own checksum; anything else there is an archive that other readers see.
    fn end(&mut self) -> Result<(), Failure> {
        loop {
            let rest = self.input.available()?;
            if rest.iter().any(|&b| b != 0) {
                return Err(refused("data behind the end of the archive"));
            }
            match rest.len() {
                0 => return Ok(()),
                n => self.input.consume(n),
            }
        }
    }
}

fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

fn truncated() -> Failure {
    Failure::new(Kind::Truncated, "the archive ends too early")
}

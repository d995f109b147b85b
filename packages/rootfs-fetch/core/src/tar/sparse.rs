//! Sparse files in the forms that GNU tar writes: type `S` (maps in the header and in blocks
//! behind it), PAX 0.0 (map spread over records that repeat a key, in order), PAX 0.1 (map in one record)
//! and PAX 1.0 (map before the data). See the GNU tar manual, "Sparse Formats".

use super::{BLOCK, number};
use crate::failure::{Failure, Kind, damaged, over};

/// Where data lies in the file: offset and length, ascending.
pub(crate) type Map = Vec<(u64, u64)>;

/// More pieces than any file has; 16 bytes of memory each.
const MOST: usize = 1 << 20;

/// The `GNU.sparse.*` records of one entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) real_size: Option<u64>,
    pub(crate) map: Option<Map>,
    major: Option<u64>,
    minor: Option<u64>,
    /// Of PAX 0.0: an offset whose length comes in the next record.
    offset: Option<u64>,
}

impl Keys {
    pub(crate) fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        match key {
            b"name" => self.name = Some(value.to_vec()),
            b"size" | b"realsize" => {
                self.real_size = Some(number::decimal(value, "a sparse size")?)
            }
            b"major" => self.major = Some(number::decimal(value, "a sparse version")?),
            b"minor" => self.minor = Some(number::decimal(value, "a sparse version")?),
            b"map" => self.map = Some(pairs(value.split(|&b| b == b','))?),
            b"numblocks" => {}
            b"offset" => {
                if self
                    .offset
                    .replace(number::decimal(value, "a sparse map")?)
                    .is_some()
                {
                    return Err(damaged("half a pair in a sparse map"));
                }
            }
            b"numbytes" => {
                let offset = self.offset.take();
                let offset = offset.ok_or_else(|| damaged("half a pair in a sparse map"))?;
                let length = number::decimal(value, "a sparse map")?;
                push(self.map.get_or_insert_default(), offset, length)?;
            }
            _ => return Err(Failure::new(Kind::Unsupported, "unknown sparse record")),
        }
        Ok(())
    }

    /// Whether the map stands before the data.
    pub(crate) fn map_in_data(&self) -> Result<bool, Failure> {
        if self.offset.is_some() {
            return Err(damaged("half a pair in a sparse map"));
        }
        match (self.major, self.minor) {
            (None, None) => Ok(false),
            (Some(0), Some(1)) if self.map.is_some() => Ok(false),
            (Some(1), Some(0)) => Ok(true),
            _ => Err(Failure::new(Kind::Unsupported, "unknown sparse format")),
        }
    }
}

fn pairs<'t>(numbers: impl Iterator<Item = &'t [u8]>) -> Result<Map, Failure> {
    let mut map = Map::new();
    let mut numbers = numbers.map(|n| number::decimal(n, "a sparse map"));
    while let Some(offset) = numbers.next() {
        let length = numbers
            .next()
            .ok_or_else(|| damaged("half a pair in a sparse map"))??;
        push(&mut map, offset?, length)?;
    }
    Ok(map)
}

fn push(map: &mut Map, offset: u64, length: u64) -> Result<(), Failure> {
    if map.len() >= MOST {
        return Err(over(format!("more than {MOST} pieces of a sparse file")));
    }
    map.push((offset, length));
    Ok(())
}

/// The map of type `S`: four pairs in the header, then 21 in each block that `more` fetches.
pub(crate) fn gnu_map(
    header: &[u8; BLOCK],
    mut more: impl FnMut() -> Result<[u8; BLOCK], Failure>,
) -> Result<(Map, u64), Failure> {
    let mut map = Map::new();
    let real = u64::try_from(number::field(&header[483..495], "a sparse size")?)
        .map_err(|_| damaged("negative size"))?;
    take_pairs(&mut map, &header[386..482])?;
    let mut extended = header[482] != 0;
    while extended {
        let block = more()?;
        take_pairs(&mut map, &block[..504])?;
        extended = block[504] != 0;
    }
    Ok((map, real))
}

fn take_pairs(map: &mut Map, fields: &[u8]) -> Result<(), Failure> {
    for pair in fields.chunks_exact(24) {
        if pair[0] == 0 || pair[12] == 0 {
            break; // unused
        }
        let n = |f: &[u8]| {
            u64::try_from(number::field(f, "a sparse map")?).map_err(|_| damaged("negative offset"))
        };
        push(map, n(&pair[..12])?, n(&pair[12..])?)?;
    }
    Ok(())
}

/// The map of PAX 1.0: decimal lines, the number of pairs first, padded to a block. `more` fetches the
/// next block of the entry's data.
pub(crate) fn pax_map(
    mut more: impl FnMut() -> Result<[u8; BLOCK], Failure>,
) -> Result<Map, Failure> {
    let mut text: Vec<u8> = Vec::new();
    let mut at = 0;
    let mut line = || -> Result<u64, Failure> {
        loop {
            if let Some(end) = text[at..].iter().position(|&b| b == b'\n') {
                let n = number::decimal(&text[at..at + end], "a sparse map");
                at += end + 1;
                return n;
            }
            if text.len() - at > 20 {
                return Err(damaged("a sparse map is no number"));
            }
            text.drain(..at);
            at = 0;
            text.extend_from_slice(&more()?);
        }
    };
    let count = line()?;
    let mut map = Map::new();
    for _ in 0..count {
        push(&mut map, line()?, line()?)?;
    }
    Ok(map)
}

/// Ascending, inside the file, and together just the data that follows.
pub(crate) fn check(map: &Map, real: u64, stored: u64) -> Result<(), Failure> {
    let mut end = 0u64;
    let mut sum = 0u64;
    for &(offset, length) in map {
        let to = offset
            .checked_add(length)
            .filter(|&to| to <= real && offset >= end);
        end = to.ok_or_else(|| damaged("a sparse map that overlaps or leaves its file"))?;
        sum += length; // at most `real`, since nothing overlaps
    }
    if sum == stored {
        Ok(())
    } else {
        Err(damaged("a sparse map that does not match its data"))
    }
}

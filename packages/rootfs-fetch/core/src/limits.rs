//! What an archive may cost. Every resource that the archive controls has a bound: bytes, entries,
//! depth, lengths of names, and how far compressed bytes may swell.

/// Bounds; the defaults are far above any root file system that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive after decompression, headers and padding included.
    pub bytes: u64,
    /// Files, directories and links that are made, those that no entry names included.
    pub entries: u64,
    /// Bytes out for each byte in. gzip reaches 1032.
    pub ratio: u64,
    /// The ratio is judged once so many bytes have come out: small archives of zeros are ordinary.
    pub ratio_from: u64,
    /// Directories inside one another.
    pub depth: usize,
    /// Bytes of a path below the target.
    pub path: usize,
    /// Bytes of one component of a path.
    pub name: usize,
    /// Bytes of one PAX header, or of one GNU long name.
    pub header: u64,
    /// Bytes of all extended attributes of one entry.
    pub attributes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 30,
            entries: 1_000_000,
            ratio: 200,
            ratio_from: 64 << 20,
            depth: 1024,
            path: 4095,
            name: 255,
            header: 1 << 20,
            attributes: 64 << 10,
        }
    }
}

//! A member's header: ustar, with PAX records before it for what does not fit.

/// Keys and values of PAX.
pub(super) type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// What a header says.
pub(super) struct Head<'a> {
    pub(super) path: &'a [u8],
    pub(super) kind: u8,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    pub(super) mtime: (i64, u32),
    pub(super) link: &'a [u8],
    pub(super) device: (u32, u32),
    /// Further records: extended attributes, sparse files.
    pub(super) records: Records,
}

impl Head<'_> {
    /// All blocks that stand before the data.
    pub(super) fn blocks(mut self) -> Vec<u8> {
        let mut records = Vec::new();
        let long = |key: &str, value: &[u8], most: usize, records: &mut Vec<_>| {
            if value.len() > most {
                records.push((key.as_bytes().to_vec(), value.to_vec()));
            }
        };
        long("path", self.path, 100, &mut records);
        long("linkpath", self.link, 100, &mut records);
        let large = |key: &str, n: u64, digits: u32, records: &mut Vec<_>| {
            let fits = n < 1 << (3 * digits);
            if !fits {
                records.push((key.as_bytes().to_vec(), n.to_string().into_bytes()));
            }
            if fits { n } else { 0 }
        };
        let size = large("size", self.size, 11, &mut records);
        let uid = large("uid", self.uid.into(), 7, &mut records);
        let gid = large("gid", self.gid.into(), 7, &mut records);
        let (seconds, nanos) = self.mtime;
        let plain = (0..1 << 33).contains(&seconds) && nanos == 0;
        if !plain {
            records.push((b"mtime".to_vec(), time(seconds, nanos).into_bytes()));
        }
        records.append(&mut self.records);
        let mut all = Vec::new();
        if !records.is_empty() {
            // Sorted, as everything else is.
            records.sort();
            let data: Vec<u8> = records.iter().flat_map(|(k, v)| record(k, v)).collect();
            let mut block = block(b"PaxHeader", b'x', 0o644, 0, 0, data.len() as u64, 0);
            sign(&mut block);
            all.extend_from_slice(&block);
            all.extend_from_slice(&data);
            all.resize(all.len().next_multiple_of(512), 0);
        }
        let seconds = seconds.clamp(0, (1 << 33) - 1).cast_unsigned();
        let mut block = block(self.path, self.kind, self.mode, uid, gid, size, seconds);
        let link = &self.link[..self.link.len().min(100)];
        block[157..157 + link.len()].copy_from_slice(link);
        octal(&mut block[329..337], self.device.0.into());
        octal(&mut block[337..345], self.device.1.into());
        sign(&mut block);
        all.extend_from_slice(&block);
        all
    }
}

fn block(path: &[u8], kind: u8, mode: u32, uid: u64, gid: u64, size: u64, mtime: u64) -> [u8; 512] {
    let mut block = [0; 512];
    let path = &path[..path.len().min(100)];
    block[..path.len()].copy_from_slice(path);
    octal(&mut block[100..108], mode.into());
    octal(&mut block[108..116], uid);
    octal(&mut block[116..124], gid);
    octal(&mut block[124..136], size);
    octal(&mut block[136..148], mtime);
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block
}

fn octal(field: &mut [u8], n: u64) {
    let width = field.len() - 1;
    field[..width].copy_from_slice(format!("{n:0width$o}").as_bytes());
}

fn sign(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

/// Decimal, with a sign: 1.5 s before 1970 is (-2, 500_000_000) and `-1.5`.
fn time(seconds: i64, nanos: u32) -> String {
    let (sign, whole, part) = match (seconds < 0, nanos) {
        (true, 0) => ("-", seconds.unsigned_abs(), 0),
        (true, _) => ("-", (seconds + 1).unsigned_abs(), 1_000_000_000 - nanos),
        (false, _) => ("", seconds.unsigned_abs(), nanos),
    };
    if part == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{part:09}")
        .trim_end_matches('0')
        .to_owned()
}

/// `LENGTH KEY=VALUE\n`, the length counting itself.
fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

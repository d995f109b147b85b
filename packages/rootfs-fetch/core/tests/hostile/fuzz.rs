//! Random damage to an archive that holds one of everything: never a panic, never anything outside, and a
//! clear answer. Damage to content alone may pass in a plain archive, which has no sum over it.

use crate::support::{Archive, Scratch, head};
use std::time::{Duration, Instant};

/// How long, at most; the number of rounds is what fits.
const TIME: Duration = Duration::from_secs(4);

/// xorshift64*, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }
}

fn one_of_everything(outside: &str) -> Vec<u8> {
    let mut sparse = head(b'S', "sparse").size(512).block();
    sparse[257..265].copy_from_slice(b"ustar  \0");
    sparse[386..410].copy_from_slice(b"00000010000\x0000000001000\0");
    sparse[483..495].copy_from_slice(b"00000020000\0");
    crate::support::sign(&mut sparse);
    let map = [&b"1\n4\n5\n"[..], &[0; 506], b"hello"].concat();
    Archive::new()
        .dir("d")
        .file("d/f", b"content")
        .symlink("out", outside)
        .file("out/f", b"through")
        .hardlink("h", "d/f")
        .hardlink("later", "z")
        .pax(&[
            ("path", b"d/pax"),
            ("mtime", b"1.5"),
            ("uid", b"7"),
            ("SCHILY.xattr.user.a", b"b"),
        ])
        .file("x", b"12345")
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"s"),
            ("GNU.sparse.realsize", b"9"),
        ])
        .data(head(b'0', "y"), &map)
        .long(b'L', &b"long/".repeat(30))
        .long(b'K', &b"up/".repeat(40))
        .symlink("x", "y")
        .raw(&sparse)
        .raw(&[b's'; 512])
        .head(head(b'3', "dev").device(1, 3))
        .head(head(b'6', "fifo"))
        .file("z", b"target")
        .end()
}

#[test]
fn random_damage() {
    let s = Scratch::new();
    s.unpack(&one_of_everything(&s.outside("")))
        .expect("undamaged, it is fine");
    let mut random = Random(0x5eed);
    let started = Instant::now();
    let (mut refused, mut rounds) = (0, 0);
    while started.elapsed() < TIME {
        let s = Scratch::new();
        let mut archive = one_of_everything(&s.outside(""));
        for _ in 0..=random.below(4) {
            damage(&mut random, &mut archive);
        }
        refused += u32::from(s.unpack(&archive).is_err());
        rounds += 1;
    }
    assert!(refused > 0 && rounds > 10, "{refused} of {rounds}");
}

/// One change; the checksum of its header is made right again, or nothing behind it would be tried.
fn damage(random: &mut Random, archive: &mut Vec<u8>) {
    let block = random.below(archive.len() / 512) * 512;
    match random.below(8) {
        0 => archive.truncate(random.below(archive.len())),
        1 => drop(archive.drain(block..block + 512)),
        2 => {
            let copy = archive[block..block + 512].to_vec();
            let at = random.below(archive.len() / 512) * 512;
            archive.splice(at..at, copy);
        }
        kind => {
            // Numbers, types and names are where the harm is.
            let field = [
                0, 100, 108, 116, 124, 136, 156, 157, 257, 329, 345, 386, 483,
            ][random.below(13)];
            let at = block + field + random.below(12);
            archive[at] = if kind == 3 {
                random.below(256) as u8
            } else {
                b"0179/.\xff\x80 \0"[random.below(10)]
            };
            if let Some(header) = archive[block..].first_chunk_mut::<512>() {
                crate::support::sign(header);
            }
        }
    }
    if archive.len() < 512 {
        archive.resize(512, 0);
    }
}

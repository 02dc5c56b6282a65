//! Rules that every parser at the door must keep, for any bytes that are sent.
//!
//! Each property takes any bytes and panics when its rule is broken. The fuzzer (`fuzz/`) looks for such bytes; a plain `cargo test` runs
//! those that it has collected (`fuzz/corpus/`).
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a property says no by panicking: that is what the fuzzer sees"
)]

mod canonical;
mod cursor;
mod dates;
mod door;
mod file;
mod id;
mod kana;
mod my_number;
mod token;
mod trail;

/// A property of a parser.
pub type Property = fn(&[u8]);

/// Every property under the name of its fuzz target and its corpus.
pub const ALL: &[(&str, Property)] = &[
    ("canonical", canonical::canonical),
    ("cursor", cursor::cursor),
    ("door", door::door),
    ("file", file::file),
    ("id", id::id),
    ("instant", dates::instant),
    ("kana", kana::kana),
    ("my_number", my_number::my_number),
    ("token", token::token),
    ("trail", trail::trail),
    ("wareki", dates::wareki),
];

/// Checks the property of this name.
pub fn check(name: &str, data: &[u8]) {
    let (_, property) = ALL.iter().find(|(known, _)| *known == name).expect("a property has this name");
    property(data);
}

/// The bytes as text, if they are text.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// `whole` with one small change: `data[0..2]` says where, `data[2]` how many bytes are removed there, and `data[3..]` takes their place.
fn forged(whole: &[u8], data: &[u8]) -> Vec<u8> {
    let (Some((at, rest)), true) = (data.split_first_chunk::<2>(), !whole.is_empty()) else { return whole.to_vec() };
    let at = usize::from(u16::from_le_bytes(*at)) % (whole.len() + 1);
    let (gone, with) = rest.split_first().map_or((0, rest), |(gone, with)| (usize::from(*gone), with));
    let after = at.saturating_add(gone).min(whole.len());
    [&whole[..at], with, &whole[after..]].concat()
}

/// A source of randomness that is not random: every run makes the same.
struct Fixed(u8);

impl domain::ids::Chance for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

use super::Unfit;
use flate2::{Decompress, FlushDecompress, Status};

/// The names of what runs when a document is opened or clicked, of what carries another file, and of what hides both (ISO 32000-1, 7.5.7,
/// 7.6, 12.6.4, 13).
const ACTS: [&[u8]; 10] = [
    b"JavaScript",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"FileAttachment",
    b"GoToE",
    b"Rendition",
    b"RichMedia",
    b"XFA",
    b"Encrypt",
];
/// The length of the longest of these names, in bytes.
const LONGEST: usize = 14;
/// The most bytes that all object streams may inflate to; the objects of a large document are a few MiB.
const OBJECTS: usize = 32 << 20;
/// The most object streams that a document may have: programs put a hundred objects into each.
const STREAMS: usize = 10_000;
/// The most bytes between the name `ObjStm` and the word `stream`: the rest of the dictionary of the stream.
const DICTIONARY: usize = 1 << 10;
/// How many bytes are inflated in one step.
const STEP: usize = 16 << 10;

/// Accepts a PDF in which nothing runs and nothing is hidden. This is a filter, not a PDF reader. A document keeps its metadata, which are
/// part of what was handed in.
///
/// Every name in the file is checked, inside streams, too, so that wrong stream bounds cannot hide one. So is every name in object streams,
/// where newer documents keep most of their objects.
pub(super) fn pdf(sent: &[u8]) -> Result<(), Unfit> {
    // §7.5.5: the end marker is in the last 1024 bytes.
    let tail = sent.get(sent.len().saturating_sub(1024)..).unwrap_or_default();
    if !tail.windows(5).any(|window| window == b"%%EOF") {
        return Err(Unfit::Unknown);
    }
    let (mut streams, mut left) = (0, OBJECTS);
    for (at, name) in names(sent) {
        if acts(&name) {
            return Err(Unfit::Active);
        }
        if name == b"ObjStm" {
            // An object stream that is packed in another way cannot be checked, and no printing program makes one.
            let objects = sent.get(at..).and_then(stream).and_then(|deflated| objects(deflated, left));
            let objects = objects.filter(|_| streams < STREAMS).ok_or(Unfit::Active)?;
            if names(&objects).any(|(_, name)| acts(&name)) {
                return Err(Unfit::Active);
            }
            streams += 1;
            left -= objects.len();
        }
    }
    Ok(())
}

fn acts(name: &[u8]) -> bool {
    ACTS.contains(&name)
}

/// Every name in the bytes and where it begins, with its `#` escapes resolved (§7.3.5). A name is read only a little beyond the longest
/// name that we look for.
fn names(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let begins = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    begins.map(|at| (at, name(bytes.get(at + 1..).unwrap_or_default())))
}

fn name(bytes: &[u8]) -> Vec<u8> {
    let (mut name, mut rest) = (Vec::new(), bytes);
    while let Some((byte, after)) = rest.split_first()
        && !byte.is_ascii_whitespace()
        && !b"\0()<>[]{}/%".contains(byte)
        && name.len() <= LONGEST
    {
        let escaped = after.first_chunk().and_then(|digits: &[u8; 2]| hex::decode(digits).ok());
        match escaped.as_deref() {
            Some([escaped]) if *byte == b'#' => {
                name.push(*escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                name.push(*byte);
                rest = after;
            }
        }
    }
    name
}

/// The bytes after the next word `stream` (§7.3.8); none unless it comes within [`DICTIONARY`].
fn stream(bytes: &[u8]) -> Option<&[u8]> {
    const WORD: &[u8] = b"stream";
    let at = bytes.windows(WORD.len()).take(DICTIONARY).position(|window| window == WORD)?;
    let rest = bytes.get(at + WORD.len()..)?;
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    Some(rest.strip_prefix(b"\n").unwrap_or(rest))
}

/// The inflated object stream, which begins with a number (§7.5.7); none when it does not, or when it is larger than `most`.
fn objects(deflated: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut inflate = Decompress::new(true);
    let mut objects = Vec::new();
    loop {
        let before = objects.len();
        objects.reserve(STEP);
        let taken = usize::try_from(inflate.total_in()).ok()?;
        let inflated = inflate.decompress_vec(deflated.get(taken..)?, &mut objects, FlushDecompress::None).ok()?;
        if objects.len() > most {
            return None;
        }
        if inflated == Status::StreamEnd {
            return objects.first().is_some_and(u8::is_ascii_digit).then_some(objects);
        }
        if objects.len() == before {
            return None;
        }
    }
}

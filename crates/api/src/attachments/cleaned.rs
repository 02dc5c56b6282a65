//! What a file is, by its content and not by what its sender says; and images without what cameras write into them.
//!
//! Only what shows the picture is kept: a list of what to keep misses nothing that nobody thought of. What lies behind the end of an
//! image (a video, an archive, a second image) goes, too.

use domain::attachment::MediaType;
use std::borrow::Cow;

/// A file as it is kept.
pub struct Cleaned<'a> {
    /// Its format.
    pub media_type: MediaType,
    /// Its bytes.
    pub bytes: Cow<'a, [u8]>,
}

/// The file, cleaned; none when it is no whole PDF, JPEG or PNG.
pub fn cleaned(sent: &[u8]) -> Option<Cleaned<'_>> {
    let (media_type, bytes) = if sent.starts_with(b"%PDF-") {
        // ISO 32000-1 §7.5.5: the end stands in the last 1024 bytes. A document keeps its metadata: they are part of what was handed in.
        let tail = sent.get(sent.len().saturating_sub(1024)..)?;
        tail.windows(5).any(|window| window == b"%%EOF").then(|| (MediaType::Pdf, sent.into()))?
    } else if sent.starts_with(&JPEG) {
        (MediaType::Jpeg, jpeg(sent)?.into())
    } else if sent.starts_with(&PNG) {
        (MediaType::Png, png(sent)?.into())
    } else {
        return None;
    };
    Some(Cleaned { media_type, bytes })
}

const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];
const PNG: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at.checked_add(2)?).map(|two| two.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

/// A JPEG (ITU-T T.81, annex B) with the segments that show it. The one word of EXIF that turns the picture is written anew.
fn jpeg(sent: &[u8]) -> Option<Vec<u8>> {
    let mut kept = vec![0xff, 0xd8];
    let (mut at, mut scanned, mut turned) = (2, false, None);
    loop {
        // Any number of fill bytes may stand before a marker.
        if *sent.get(at)? != 0xff {
            return None;
        }
        let marker = *sent.get(at + 1)?;
        if marker == 0xff {
            at += 1;
            continue;
        }
        if marker == 0xd9 {
            kept.extend([0xff, 0xd9]);
            return scanned.then(|| with_orientation(kept, turned));
        }
        let end = at + 2 + u16_at(sent, at + 2).filter(|length| *length >= 2)?;
        let segment = sent.get(at..end)?;
        let content = sent.get(at + 4..end)?;
        // Frames, tables, the restart interval, the colours: ICC in APP2, Adobe in APP14.
        let shows = match marker {
            0xc0..=0xcf | 0xda..=0xde => true,
            // Without its thumbnail, which may show what was cut off.
            0xe0 if content.starts_with(b"JFIF\0") => {
                kept.extend([0xff, 0xe0, 0, 16]);
                kept.extend_from_slice(content.get(..12)?);
                kept.extend([0, 0]);
                false
            }
            0xe2 => content.starts_with(b"ICC_PROFILE\0"),
            0xee => content.starts_with(b"Adobe"),
            _ => false,
        };
        if shows {
            kept.extend_from_slice(segment);
        }
        if marker == 0xe1 && turned.is_none() {
            turned = content.strip_prefix(b"Exif\0\0").and_then(orientation);
        }
        at = end;
        if marker == 0xda {
            // The picture itself, until a marker that is neither a stuffed zero nor a restart.
            let rest = sent.get(at..)?;
            let is_end = |pair: &[u8]| matches!(pair, [0xff, next] if *next != 0 && !(0xd0..=0xd7).contains(next));
            let length = rest.windows(2).position(is_end)?;
            kept.extend_from_slice(rest.get(..length)?);
            at += length;
            scanned = true;
        }
    }
}

/// How the picture is to be turned (tag 0x0112 in the first directory of EXIF's TIFF), unless it stands upright.
fn orientation(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let number = |at: usize, size: usize| -> Option<usize> {
        let bytes = tiff.get(at..at.checked_add(size)?)?;
        let join = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    };
    let directory = number(4, 4)?;
    let entries = number(directory, 2)?;
    let tag = (0..entries).map(|n| directory + 2 + 12 * n).find(|at| number(*at, 2) == Some(0x0112))?;
    u8::try_from(number(tag + 8, 2)?).ok().filter(|value| (2..=8).contains(value))
}

/// The JPEG with an EXIF segment that says nothing but how to turn it, behind JFIF's.
fn with_orientation(jpeg: Vec<u8>, turned: Option<u8>) -> Vec<u8> {
    let Some(value) = turned else { return jpeg };
    let behind = if jpeg.get(2..4) == Some(&[0xff, 0xe0]) { 4 + u16_at(&jpeg, 4).unwrap_or(0) } else { 2 };
    let (before, after) = jpeg.split_at(behind.min(jpeg.len()));
    let mut exif = vec![0xff, 0xe1, 0, 34];
    exif.extend(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    exif.extend([value, 0, 0, 0, 0, 0, 0]);
    [before, &exif, after].concat()
}

/// A PNG (W3C PNG, third edition) with the chunks that show it.
fn png(sent: &[u8]) -> Option<Vec<u8>> {
    const SHOW: [&[u8]; 13] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs",
        b"cICP",
    ];
    let mut kept = PNG.to_vec();
    let (mut at, mut drawn) = (PNG.len(), false);
    loop {
        let length = u16_at(sent, at)? << 16 | u16_at(sent, at + 2)?;
        let kind = sent.get(at + 4..at + 8)?;
        let end = at.checked_add(12)?.checked_add(length)?;
        let chunk = sent.get(at..end)?;
        if at == PNG.len() && kind != b"IHDR" {
            return None;
        }
        if SHOW.contains(&kind) {
            kept.extend_from_slice(chunk);
        }
        drawn |= kind == b"IDAT";
        if kind == b"IEND" {
            return drawn.then_some(kept);
        }
        at = end;
    }
}

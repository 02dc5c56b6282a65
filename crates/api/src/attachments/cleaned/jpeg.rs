use super::{Unfit, is_a_picture, u16_at};

/// A JPEG (ITU-T T.81, annex B), reduced to the segments that are needed to show it. Of its EXIF only the orientation is kept, and written anew.
pub(super) fn jpeg(sent: &[u8]) -> Result<Vec<u8>, Unfit> {
    let Shown { kept, lines, columns } = shown(sent).ok_or(Unfit::Unknown)?;
    is_a_picture(columns, lines)?;
    Ok(kept)
}

struct Shown {
    kept: Vec<u8>,
    lines: u32,
    columns: u32,
}

fn shown(sent: &[u8]) -> Option<Shown> {
    let mut kept = vec![0xff, 0xd8];
    let (mut at, mut scanned, mut turned, mut frame) = (2, false, None, None);
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
            let (lines, columns) = frame.filter(|_| scanned)?;
            return Some(Shown { kept: with_orientation(kept, turned), lines, columns });
        }
        let end = at + 2 + u16_at(sent, at + 2).filter(|length| *length >= 2)?;
        let segment = sent.get(at..end)?;
        let content = sent.get(at + 4..end)?;
        // Frames, tables, the restart interval, the colours: ICC in APP2, Adobe in APP14.
        let shows = match marker {
            0xc0..=0xcf | 0xda..=0xde => true,
            // JFIF is kept without its thumbnail, which may show what was cut off.
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
        // A frame: not a table (C4, CC) and not reserved (C8). A second frame would be another picture.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let size = (u32::try_from(u16_at(content, 1)?).ok()?, u32::try_from(u16_at(content, 3)?).ok()?);
            if frame.replace(size).is_some() {
                return None;
            }
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

/// How the picture must be turned (tag 0x0112 in the first directory of the TIFF in EXIF); none when it is upright already.
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

/// The JPEG with an EXIF segment that holds only the orientation, placed after the JFIF segment.
fn with_orientation(jpeg: Vec<u8>, turned: Option<u8>) -> Vec<u8> {
    let Some(value) = turned else { return jpeg };
    let behind = if jpeg.get(2..4) == Some(&[0xff, 0xe0]) { 4 + u16_at(&jpeg, 4).unwrap_or(0) } else { 2 };
    let (before, after) = jpeg.split_at(behind.min(jpeg.len()));
    let mut exif = vec![0xff, 0xe1, 0, 34];
    exif.extend(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    exif.extend([value, 0, 0, 0, 0, 0, 0]);
    [before, &exif, after].concat()
}

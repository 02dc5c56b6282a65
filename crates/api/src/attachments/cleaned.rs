//! Finds the format of a file by its content, not by what its sender says. Removes from images what cameras write into them. Refuses files
//! that could harm the person who opens them: a picture that grows beyond all measure, a document that runs something.
//!
//! Only what is needed to show the picture is kept: a list of what to keep cannot forget anything that ought to go. What follows the end of
//! an image (a video, an archive, a second image) goes, too.

use domain::beside::attachment::MediaType;
use std::borrow::Cow;

mod jpeg;
mod pdf;
mod png;

/// A file as it is kept.
#[derive(Debug)]
pub struct Cleaned<'a> {
    /// Its format.
    pub media_type: MediaType,
    /// Its bytes.
    pub bytes: Cow<'a, [u8]>,
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is not a complete PDF, JPEG or PNG.
    Unknown,
    /// It has more than 100 million pixels.
    Huge,
    /// A PDF that runs something (JavaScript, programs, forms with scripts), that contains files, or that is encrypted or packed so that it
    /// cannot be checked.
    Active,
}

/// The most pixels that a picture may have: twelve times an A4 page at 300 dpi, and more than any camera at a counter takes.
const PIXELS: u64 = 100_000_000;

/// The file, cleaned.
///
/// # Errors
/// Why it is not taken.
pub fn cleaned(sent: &[u8]) -> Result<Cleaned<'_>, Unfit> {
    let (media_type, bytes) = if sent.starts_with(b"%PDF-") {
        pdf::pdf(sent)?;
        (MediaType::Pdf, sent.into())
    } else if sent.starts_with(&[0xff, 0xd8, 0xff]) {
        (MediaType::Jpeg, jpeg::jpeg(sent)?.into())
    } else if sent.starts_with(&png::SIGNATURE) {
        (MediaType::Png, png::png(sent)?.into())
    } else {
        return Err(Unfit::Unknown);
    };
    Ok(Cleaned { media_type, bytes })
}

/// Refuses a picture without any pixels, and one that is too large.
fn is_a_picture(width: u32, height: u32) -> Result<(), Unfit> {
    match u64::from(width) * u64::from(height) {
        0 => Err(Unfit::Unknown),
        pixels if pixels > PIXELS => Err(Unfit::Huge),
        _ => Ok(()),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at.checked_add(2)?).map(|two| two.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

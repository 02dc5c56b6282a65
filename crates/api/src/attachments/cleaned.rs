//! What a file is, by its content and not by what its sender says; images without what cameras write into them; and nothing that would harm whoever
//! opens it: a picture that grows beyond all measure, a document that acts.
//!
//! Only what shows the picture is kept: a list of what to keep misses nothing that nobody thought of. What lies behind the end of an
//! image (a video, an archive, a second image) goes, too.

use domain::attachment::MediaType;
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
    /// It is no whole PDF, JPEG or PNG.
    Unknown,
    /// It has more than 100 million pixels.
    Huge,
    /// A PDF with something that acts (JavaScript, programs, forms that run), with files in it, or encrypted or packed so that nobody can tell.
    Active,
}

/// So many pixels a picture has at most: twelve times a sheet of A4 at 300 dpi; more than any camera at a counter makes.
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

/// Whether a picture of this size can be one, and is not too large.
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

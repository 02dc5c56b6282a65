//! Attached files: what is kept is a whole file, ends where the format ends, and has nothing left to be cleaned.

use api::attachments::cleaned;
use domain::beside::attachment::MediaType;

/// The size of the one EXIF value that is written anew.
const ORIENTATION: usize = 36;
/// A PNG's signature and the header of an image of one grey pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55";

/// Any bytes, alone and after the beginning of an image, are refused, or kept in a form that cleaning leaves unchanged.
pub(crate) fn file(data: &[u8]) {
    for sent in [data.to_vec(), [&[0xff, 0xd8], data].concat(), [PNG, data].concat()] {
        let Ok(kept) = cleaned(&sent) else { continue };
        assert!(kept.bytes.len() <= sent.len() + ORIENTATION, "a file grew");
        let (begin, end): (&[u8], &[u8]) = match kept.media_type {
            MediaType::Pdf => (b"%PDF-", b""),
            MediaType::Jpeg => (b"\xff\xd8\xff", b"\xff\xd9"),
            MediaType::Png => (b"\x89PNG\r\n\x1a\n", b""),
        };
        assert!(kept.bytes.starts_with(begin) && kept.bytes.ends_with(end), "what was kept is no whole file");
        let again = cleaned(&kept.bytes).expect("what was kept is a whole file");
        assert_eq!(
            (again.media_type, &again.bytes),
            (kept.media_type, &kept.bytes),
            "something was left to be cleaned"
        );
    }
}

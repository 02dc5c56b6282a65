//! Files as programs make them, and as an attacker makes them.

/// A chunk of a PNG, with its sum.
pub fn chunk(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let sum = crc(&[kind, content].concat()).to_be_bytes();
    [&length[..], kind, content, &sum].concat()
}

/// The sum of a chunk (W3C PNG, annex D).
fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum)))
}

/// A header: grey, eight bits a point.
pub fn header(width: u32, height: u32, interlaced: bool) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[&size[..], &[8, 0, 0, 0, u8::from(interlaced)]].concat())
}

/// A PNG of these chunks.
pub fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat(), chunk(b"IEND", &[])].concat()
}

/// What inflates to `bytes` (RFC 1950), without being smaller.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let (a, b) =
        bytes.iter().fold((1, 0), |(a, b), byte| ((a + u32::from(*byte)) % 65521, (b + a + u32::from(*byte)) % 65521));
    let sum = (b << 16 | a).to_be_bytes();
    [&[0x78, 0x01, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), bytes, &sum].concat()
}

/// A segment of a JPEG.
pub fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

/// The frame of a JPEG in grey.
pub fn frame(width: u16, height: u16) -> Vec<u8> {
    let ([h0, h1], [w0, w1]) = (height.to_be_bytes(), width.to_be_bytes());
    segment(0xc0, &[8, h0, h1, w0, w1, 1, 1, 0x11, 0])
}

/// A JPEG with these frames.
pub fn jpeg(frames: &[Vec<u8>]) -> Vec<u8> {
    let scan = [&segment(0xda, &[1, 1, 0, 0, 63, 0])[..], &[0x12, 0x34, 0xff, 0xd9]].concat();
    [vec![0xff, 0xd8], segment(0xdb, &[0; 65]), frames.concat(), scan].concat()
}

/// A minimal PDF with these objects.
pub fn pdf(objects: &[u8]) -> Vec<u8> {
    [b"%PDF-1.7\n", objects, b"\nstartxref\n0\n%%EOF\n"].concat()
}

/// A stream of objects.
pub fn packed(dictionary: &str, objects: &[u8]) -> Vec<u8> {
    stream(dictionary, &deflated(objects))
}

/// The same, of objects that are deflated already.
pub fn stream(dictionary: &str, deflated: &[u8]) -> Vec<u8> {
    let head = format!("5 0 obj\n<</Type /ObjStm /N 1 /First 4 {dictionary}>>\nstream\r\n");
    [head.as_bytes(), deflated, b"\nendstream\nendobj\n"].concat()
}

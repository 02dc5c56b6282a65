use super::{Unfit, is_a_picture};
use flate2::{Crc, Decompress, FlushDecompress, Status};

pub(super) const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

/// The chunks that are needed to show a picture.
const SHOW: [&[u8]; 13] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"cICP",
];

/// A PNG (W3C PNG, third edition), reduced to the chunks that are needed to show it.
pub(super) fn png(sent: &[u8]) -> Result<Vec<u8>, Unfit> {
    let mut kept = SIGNATURE.to_vec();
    let (mut at, mut drawn) = (SIGNATURE.len(), None::<Drawn>);
    loop {
        let chunk = Chunk::at(sent, at).ok_or(Unfit::Unknown)?;
        match (chunk.kind, &mut drawn) {
            (b"IHDR", None) => drawn = Some(Drawn::new(header(chunk.content)?)),
            (b"IHDR", Some(_)) | (_, None) => return Err(Unfit::Unknown),
            (b"IDAT", Some(drawn)) => drawn.more(chunk.content)?,
            (_, Some(_)) => {}
        }
        if SHOW.contains(&chunk.kind) {
            kept.extend_from_slice(chunk.whole);
        }
        match drawn {
            Some(drawn) if chunk.kind == b"IEND" => {
                return if drawn.is_whole() { Ok(kept) } else { Err(Unfit::Unknown) };
            }
            _ => at += chunk.whole.len(),
        }
    }
}

struct Chunk<'a> {
    kind: &'a [u8],
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The chunk that begins here, if it is complete and its checksum is right.
    fn at(sent: &'a [u8], at: usize) -> Option<Self> {
        let (length, _) = sent.get(at..)?.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let end = at.checked_add(12)?.checked_add(length)?;
        let whole = sent.get(at..end)?;
        let (summed, sum) = whole.get(4..)?.split_last_chunk()?;
        let mut crc = Crc::new();
        crc.update(summed);
        let (kind, content) = summed.split_at_checked(4)?;
        (crc.sum() == u32::from_be_bytes(*sum)).then_some(Self { kind, content, whole })
    }
}

/// How many bytes the inflated picture has: each line of each pass, and before each line the byte that names its filter.
fn header(content: &[u8]) -> Result<u64, Unfit> {
    let Ok([w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, compression, filter, interlace]) =
        <[u8; 13]>::try_from(content)
    else {
        return Err(Unfit::Unknown);
    };
    let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
    is_a_picture(width, height)?;
    let samples: u64 = match (colour, depth) {
        (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) => 1,
        (2, 8 | 16) => 3,
        (4, 8 | 16) => 2,
        (6, 8 | 16) => 4,
        _ => return Err(Unfit::Unknown),
    };
    let passes: &[[u32; 4]] = match (compression, filter, interlace) {
        (0, 0, 0) => &[[0, 1, 0, 1]],
        (0, 0, 1) => &ADAM7,
        _ => return Err(Unfit::Unknown),
    };
    let of_pass = |[left, across, top, down]: &[u32; 4]| {
        let columns = u64::from(width.saturating_sub(*left).div_ceil(*across));
        let lines = u64::from(height.saturating_sub(*top).div_ceil(*down));
        if columns == 0 { 0 } else { lines * (1 + (columns * samples * u64::from(depth)).div_ceil(8)) }
    };
    Ok(passes.iter().map(of_pass).sum())
}

/// The passes of an interlaced picture (§8.1): first column, step between columns, first line, step between lines.
const ADAM7: [[u32; 4]; 7] =
    [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];

/// The picture while it is inflated: its bytes are counted, not kept.
struct Drawn {
    inflate: Decompress,
    expected: u64,
    is_at_end: bool,
}

impl Drawn {
    fn new(expected: u64) -> Self {
        Self { inflate: Decompress::new(true), expected, is_at_end: false }
    }

    /// Inflates one piece; fails when the picture becomes larger than the header says.
    fn more(&mut self, mut deflated: &[u8]) -> Result<(), Unfit> {
        let mut lines = [0; 16 << 10];
        loop {
            let (read, made) = (self.inflate.total_in(), self.inflate.total_out());
            let status =
                self.inflate.decompress(deflated, &mut lines, FlushDecompress::None).map_err(|_| Unfit::Unknown)?;
            let taken = usize::try_from(self.inflate.total_in() - read).map_err(|_| Unfit::Unknown)?;
            deflated = deflated.get(taken..).unwrap_or_default();
            self.is_at_end |= status == Status::StreamEnd;
            if self.inflate.total_out() > self.expected {
                return Err(Unfit::Unknown);
            }
            let stood_still = taken == 0 && self.inflate.total_out() == made;
            if self.is_at_end || stood_still {
                return Ok(());
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.is_at_end && self.inflate.total_out() == self.expected
    }
}

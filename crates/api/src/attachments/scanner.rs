//! A program that looks for malware in a file: ClamAV's `clamd`, spoken to in its own protocol (clamd(8), INSTREAM). The calls block.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How long connecting, one write or one read may take: less than the time that is left for a request once its file has arrived.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many bytes are sent in one piece.
const PIECE: usize = 64 << 10;
/// The longest answer that is read, in bytes.
const ANSWER: u64 = 4 << 10;

/// Where the scanner listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanner {
    /// `unix:PATH`.
    Unix(PathBuf),
    /// `tcp:HOST:PORT`.
    Tcp(String),
}

impl FromStr for Scanner {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("tcp", place)) => match place.rsplit_once(':') {
                Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                    Ok(Self::Tcp(place.to_owned()))
                }
                _ => Err(()),
            },
            _ => Err(()),
        }
    }
}

impl Scanner {
    /// Whether nothing harmful is found in the file.
    ///
    /// # Errors
    /// The scanner does not answer, or not with a verdict.
    pub(super) fn is_clean(&self, file: &[u8]) -> io::Result<bool> {
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                ask(stream, file)
            }
            Self::Tcp(place) => {
                let address = place.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
                let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                ask(stream, file)
            }
        }
    }
}

/// Sends each piece after its length (big-endian); a length of zero ends the file. The command and the answer both end with a zero byte.
fn ask(mut stream: impl Read + Write, file: &[u8]) -> io::Result<bool> {
    stream.write_all(b"zINSTREAM\0")?;
    for piece in file.chunks(PIECE) {
        let length = u32::try_from(piece.len()).map_err(io::Error::other)?;
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(piece)?;
    }
    stream.write_all(&[0; 4])?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer)?;
    match answer.strip_suffix(b"\0") {
        Some(b"stream: OK") => Ok(true),
        Some(found) if found.ends_with(b" FOUND") => Ok(false),
        // For example, the file is too large for the scanner. Its answer may quote the file, so it is not repeated.
        _ => Err(io::Error::other("no verdict")),
    }
}

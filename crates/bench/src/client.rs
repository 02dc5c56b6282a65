//! A keep-alive HTTP/1.1 connection, as thin as a client can be: the client's work takes time from the service on the same processors.

use crate::Result;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The answer, or an error when it has another status.
    pub(crate) fn expect(self, status: u16, what: &str) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body).chars().take(600).collect::<String>();
        Err(format!("{what} was answered with {}: {body}", self.status).into())
    }
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One request.
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    pub(crate) token: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) if_match: Option<u32>,
    pub(crate) body: &'a str,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    pub(crate) fn send(&mut self, request: &Request<'_>) -> Result<Answer> {
        use std::fmt::Write as _;
        let Request { method, path, token, key, if_match, body } = request;
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n");
        if let Some(key) = key {
            write!(text, "Idempotency-Key: {key}\r\n")?;
        }
        if let Some(revision) = if_match {
            write!(text, "If-Match: \"{revision}\"\r\n")?;
        }
        if *method != "GET" {
            write!(text, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())?;
        }
        text.push_str("\r\n");
        text.push_str(body);
        self.stream.write_all(text.as_bytes())?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Answer> {
        self.buffer.clear();
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            self.fill()?;
        };
        let head = String::from_utf8_lossy(self.buffer.get(..end).unwrap_or_default()).into_owned();
        let status = head.get(9..12).unwrap_or_default().parse()?;
        let mut answer = Answer { status, head, body: Vec::new() };
        let length: usize = match answer.header("content-length") {
            Some(length) => length.parse()?,
            None if status == 204 => 0,
            None => return Err("an answer without a length".into()),
        };
        let start = end + 4;
        while self.buffer.len() < start + length {
            self.fill()?;
        }
        answer.body = self.buffer.get(start..start + length).unwrap_or_default().to_vec();
        Ok(answer)
    }

    fn fill(&mut self) -> Result {
        let mut chunk = [0; 32 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err("the connection was closed".into()),
            read => {
                self.buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
                Ok(())
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

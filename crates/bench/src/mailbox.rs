//! A mail server that accepts everything, as slowly as real ones do: mails go out while requests are served, as in an office.

use crate::Result;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long a server nearby takes for a mail.
const ANSWER: Duration = Duration::from_millis(40);

/// Starts it; it ends with this process.
pub(crate) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A broken connection is the sender's problem.
            std::thread::spawn(move || drop(serve(stream)));
        }
    });
    Ok(address)
}

fn serve(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    out.write_all(b"220 bench\r\n")?;
    let mut in_data = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if in_data {
            if line == "." {
                in_data = false;
                std::thread::sleep(ANSWER);
                out.write_all(b"250 taken\r\n")?;
            }
            continue;
        }
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "DATA" => {
                in_data = true;
                out.write_all(b"354 go on\r\n")?;
            }
            "QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => out.write_all(b"250 bench\r\n")?,
        }
    }
    Ok(())
}

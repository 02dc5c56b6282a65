//! Connections: how many there may be, and how long one may be idle. `api::limit` limits what happens on them.

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use api::limit::Connection;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::any::Any;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The most connections of each of the two workers. At 25 KB each, when nothing harmful comes, all of them take 100 MB. At 256 KiB each,
/// which nobody can exceed without a log-in (tests/command/memory.rs), they take 1 GiB.
pub(crate) const PER_WORKER: usize = 2_048;
/// The most connections to the metrics: several programs may watch, and none opens many.
pub(crate) const METRICS: usize = 16;
/// The most TLS handshakes that a worker has under way: each costs a signature, about a millisecond of a processor.
pub(crate) const HANDSHAKES: usize = 64;
/// How long a handshake may take.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long the head of a connection's first request may take.
pub(crate) const HEAD: Duration = Duration::from_secs(5);
/// How long a connection stays open after an answer.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long the peer may take to close after we have closed.
pub(crate) const CLOSING: Duration = Duration::from_secs(2);
/// Threads for blocking work (password hashes, of which two run at once): actix's default would be 256 for each worker.
pub(crate) const BLOCKING: usize = 8;
/// File descriptors that the process asks for: two for each connection, and some for databases and files.
const FILES: u64 = 65_536;
/// The time between two looks at a connection. A connection that did nothing in between is closed, so an idle one ends after one to two
/// such times.
const LOOK: Duration = KEEP_ALIVE;

/// Raises the soft limit of file descriptors, 1024 on most systems, as far as the hard limit allows. If that is less than wanted, there are
/// fewer connections.
pub(crate) fn allow_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(FILES, |maximum| maximum.min(FILES));
    if current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
    {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Watches a new connection.
pub(crate) fn opened(io: &dyn Any, extensions: &mut Extensions) {
    let connection = Arc::new(Connection::default());
    extensions.insert(Arc::clone(&connection));
    let plain = io.downcast_ref::<TcpStream>();
    let socket = plain.or_else(|| io.downcast_ref::<TlsStream<TcpStream>>().map(|tls| tls.get_ref().0));
    // When file descriptors run out, there is no second handle by which to close the connection.
    if let Some(Ok(handle)) = socket.map(|socket| socket.as_fd().try_clone_to_owned()) {
        actix_web::rt::spawn(watch(handle.into(), Arc::downgrade(&connection)));
    }
}

/// Closes the socket when nothing has happened on its connection between two looks; ends when the connection is gone.
async fn watch(socket: std::net::TcpStream, connection: Weak<Connection>) {
    let mut before = None;
    loop {
        actix_web::rt::time::sleep(LOOK).await;
        let Some(connection) = connection.upgrade() else { return };
        let now = connection.at_rest();
        if now.is_some() && now == before {
            let _ = socket.shutdown(Shutdown::Both);
            return;
        }
        before = now;
    }
}

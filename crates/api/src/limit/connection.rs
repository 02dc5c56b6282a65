//! What one connection has under way. actix closes a connection whose first request does not come, or which is quiet after an answer, but waits
//! forever for a second request that was begun; and h2 lets a client open as many streams as it likes. So both are counted here, and `server`
//! closes what stands idle.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Requests that one connection may have under way (HTTP/2 streams).
const STREAMS: usize = 100;

/// The requests of one connection. `server` leaves one with each connection that it accepts.
#[derive(Debug, Default)]
pub struct Connection {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Connection {
    /// How many requests there have been, when none is under way. The same number twice means that nothing happened in between.
    pub fn at_rest(&self) -> Option<usize> {
        let ended = self.ended.load(Ordering::SeqCst);
        (self.begun.load(Ordering::SeqCst) == ended).then_some(ended)
    }
}

/// A request under way.
pub(super) struct Stream(Arc<Connection>);

impl Stream {
    /// None when there are too many.
    pub(super) fn open(connection: Arc<Connection>) -> Option<Self> {
        let begun = connection.begun.fetch_add(1, Ordering::SeqCst);
        // Made in any case, so that dropping it ends it.
        let stream = Self(connection);
        let under_way = begun.saturating_sub(stream.0.ended.load(Ordering::SeqCst));
        (under_way < STREAMS).then_some(stream)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// An answer's body: while it is sent piece by piece, its request is under way.
pub(super) struct Held {
    pub(super) body: BoxBody,
    pub(super) stream: Option<Stream>,
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, stream } = self;
        body.try_into_bytes().map_err(|body| Self { body, stream })
    }
}

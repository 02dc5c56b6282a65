//! Counts what happens on one connection. actix closes a connection whose first request does not come, or which is quiet after an answer.
//! But it waits forever for a second request that has begun, and for a client that does not read its answer. So `server` uses these counts
//! to close idle connections.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

/// The largest piece of an answer that is handed to the connection, in bytes: for a client that does not read, no more than two pieces are copied.
const PIECE: usize = 32 << 10;

/// What happened on one connection. `server` leaves one with each connection that it accepts.
#[derive(Debug, Default)]
pub struct Connection {
    /// The steps so far: a request came, its answer was made, a piece of it was taken, it ended.
    steps: AtomicUsize,
    /// Requests whose answers are being made.
    at_work: AtomicUsize,
}

impl Connection {
    /// The number of steps so far; none while an answer is being made. The same number twice means that nothing happened in between: no
    /// request came, and no answer was read.
    pub fn at_rest(&self) -> Option<usize> {
        let steps = self.steps.load(Ordering::SeqCst);
        (self.at_work.load(Ordering::SeqCst) == 0).then_some(steps)
    }

    fn step(&self) {
        self.steps.fetch_add(1, Ordering::SeqCst);
    }
}

/// A request whose answer has not been sent yet.
pub(super) struct UnderWay {
    connection: Arc<Connection>,
    is_answered: bool,
}

impl UnderWay {
    /// Begins with the request's head, and ends when it is dropped.
    pub(super) fn begin(connection: Arc<Connection>) -> Self {
        connection.step();
        connection.at_work.fetch_add(1, Ordering::SeqCst);
        Self { connection, is_answered: false }
    }

    /// The answer is ready and begins to be sent.
    pub(super) fn answered(&mut self) {
        if !self.is_answered {
            self.is_answered = true;
            self.connection.at_work.fetch_sub(1, Ordering::SeqCst);
        }
        self.connection.step();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.answered();
    }
}

/// An answer's body, piece by piece.
pub(super) struct Held {
    body: BoxBody,
    /// The part that has been made and not yet sent.
    rest: Bytes,
    under_way: Option<UnderWay>,
}

impl Held {
    pub(super) fn new(body: BoxBody, mut under_way: Option<UnderWay>) -> Self {
        under_way.iter_mut().for_each(UnderWay::answered);
        Self { body, rest: Bytes::new(), under_way }
    }
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_next(context)) {
                Some(Ok(bytes)) => this.rest = bytes,
                ended => return Poll::Ready(ended),
            }
        }
        this.under_way.iter().for_each(|it| it.connection.step());
        let length = this.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(this.rest.split_to(length))))
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self.size() {
            BodySize::Sized(size) if size > PIECE as u64 => Err(self),
            _ => {
                let Self { body, rest, under_way } = self;
                body.try_into_bytes().map_err(|body| Self { body, rest, under_way })
            }
        }
    }
}

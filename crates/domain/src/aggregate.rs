//! What every thing that changes by transitions has in common: one document that decides, and one stream that tells of its changes.

use crate::audit::{EventDraft, Stream};
use crate::ids::MunicipalityId;
use crate::mail::Mail;

/// A thing whose state is one document: a transition consumes it and returns an [`Outcome`].
pub trait Aggregate: Sized {
    /// What a transition may change beside the document, for the one writer of storage.
    type Changes: Default;

    /// The stream that tells of its changes.
    fn stream(&self) -> Stream;

    /// The municipality to which it belongs.
    fn municipality_id(&self) -> MunicipalityId;
}

/// The whole consequence of a transition. Storage writes it at once or not at all.
#[must_use = "a transition that is not applied has not happened"]
pub struct Outcome<A: Aggregate> {
    /// The thing as it is now.
    pub thing: A,
    /// What changed beside it.
    pub changes: A::Changes,
    /// The events for the audit trail.
    pub events: Vec<EventDraft>,
    /// The mails to send.
    pub mails: Vec<Mail>,
}

impl<A: Aggregate> Outcome<A> {
    /// The outcome of a transition that changes nothing beside the document and has one event.
    pub fn of(thing: A, event: EventDraft) -> Self {
        Self { thing, changes: A::Changes::default(), events: vec![event], mails: Vec::new() }
    }
}

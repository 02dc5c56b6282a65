//! Who can act: a person who works with the service, with posts, log-in and sessions, and a department system. Every change is a transition
//! that consumes the person or the system and returns an [`Outcome`].

mod client;
mod login;
mod post;

pub use client::{Client, NextSecret};
pub use login::{KeptCode, PasswordHash, Session};
pub use post::{Post, Role};

use crate::agency::Actor;
use crate::aggregate::{Aggregate, Outcome};
use crate::audit::{EventDraft, EventKind, Fact, Stream};
use crate::case::Refusal;
use crate::case::relay::InvalidTransition;
use crate::ids::{MunicipalityId, SessionId, StaffId};
use crate::second_person;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// A person who works with the service. Cannot be printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: StaffId,
    /// The municipality in whose directory they stand.
    pub municipality_id: MunicipalityId,
    /// The login in lower case, unique in the service.
    pub login: String,
    /// Their name.
    pub name: String,
    /// The hash of the password; none until they have used an invitation.
    pub password_hash: Option<PasswordHash>,
    /// The code that they can use now.
    pub code: Option<KeptCode>,
    /// The person who gave out the last code, used or not: that person cannot be the second one for their posts.
    pub code_from: Option<StaffId>,
    /// Since when they may not log in.
    pub disabled_at: Option<Instant>,
    /// Their posts, past and future ones included; oldest first.
    pub posts: Vec<Post>,
    /// The sessions that have not ended; those that expired stay until the next change.
    pub sessions: Vec<Session>,
}

impl Aggregate for Person {
    type Changes = ();

    fn stream(&self) -> Stream {
        Stream::Person(self.id)
    }

    fn municipality_id(&self) -> MunicipalityId {
        self.municipality_id
    }
}

impl Person {
    /// Adds them to the directory.
    pub fn create(self) -> Outcome<Self> {
        let event = self
            .event(EventKind::StaffCreated)
            .with("post_ids", Fact::ids(self.posts.iter().map(|post| post.id.0)))
            .with("agency_ids", Fact::ids(self.posts.iter().map(|post| post.agency_id.0)))
            .with("roles", Fact::List(self.posts.iter().map(|post| Fact::Code(post.role.as_str())).collect()));
        Outcome::of(self, event)
    }

    /// Keeps the person from logging in, ends their sessions and takes back their code. `by` is none on the command line.
    ///
    /// # Errors
    /// It is oneself, or was done before.
    pub fn disable(mut self, by: Option<&Actor>, at: Instant) -> Result<Outcome<Self>, Refusal> {
        self.not_oneself(by)?;
        if self.disabled_at.is_some() {
            return Err(in_state("disabled"));
        }
        self.disabled_at = Some(at);
        self.code = None;
        let ended = self.end_all_sessions(None, at);
        let event = self.event(EventKind::StaffDisabled).with("sessions_ended", Fact::Count(ended));
        Ok(Outcome::of(self, event))
    }

    /// Lets the person log in again. When another person does it, the posts count again only when a third one has confirmed them.
    ///
    /// # Errors
    /// It is oneself, or the person is not barred.
    pub fn enable(mut self, by: Option<&Actor>) -> Result<Outcome<Self>, Refusal> {
        self.not_oneself(by)?;
        if self.disabled_at.take().is_none() {
            return Err(in_state("enabled"));
        }
        if let Some(by) = by.and_then(Actor::staff_id) {
            self.hold_posts(by);
        }
        let event = self.event(EventKind::StaffEnabled);
        Ok(Outcome::of(self, event))
    }

    fn event(&self, kind: EventKind) -> EventDraft {
        EventDraft::new(kind, self.stream()).with("staff_id", Fact::Id(self.id.0))
    }

    /// Refuses callers who would act on their own account: give themselves a post or a code, or bar themselves.
    fn not_oneself(&self, by: Option<&Actor>) -> Result<(), Refusal> {
        match by {
            Some(actor) => Ok(second_person::other_than(actor, &[Some(self.id)])?),
            None => Ok(()),
        }
    }

    /// Ends every session except `kept`, and returns how many of them were open.
    fn end_all_sessions(&mut self, kept: Option<SessionId>, at: Instant) -> u64 {
        let open = |session: &Session| at < session.expires_at;
        let ended = self.sessions.iter().filter(|session| Some(session.id) != kept && open(session)).count();
        self.sessions.retain(|session| Some(session.id) == kept && open(session));
        ended as u64
    }
}

fn in_state(state: &'static str) -> Refusal {
    InvalidTransition { state }.into()
}

//! A department system (連携システム, an OAuth client): its secret, its scopes, and what waits for a second person. The person who adds one
//! has seen its secret, so another person must confirm it; a new secret must be confirmed in the same way.

use super::in_state;
use crate::agency::{Actor, Scope};
use crate::aggregate::{Aggregate, Outcome};
use crate::audit::{EventDraft, EventKind, Fact, Stream};
use crate::case::Refusal;
use crate::ids::{AgencyId, ClientId, MunicipalityId, StaffId};
use crate::second_person;
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A department system. Of a secret only the hash is kept (SHA-256). Cannot be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id, the `client_id` of OAuth.
    pub id: ClientId,
    /// Its municipality.
    pub municipality_id: MunicipalityId,
    /// The agency that it belongs to.
    pub agency_id: AgencyId,
    /// What it is called.
    pub name: String,
    /// The hash of its secret.
    pub secret_hash: [u8; 32],
    /// What it may ask for.
    pub scopes: BTreeSet<Scope>,
    /// The hash of the secret before this one, and until when that still counts.
    pub earlier_secret: Option<([u8; 32], Instant)>,
    /// A secret that waits for a second person.
    pub next_secret: Option<NextSecret>,
    /// When it was added.
    pub created_at: Instant,
    /// Who added it; none = the command line.
    pub made_by: Option<StaffId>,
    /// Since when it counts. One from the command line counts at once.
    pub confirmed_at: Option<Instant>,
    /// Since when it is shut out, for good.
    pub revoked_at: Option<Instant>,
}

/// A secret that waits for a second person.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextSecret {
    /// The hash of the secret.
    pub hash: [u8; 32],
    /// How many seconds the secret before it still counts after the confirmation.
    pub overlap_seconds: i64,
    /// Who asked for it.
    pub asked_by: Option<StaffId>,
}

impl Aggregate for Client {
    type Changes = ();

    fn stream(&self) -> Stream {
        Stream::Client(self.id)
    }

    fn municipality_id(&self) -> MunicipalityId {
        self.municipality_id
    }
}

impl Client {
    /// Adds it.
    pub fn create(self) -> Outcome<Self> {
        let event = self.event(EventKind::ClientCreated);
        Outcome::of(self, event)
    }

    /// Whether it may do anything at all.
    pub fn counts(&self) -> bool {
        self.confirmed_at.is_some() && self.revoked_at.is_none()
    }

    /// Lets it count, or lets the secret count that waits.
    ///
    /// # Errors
    /// Nothing waits; the actor is not the second person.
    pub fn confirm(mut self, actor: &Actor) -> Result<Outcome<Self>, Refusal> {
        let (kind, asked_by) = match self.next_secret {
            _ if self.confirmed_at.is_none() => (EventKind::ClientConfirmed, self.made_by),
            Some(next) => (EventKind::ClientRotated, next.asked_by),
            None => return Err(self.not_now()),
        };
        second_person::of_client(actor, asked_by, &self.scopes)?;
        if self.revoked_at.is_some() {
            return Err(self.not_now());
        }
        match self.next_secret.take_if(|_| self.confirmed_at.is_some()) {
            Some(next) => self.take_secret(next.hash, actor.at.plus_seconds(next.overlap_seconds)),
            None => self.confirmed_at = Some(actor.at),
        }
        let event = self.event(kind);
        Ok(Outcome::of(self, event))
    }

    /// Keeps a secret that waits for a second person, in place of one that waited before.
    ///
    /// # Errors
    /// It does not count.
    pub fn ask_rotation(mut self, next: NextSecret) -> Result<Outcome<Self>, Refusal> {
        if !self.counts() {
            return Err(self.not_now());
        }
        self.next_secret = Some(next);
        let event = self.event(EventKind::ClientRotationAsked);
        Ok(Outcome::of(self, event))
    }

    /// Gives it another secret at once, by the command line; the earlier one counts until `earlier_until`.
    ///
    /// # Errors
    /// It was shut out.
    pub fn rotate(mut self, hash: [u8; 32], earlier_until: Instant) -> Result<Outcome<Self>, Refusal> {
        if self.revoked_at.is_some() {
            return Err(self.not_now());
        }
        self.take_secret(hash, earlier_until);
        let event = self.event(EventKind::ClientRotated);
        Ok(Outcome::of(self, event))
    }

    /// Shuts it out, for good, even one that still waits for confirmation.
    ///
    /// # Errors
    /// It was shut out before.
    pub fn revoke(mut self, at: Instant) -> Result<Outcome<Self>, Refusal> {
        if self.revoked_at.is_some() {
            return Err(self.not_now());
        }
        self.revoked_at = Some(at);
        let event = self.event(EventKind::ClientRevoked);
        Ok(Outcome::of(self, event))
    }

    fn take_secret(&mut self, hash: [u8; 32], earlier_until: Instant) {
        self.earlier_secret = Some((self.secret_hash, earlier_until));
        self.secret_hash = hash;
    }

    /// The refusal for a system that does not count, or for which nothing waits; it names the state.
    fn not_now(&self) -> Refusal {
        in_state(match (self.revoked_at, self.confirmed_at) {
            (Some(_), _) => "revoked",
            (None, None) => "pending",
            (None, Some(_)) => "nothing_pending",
        })
    }

    fn event(&self, kind: EventKind) -> EventDraft {
        EventDraft::new(kind, self.stream())
            .with("client_id", Fact::Id(self.id.0))
            .with("agency_id", Fact::Id(self.agency_id.0))
            .with("scopes", Fact::List(self.scopes.iter().map(|scope| Fact::Code(scope.as_str())).collect()))
    }
}

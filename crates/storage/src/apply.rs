//! The one writer: what a transition has decided goes into the database here, all or nothing.

use crate::lane::WriteTx;
use crate::locked::{Locked, State, Stored};
use crate::store::StoreError;
use domain::agency::Actor;
use domain::aggregate::Outcome;
use domain::audit::{EventDraft, Fact};
use domain::time::Instant;

impl WriteTx<'_> {
    /// Writes a new thing. `actor` is none on the command line.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something that must be unique is taken.
    pub fn apply_new<A: Stored>(
        &mut self,
        outcome: Outcome<A>,
        actor: Option<&Actor>,
        at: Instant,
    ) -> Result<Locked<A>, StoreError> {
        let locked = Locked::of_new(outcome.thing.clone(), self.chance);
        self.apply(locked, outcome, actor, at)
    }

    /// Stores the document, the rows, the audit events and the mails of a transition. `actor` is none when the service itself acts.
    ///
    /// # Errors
    /// The database refuses.
    pub fn apply<A: Stored>(
        &mut self,
        mut locked: Locked<A>,
        outcome: Outcome<A>,
        actor: Option<&Actor>,
        at: Instant,
    ) -> Result<Locked<A>, StoreError> {
        let outcome = A::complete(self, &locked, outcome, at)?;
        let municipality = outcome.thing.municipality_id();
        if A::is_gone(&outcome.changes) {
            A::write(self, &mut locked, &outcome, None, at)?;
            locked.lock.leads_to(Vec::new());
            self.append(&mut locked.lock, &outcome.events, actor, at)?;
            return Ok(Locked { thing: outcome.thing, ..locked });
        }
        let counting = A::counted(self, &locked, &outcome, at)?;
        let state = State::of(&outcome.thing, self.keys)?;
        let moved = state.digest != locked.lock.state();
        let document = moved.then(|| state.seal::<A>(outcome.thing.id(), &locked.key, self.chance)).transpose()?;
        A::write(self, &mut locked, &outcome, document, at)?;
        let Outcome { thing, events, mails, .. } = outcome;
        if let Some(counting) = counting {
            self.write_facts(municipality, thing.id(), &counting)?;
        }
        if moved {
            locked.lock.leads_to(state.digest);
        }
        let events = if moved { leading_to(events, locked.lock.state()) } else { events };
        if moved && events.is_empty() {
            self.move_head(&mut locked.lock)?;
        }
        match actor {
            Some(_) => self.put_mails(&mails, municipality, at)?,
            None => self.put_mails_of_round(&mails, municipality, at)?,
        }
        self.append(&mut locked.lock, &events, actor, at)?;
        Ok(Locked { thing, ..locked })
    }
}

/// The events, each with the digest of the document to which they lead.
pub(crate) fn leading_to(events: Vec<EventDraft>, state: &[u8]) -> Vec<EventDraft> {
    let digest = hex::encode(state);
    events.into_iter().map(|event| event.with("state_digest", Fact::Commitment(digest.clone()))).collect()
}

//! A secret address: which agency may be told it all the same.

use crate::agency::Actor;
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::address::{AddressRelease, Decided, ReleaseEnd, ReleaseState};
use crate::case::relay::InvalidTransition;
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::content::{AddressSecret, Content, Section};
use crate::ids::{AddressReleaseId, AgencyId};
use crate::personal::Personal;
use crate::second_person;

/// A request to release the address as it was sent in.
pub struct ReleaseRequest {
    /// The agency that may be told.
    pub to_agency_id: AgencyId,
    /// The person there who may be told.
    pub named_staff: Option<Personal<String>>,
    /// Why.
    pub reason: Personal<String>,
}

impl Case {
    /// The release of that id.
    pub fn release(&self, id: AddressReleaseId) -> Option<&AddressRelease> {
        self.releases.iter().find(|r| r.id == id)
    }

    /// Whether the address is secret and no release for `agency` stands.
    pub(in crate::case) fn address_is_shut_to(&self, agency: AgencyId) -> bool {
        let stands = |r: &AddressRelease| r.to_agency_id == agency && r.state == ReleaseState::Approved;
        self.sheet.reception.address_secret != AddressSecret::None && !self.releases.iter().any(stands)
    }

    /// Asks for permission to tell one agency the secret address.
    ///
    /// # Errors
    /// The sheet must be open, its address secret, and the agency another than the origin; [`Refusal::Transition`] also when a release for
    /// it waits or stands.
    pub fn request_release(
        mut self,
        id: AddressReleaseId,
        request: ReleaseRequest,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        if self.sheet.reception.address_secret == AddressSecret::None {
            return Err(Refusal::invalid(
                "",
                "not_secret",
                "このシートは住所秘匿の対象ではありません。承認は要りません。",
            ));
        }
        if request.to_agency_id == self.sheet.origin_agency_id {
            let detail = "受け付けた機関は、住所を見られます。別の機関を指定してください。";
            return Err(Refusal::invalid("/to_agency_id", "own_agency", detail));
        }
        self.open(actor.today())?;
        let mut same = self.releases.iter().filter(|r| r.to_agency_id == request.to_agency_id);
        if let Some(known) = same.find(|release| release.is_alive()) {
            return Err(InvalidTransition { state: known.state.as_str() }.into());
        }
        let event = self.release_event(EventKind::ReleaseRequested, id, request.to_agency_id);
        self.releases.push(AddressRelease {
            id,
            sheet_id: self.sheet.id,
            to_agency_id: request.to_agency_id,
            named_staff: request.named_staff,
            reason: request.reason,
            state: ReleaseState::Requested,
            requested_by: actor.staff_id(),
            requested_at: actor.at,
            decided: None,
            revoked: None,
            ended_by: None,
        });
        let changes = Changes { releases: [id].into(), ..Changes::default() };
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }

    /// The manager's decision on a request.
    ///
    /// # Errors
    /// [`Refusal::Transition`] unless the request waits; [`Refusal::Invalid`] when the manager made it.
    pub fn decide_release(
        mut self,
        id: AddressReleaseId,
        approves: bool,
        reason: Option<Personal<String>>,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        let release = self.releases.iter_mut().find(|r| r.id == id).ok_or(Refusal::NotFound)?;
        if release.state != ReleaseState::Requested {
            return Err(InvalidTransition { state: release.state.as_str() }.into());
        }
        second_person::other_than(actor, &[release.requested_by])?;
        let (state, kind) = if approves {
            (ReleaseState::Approved, EventKind::ReleaseApproved)
        } else {
            (ReleaseState::Rejected, EventKind::ReleaseRejected)
        };
        release.state = state;
        release.decided = Some(Decided { staff_id: actor.staff_id(), at: actor.at, reason });
        let to = release.to_agency_id;
        let changes = Changes { releases: [id].into(), ..Changes::default() };
        let event = self.release_event(kind, id, to);
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }

    /// Takes a release back: the address is closed to the agency at once.
    ///
    /// # Errors
    /// [`Refusal::Transition`] unless it waits or stands.
    pub fn revoke_release(
        mut self,
        id: AddressReleaseId,
        reason: Option<Personal<String>>,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        let release = self.releases.iter_mut().find(|r| r.id == id).ok_or(Refusal::NotFound)?;
        if !release.is_alive() {
            return Err(InvalidTransition { state: release.state.as_str() }.into());
        }
        release.end(ReleaseEnd::TakenBack, Decided { staff_id: actor.staff_id(), at: actor.at, reason });
        let to = release.to_agency_id;
        let changes = Changes { releases: [id].into(), ..Changes::default() };
        let event = self.ended_event(id, to, ReleaseEnd::TakenBack);
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }

    /// Ends every release whose ground is gone: the protection of the address has ended or has another ground, or another address was
    /// written. `was` is the protection and `earlier` the content before the revision to `content`.
    pub(in crate::case) fn end_releases(
        &mut self,
        was: AddressSecret,
        earlier: &Content,
        content: &Content,
        changes: &mut Changes,
        actor: &Actor,
    ) -> Vec<EventDraft> {
        let now = self.sheet.reception.address_secret;
        let cause = if now == AddressSecret::None {
            ReleaseEnd::ProtectionEnded
        } else if now != was {
            ReleaseEnd::ProtectionChanged
        } else if content.differs(earlier).contains(&Section::Address) {
            ReleaseEnd::AddressChanged
        } else {
            return Vec::new();
        };
        let mut ended = Vec::new();
        for release in self.releases.iter_mut().filter(|release| release.is_alive()) {
            release.end(cause, Decided { staff_id: actor.staff_id(), at: actor.at, reason: None });
            ended.push((release.id, release.to_agency_id));
        }
        changes.releases.extend(ended.iter().map(|(id, _)| *id));
        ended.into_iter().map(|(id, to)| self.ended_event(id, to, cause)).collect()
    }

    fn ended_event(&self, id: AddressReleaseId, to: AgencyId, cause: ReleaseEnd) -> EventDraft {
        self.release_event(EventKind::ReleaseRevoked, id, to).with("cause", Fact::Code(cause.as_str()))
    }

    fn release_event(&self, kind: EventKind, id: AddressReleaseId, to: AgencyId) -> EventDraft {
        self.event(kind).with("address_release_id", Fact::Id(id.0)).with("to_agency_id", Fact::Id(to.0))
    }
}

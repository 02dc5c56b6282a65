//! 世帯: sheets of one origin agency that are about members of one household are linked. A link discloses nothing to anybody else, because
//! only the origin is told of it. It moves no revision: what the sheet says stays as it was.

use crate::agency::Actor;
use crate::audit::{EventKind, Fact};
use crate::case::relay::InvalidTransition;
use crate::case::sheet::Standing;
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::ids::HouseholdId;

impl Case {
    /// Moves the sheet into the household of `other`, if there is such a sheet. The caller checks that the actor's agency is the origin of the
    /// sheet, and says whether another sheet `shares` its household: a sheet does not leave its household unasked.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] unless `other` is another sheet of the same origin; [`Refusal::Transition`] when one of them is voided.
    pub fn link(self, other: Option<&Case>, shares: bool, actor: &Actor) -> Result<Outcome, Refusal> {
        let own = |it: &&Case| it.sheet.origin_agency_id == self.sheet.origin_agency_id;
        let Some(other) = other.filter(own) else {
            let detail = "自分の部署で受け付けたシートを選んでください。";
            return Err(Refusal::invalid("/sheet_id", "unknown_sheet", detail));
        };
        if other.sheet.household_id == self.sheet.household_id {
            return Err(Refusal::invalid("/sheet_id", "unchanged", "このシートは、もう同じ世帯です。"));
        }
        if shares {
            let detail = "このシートには、もう世帯のシートがあります。先に世帯のシートから外してください。";
            return Err(Refusal::invalid("/sheet_id", "in_household", detail));
        }
        if !other.is_linkable() {
            return Err(InvalidTransition { state: other.state(actor.today()).as_str() }.into());
        }
        self.moved_to(other.sheet.household_id, EventKind::SheetLinked, actor)
    }

    /// Moves the sheet into the new household `alone`.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when it is voided.
    pub fn unlink(self, alone: HouseholdId, actor: &Actor) -> Result<Outcome, Refusal> {
        self.moved_to(alone, EventKind::SheetUnlinked, actor)
    }

    fn moved_to(mut self, household: HouseholdId, kind: EventKind, actor: &Actor) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        if !self.is_linkable() {
            return Err(InvalidTransition { state: before.state.as_str() }.into());
        }
        self.sheet.household_id = household;
        let event = self.event(kind).with("household_id", Fact::Id(household.0));
        Ok(self.conclude(&before, Changes::default(), vec![event], Vec::new(), actor.at))
    }

    /// Whether it may be linked. A draft may, so that a new sheet begins in its household.
    pub(in crate::case) fn is_linkable(&self) -> bool {
        self.sheet.standing != Standing::Voided
    }
}

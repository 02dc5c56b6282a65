//! Who works on the sheet for an agency (担当者). Each agency that has the sheet names its own person; of a receiver's person, the sender is
//! told on the relay. It moves no revision: it says nothing about the person whom the sheet is about, and a change that is under way must not
//! come too late because of it.

use crate::agency::Actor;
use crate::audit::{EventKind, Fact};
use crate::case::relay::InvalidTransition;
use crate::case::sheet::Standing;
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::codes::code_list;
use crate::ids::{AgencyId, RelayId, StaffId};
use std::collections::BTreeSet;

code_list! {
    /// 担当者を替える理由.
    pub enum AssignmentReason ("assignment_reason", "担当者を替える理由") {
        TakesOn = "takes_on", "受け持つことになった"; Transfer = "transfer", "異動・退職"; Absence = "absence", "休暇・休職";
        Workload = "workload", "件数の調整"; PersonWishes = "person_wishes", "本人の希望"; Other = "other", "その他";
    }
}

impl Case {
    /// Names the person who works on it for the actor's agency from now on, or nobody. The caller checks that the person has a post there.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when it is voided.
    pub fn assign(
        mut self,
        person: Option<StaffId>,
        reason: AssignmentReason,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        if !self.is_assignable() {
            return Err(InvalidTransition { state: before.state.as_str() }.into());
        }
        let earlier = self.assignee(actor.agency_id);
        let changes = Changes { relays: self.name_assignee(actor.agency_id, person), ..Changes::default() };
        let event = self
            .event(EventKind::SheetAssigned)
            .with("agency_id", Fact::Id(actor.agency_id.0))
            .with("reason", Fact::Code(reason.as_str()));
        let named = [("from_staff_id", earlier), ("to_staff_id", person)];
        let named = named.into_iter().filter_map(|(name, person)| Some((name, person?)));
        let event = named.fold(event, |event, (name, person)| event.with(name, Fact::Id(person.0)));
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }

    /// Names the person on the sheet and on the relays that the agency has taken on; returns the relays that named another before.
    pub(in crate::case) fn name_assignee(&mut self, agency: AgencyId, person: Option<StaffId>) -> BTreeSet<RelayId> {
        match person {
            Some(person) => self.sheet.assignees.insert(agency, person),
            None => self.sheet.assignees.remove(&agency),
        };
        let its = self.relays.iter_mut().filter(|relay| relay.to_agency_id == agency);
        its.filter_map(|relay| relay.assign(person).then_some(relay.id)).collect()
    }

    /// Whether somebody may be named. A closed sheet may be reopened, so it is handed on like an open one.
    pub(in crate::case) fn is_assignable(&self) -> bool {
        self.sheet.standing != Standing::Voided
    }
}

//! Which members of the household the receivers of relays see after the list is edited. [`Case::grant`] says what a reader may see now.

use super::Case;
use crate::agency::Agency;
use crate::case::relay::Relay;
use crate::case::stop::StopCause;
use crate::content::{Content, MemberChoice, Members, Section, ToldMember};
use crate::ids::{AgencyId, RelayId};
use crate::time::Day;
use std::collections::{BTreeMap, BTreeSet};

impl Case {
    /// The members of the household that an agency holds: those it was shown, by the sheet or by one of its relays.
    fn members_held(&self, agency: AgencyId) -> Members {
        let held = self.relays.iter().filter(|it| it.to_agency_id == agency && it.held.contains(&Section::Household));
        let told: Vec<ToldMember> = held.flat_map(|relay| relay.household.iter().cloned()).collect();
        Members::Told(told)
    }

    /// The decisions on members that went with `relay`, as choices that `reader`, who sees the `content` of today, would make again.
    pub fn choices_of(&self, relay: &Relay, content: &Content, reader: &Agency, today: Day) -> Vec<MemberChoice> {
        let grant = self.grant(reader, today);
        if !grant.shows(Section::Household) {
            return Vec::new();
        }
        grant.household(content).choices(&relay.household)
    }

    /// The agencies to which an edit of the household shows nothing new: it concerned only members who are left out of what they are told.
    pub(super) fn household_unseen(&self, earlier: &Content, now: &Content) -> BTreeSet<AgencyId> {
        let same = |agency: &AgencyId| {
            let members = self.members_held(*agency);
            let shown = |content: &Content| content.clone().with_members(&members, content);
            !shown(earlier).differs(&shown(now)).contains(&Section::Household)
        };
        self.relays.iter().map(|relay| relay.to_agency_id).filter(same).collect()
    }

    /// The relays by which a receiver was told of a member who says no with this edit.
    pub(super) fn members_closed(&self, earlier: &Content, now: &Content) -> BTreeMap<RelayId, StopCause> {
        let closes = |relay: &&Relay| {
            let members = self.members_held(relay.to_agency_id);
            let shown = |content: &Content| content.clone().with_members(&members, content);
            shown(now).lacks_who_said_no(&shown(earlier), now)
        };
        let holds = self.relays.iter().filter(|relay| relay.held.contains(&Section::Household));
        holds.filter(closes).map(|relay| (relay.id, StopCause::MemberRefused)).collect()
    }
}

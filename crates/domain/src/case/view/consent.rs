//! What one reader is shown of a consent.

use super::Insight;
use crate::agency::Actor;
use crate::case::consent::{Consent, ConsentState, Terms, Withdrawal};
use crate::case::{Case, Target};
use crate::ids::AgencyId;
use crate::permit::Permit;
use crate::personal::Personal;
use std::collections::BTreeSet;

/// A withdrawal as one reader may see it.
pub struct WithdrawalView<'a> {
    /// Its plain data. What stands below stands there in place of what stands here.
    pub withdrawal: &'a Withdrawal,
    /// The recipients that it names, as far as the reader may know of them.
    pub agency_ids: Vec<AgencyId>,
    /// Why.
    pub reason: Option<Personal<String>>,
}

/// An exclusion that was lifted, as one reader may see it.
pub struct LiftedView {
    /// The agency that may be told again.
    pub agency_id: AgencyId,
    /// Why.
    pub reason: Option<Personal<String>>,
}

/// A consent as one reader may see it.
pub struct ConsentView<'a> {
    /// Its plain data. What stands below stands there in place of what stands here; words stand in `words` alone.
    pub consent: &'a Consent,
    /// Its state.
    pub state: ConsentState,
    /// The terms with their words and names; none for a recipient, and for a reader of metadata.
    pub words: Option<&'a Terms>,
    /// The named recipients: all, or, for one of them, itself.
    pub recipients: Vec<AgencyId>,
    /// Their names on that day.
    pub agency_names: Vec<(AgencyId, &'a str)>,
    /// The agencies that must not be told, as far as the reader may know of them.
    pub exclusions: BTreeSet<AgencyId>,
    /// Exclusions that it lifted; none for a recipient.
    pub lifted: Vec<LiftedView>,
    /// The withdrawals that concern the reader.
    pub withdrawals: Vec<WithdrawalView<'a>>,
    /// Why it was invalid from the start.
    pub invalid_reason: Option<Personal<String>>,
    /// The agencies that still see what it does not allow, as far as the reader may know of them.
    pub still_told: BTreeSet<AgencyId>,
    /// What the reader may do now.
    pub can: Vec<&'static str>,
}

impl Case {
    /// How much of `consent` the actor may see: a reader of metadata sees all of it but words; none when it does not concern the actor's
    /// agency.
    pub fn insight_of(&self, consent: &Consent, permit: Permit, actor: &Actor) -> Option<Insight> {
        match permit {
            Permit::Allowed => self.insight(consent, actor.agency_id, actor.today()),
            _ => Some(Insight::Whole),
        }
    }

    /// Whether the actor's agency sees the evidence of `consent` and can add to it: an agency that may see only part of the consent cannot
    /// have been there when it was signed.
    pub fn keeps_evidence_of(&self, consent: &Consent, actor: &Actor) -> bool {
        self.insight(consent, actor.agency_id, actor.today()) == Some(Insight::Whole)
    }

    /// The consent as the actor may see it. The origin and the agency that recorded it see words and names; a recipient sees what concerns
    /// itself; a reader of metadata sees everything but words.
    pub fn consent_view<'a>(
        &self,
        consent: &'a Consent,
        insight: Insight,
        permit: Permit,
        actor: &Actor,
    ) -> ConsentView<'a> {
        let (reader, is_allowed) = (actor.agency_id, permit == Permit::Allowed);
        let is_whole = insight == Insight::Whole;
        let in_words = is_allowed && is_whole;
        // An agency that records a version carries over exclusions that others recorded, but does not see them.
        let knows = if is_allowed { reader } else { self.sheet.origin_agency_id };
        let concerns = |id: AgencyId| match insight {
            Insight::Whole => true,
            Insight::Own(reader) => id == reader,
        };
        let mut exclusions = self.exclusions_shown(consent, knows);
        exclusions.extend(consent.excludes(reader).then_some(reader));
        let terms = &consent.terms;
        let told = |it: &&Withdrawal| it.agency_ids.is_empty() || it.agency_ids.iter().any(|id| concerns(*id));
        let withdrawal = |it: &'a Withdrawal| WithdrawalView {
            withdrawal: it,
            agency_ids: it.agency_ids.iter().copied().filter(|id| concerns(*id)).collect(),
            reason: it.reason.clone().filter(|_| in_words),
        };
        let names = terms.circumstances.agency_names.iter().map(|(id, name)| (*id, name.as_str()));
        let lifted = consent.lifted.iter().filter(|_| is_whole);
        ConsentView {
            consent,
            state: consent.state(actor.today()),
            words: in_words.then_some(terms),
            recipients: terms.recipients.agency_ids.iter().copied().filter(|id| concerns(*id)).collect(),
            agency_names: names.filter(|(id, _)| concerns(*id)).collect(),
            exclusions,
            lifted: lifted
                .map(|it| LiftedView { agency_id: it.agency_id, reason: is_allowed.then(|| it.reason.clone()) })
                .collect(),
            withdrawals: consent.withdrawals.iter().filter(told).map(withdrawal).collect(),
            invalid_reason: consent.invalid.as_ref().filter(|_| in_words).map(|it| it.reason.clone()),
            still_told: self.still_told(consent, knows),
            can: self.can(Target::Consent(consent.id), actor),
        }
    }
}

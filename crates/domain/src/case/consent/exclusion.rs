//! Agencies that must not be told (伝えてほしくない相手). An exclusion, once said, stands in every later version until an agency that sees
//! it lifts it.

use super::{Consent, Witness};
use crate::door::FieldError;
use crate::ids::AgencyId;
use crate::personal::Personal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most exclusions that one version may lift; as many as it may name.
const MOST_LIFTED: usize = 100;

/// The person does not want an agency told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exclusion {
    /// The agency that must not be told.
    pub agency_id: AgencyId,
    /// The agency that recorded it. That agency sees it, and so does the origin.
    pub recorded_agency_id: AgencyId,
}

impl Exclusion {
    fn is_seen_by(&self, reader: AgencyId, origin: AgencyId) -> bool {
        reader == origin || reader == self.recorded_agency_id
    }
}

/// The person wants an exclusion lifted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lifted {
    /// The agency that may be told again.
    pub agency_id: AgencyId,
    /// Why.
    pub reason: Personal<String>,
}

impl Consent {
    /// Whether the person does not want `agency` told: said with this version, or with an earlier one and not lifted.
    pub fn excludes(&self, agency: AgencyId) -> bool {
        self.exclusions().any(|it| it.agency_id == agency)
    }

    /// The agencies that must not be told, as far as `reader` sees them; `origin` is the sheet's origin.
    pub fn exclusions_seen_by(&self, reader: AgencyId, origin: AgencyId) -> BTreeSet<AgencyId> {
        self.exclusions().filter(|it| it.is_seen_by(reader, origin)).map(|it| it.agency_id).collect()
    }

    fn exclusions(&self) -> impl Iterator<Item = Exclusion> {
        self.said().chain(self.carried.iter().copied())
    }

    fn said(&self) -> impl Iterator<Item = Exclusion> {
        let recorded_agency_id = self.recorded_agency_id;
        self.terms.exclusions.iter().map(move |agency_id| Exclusion { agency_id: *agency_id, recorded_agency_id })
    }
}

/// The exclusions that stand after a sheet's line of consents. What a version lifts counts only while that version is valid and its
/// witness, if it needs one, has confirmed it; what it adds counts in any case.
pub(crate) fn standing(line: &[Consent], origin: AgencyId) -> BTreeSet<Exclusion> {
    let mut standing = BTreeSet::new();
    for consent in line {
        let heard = matches!(consent.witness, Witness::NotNeeded | Witness::Confirmed { .. });
        if heard && consent.invalid.is_none() {
            standing = without(standing, &consent.lifted, consent.recorded_agency_id, origin);
        }
        standing.extend(consent.said());
    }
    standing
}

/// What is left of `standing` when `by` lifts some exclusions: `by` can lift only those that it sees.
pub(crate) fn without(
    standing: BTreeSet<Exclusion>,
    lifted: &[Lifted],
    by: AgencyId,
    origin: AgencyId,
) -> BTreeSet<Exclusion> {
    let goes = |it: &Exclusion| it.is_seen_by(by, origin) && lifted.iter().any(|lift| lift.agency_id == it.agency_id);
    standing.into_iter().filter(|it| !goes(it)).collect()
}

/// The entries of `lifted` that cannot be lifted: the exclusion does not stand or `by` does not see it, which gives the same answer, or the
/// same version says it again.
pub(crate) fn not_liftable(
    standing: &BTreeSet<Exclusion>,
    lifted: &[Lifted],
    said: &BTreeSet<AgencyId>,
    by: AgencyId,
    origin: AgencyId,
) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if lifted.len() > MOST_LIFTED {
        wrong.push(FieldError::new("/lifted_exclusions", "length", "件数が多すぎます。100件までにしてください。"));
    }
    for (index, lift) in lifted.iter().enumerate() {
        let at = format!("/lifted_exclusions/{index}/agency_id");
        let stands = standing.iter().any(|it| it.agency_id == lift.agency_id && it.is_seen_by(by, origin));
        if !stands {
            let detail = "この機関は、いま「伝えてほしくない相手」になっていません。同意の記録を確かめてください。";
            wrong.push(FieldError::new(at, "not_excluded", detail));
        } else if said.contains(&lift.agency_id) {
            let detail = "同じ機関を「伝えてほしくない相手」にも選んでいます。どちらか一つにしてください。";
            wrong.push(FieldError::new(at, "excluded_again", detail));
        }
    }
    wrong
}

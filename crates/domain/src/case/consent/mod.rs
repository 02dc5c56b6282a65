//! Consent (同意) as a type: its terms, whether it is in force, and the covering test, which alone makes a [`Disclosure`].

mod lists;
mod moves;

pub use lists::{
    AllowOnward, ConsentMethod, ConsentState, Decision, GivenByKind, IdentityCheck, Purpose, SubjectIntent,
    WithdrawalMethod, WithdrawnBy,
};
pub(in crate::case) use moves::reverted;
pub use moves::{ConsentInput, WithdrawalRequest};

use crate::age;
use crate::agency::Agency;
use crate::beside::attachment::Attachment;
use crate::case::exception::Exception;
use crate::case::relay::Basis;
use crate::content::{self, Chosen, Content, MemberChoice, Members, Section, Sections};
use crate::ids::{AgencyId, AttachmentId, ConsentId, MunicipalityId, RelayId, SheetId, StaffId, WithdrawalId};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod clause;
mod counted;
mod evidence;
mod exclusion;
mod sight;
mod terms;

pub use clause::Clause;
pub use counted::{Counted, Kept};
pub use evidence::{Evidence, EvidenceKind, MOST_EVIDENCE, NewEvidence, Point, Proof, Signature};
pub use exclusion::{Exclusion, Lifted};
pub(crate) use exclusion::{not_liftable, standing, without};
pub use sight::{RefusedClause, Sight};
pub use terms::{Circumstances, CoveredMember, GivenBy, Recipients, Terms};

/// Whether the second member of staff has confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Witness {
    /// The terms need none.
    NotNeeded,
    /// Not yet.
    Awaited,
    /// The witness heard it, too.
    Confirmed {
        /// Who.
        staff_id: StaffId,
        /// When.
        at: Instant,
    },
    /// The witness did not hear it so; this version will never be in force.
    Denied {
        /// Who.
        staff_id: StaffId,
        /// When.
        at: Instant,
    },
}

/// Who heard a consent that a department system recorded, and whether that person has confirmed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Who.
    pub staff_id: StaffId,
    /// When the person confirmed it with their own log-in; an objection makes the consent invalid.
    pub confirmed_at: Option<Instant>,
}

/// A withdrawal (撤回), whole or in part. It acts on this version and on every earlier one of the sheet's line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Its id.
    pub id: WithdrawalId,
    /// Who withdrew.
    pub by: WithdrawnBy,
    /// How.
    pub method: WithdrawalMethod,
    /// Why, if a reason was given (none is needed).
    pub reason: Option<Personal<String>>,
    /// Only these recipients; empty = every one.
    pub agency_ids: BTreeSet<AgencyId>,
    /// Only these sections; empty = every one.
    pub sections: Sections,
    /// When it was recorded, which is also when it took effect.
    pub at: Instant,
}

impl Withdrawal {
    /// Whether it takes the whole consent back.
    pub fn is_whole(&self) -> bool {
        self.agency_ids.is_empty() && self.sections.is_empty()
    }

    /// Whether it takes `section` back from `agency`.
    pub fn hits(&self, agency: AgencyId, section: Section) -> bool {
        (self.agency_ids.is_empty() || self.agency_ids.contains(&agency))
            && (self.sections.is_empty() || self.sections.contains(&section))
    }
}

/// A consent was invalid from the start (無効): the giver could not consent, or it was never given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invalidity {
    /// When it was recorded, which is also when it took effect.
    pub at: Instant,
    /// The person who recorded it.
    pub staff_id: Option<StaffId>,
    /// Why.
    pub reason: Personal<String>,
}

/// One version in a sheet's line of consents.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The municipality of the sheet: a class of recipients means agencies in its directory.
    pub municipality_id: MunicipalityId,
    /// Its place in the line, from 1.
    pub version: u32,
    /// The terms.
    pub terms: Terms,
    /// Exclusions of earlier versions that also stand in this one, because no agency that sees them has lifted them.
    #[serde(default)]
    pub carried: BTreeSet<Exclusion>,
    /// Exclusions of earlier versions that the person lifted with this one.
    #[serde(default)]
    pub lifted: Vec<Lifted>,
    /// The agency that recorded it.
    pub recorded_agency_id: AgencyId,
    /// The agency that looks after it, if the one that recorded it has ended.
    #[serde(default)]
    pub kept_by: Option<AgencyId>,
    /// The person who recorded it; none for a department system.
    pub recorded_by: Option<StaffId>,
    /// When.
    pub recorded_at: Instant,
    /// The witness.
    pub witness: Witness,
    /// The person who heard it, when a department system recorded it on that person's word.
    #[serde(default)]
    pub heard: Option<Heard>,
    /// The first day on which the person is of age, when a legal representative gave it for a minor whose date of birth is known.
    #[serde(default)]
    pub of_age_on: Option<Day>,
    /// The version that took its place, if any.
    pub superseded_by: Option<ConsentId>,
    /// What proves it, oldest first.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Withdrawals, oldest first.
    pub withdrawals: Vec<Withdrawal>,
    /// Set when it was found never to have been valid.
    #[serde(default)]
    pub invalid: Option<Invalidity>,
    /// When the service recorded that it had run out, and ended what rested on it.
    #[serde(default)]
    pub lapsed_at: Option<Instant>,
    /// What stood when it began to count; none for a deferral, and none until the witness has confirmed it.
    #[serde(default)]
    pub counted: Option<Counted>,
    /// The agencies that still see something under an earlier version that this one, the last word, does not let them see.
    #[serde(default)]
    pub still_told: BTreeSet<AgencyId>,
    /// Set when the person lets the sharing go on.
    #[serde(default)]
    pub kept: Option<Kept>,
}

impl Consent {
    /// The state on `today`.
    pub fn state(&self, today: Day) -> ConsentState {
        if self.invalid.is_some() {
            return ConsentState::Invalid;
        }
        if self.withdrawals.iter().any(Withdrawal::is_whole) {
            return ConsentState::Withdrawn;
        }
        if self.superseded_by.is_some() {
            return ConsentState::Superseded;
        }
        match self.terms.decision {
            Decision::Refused => return ConsentState::Refused,
            Decision::Pending => return ConsentState::Pending,
            Decision::Granted | Decision::Partial => {}
        }
        if matches!(self.witness, Witness::Awaited | Witness::Denied { .. }) {
            return ConsentState::Pending;
        }
        if self.terms.effective_until < today {
            return ConsentState::Expired;
        }
        ConsentState::Effective
    }

    /// Whether it allows something: 同意 or 一部同意.
    pub fn grants(&self) -> bool {
        matches!(self.terms.decision, Decision::Granted | Decision::Partial)
    }

    /// Whether anything of it was taken back.
    pub fn is_taken_back(&self) -> bool {
        self.invalid.is_some() || !self.withdrawals.is_empty()
    }

    /// Whether it grants something, is witnessed if needed, and was not superseded, withdrawn or found invalid. Days do not count here.
    pub fn stands(&self) -> bool {
        self.grants()
            && matches!(self.witness, Witness::NotNeeded | Witness::Confirmed { .. })
            && self.superseded_by.is_none()
            && self.invalid.is_none()
            && !self.withdrawals.iter().any(Withdrawal::is_whole)
    }

    /// Its last day, while the service has not yet recorded that it ran out; none afterwards, and none when it was taken back before.
    pub fn lapses_on(&self) -> Option<Day> {
        let is_over = self.lapsed_at.is_some() || self.invalid.is_some();
        let whole = self.withdrawals.iter().any(Withdrawal::is_whole);
        Some(self.terms.effective_until).filter(|_| self.grants() && !is_over && !whole)
    }

    /// Whether the witness may still answer.
    pub fn awaits_witness(&self) -> bool {
        self.witness == Witness::Awaited && self.superseded_by.is_none() && !self.is_taken_back()
    }

    /// Whether the person named as its hearer has not yet confirmed it.
    pub fn awaits_hearer(&self) -> bool {
        let unsaid = self.heard.is_some_and(|heard| heard.confirmed_at.is_none());
        unsaid && self.grants() && self.invalid.is_none() && !self.withdrawals.iter().any(Withdrawal::is_whole)
    }

    /// Records when the person comes of age: a legal representative's consent must be confirmed then. Returns whether that day changed.
    pub(crate) fn note_birth(&mut self, birth: Option<Day>) -> bool {
        let for_minor = |day: &Day| day.0 > self.terms.obtained_at.date();
        let is_legal = self.terms.given_by.kind == GivenByKind::LegalRepresentative;
        let day = birth.map(age::of_age_on).filter(for_minor).filter(|_| is_legal);
        let is_news = self.of_age_on != day;
        self.of_age_on = day;
        is_news
    }

    /// Whether it can carry something on `today`: it is effective, it has begun, and the giver's identity was checked.
    pub fn is_in_force(&self, today: Day) -> bool {
        self.state(today) == ConsentState::Effective
            && self.terms.effective_from <= today
            && self.terms.identity_check != IdentityCheck::None
    }

    /// Whether the terms mean the agency: by name, or by a class of the sheet's own municipality.
    pub(crate) fn covers_recipient(&self, agency: &Agency) -> bool {
        let by_class = self.municipality_id == agency.municipality_id && self.names_class_of(agency);
        self.terms.recipients.agency_ids.contains(&agency.id) || by_class
    }

    /// Whether the terms name the agency's class; a class does not reach an agency of another municipality.
    fn names_class_of(&self, agency: &Agency) -> bool {
        self.terms.recipients.classes.contains(&agency.class)
    }

    /// Whether `section` was taken back from `agency`: by a withdrawal, or because the consent was invalid from the start.
    pub fn is_withdrawn_for(&self, agency: AgencyId, section: Section) -> bool {
        self.invalid.is_some() || self.withdrawals.iter().any(|w| w.hits(agency, section))
    }

    /// Whether this version, on any day, allows `agency` to be told `section`.
    pub fn tells(&self, agency: &Agency, section: Section) -> bool {
        self.grants()
            && self.terms.sections.contains(&section)
            && self.covers_recipient(agency)
            && !self.excludes(agency.id)
            && !self.is_withdrawn_for(agency.id, section)
    }

    /// Whether this version lets `agency` see `section` on `today`.
    pub fn lets_see(&self, agency: &Agency, section: Section, today: Day) -> bool {
        self.is_in_force(today) && self.tells(agency, section)
    }
}

/// The consent that a request means which names none: the one in force, else the newest.
pub fn default_consent(line: &[Consent], today: Day) -> Option<&Consent> {
    line.iter().find(|c| c.state(today) == ConsentState::Effective).or_else(|| line.iter().max_by_key(|c| c.version))
}

/// A request to relay.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The agency that sends.
    pub from: AgencyId,
    /// The agency that would receive.
    pub to: &'a Agency,
    /// The sections that it would see.
    pub sections: &'a Sections,
    /// The purpose.
    pub purpose: Purpose,
    /// Whether the sender is itself a recipient that passes the sheet on.
    pub onward: bool,
    /// What the sender itself may see, and so may pass on.
    pub senders_grant: &'a Sections,
    /// Whether the sheet's address is secret from the agency that would receive.
    pub address_secret: bool,
    /// What the sender sees of the consent's record: a refusal tells it nothing of the rest.
    pub sight: Sight,
    /// Whether the person has refused since the exception was asked for, if it rests on one.
    pub refused_since: bool,
    /// The relay that came back and is being resent, if there is one.
    pub again: Option<RelayId>,
    /// The day.
    pub today: Day,
}

/// All clauses that `ask` fails under `consent`, in the order of the list; empty when it is covered.
pub fn failed_clauses(consent: Option<&Consent>, ask: &Ask<'_>) -> Vec<Clause> {
    let mut failed = Vec::new();
    let mut unless = |holds: bool, clause: Clause| {
        if !holds {
            failed.push(clause);
        }
    };
    let today = ask.today;
    let Some(consent) = consent else {
        return vec![Clause::NoConsent];
    };
    let terms = &consent.terms;
    let withdrawn = |section: &Section| consent.is_withdrawn_for(ask.to.id, *section);
    unless(terms.decision != Decision::Refused, Clause::Refused);
    unless(terms.decision != Decision::Pending, Clause::Pending);
    let whole = consent.withdrawals.iter().any(Withdrawal::is_whole);
    let valid = consent.invalid.is_none();
    unless(!valid || !whole && !ask.sections.iter().any(withdrawn), Clause::Withdrawn);
    unless(valid, Clause::Invalid);
    unless(consent.superseded_by.is_none(), Clause::Superseded);
    unless(today <= terms.effective_until, Clause::Expired);
    unless(terms.effective_from <= today, Clause::NotYetEffective);
    let granted = matches!(terms.decision, Decision::Granted | Decision::Partial);
    if granted {
        // A refusal or deferral grants nothing: listing every recipient and section as well would only hide the reason.
        unless(terms.identity_check != IdentityCheck::None, Clause::IdentityUnchecked);
        unless(!matches!(consent.witness, Witness::Awaited | Witness::Denied { .. }), Clause::WitnessMissing);
        let abroad = consent.municipality_id != ask.to.municipality_id && consent.names_class_of(ask.to);
        let why = if abroad { Clause::OtherMunicipality } else { Clause::RecipientNotCovered };
        unless(consent.covers_recipient(ask.to), why);
    }
    unless(!consent.excludes(ask.to.id), Clause::RecipientExcluded);
    if granted {
        let covered = ask.sections.is_subset(&terms.sections) && ask.sections.is_subset(ask.senders_grant);
        unless(covered, Clause::SectionNotCovered);
        unless(ask.purpose == terms.purpose, Clause::PurposeDiffers);
        let onward = match terms.allow_onward {
            AllowOnward::No => false,
            AllowOnward::Named => terms.recipients.agency_ids.contains(&ask.to.id),
            AllowOnward::Classes => consent.covers_recipient(ask.to),
        };
        unless(!ask.onward || onward, Clause::OnwardNotAllowed);
    }
    // An onward sender is not granted a secret address, and is not told that it is one.
    let tells_secret = ask.address_secret && ask.sections.contains(&Section::Address);
    unless(ask.onward || !tells_secret, Clause::AddressSecret);
    unless(ask.to.is_active(today), Clause::RecipientInactive);
    unless(ask.to.may_be_told(today), Clause::AgreementMissing);
    unless(ask.to.id != ask.from, Clause::OwnAgency);
    as_told(failed, ask.sight, granted)
}

/// The clauses that the sender may hear. What its view of the consent hides becomes a single answer: passing on to this recipient is not
/// allowed. A consent that grants nothing needs no such answer, because that it grants nothing is said already.
fn as_told(failed: Vec<Clause>, sight: Sight, granted: bool) -> Vec<Clause> {
    let mut told: BTreeSet<Clause> = failed.iter().copied().filter(|clause| sight.shows(*clause)).collect();
    if granted && told.len() < failed.len() {
        told.insert(Clause::OnwardNotAllowed);
    }
    told.into_iter().collect()
}

/// All clauses that `ask` fails under `exception`, in the order of the list; empty when it may go. The recipients and sections of a consent
/// do not count here; a secret address, and what keeps a recipient from being told anything, do.
pub fn failed_under_exception(exception: &Exception, ask: &Ask<'_>) -> Vec<Clause> {
    let reasons = &exception.reasons;
    let carried = exception.used().map(|used| used.relay_id);
    // The same relay, when it came back, still rests on it.
    let again = carried.is_some() && carried == ask.again;
    // Exactly the sections that were approved; a relay that is resent may tell less.
    let as_asked = *ask.sections == reasons.sections || again && ask.sections.is_subset(&reasons.sections);
    let tells_secret = ask.address_secret && ask.sections.contains(&Section::Address);
    let clauses = [
        (ask.sections.is_subset(ask.senders_grant), Clause::SectionNotCovered),
        (ask.onward || !tells_secret, Clause::AddressSecret),
        (ask.to.is_active(ask.today), Clause::RecipientInactive),
        (ask.to.may_be_told(ask.today), Clause::AgreementMissing),
        (ask.to.id != ask.from, Clause::OwnAgency),
        (
            if again { exception.stands(ask.today) } else { carried.is_some() || exception.may_be_used() },
            Clause::ExceptionNotApproved,
        ),
        (again || carried.is_none(), Clause::ExceptionUsed),
        (ask.to.id == reasons.to_agency_id && as_asked, Clause::ExceptionMismatch),
        (!ask.refused_since, Clause::ExceptionOutdated),
    ];
    clauses.into_iter().filter(|(holds, _)| !holds).map(|(_, clause)| clause).collect()
}

/// The key for a sheet's commitments; derived from the sheet's data key, so destroying that key turns them into noise.
#[derive(Clone)]
pub struct CommitKey(hmac::Key);

impl CommitKey {
    /// From 32 secret bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    pub(crate) fn commit(&self, message: &[u8]) -> String {
        hex::encode(hmac::sign(&self.0, message))
    }
}

/// Exactly what one agency is about to be told, and on what basis. Only [`disclose`] makes one: the code that holds one has passed the
/// covering test, and sending a relay takes it by value.
pub struct Disclosure {
    sheet_id: SheetId,
    from: AgencyId,
    basis: Basis,
    to: AgencyId,
    sections: Sections,
    purpose: Purpose,
    parent: Option<RelayId>,
    digest: String,
    previewed: String,
    content_revision: u32,
    files: BTreeSet<AttachmentId>,
    household: Chosen,
}

impl Disclosure {
    /// Whether it is one of this sheet by this sender.
    pub fn is_of(&self, sheet_id: SheetId, from: AgencyId) -> bool {
        self.sheet_id == sheet_id && self.from == from
    }
    /// The basis on which it rests.
    pub fn basis(&self) -> Basis {
        self.basis
    }
    /// The recipient.
    pub fn to(&self) -> AgencyId {
        self.to
    }
    /// The sections.
    pub fn sections(&self) -> &Sections {
        &self.sections
    }
    /// The purpose.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
    /// The relay that it continues.
    pub fn parent(&self) -> Option<RelayId> {
        self.parent
    }
    /// The files that go with it.
    pub fn files(&self) -> &BTreeSet<AttachmentId> {
        &self.files
    }
    /// The members of the household that it tells of although they did not consent, and those that it leaves out.
    pub fn household(&self) -> &Chosen {
        &self.household
    }
    /// The keyed digest of what is told, 64 hex digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }
    /// The keyed digest of the preview: of everything that the sender was shown, including the members who are left out.
    pub fn previewed(&self) -> &str {
        &self.previewed
    }
    /// The revision of the content that is told.
    pub fn content_revision(&self) -> u32 {
        self.content_revision
    }
}

/// The result of the covering test: shown as a preview, with the disclosure itself when every clause holds.
pub struct Judgement {
    /// The clauses that fail.
    pub failed: Vec<Clause>,
    /// The keyed digest over what would be told and how, 64 hex digits.
    pub digest: String,
    /// The content restricted to what would be told; none unless every clause holds.
    pub content: Option<Content>,
    /// The members of the household that it would tell of although they did not consent, and those that it would leave out.
    pub household: Chosen,
    /// The disclosure; none unless every clause holds.
    pub disclosure: Option<Disclosure>,
}

/// The basis on which somebody would be told: a [`Basis`] with what was recorded of it.
#[derive(Debug, Clone, Copy)]
pub enum BasisRecord<'a> {
    /// A consent; none when the sheet has none.
    Consent(Option<&'a Consent>),
    /// An exception.
    Exception(&'a Exception),
}

impl BasisRecord<'_> {
    fn basis(self) -> Option<Basis> {
        match self {
            Self::Consent(consent) => consent.map(|consent| Basis::Consent(consent.id)),
            Self::Exception(exception) => Some(Basis::Exception(exception.id)),
        }
    }
}

/// The content of the sheet, of which a disclosure tells a part.
pub struct Original<'a> {
    /// The content; of the household, only the members that the sender sees.
    pub content: &'a Content,
    /// The members to tell of although they did not consent.
    pub choices: &'a [MemberChoice],
    /// The revision of the content.
    pub revision: u32,
    /// The files that would go with it.
    pub files: &'a [&'a Attachment],
}

/// The covering test for telling a part of `original`.
pub fn disclose(
    sheet_id: SheetId,
    record: BasisRecord<'_>,
    ask: &Ask<'_>,
    parent: Option<RelayId>,
    original: &Original<'_>,
    key: &CommitKey,
) -> Judgement {
    let Original { content, choices, revision, files } = *original;
    let failed = match record {
        BasisRecord::Consent(consent) => failed_clauses(consent, ask),
        BasisRecord::Exception(exception) => failed_under_exception(exception, ask),
    };
    let basis = record.basis();
    // No digest is made of what the sender may not see itself: it would reveal when that changes.
    let restricted = content.keep(|section| ask.sections.contains(&section) && ask.senders_grant.contains(&section));
    let household = content::weigh(&restricted, choices);
    let told = restricted.clone().with_members(&Members::Told(household.told.clone()), &Content::default());
    let commit = |content: &Content, choices: &[MemberChoice]| {
        let shown = serde_json::to_vec(&crate::personal::Revealed(content)).unwrap_or_default();
        let frame = serde_json::json!({
            "sheet": sheet_id, "from": ask.from, "to": ask.to.id, "sections": ask.sections, "purpose": ask.purpose,
            "parent": parent, "basis": basis, "files": files.iter().map(|it| (it.id, &it.sha256)).collect::<Vec<_>>(),
            "household": serde_json::to_value(crate::personal::Revealed(choices)).unwrap_or_default(),
        });
        let mut message = frame.to_string().into_bytes();
        message.push(0);
        message.extend_from_slice(&shown);
        key.commit(&message)
    };
    // A preview also shows the members who are left out. The digest that is kept with the relay, and shown to its receiver, changes only
    // with what is told.
    let (digest, disclosed) = (commit(&restricted, choices), commit(&told, &[]));
    let covered = basis.filter(|_| failed.is_empty());
    Judgement {
        disclosure: covered.map(|basis| Disclosure {
            sheet_id,
            from: ask.from,
            basis,
            to: ask.to.id,
            sections: ask.sections.clone(),
            purpose: ask.purpose,
            parent,
            digest: disclosed,
            previewed: digest.clone(),
            content_revision: revision,
            files: files.iter().map(|it| it.id).collect(),
            household: household.clone(),
        }),
        content: covered.map(|_| told),
        household,
        failed,
        digest,
    }
}

//! Consent (同意) as a type: what was said, whether it is in force, and the covering test that alone makes a [`Disclosure`].

use crate::age;
use crate::agency::Agency;
use crate::codes::{
    AllowOnward, ConsentState, Decision, GivenByKind, IdentityCheck, Purpose, WithdrawalMethod, WithdrawnBy, code_list,
};
use crate::content::{Content, Section, Sections};
use crate::exception::Exception;
use crate::ids::{AgencyId, ConsentId, RelayId, SheetId, StaffId, WithdrawalId};
use crate::personal::Personal;
use crate::relay::Basis;
use crate::time::{Day, Instant};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

mod evidence;
mod terms;

pub use evidence::{Evidence, EvidenceKind, MOST_EVIDENCE, NewEvidence, Point, Proof, Signature};
pub use terms::{Circumstances, CoveredMember, GivenBy, Recipients, Terms};

/// Whether the second member of staff has spoken.
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
    /// When it was recorded, and so took effect.
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

/// That a consent was invalid from the start (無効): who gave it could not, or it was not given at all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invalidity {
    /// When it was recorded, and so took effect.
    pub at: Instant,
    /// Who recorded it.
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
    /// Its place in the line, from 1.
    pub version: u32,
    /// What was said.
    pub terms: Terms,
    /// The agency that recorded it.
    pub recorded_agency_id: AgencyId,
    /// The person who recorded it; none for a department system.
    pub recorded_by: Option<StaffId>,
    /// When.
    pub recorded_at: Instant,
    /// The witness.
    pub witness: Witness,
    /// The first day on which the person is of age, when a legal representative gave it for a minor whose birth is known.
    #[serde(default)]
    pub of_age_on: Option<Day>,
    /// The version that took its place, if any.
    pub superseded_by: Option<ConsentId>,
    /// What proves it, oldest first.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Withdrawals, oldest first.
    pub withdrawals: Vec<Withdrawal>,
    /// That it never was valid.
    #[serde(default)]
    pub invalid: Option<Invalidity>,
    /// When the service took note that it had run out, and ended what rested on it.
    #[serde(default)]
    pub lapsed_at: Option<Instant>,
}

code_list! {
    /// Why a relay or a report may not go: the clauses of the covering test.
    pub enum Clause ("clause", "つなげない理由") {
        NoConsent = "no_consent", "同意がまだ記録されていません。本人に説明し、同意を記録してください。";
        Refused = "refused", "本人は同意していません(不同意)。無理に進めず、あらためて意向を確かめてください。";
        Pending = "pending", "同意は保留になっています。本人の意思を確かめて、記録してください。";
        Withdrawn = "withdrawn", "この範囲の同意は撤回されています。必要なら、新しい同意をもらってください。";
        Invalid = "invalid", "この同意は初めから無効だったと記録されています。新しい同意をもらってください。";
        Superseded = "superseded", "この同意は新しい版に改められています。新しい版を使ってください。";
        Expired = "expired", "同意の期限が過ぎています。新しい同意をもらってください。";
        NotYetEffective = "not_yet_effective", "同意の開始日がまだ来ていません。開始日を待つか、同意を取り直してください。";
        IdentityUnchecked = "identity_unchecked", "同意した人の本人確認ができていません。確認して、同意を取り直してください。";
        WitnessMissing = "witness_missing", "立会人の確認がまだです。別の職員に、自分の画面で確認してもらってください。";
        RecipientNotCovered = "recipient_not_covered", "この送り先は同意に含まれていません。送り先を変えるか、同意を広げてもらってください。";
        RecipientExcluded = "recipient_excluded", "本人が「伝えてほしくない」とした相手です。別の送り先を選んでください。";
        SectionNotCovered = "section_not_covered", "同意のない項目が含まれています。項目を外すか、同意を広げてもらってください。";
        PurposeDiffers = "purpose_differs", "利用目的が同意と違います。目的を合わせるか、同意を取り直してください。";
        OnwardNotAllowed = "onward_not_allowed", "つなぎ先からさらに伝えることは、この相手には認められていません。本人に確かめて、同意を広げてもらってください。";
        AddressSecret = "address_secret", "住所秘匿の対象です。住所を外してください。";
        RecipientInactive = "recipient_inactive", "この送り先は現在使われていません。別の送り先を選んでください。";
        AgreementMissing = "agreement_missing", "この送り先とは、有効な守秘義務契約・協定がありません。締結を確認するか、別の送り先を選んでください。";
        OwnAgency = "own_agency", "自分の部署には送れません。別の送り先を選んでください。";
        ReportBackNotAllowed = "report_back_not_allowed", "報告の文章を送り元に伝える同意がありません。文章を空にして、結果だけを報告してください。";
        ExceptionNotApproved = "exception_not_approved", "例外の承認がまだか、認められていません。所属長または個人情報保護管理者の承認を待ってください。";
        ExceptionUsed = "exception_used", "この例外は使用済みです。一回だけ使えます。必要なら、新しく申請してください。";
        ExceptionMismatch = "exception_mismatch", "例外の申請と、送り先または項目が違います。申請どおりに選び直すか、新しく申請してください。";
    }
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

    /// Whether something was allowed by it: 同意 or 一部同意.
    pub fn grants(&self) -> bool {
        matches!(self.terms.decision, Decision::Granted | Decision::Partial)
    }

    /// Whether anything of it was taken back.
    pub fn is_taken_back(&self) -> bool {
        self.invalid.is_some() || !self.withdrawals.is_empty()
    }

    /// Whether it grants something and no later version, withdrawal, invalidity or witness stands against it; days apart.
    pub fn stands(&self) -> bool {
        self.grants()
            && matches!(self.witness, Witness::NotNeeded | Witness::Confirmed { .. })
            && self.superseded_by.is_none()
            && self.invalid.is_none()
            && !self.withdrawals.iter().any(Withdrawal::is_whole)
    }

    /// The last day before the service has to take note that it ran out; none when it has, or when it was taken back before.
    pub fn lapses_on(&self) -> Option<Day> {
        let is_over = self.lapsed_at.is_some() || self.invalid.is_some();
        let whole = self.withdrawals.iter().any(Withdrawal::is_whole);
        Some(self.terms.effective_until).filter(|_| self.grants() && !is_over && !whole)
    }

    /// Whether the witness may still speak.
    pub fn awaits_witness(&self) -> bool {
        self.witness == Witness::Awaited && self.superseded_by.is_none() && !self.is_taken_back()
    }

    /// Notes when the person comes of age: a legal representative's consent is to be confirmed then. Says whether that is news.
    pub(crate) fn note_birth(&mut self, birth: Option<Day>) -> bool {
        let for_minor = |day: &Day| day.0 > self.terms.obtained_at.date();
        let is_legal = self.terms.given_by.kind == GivenByKind::LegalRepresentative;
        let day = birth.map(age::of_age_on).filter(for_minor).filter(|_| is_legal);
        let is_news = self.of_age_on != day;
        self.of_age_on = day;
        is_news
    }

    /// Whether it could carry something on `today`: effective, begun, and given by somebody whose identity was checked.
    pub fn is_in_force(&self, today: Day) -> bool {
        self.state(today) == ConsentState::Effective
            && self.terms.effective_from <= today
            && self.terms.identity_check != IdentityCheck::None
    }

    /// Whether the terms name the agency: by id, or by class.
    pub(crate) fn covers_recipient(&self, agency: &Agency) -> bool {
        let recipients = &self.terms.recipients;
        recipients.agency_ids.contains(&agency.id) || recipients.classes.contains(&agency.class)
    }

    /// Whether `section` was taken back from `agency`: by some withdrawal, or because the consent was invalid from the start.
    pub fn is_withdrawn_for(&self, agency: AgencyId, section: Section) -> bool {
        self.invalid.is_some() || self.withdrawals.iter().any(|w| w.hits(agency, section))
    }

    /// Whether this version, as it stands on `today`, lets `agency` see `section`.
    pub fn lets_see(&self, agency: &Agency, section: Section, today: Day) -> bool {
        self.is_in_force(today)
            && self.terms.sections.contains(&section)
            && self.covers_recipient(agency)
            && !self.terms.exclusions.contains(&agency.id)
            && !self.is_withdrawn_for(agency.id, section)
    }
}

/// The consent that is judged when none is named: the one in force, else the newest.
pub fn judged(line: &[Consent], today: Day) -> Option<&Consent> {
    line.iter().find(|c| c.state(today) == ConsentState::Effective).or_else(|| line.iter().max_by_key(|c| c.version))
}

/// What somebody asks to relay.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The agency that sends.
    pub from: AgencyId,
    /// The agency that is to receive.
    pub to: &'a Agency,
    /// What it is to see.
    pub sections: &'a Sections,
    /// What for.
    pub purpose: Purpose,
    /// Whether the sender is itself a recipient and passes on.
    pub onward: bool,
    /// What the sender itself may see, and so may pass on.
    pub senders_grant: &'a Sections,
    /// Whether the sheet's address is to be kept secret from the agency that is to receive.
    pub address_secret: bool,
    /// The relay that came back and is to be sent again, if it is one.
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
        // A refusal and a deferral grant nothing: naming every recipient and section as well would only hide the reason.
        unless(terms.identity_check != IdentityCheck::None, Clause::IdentityUnchecked);
        unless(!matches!(consent.witness, Witness::Awaited | Witness::Denied { .. }), Clause::WitnessMissing);
        unless(consent.covers_recipient(ask.to), Clause::RecipientNotCovered);
    }
    unless(!terms.exclusions.contains(&ask.to.id), Clause::RecipientExcluded);
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
    failed
}

/// All clauses that `ask` fails under `exception`, in the order of the list; empty when it may go. What a consent says to whom and what does
/// not count here; what keeps a recipient from being told anything, and a secret address, does.
pub fn failed_under_exception(exception: &Exception, ask: &Ask<'_>) -> Vec<Clause> {
    let grounds = &exception.grounds;
    let carried = exception.used().map(|used| used.relay_id);
    // The same relay that came back rests on it still.
    let again = carried.is_some() && carried == ask.again;
    // The very sections that were approved; the same relay may tell less meanwhile.
    let as_asked = *ask.sections == grounds.sections || again && ask.sections.is_subset(&grounds.sections);
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
        (ask.to.id == grounds.to_agency_id && as_asked, Clause::ExceptionMismatch),
    ];
    clauses.into_iter().filter(|(holds, _)| !holds).map(|(_, clause)| clause).collect()
}

/// The key under which a sheet's commitments are made; derived from its data key, so destroying that makes them noise.
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

/// Exactly what one agency is about to be told, and on what basis. Made by [`disclose`] alone: who holds one has passed the
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
    content_revision: u32,
}

impl Disclosure {
    /// Whether it is one of this sheet by this sender.
    pub fn is_of(&self, sheet_id: SheetId, from: AgencyId) -> bool {
        self.sheet_id == sheet_id && self.from == from
    }
    /// On what it rests.
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
    /// The keyed digest of what is told, 64 hex digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }
    /// The revision of the content that is told.
    pub fn content_revision(&self) -> u32 {
        self.content_revision
    }
}

/// What the covering test looked at: shown as a preview, and the disclosure itself when every clause holds.
pub struct Judgement {
    /// The clauses that fail.
    pub failed: Vec<Clause>,
    /// The keyed digest over what would be told and how, 64 hex digits.
    pub digest: String,
    /// The content restricted to what would be told; none unless every clause holds.
    pub content: Option<Content>,
    /// The disclosure; none unless every clause holds.
    pub disclosure: Option<Disclosure>,
}

/// On what somebody would rest a disclosure.
#[derive(Debug, Clone, Copy)]
pub enum Ground<'a> {
    /// A consent; none when there is none.
    Consent(Option<&'a Consent>),
    /// An exception.
    Exception(&'a Exception),
}

impl Ground<'_> {
    fn basis(self) -> Option<Basis> {
        match self {
            Self::Consent(consent) => consent.map(|consent| Basis::Consent(consent.id)),
            Self::Exception(exception) => Some(Basis::Exception(exception.id)),
        }
    }
}

/// The covering test. `content` is the sheet's content at `content_revision`.
pub fn disclose(
    sheet_id: SheetId,
    ground: Ground<'_>,
    ask: &Ask<'_>,
    parent: Option<RelayId>,
    content: &Content,
    content_revision: u32,
    key: &CommitKey,
) -> Judgement {
    let failed = match ground {
        Ground::Consent(consent) => failed_clauses(consent, ask),
        Ground::Exception(exception) => failed_under_exception(exception, ask),
    };
    let basis = ground.basis();
    // Of what the sender may not see itself, not even a digest is made: it would tell when that changes.
    let restricted = content.keep(|section| ask.sections.contains(&section) && ask.senders_grant.contains(&section));
    let digest = {
        let shown = serde_json::to_vec(&crate::personal::Revealed(&restricted)).unwrap_or_default();
        let frame = serde_json::json!({
            "sheet": sheet_id, "from": ask.from, "to": ask.to.id, "sections": ask.sections, "purpose": ask.purpose,
            "parent": parent, "basis": basis,
        });
        let mut message = frame.to_string().into_bytes();
        message.push(0);
        message.extend_from_slice(&shown);
        key.commit(&message)
    };
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
            digest: digest.clone(),
            content_revision,
        }),
        content: covered.map(|_| restricted),
        failed,
        digest,
    }
}

/// A failed clause as it is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedClause {
    /// The clause.
    pub clause: Clause,
    /// What to do, in Japanese.
    pub detail: String,
}

impl From<Clause> for RefusedClause {
    fn from(clause: Clause) -> Self {
        Self { clause, detail: clause.label().to_owned() }
    }
}

//! What a reader may see now. Every view goes through [`Case::grant`] or [`Case::relay_grant`]: list, search, sheet, relay, timeline.

mod consent;
mod exception;
mod relay;
mod sheet;

pub use consent::{ConsentView, LiftedView, WithdrawalView};
pub use exception::ExceptionView;
pub use relay::{AnswerView, HandBackView, RelayView, Texts};
pub use sheet::SheetView;

use super::{Case, Seen};
use crate::account::Role;
use crate::agency::{Actor, Agency, Principal};
use crate::beside::attachment::{Attachment, AttachmentItem};
use crate::case::consent::{Consent, ConsentState, IdentityCheck, Sight, default_consent};
use crate::case::relay::{Basis, Progress, Relay, RelayState, ReportOutcome, ReportResult};
use crate::case::sheet::Standing;
use crate::content::{Content, Members, Section, Sections, ToldMember, is_part};
use crate::ids::{AgencyId, ConsentId, RelayId, StaffId};
use crate::permit::{Permit, Relation};
use crate::personal::{Personal, Revealed};
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Why a section is not shown, or not as it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// The consent does not cover it. Also the reason given for a secret address, so that nobody learns that it is secret.
    NotCovered,
    /// The consent was withdrawn.
    Withdrawn,
    /// The consent was invalid from the start.
    Invalid,
    /// The consent has run out.
    Expired,
    /// The exception on which it rested was rejected, or not approved in time.
    Unapproved,
    /// The relay was not opened yet.
    NotOpened,
    /// The relay ended without being taken on.
    Ended,
    /// The reader's role never sees content.
    Role,
    /// The sheet was voided.
    Voided,
    /// A later refusal or narrower version does not cover the reader: it keeps what it could see then, and what is written later is
    /// withheld.
    ConsentNarrowed,
}

impl WithheldReason {
    /// In Japanese, as it is answered.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotCovered => "同意の範囲外",
            Self::Withdrawn => "同意の撤回",
            Self::Invalid => "同意の無効",
            Self::Expired => "同意の期限切れ",
            Self::Unapproved => "例外の承認なし",
            Self::NotOpened => "受領前",
            Self::Ended => "つなぎの終了",
            Self::Role => "役割による非表示",
            Self::Voided => "シートの取消",
            Self::ConsentNarrowed => "同意の縮小(その後の記載)",
        }
    }
}

/// A section that is not shown, filled or not: its absence tells nothing. With `consent_narrowed` it is shown as it stood then, written into
/// since or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Withheld {
    /// The section.
    pub section: Section,
    /// Why, in Japanese.
    #[schema(example = "同意の範囲外")]
    pub reason: String,
    /// The same as a code.
    pub code: WithheldReason,
}

/// How a section is shown: as it stands now (none), or as it stood when the named version, which does not cover the reader, began to count.
pub(super) type ShownAs = Option<ConsentId>;

/// What a reader may see: for each section, whether as it stands, as it stood, or not at all and why; and which members of the household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant(BTreeMap<Section, Result<ShownAs, WithheldReason>>, Members);

impl Grant {
    fn of(decide: impl Fn(Section) -> Result<ShownAs, WithheldReason>) -> Self {
        Self(Section::ALL.iter().map(|s| (*s, decide(*s))).collect(), Members::Told(Vec::new()))
    }

    fn with(self, members: Members) -> Self {
        Self(self.0, members)
    }

    /// The members of the household that it shows.
    pub fn members(&self) -> &Members {
        &self.1
    }

    /// The content as it is now, but of the household only the members that may be shown.
    pub(super) fn household(&self, content: &Content) -> Content {
        content.clone().with_members(&self.1, content)
    }

    /// A grant that shows nothing, for `reason`.
    pub fn nothing(reason: WithheldReason) -> Self {
        Self::of(|_| Err(reason))
    }

    /// Whether the section may be shown, at least as it stood.
    pub fn shows(&self, section: Section) -> bool {
        matches!(self.0.get(&section), Some(Ok(_)))
    }

    /// Whether the section may be shown as it stands.
    pub fn shows_now(&self, section: Section) -> bool {
        matches!(self.0.get(&section), Some(Ok(None)))
    }

    /// The sections that may be shown, at least as they stood.
    pub fn sections(&self) -> Sections {
        self.0.iter().filter(|(_, v)| v.is_ok()).map(|(s, _)| *s).collect()
    }

    /// The sections that may be shown as they stand.
    pub fn sections_now(&self) -> Sections {
        self.0.keys().copied().filter(|section| self.shows_now(*section)).collect()
    }

    /// The sections that are shown as they stood, each with the version that began to count then.
    pub fn frozen(&self) -> impl Iterator<Item = (Section, ConsentId)> {
        self.0.iter().filter_map(|(section, v)| Some((*section, v.ok()??)))
    }

    pub(super) fn frozen_by(&self, section: Section) -> Option<ConsentId> {
        self.0.get(&section).and_then(|v| v.ok()?)
    }

    /// Every section that may not be shown, or not as it stands, with the reason.
    pub fn withheld(&self) -> Vec<Withheld> {
        let reason = |v: &Result<ShownAs, WithheldReason>| match v {
            Ok(since) => since.map(|_| WithheldReason::ConsentNarrowed),
            Err(reason) => Some(*reason),
        };
        let named = |code: WithheldReason, section| Withheld { section, reason: code.label().to_owned(), code };
        self.0.iter().filter_map(|(section, v)| reason(v).map(|code| named(code, *section))).collect()
    }

    /// The content with only what may be shown. `content` holds each section in the form that may be shown; the sections that the service
    /// fills are put in from `history` and `attachments`. `now` is the present content, where `content` may be an earlier one: a member of
    /// the household who has said no since is left out.
    pub fn restrict(
        &self,
        content: &Content,
        now: &Content,
        history: &[HistoryItem],
        attachments: Vec<&Attachment>,
    ) -> Content {
        let mut shown = content.keep(|section| self.shows(section)).with_members(&self.1, now);
        if self.shows(Section::History) {
            fill_history(&mut shown, history);
        }
        if self.shows(Section::Attachments) {
            fill_attachments(&mut shown, attachments);
        }
        shown
    }
}

pub(super) fn fill_attachments(content: &mut Content, attachments: Vec<&Attachment>) {
    let items: Vec<AttachmentItem> = attachments.into_iter().map(AttachmentItem::from).collect();
    if let (false, Ok(raw)) = (items.is_empty(), serde_json::value::to_raw_value(&items)) {
        content.fill(Section::Attachments, raw);
    }
}

fn fill_history(content: &mut Content, history: &[HistoryItem]) {
    if let Ok(raw) = serde_json::value::to_raw_value(&Revealed(history)) {
        content.fill(Section::History, raw);
    }
}

/// Whether `actor` reads the reasons in a release of an address or in an answer to a stop request. The auditor does not; 個人情報保護管理者
/// does, because the legal ground must be weighed.
pub fn reads_reasons(permit: Permit, actor: &Actor) -> bool {
    permit == Permit::Allowed || matches!(actor.principal, Principal::Staff { role: Role::PrivacyOfficer, .. })
}

/// How much of a consent's record a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insight {
    /// All of it: where the sheet or the consent was recorded.
    Whole,
    /// Only what concerns this agency: no words about the person, no other recipients.
    Own(AgencyId),
}

/// One line of the section `history`: an earlier relay and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HistoryItem {
    /// The relay.
    pub relay_id: RelayId,
    /// つなぎ元.
    pub from_agency_id: AgencyId,
    /// つなぎ先.
    pub to_agency_id: AgencyId,
    /// Its state.
    pub state: RelayState,
    /// When it was sent.
    pub sent_at: Instant,
    /// Whether its receiver goes on, once reported.
    pub outcome: Option<ReportOutcome>,
    /// The result, where reporting back was allowed.
    pub result: Option<ReportResult>,
    /// The report in words.
    #[schema(value_type = Option<String>)]
    pub report_text: Option<Personal<String>>,
}

/// What a list or search must know of one agency's access, kept beside the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The agency.
    pub agency_id: AgencyId,
    /// Whether the sheet was recorded there.
    pub is_origin: bool,
    /// The last day on which it may see the person's name; none = it may not, [`Day::LAST`] = always.
    pub identity_until: Option<Day>,
    /// The same for the topics.
    pub topics_until: Option<Day>,
    /// The same for the telephone numbers.
    pub contact_until: Option<Day>,
    /// The last change that it has seen; none at the origin, for which every change counts.
    pub seen: Option<Seen>,
    /// The person who works on it there.
    pub assignee: Option<StaffId>,
}

impl Case {
    /// What `reader` may see of the sheet: everything at the origin; elsewhere the sum of its live disclosures.
    pub fn grant(&self, reader: &Agency, today: Day) -> Grant {
        if self.sheet.standing == Standing::Voided {
            return Grant::nothing(WithheldReason::Voided);
        }
        if self.relation(reader.id) == Relation::Origin {
            return Grant::of(|_| Ok(None)).with(Members::All);
        }
        let taken_on: Vec<_> = self.relays.iter().filter(|r| r.to_agency_id == reader.id && r.is_taken_on()).collect();
        let told = taken_on.iter().filter(|relay| self.live(relay, Section::Household, reader, today).is_ok());
        let told: Vec<ToldMember> = told.flat_map(|relay| relay.household.iter().cloned()).collect();
        let grant = Grant::of(|section| {
            let mut answer = Err(WithheldReason::NotCovered);
            for relay in &taken_on {
                answer = match (self.shown_as(relay, section, reader, today), answer) {
                    (Ok(None), _) => return Ok(None),
                    // As it stood at the later of the two versions.
                    (Ok(Some(one)), Ok(Some(other))) => Ok(Some(self.later_of(one, other))),
                    (Ok(since), _) | (Err(_), Ok(since)) => Ok(since),
                    (Err(reason), Err(known)) => Err(known.max(reason)),
                }
            }
            answer
        });
        grant.with(Members::Told(told))
    }

    /// What an agency may see of the things that a relay disclosed.
    pub fn relay_grant(&self, relay: &Relay, reader: &Agency, today: Day) -> Grant {
        if self.sheet.standing == Standing::Voided {
            return Grant::nothing(WithheldReason::Voided);
        }
        let sent = || {
            let grant = Grant::of(|s| relay.sections.contains(&s).then_some(None).ok_or(WithheldReason::NotCovered));
            grant.with(Members::AsSent(relay.household.clone()))
        };
        match self.relay_relation(relay, reader.id) {
            // The origin has the whole sheet anyway; here it sees what was sent.
            Relation::Origin => sent(),
            Relation::Sender if self.sheet.origin_agency_id == reader.id => sent(),
            // An onward sender sees of what it passed on only what it may itself still see.
            Relation::Sender => {
                let own = self.grant(reader, today);
                let known = own.members().decided();
                let told = relay.household.iter().filter(|it| is_part(std::slice::from_ref(*it), known)).cloned();
                let members = Members::Told(told.collect());
                let grant = Grant::of(|s| match own.0.get(&s) {
                    Some(shown) if relay.sections.contains(&s) => *shown,
                    _ => Err(WithheldReason::NotCovered),
                });
                grant.with(members)
            }
            Relation::Receiver if relay.state() == RelayState::Sent => Grant::nothing(WithheldReason::NotOpened),
            Relation::Receiver if relay.state() == RelayState::Halted => Grant::nothing(self.halted_by(relay)),
            Relation::Receiver if !relay.shows_content() => Grant::nothing(WithheldReason::Ended),
            Relation::Receiver => self.shown_by(relay, reader, today),
            _ => Grant::nothing(WithheldReason::Role),
        }
    }

    /// The part of `shown`, which another agency sees, that `reader` itself sees as it stands now.
    pub fn as_far_as_seen(&self, shown: Content, reader: &Agency, today: Day) -> Content {
        let sees = self.grant(reader, today).sections_now();
        shown.keep(|section| sees.contains(&section))
    }

    /// What `receiver` sees by `relay` once it has opened it.
    pub fn shown_by(&self, relay: &Relay, receiver: &Agency, today: Day) -> Grant {
        let grant = Grant::of(|s| self.shown_as(relay, s, receiver, today));
        grant.with(Members::Told(relay.household.clone()))
    }

    fn later_of(&self, one: ConsentId, other: ConsentId) -> ConsentId {
        let version = |id| self.consent(id).map(|it| it.version);
        if version(one) < version(other) { other } else { one }
    }

    /// How the receiver of a relay sees one of its sections, or why it does not.
    pub(super) fn shown_as(
        &self,
        relay: &Relay,
        section: Section,
        reader: &Agency,
        today: Day,
    ) -> Result<ShownAs, WithheldReason> {
        self.live(relay, section, reader, today)?;
        let consent = relay.basis.consent_id().and_then(|id| self.consent(id));
        Ok(consent.and_then(|it| self.frozen_by(it, reader, section)).map(|since| since.id))
    }

    /// Whether `section` of `relay` is still covered: it was not withdrawn, and its consent has not run out or the one in force covers it;
    /// or the exception on which the relay rests stands.
    pub(super) fn live(
        &self,
        relay: &Relay,
        section: Section,
        reader: &Agency,
        today: Day,
    ) -> Result<(), WithheldReason> {
        let may_be_told = reader.is_active(today) && reader.may_be_told(today);
        if !relay.sections.contains(&section) || self.is_secret_from(section, reader.id) || !may_be_told {
            return Err(WithheldReason::NotCovered);
        }
        let consent = match relay.basis {
            Basis::Consent(id) => self.consent(id),
            Basis::Exception(id) => {
                let stands = self.exception(id).is_some_and(|e| e.stands(today));
                return if stands { Ok(()) } else { Err(WithheldReason::Unapproved) };
            }
        };
        let Some(consent) = consent else {
            return Err(WithheldReason::NotCovered);
        };
        if consent.invalid.is_some() {
            return Err(WithheldReason::Invalid);
        }
        if consent.is_withdrawn_for(reader.id, section) {
            return Err(WithheldReason::Withdrawn);
        }
        let renewed = || default_consent(&self.consents, today).is_some_and(|c| c.lets_see(reader, section, today));
        if consent.terms.effective_until < today && !renewed() {
            return Err(WithheldReason::Expired);
        }
        Ok(())
    }

    /// The attachments that `reader` may see: all at the origin; elsewhere those that were told to it, while that section is granted, and
    /// those that it added. Nobody sees an attachment that was taken back.
    pub fn attachments_for(&self, reader: &Agency, today: Day) -> Vec<&Attachment> {
        if self.sheet.standing == Standing::Voided {
            return Vec::new();
        }
        if self.sheet.origin_agency_id == reader.id {
            return self.attachments.iter().filter(|it| it.withdrawn.is_none()).collect();
        }
        let mine = self.relays.iter().filter(|relay| relay.to_agency_id == reader.id && relay.is_taken_on());
        let shown = mine.filter(|relay| self.live(relay, Section::Attachments, reader, today).is_ok());
        let told: BTreeSet<_> = shown.flat_map(|relay| relay.files.iter().copied()).collect();
        let seen = |it: &&Attachment| told.contains(&it.id) || it.agency_id == reader.id;
        self.attachments.iter().filter(|it| it.withdrawn.is_none()).filter(seen).collect()
    }

    /// The same, and also those that were taken back, for the origin and the agency that added them: that there was a file stays known.
    pub fn attachments_listed(&self, reader: &Agency, today: Day) -> Vec<&Attachment> {
        let seen: BTreeSet<_> = self.attachments_for(reader, today).into_iter().map(|it| it.id).collect();
        let own = |it: &Attachment| self.sheet.origin_agency_id == reader.id || it.agency_id == reader.id;
        let stands = self.sheet.standing != Standing::Voided;
        let gone = |it: &Attachment| stands && it.withdrawn.is_some() && own(it);
        self.attachments.iter().filter(|it| seen.contains(&it.id) || gone(it)).collect()
    }

    /// The files that go with a relay and have not been taken back.
    pub fn files_of(&self, relay: &Relay) -> Vec<&Attachment> {
        self.attachments.iter().filter(|it| it.withdrawn.is_none() && relay.files.contains(&it.id)).collect()
    }

    /// Fills the section `history` as a reader would see it now.
    pub(crate) fn fill_history(&self, content: &mut Content, but: Option<RelayId>) {
        fill_history(content, &self.history(but));
    }

    /// Why a relay was halted, as its receiver is told.
    pub(super) fn halted_by(&self, relay: &Relay) -> WithheldReason {
        match relay.basis {
            _ if relay.ended_with_agency() => WithheldReason::Ended,
            Basis::Exception(_) => WithheldReason::Unapproved,
            Basis::Consent(_) if self.rests_on_nothing(relay) => WithheldReason::Invalid,
            Basis::Consent(_) => match relay.progress {
                Progress::Halted { withdrawal_id: None, .. } => WithheldReason::Expired,
                _ => WithheldReason::Withdrawn,
            },
        }
    }

    /// Whether the disclosure by `relay` rested on a consent that was invalid from the start: a case for the privacy officer.
    pub fn rests_on_nothing(&self, relay: &Relay) -> bool {
        relay.basis.consent_id().and_then(|id| self.consent(id)).is_some_and(|c| c.invalid.is_some())
    }

    /// Whether the receiver of `relay` may still read the sender's request: while any section of the relay is covered. The request tells of
    /// the person, too.
    pub fn words_are_open(&self, relay: &Relay, receiver: &Agency, today: Day) -> bool {
        let stands = matches!(relay.state(), RelayState::Sent | RelayState::Received) || relay.is_taken_on();
        stands
            && self.sheet.standing != Standing::Voided
            && relay.sections.iter().any(|s| self.live(relay, *s, receiver, today).is_ok())
    }

    /// How much of a consent `reader` may see; none for a version that does not concern it.
    pub fn insight(&self, consent: &Consent, reader: AgencyId, today: Day) -> Option<Insight> {
        if self.sheet.origin_agency_id == reader || consent.recorded_agency_id == reader {
            return Some(Insight::Whole);
        }
        let carries = self.relays.iter().any(|r| r.to_agency_id == reader && r.basis == Basis::Consent(consent.id));
        let in_force = consent.state(today) == ConsentState::Effective;
        (carries || in_force).then_some(Insight::Own(reader))
    }

    /// What `from` may learn of `consent` when it asks to tell `to`.
    pub(super) fn sight(&self, consent: &Consent, from: AgencyId, to: AgencyId, today: Day) -> Sight {
        Sight {
            recipients: self.insight(consent, from, today) == Some(Insight::Whole),
            exclusion: self.exclusions_shown(consent, from).contains(&to),
        }
    }

    /// The agencies that must not be told under `consent`, as far as `reader` sees them: the origin sees all, another agency those that it
    /// recorded.
    pub fn exclusions_shown(&self, consent: &Consent, reader: AgencyId) -> BTreeSet<AgencyId> {
        consent.exclusions_seen_by(reader, self.sheet.origin_agency_id)
    }

    fn is_secret_from(&self, section: Section, agency: AgencyId) -> bool {
        section == Section::Address && self.address_is_shut_to(agency)
    }

    /// The section `history` for a reader: every relay but the one through which the reader looks.
    pub fn history(&self, but: Option<RelayId>) -> Vec<HistoryItem> {
        let items = self.relays.iter().filter(|r| Some(r.id) != but);
        items
            .map(|r| {
                let told = r.report_to(None);
                let in_full = told.and_then(|told| told.in_full);
                HistoryItem {
                    relay_id: r.id,
                    from_agency_id: r.sender_of_the_day(),
                    to_agency_id: r.to_agency_id,
                    state: r.state(),
                    sent_at: r.sent_at,
                    outcome: told.map(|told| told.outcome),
                    result: in_full.map(|report| report.result),
                    report_text: in_full.and_then(|report| report.text.clone()),
                }
            })
            .collect()
    }

    /// The agencies that a consent or relay of this id names.
    pub fn named_by(&self, id: uuid::Uuid) -> BTreeSet<AgencyId> {
        let consents = self.consents.iter().filter(|consent| consent.id.0 == id);
        let consents =
            consents.flat_map(|it| it.terms.recipients.agency_ids.iter().chain(&it.terms.exclusions).copied());
        let relays = self.relays.iter().filter(|relay| relay.id.0 == id);
        consents.chain(relays.flat_map(|it| [it.from_agency_id, it.to_agency_id])).collect()
    }

    /// Every agency that finds the sheet in its list and search, for storage to keep beside it. `receivers` are the agencies of the relays:
    /// a consent may name recipients by class.
    pub fn access(&self, receivers: &[Agency], today: Day) -> Vec<Access> {
        let origin = Access {
            agency_id: self.sheet.origin_agency_id,
            is_origin: true,
            identity_until: Some(Day::LAST),
            topics_until: Some(Day::LAST),
            contact_until: Some(Day::LAST),
            seen: None,
            assignee: self.assignee(self.sheet.origin_agency_id),
        };
        if self.sheet.standing == Standing::Voided {
            // It stays in the origin's list, but nobody finds it by name or topic.
            return vec![Access { identity_until: None, topics_until: None, contact_until: None, ..origin }];
        }
        let mut list = vec![origin];
        for relay in self.relays.iter().filter(|r| r.is_taken_on()) {
            if list.iter().any(|a| a.agency_id == relay.to_agency_id) {
                continue;
            }
            let agency_id = relay.to_agency_id;
            list.push(Access {
                agency_id,
                is_origin: false,
                identity_until: self.visible_until(agency_id, receivers, Section::Identity, today),
                topics_until: self.visible_until(agency_id, receivers, Section::Topics, today),
                contact_until: self.visible_until(agency_id, receivers, Section::Contact, today),
                seen: Some(self.seen_by(agency_id).last),
                assignee: self.assignee(agency_id),
            });
        }
        list
    }

    /// The last day on which `agency` sees `section` if nothing happens; none when it does not see it now.
    fn visible_until(&self, agency: AgencyId, receivers: &[Agency], section: Section, today: Day) -> Option<Day> {
        let told = |r: &&Relay| r.to_agency_id == agency && r.is_taken_on() && r.sections.contains(&section);
        // An agency that sees the section only as it stood is not found by what stands now, and what is written later does not change that.
        let now = |r: &&Relay| {
            let consent = r.basis.consent_id().and_then(|id| self.consent(id));
            let to = receivers.iter().find(|it| it.id == agency);
            consent.zip(to).is_none_or(|(consent, to)| self.frozen_by(consent, to, section).is_none())
        };
        let open = |_: &&Relay| !self.is_secret_from(section, agency);
        let relays = || self.relays.iter().filter(told).filter(open).filter(now);
        let excepted = relays()
            .filter_map(|r| self.exception(r.basis.exception_id()?)?.stands_until())
            .filter(|until| *until >= today);
        excepted.chain(self.consented_until_for(agency, receivers, section, relays(), today)).max()
    }

    /// The same for consents alone; `relays` are the relays that told the section.
    fn consented_until_for<'a>(
        &self,
        agency: AgencyId,
        receivers: &[Agency],
        section: Section,
        relays: impl Iterator<Item = &'a Relay>,
        today: Day,
    ) -> Option<Day> {
        let own = relays
            .filter_map(|r| self.consent(r.basis.consent_id()?))
            .filter(|c| !c.is_withdrawn_for(agency, section))
            .map(|c| c.terms.effective_until)
            .max()?;
        // A renewal that names the agency or its class prolongs what was disclosed before. A renewal that begins without a gap counts
        // already now, because nothing is written on the day when it begins.
        let without_gap = Day(own.0.tomorrow().unwrap_or(own.0));
        let renewed = default_consent(&self.consents, today)
            .filter(|c| c.state(today) == ConsentState::Effective && c.terms.effective_from <= without_gap)
            .filter(|c| c.terms.identity_check != IdentityCheck::None)
            .filter(|c| c.terms.sections.contains(&section))
            .filter(|c| {
                let by_class = receivers.iter().any(|it| it.id == agency && c.covers_recipient(it));
                by_class || c.terms.recipients.agency_ids.contains(&agency)
            })
            .filter(|c| !c.excludes(agency) && !c.is_withdrawn_for(agency, section))
            .map(|c| c.terms.effective_until);
        Some(renewed.map_or(own, |day| day.max(own))).filter(|until| *until >= today)
    }
}

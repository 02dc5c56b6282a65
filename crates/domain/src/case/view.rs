//! What a reader may see now. Every view goes through [`Case::grant`] or [`Case::relay_grant`]: list, search, sheet, relay, timeline.

use super::Case;
use crate::agency::Agency;
use crate::attachment::{Attachment, AttachmentItem};
use crate::codes::{AgencyClass, ConsentState, IdentityCheck, RelayState, ReportOutcome, ReportResult};
use crate::consent::{Consent, judged};
use crate::content::{Content, Section, Sections};
use crate::ids::{AgencyId, RelayId};
use crate::permit::Relation;
use crate::personal::{Personal, Revealed};
use crate::relay::{Basis, Progress, Relay};
use crate::sheet::Standing;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Why a section is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithheldReason {
    /// The consent does not cover it. Said of a secret address, too: that it is secret is itself not told.
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
        }
    }
}

/// A section that is not shown, filled or not: its absence tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Withheld {
    /// The section.
    pub section: Section,
    /// Why, in Japanese.
    #[schema(example = "同意の範囲外")]
    pub reason: String,
}

/// What a reader may see: for every section yes, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant(BTreeMap<Section, Result<(), WithheldReason>>);

impl Grant {
    fn of(decide: impl Fn(Section) -> Result<(), WithheldReason>) -> Self {
        Self(Section::ALL.iter().map(|s| (*s, decide(*s))).collect())
    }

    /// A grant that shows nothing, for this reason.
    pub fn nothing(reason: WithheldReason) -> Self {
        Self::of(|_| Err(reason))
    }

    /// Whether the section may be shown.
    pub fn shows(&self, section: Section) -> bool {
        matches!(self.0.get(&section), Some(Ok(())))
    }

    /// The sections that may be shown.
    pub fn sections(&self) -> Sections {
        self.0.iter().filter(|(_, v)| v.is_ok()).map(|(s, _)| *s).collect()
    }

    /// Every section that may not be shown, with the reason.
    pub fn withheld(&self) -> Vec<Withheld> {
        let reason = |v: &Result<(), WithheldReason>| v.err();
        self.0
            .iter()
            .filter_map(|(s, v)| reason(v).map(|r| Withheld { section: *s, reason: r.label().to_owned() }))
            .collect()
    }

    /// The content with only what may be shown; the sections that the service fills are put in from `history` and `attachments`.
    pub fn restrict(&self, content: &Content, history: &[HistoryItem], attachments: &[Attachment]) -> Content {
        let mut shown = content.keep(|section| self.shows(section));
        if self.shows(Section::History) {
            fill_history(&mut shown, history);
        }
        if self.shows(Section::Attachments) {
            fill_attachments(&mut shown, attachments);
        }
        shown
    }
}

fn fill_attachments(content: &mut Content, attachments: &[Attachment]) {
    let items: Vec<AttachmentItem> = attachments.iter().map(AttachmentItem::from).collect();
    if let (false, Ok(raw)) = (items.is_empty(), serde_json::value::to_raw_value(&items)) {
        content.fill(Section::Attachments, raw);
    }
}

fn fill_history(content: &mut Content, history: &[HistoryItem]) {
    if let Ok(raw) = serde_json::value::to_raw_value(&Revealed(history)) {
        content.fill(Section::History, raw);
    }
}

/// How much of a consent's record a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insight {
    /// All of it: where the sheet or the consent was recorded.
    Whole,
    /// What concerns this agency: no words about the person, no other recipients.
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

/// What a list or search needs to know of one agency's access, kept beside the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The agency.
    pub agency_id: AgencyId,
    /// Whether the sheet was recorded there.
    pub is_origin: bool,
    /// Until when it may see the person's name; none = not at all, [`Day`] far away = always.
    pub identity_until: Option<Day>,
    /// Until when it may see the topics.
    pub topics_until: Option<Day>,
}

impl Case {
    /// What `reader` may see of the sheet: everything at the origin; elsewhere what its live disclosures add up to.
    pub fn grant(&self, reader: &Agency, today: Day) -> Grant {
        if self.sheet.standing == Standing::Voided {
            return Grant::nothing(WithheldReason::Voided);
        }
        if self.relation(reader.id) == Relation::Origin {
            return Grant::of(|_| Ok(()));
        }
        let taken_on: Vec<_> = self.relays.iter().filter(|r| r.to_agency_id == reader.id && r.is_taken_on()).collect();
        Grant::of(|section| {
            let mut answer = Err(WithheldReason::NotCovered);
            for relay in &taken_on {
                match self.live(relay, section, reader, today) {
                    Ok(()) => return Ok(()),
                    Err(reason) => answer = answer.map_err(|known: WithheldReason| known.max(reason)),
                }
            }
            answer
        })
    }

    /// What the agency of a relay may see of what was disclosed by it.
    pub fn relay_grant(&self, relay: &Relay, reader: &Agency, today: Day) -> Grant {
        if self.sheet.standing == Standing::Voided {
            return Grant::nothing(WithheldReason::Voided);
        }
        match self.relay_relation(relay, reader.id) {
            // The origin has the whole sheet anyway; here it is shown what went out.
            Relation::Origin => {
                Grant::of(|s| relay.sections.contains(&s).then_some(()).ok_or(WithheldReason::NotCovered))
            }
            Relation::Sender if self.sheet.origin_agency_id == reader.id => {
                Grant::of(|s| relay.sections.contains(&s).then_some(()).ok_or(WithheldReason::NotCovered))
            }
            // An onward sender keeps what it may itself still see of what it passed on.
            Relation::Sender => {
                let own = self.grant(reader, today);
                Grant::of(|s| match own.0.get(&s) {
                    Some(Ok(())) if relay.sections.contains(&s) => Ok(()),
                    Some(Err(reason)) if relay.sections.contains(&s) => Err(*reason),
                    _ => Err(WithheldReason::NotCovered),
                })
            }
            Relation::Receiver if relay.state() == RelayState::Sent => Grant::nothing(WithheldReason::NotOpened),
            Relation::Receiver if relay.state() == RelayState::Halted => Grant::nothing(self.halted_by(relay)),
            Relation::Receiver if !relay.shows_content() => Grant::nothing(WithheldReason::Ended),
            Relation::Receiver => self.shown_by(relay, reader, today),
            _ => Grant::nothing(WithheldReason::Role),
        }
    }

    /// What `receiver` sees by `relay` once it has opened it.
    pub fn shown_by(&self, relay: &Relay, receiver: &Agency, today: Day) -> Grant {
        Grant::of(|s| self.live(relay, s, receiver, today))
    }

    /// Whether `section` of `relay` is still covered: not withdrawn, and its consent, or the one in force, has not run out; or the
    /// exception on which it rests stands.
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
        let renewed = || judged(&self.consents, today).is_some_and(|c| c.lets_see(reader, section, today));
        if consent.terms.effective_until < today && !renewed() {
            return Err(WithheldReason::Expired);
        }
        Ok(())
    }

    /// The attachments that `reader` may see: all where the sheet was recorded, and where that section is granted; else its own.
    pub fn attachments_for(&self, reader: &Agency, today: Day) -> Vec<&Attachment> {
        let grant = self.grant(reader, today);
        let own = |it: &Attachment| it.agency_id == reader.id && self.sheet.standing != Standing::Voided;
        self.attachments.iter().filter(|it| grant.shows(Section::Attachments) || own(it)).collect()
    }

    /// Fills the section `attachments` as a reader would see it now.
    pub(crate) fn fill_attachments(&self, content: &mut Content) {
        fill_attachments(content, &self.attachments);
    }

    /// Fills the section `history` as a reader would see it now.
    pub(crate) fn fill_history(&self, content: &mut Content, but: Option<RelayId>) {
        fill_history(content, &self.history(but));
    }

    /// Why a relay was halted, as its receiver is told.
    fn halted_by(&self, relay: &Relay) -> WithheldReason {
        match relay.basis {
            Basis::Exception(_) => WithheldReason::Unapproved,
            Basis::Consent(_) if self.rests_on_nothing(relay) => WithheldReason::Invalid,
            Basis::Consent(_) => match relay.progress {
                Progress::Halted { withdrawal_id: None, .. } => WithheldReason::Expired,
                _ => WithheldReason::Withdrawn,
            },
        }
    }

    /// Whether the disclosure by `relay` rested on a consent that was invalid from the start: the privacy officer looks at it.
    pub fn rests_on_nothing(&self, relay: &Relay) -> bool {
        relay.basis.consent_id().and_then(|id| self.consent(id)).is_some_and(|c| c.invalid.is_some())
    }

    /// Whether the receiver of `relay` may still read what the sender asked for: as long as anything of it is covered. The words tell
    /// of the person, too.
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

    fn is_secret_from(&self, section: Section, agency: AgencyId) -> bool {
        section == Section::Address && self.address_is_shut_to(agency)
    }

    /// The section `history` for a reader: every relay but the one through which it looks.
    pub fn history(&self, but: Option<RelayId>) -> Vec<HistoryItem> {
        let items = self.relays.iter().filter(|r| Some(r.id) != but);
        items
            .map(|r| {
                let told = r.report_to(None);
                let in_full = told.and_then(|told| told.in_full);
                HistoryItem {
                    relay_id: r.id,
                    from_agency_id: r.from_agency_id,
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

    /// The receivers whose class decides what they find, because a consent names recipients by class.
    pub fn receivers_by_class(&self) -> BTreeSet<AgencyId> {
        if self.consents.iter().all(|c| c.terms.recipients.classes.is_empty()) {
            return BTreeSet::new();
        }
        self.relays.iter().map(|relay| relay.to_agency_id).collect()
    }

    /// Every agency that finds the sheet in its list and search, for storage to keep beside it. `classes` holds those of
    /// [`Case::receivers_by_class`].
    pub fn access(&self, classes: &BTreeMap<AgencyId, AgencyClass>, today: Day) -> Vec<Access> {
        let origin = Access {
            agency_id: self.sheet.origin_agency_id,
            is_origin: true,
            identity_until: Some(Day::LAST),
            topics_until: Some(Day::LAST),
        };
        if self.sheet.standing == Standing::Voided {
            // It stays in the origin's list, and nobody finds it by a name.
            return vec![Access { identity_until: None, topics_until: None, ..origin }];
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
                identity_until: self.visible_until(agency_id, classes, Section::Identity, today),
                topics_until: self.visible_until(agency_id, classes, Section::Topics, today),
            });
        }
        list
    }

    /// The last day on which `agency` sees `section` if nothing happens; none when it does not see it now.
    fn visible_until(
        &self,
        agency: AgencyId,
        classes: &BTreeMap<AgencyId, AgencyClass>,
        section: Section,
        today: Day,
    ) -> Option<Day> {
        let told = |r: &&Relay| r.to_agency_id == agency && r.is_taken_on() && r.sections.contains(&section);
        let relays = || self.relays.iter().filter(told).filter(|_| !self.is_secret_from(section, agency));
        let excepted = relays()
            .filter_map(|r| self.exception(r.basis.exception_id()?)?.stands_until())
            .filter(|until| *until >= today);
        excepted.chain(self.consented_until_for(agency, classes, section, relays(), today)).max()
    }

    /// The same, by consent alone; `relays` are those that told it.
    fn consented_until_for<'a>(
        &self,
        agency: AgencyId,
        classes: &BTreeMap<AgencyId, AgencyClass>,
        section: Section,
        relays: impl Iterator<Item = &'a Relay>,
        today: Day,
    ) -> Option<Day> {
        let own = relays
            .filter_map(|r| self.consent(r.basis.consent_id()?))
            .filter(|c| !c.is_withdrawn_for(agency, section))
            .map(|c| c.terms.effective_until)
            .max()?;
        // A renewal that names the agency or its class prolongs what was disclosed before; one that begins without a gap counts
        // already now, because nothing is written on the day when it begins.
        let without_gap = Day(own.0.tomorrow().unwrap_or(own.0));
        let renewed = judged(&self.consents, today)
            .filter(|c| c.state(today) == ConsentState::Effective && c.terms.effective_from <= without_gap)
            .filter(|c| c.terms.identity_check != IdentityCheck::None)
            .filter(|c| c.terms.sections.contains(&section))
            .filter(|c| {
                let recipients = &c.terms.recipients;
                let by_class = classes.get(&agency).is_some_and(|class| recipients.classes.contains(class));
                by_class || recipients.agency_ids.contains(&agency)
            })
            .filter(|c| !c.terms.exclusions.contains(&agency) && !c.is_withdrawn_for(agency, section))
            .map(|c| c.terms.effective_until);
        Some(renewed.map_or(own, |day| day.max(own))).filter(|until| *until >= today)
    }
}

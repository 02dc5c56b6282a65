//! Tasks (やること). They are derived from the case and from nothing else, not even from the day: what was derived at the last change stays
//! right until the next one. Each task holds the days on which it begins to show and is due.

use super::Case;
use crate::account::Role;
use crate::calendar::add_open_days;
use crate::case::address::{AddressRelease, ReleaseState};
use crate::case::consent::{Consent, Decision, Witness};
use crate::case::exception::Exception;
use crate::case::relay::{HandBackState, Progress, Relay, RelayState};
use crate::case::sheet::{Standing, reply_due};
use crate::case::stop::{StopRequest, answer_due};
use crate::codes::code_list;
use crate::content::Urgency;
use crate::ids::{AddressReleaseId, AgencyId, ConsentId, ExceptionId, MunicipalityId, RelayId, StaffId, StopRequestId};
use crate::mail::{Mail, MailKind};
use crate::time::Day;
use aws_lc_rs::digest;
use uuid::Uuid;

/// The holder is asked to renew a consent this many days before it runs out.
const RENEWAL_DAYS: i64 = 30;
/// Open days for asking a person who has come of age.
const OF_AGE_OPEN_DAYS: u32 = 10;

code_list! {
    /// やることの種類.
    pub enum TaskKind ("task_kind", "やることの種類") {
        RelayAnswer = "relay_answer", "届いたつなぎに答える"; RelayReturned = "relay_returned", "差し戻されたつなぎを補う";
        RelayDeclined = "relay_declined", "辞退されたつなぎの次を決める"; RelayEnded = "relay_ended", "終わった機関へのつなぎの次を決める";
        RelayReport = "relay_report", "対応結果を報告する";
        RelayConfirm = "relay_confirm", "報告を確認する"; ConsentFollowUp = "consent_follow_up", "本人の意思をあらためて確かめる";
        ConsentWitness = "consent_witness", "立会人として確認する"; ConsentRenewal = "consent_renewal", "期限の近い同意を更新する";
        ConsentHeard = "consent_heard", "システムが記録した同意を、聞いた職員として確かめる";
        ConsentOfAge = "consent_of_age", "成人した本人に同意を確かめ直す";
        ConsentNarrowed = "consent_narrowed", "前の同意で伝えた機関への共有を続けるか、本人に確かめる";
        ExceptionApproval = "exception_approval", "例外の申請を承認するか決める";
        ExceptionFollowUp = "exception_follow_up", "例外の事後対応を記録する"; ConsentToSeek = "consent_to_seek", "同意に向けた働きかけ";
        StopAnswer = "stop_answer", "停止の通知に答える"; StopOverdue = "stop_overdue", "停止の通知への回答を確かめる";
        HandBackAnswer = "hand_back_answer", "主担当を戻す申し出に答える";
        ReportWithoutSupport = "report_without_support", "支援につながらなかった報告を確かめる";
        AddressRelease = "address_release", "住所を伝える申請を承認するか決める";
    }
}

impl TaskKind {
    /// The thing that a task of this kind is about, by its id.
    pub fn about(self, id: Uuid) -> About {
        match self {
            Self::RelayAnswer
            | Self::RelayReturned
            | Self::RelayDeclined
            | Self::RelayEnded
            | Self::RelayReport
            | Self::RelayConfirm
            | Self::HandBackAnswer
            | Self::ReportWithoutSupport => About::Relay(RelayId(id)),
            Self::ConsentFollowUp
            | Self::ConsentWitness
            | Self::ConsentHeard
            | Self::ConsentRenewal
            | Self::ConsentOfAge
            | Self::ConsentNarrowed => About::Consent(ConsentId(id)),
            Self::ExceptionApproval | Self::ExceptionFollowUp | Self::ConsentToSeek => {
                About::Exception(ExceptionId(id))
            }
            Self::StopAnswer | Self::StopOverdue => About::StopRequest(StopRequestId(id)),
            Self::AddressRelease => About::Release(AddressReleaseId(id)),
        }
    }

    /// The mail that is sent when such a task begins to show; none where the cause of the task already sent a mail, or where none is
    /// wanted.
    pub fn mail(self) -> Option<MailKind> {
        match self {
            Self::ConsentRenewal => Some(MailKind::ConsentRenewal),
            Self::ConsentOfAge => Some(MailKind::ConsentOfAge),
            _ => None,
        }
    }
}

/// What a task is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A relay.
    Relay(RelayId),
    /// A consent.
    Consent(ConsentId),
    /// An exception.
    Exception(ExceptionId),
    /// A stop request.
    StopRequest(StopRequestId),
    /// A release of a secret address.
    Release(AddressReleaseId),
}

impl About {
    /// Its id.
    pub fn id(self) -> Uuid {
        match self {
            Self::Relay(id) => id.0,
            Self::Consent(id) => id.0,
            Self::Exception(id) => id.0,
            Self::StopRequest(id) => id.0,
            Self::Release(id) => id.0,
        }
    }
}

/// Something that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The work.
    pub kind: TaskKind,
    /// The thing that it is about.
    pub about: About,
    /// The agency that must do it.
    pub agency_id: AgencyId,
    /// The one person who can do it; none = anybody there.
    pub staff_id: Option<StaffId>,
    /// The one person who cannot do it.
    pub but_staff_id: Option<StaffId>,
    /// Only people in this role can do it. For a privacy officer, that is one at any agency of the municipality.
    pub role: Option<Role>,
    /// First day on which it shows.
    pub from: Day,
    /// Last day on which it is in time.
    pub due: Day,
}

impl Task {
    pub(super) fn new(kind: TaskKind, about: About, agency_id: AgencyId, from: Day, due: Day) -> Self {
        Self { kind, about, agency_id, staff_id: None, but_staff_id: None, role: None, from, due }
    }

    /// The id under which readers look for it: the person's, the municipality's (privacy officers) or the agency's.
    pub fn waits_for(&self, municipality: MunicipalityId) -> Uuid {
        match (self.staff_id, self.role) {
            (Some(staff_id), _) => staff_id.0,
            (None, Some(Role::PrivacyOfficer)) => municipality.0,
            _ => self.agency_id.0,
        }
    }

    /// Its id: always the same for the same kind, subject and addressee.
    pub fn id(&self, municipality: MunicipalityId) -> Uuid {
        let name = format!("{} {} {}", self.kind, self.about.id(), self.waits_for(municipality));
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, of_hash)| *byte = *of_hash);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl Case {
    /// Every task of the case. On a draft, closed or voided sheet, only the questions to agencies that have copies.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks: Vec<Task> = self.stops.iter().flat_map(|stop| self.tasks_of_stop(stop)).collect();
        if self.sheet.standing != Standing::Open {
            return tasks;
        }
        tasks.extend(self.relays.iter().filter_map(|relay| self.task_of_relay(relay)));
        tasks.extend(self.relays.iter().flat_map(tasks_beside_relay));
        tasks.extend(self.releases.iter().filter_map(|release| self.release_to_decide(release)));
        tasks.extend(self.follow_up());
        tasks.extend(self.told_to_decide());
        tasks.extend(self.exceptions.iter().flat_map(tasks_of_exception));
        tasks.extend(self.seek_consent());
        for consent in &self.consents {
            tasks.extend(witness_wanted(consent));
            tasks.extend(hearer_wanted(consent));
            if consent.stands() {
                tasks.push(self.renewal(consent));
                tasks.extend(self.of_age(consent));
            }
        }
        tasks
    }

    /// The mail for a task that begins to show, if one is wanted.
    pub fn mail_of_task(&self, task: &Task) -> Option<Mail> {
        let relay = match task.about {
            About::Relay(id) => self.relay(id),
            _ => None,
        };
        task.kind.mail().map(|kind| self.mail(kind, task.agency_id, relay, Some(task.due)))
    }

    fn task_of_relay(&self, relay: &Relay) -> Option<Task> {
        let (sender, receiver) = (relay.from_agency_id, relay.to_agency_id);
        let answer_by = |day: Day| reply_due(day, relay.urgency);
        let day = |at: &crate::time::Instant| Day(at.date());
        // A sender that has sent the sheet on to another agency has decided.
        let sent_on = |r: &Relay, at: &crate::time::Instant| r.from_agency_id == sender && r.sent_at > *at;
        let undecided = |at: &crate::time::Instant| !self.relays.iter().any(|r| sent_on(r, at));
        let (kind, agency, from, due) = match &relay.progress {
            Progress::Sent | Progress::Received { .. } => {
                (TaskKind::RelayAnswer, receiver, day(&relay.sent_at), relay.reply_due)
            }
            Progress::Returned { at, .. } => (TaskKind::RelayReturned, sender, day(at), relay.reply_due),
            Progress::Declined { at, .. } if undecided(at) => {
                (TaskKind::RelayDeclined, sender, day(at), answer_by(day(at)))
            }
            Progress::Halted { at, agency_ended: true, .. } if sender != receiver && undecided(at) => {
                (TaskKind::RelayEnded, sender, day(at), answer_by(day(at)))
            }
            Progress::Accepted(acceptance) => {
                let met = relay.reports.iter().rev().find(|report| report.contact_made_on.is_some());
                let (from, due) = match met {
                    // Nobody was met yet: what was promised stands, however often that was reported.
                    None => {
                        let from = day(&acceptance.at);
                        (from, acceptance.contact_by.unwrap_or_else(|| answer_by(from)))
                    }
                    // The resident was met: the next word is no matter of urgency.
                    Some(report) => (day(&report.at), reply_due(day(&report.at), Urgency::Normal)),
                };
                (TaskKind::RelayReport, receiver, from, due)
            }
            Progress::Reported(_)
            | Progress::Declined { .. }
            | Progress::Cancelled { .. }
            | Progress::Halted { .. }
            | Progress::Closed { .. } => return None,
        };
        Some(Task::new(kind, About::Relay(relay.id), agency, from, due))
    }

    /// A refusal or deferral that was the last word comes up again on its day.
    fn follow_up(&self) -> Option<Task> {
        let last = self.consents.iter().rev().find(|c| !matches!(c.witness, Witness::Denied { .. }))?;
        let is_open = matches!(last.terms.decision, Decision::Refused | Decision::Pending);
        let day = last.terms.follow_up_on.filter(|_| is_open)?;
        Some(Task::new(TaskKind::ConsentFollowUp, About::Consent(last.id), self.asker(last), day, day))
    }

    /// The agency that asks the person again: the holder, unless it may not know of this version.
    fn asker(&self, consent: &Consent) -> AgencyId {
        let holder = self.sheet.holder_agency_id;
        let knows = consent.stands() || holder == self.sheet.origin_agency_id || holder == consent.keeper();
        if knows { holder } else { consent.keeper() }
    }

    fn renewal(&self, consent: &Consent) -> Task {
        let until = consent.terms.effective_until;
        let from = Day(until.0.checked_sub(jiff::Span::new().days(RENEWAL_DAYS)).unwrap_or(until.0));
        Task::new(TaskKind::ConsentRenewal, About::Consent(consent.id), self.asker(consent), from, until)
    }

    /// 同意に向けた働きかけ: the sheet moved without consent, and nobody has said yes or no since.
    fn seek_consent(&self) -> Option<Task> {
        let (exception, used) = self.used_without_consent()?;
        let from = Day(used.at.date());
        let about = About::Exception(exception.id);
        let due = reply_due(from, Urgency::Normal);
        Some(Task::new(TaskKind::ConsentToSeek, about, exception.requested_agency_id, from, due))
    }

    /// An agency that has copies must say what became of them; once that is late, the origin must ask for it.
    fn tasks_of_stop(&self, stop: &StopRequest) -> Vec<Task> {
        if stop.answer.is_some() {
            return Vec::new();
        }
        let about = About::StopRequest(stop.id);
        let late = Day(stop.due.0.tomorrow().unwrap_or(stop.due.0));
        let asked = Task::new(TaskKind::StopAnswer, about, stop.agency_id, Day(stop.at.date()), stop.due);
        let overdue = Task::new(TaskKind::StopOverdue, about, self.sheet.origin_agency_id, late, answer_due(stop.due));
        vec![asked, overdue]
    }

    /// A manager of the origin decides, but not the person who asked.
    fn release_to_decide(&self, release: &AddressRelease) -> Option<Task> {
        let asked = Day(release.requested_at.date());
        let due = reply_due(asked, Urgency::Early);
        let about = About::Release(release.id);
        let task = Task::new(TaskKind::AddressRelease, about, self.sheet.origin_agency_id, asked, due);
        let waits = release.state == ReleaseState::Requested;
        waits.then_some(Task { role: Some(Role::Manager), but_staff_id: release.requested_by, ..task })
    }

    fn of_age(&self, consent: &Consent) -> Option<Task> {
        let day = consent.of_age_on?;
        let due = Day(add_open_days(day.0, OF_AGE_OPEN_DAYS));
        Some(Task::new(TaskKind::ConsentOfAge, About::Consent(consent.id), self.asker(consent), day, due))
    }
}

/// The sender's tasks beside the relay's own state: to confirm reports, to answer an offer to hand the baton back, and a report without
/// support, which the sender's manager must see before it is confirmed.
fn tasks_beside_relay(relay: &Relay) -> Vec<Task> {
    let about = About::Relay(relay.id);
    let by = |kind, from: Day, urgency| Task::new(kind, about, relay.from_agency_id, from, reply_due(from, urgency));
    let task = |kind, from: Day| by(kind, from, Urgency::Normal);
    let mut tasks = Vec::new();
    if let Some(report) = relay.to_confirm() {
        tasks.push(by(TaskKind::RelayConfirm, Day(report.at.date()), relay.urgency));
    }
    if let Some(offer) = relay.hand_back.as_ref().filter(|offer| offer.state == HandBackState::Offered) {
        tasks.push(task(TaskKind::HandBackAnswer, Day(offer.offered_at.date())));
    }
    // Only what the sender may know of it: without permission to report back, nobody there learns how it ended.
    let told = relay.report_to(Some(relay.from_agency_id)).and_then(|told| told.in_full);
    if let (RelayState::Reported, Some(report)) = (relay.state(), told)
        && report.result.ends_without_support()
    {
        let seen = task(TaskKind::ReportWithoutSupport, Day(report.at.date()));
        tasks.push(Task { role: Some(Role::Manager), ..seen });
    }
    tasks
}

/// The tasks of an exception: to decide on it, or to follow up after its use. A manager of the agency that asked can do them, and any
/// privacy officer, but not the person who asked.
fn tasks_of_exception(exception: &Exception) -> Vec<Task> {
    use crate::case::exception::Progress;
    let day = |at: crate::time::Instant| Day(at.date());
    let asked = day(exception.requested_at);
    let (kind, from, due) = match &exception.progress {
        Progress::Requested => {
            let urgency = if exception.reasons.emergency { Urgency::Urgent } else { Urgency::Early };
            (TaskKind::ExceptionApproval, asked, reply_due(asked, urgency))
        }
        Progress::UsedFirst { used, approve_by } | Progress::Overdue { used, approve_by, .. } => {
            (TaskKind::ExceptionApproval, day(used.at), *approve_by)
        }
        Progress::Used { used, .. } => {
            (TaskKind::ExceptionFollowUp, day(used.at), reply_due(day(used.at), Urgency::Normal))
        }
        Progress::Approved { .. } | Progress::Rejected { .. } | Progress::FollowedUp { .. } => return Vec::new(),
    };
    let task = Task::new(kind, About::Exception(exception.id), exception.requested_agency_id, from, due);
    let by = |role| Task { role: Some(role), but_staff_id: Some(exception.requested_by), ..task.clone() };
    vec![by(Role::Manager), by(Role::PrivacyOfficer)]
}

fn witness_wanted(consent: &Consent) -> Option<Task> {
    if !consent.awaits_witness() {
        return None;
    }
    let from = Day(consent.recorded_at.date());
    let (kind, about) = (TaskKind::ConsentWitness, About::Consent(consent.id));
    let task = Task::new(kind, about, consent.keeper(), from, reply_due(from, Urgency::Early));
    Some(Task { staff_id: consent.terms.witness_staff_id, but_staff_id: consent.recorded_by, ..task })
}

/// The person named as the hearer of a consent that a system recorded must say whether that is so.
fn hearer_wanted(consent: &Consent) -> Option<Task> {
    let heard = consent.heard.filter(|_| consent.awaits_hearer())?;
    let from = Day(consent.recorded_at.date());
    let (kind, about) = (TaskKind::ConsentHeard, About::Consent(consent.id));
    let task = Task::new(kind, about, consent.keeper(), from, reply_due(from, Urgency::Early));
    Some(Task { staff_id: Some(heard.staff_id), ..task })
}

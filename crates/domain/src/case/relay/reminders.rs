//! 督促: who must act on a relay is reminded, by an agency or, once the answer is late, by the service.

use super::{InvalidTransition, RelayState};
use crate::agency::Actor;
use crate::audit::{EventKind, Fact};
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::ids::RelayId;
use crate::mail::{Mail, MailKind};
use crate::time::{Day, Instant};

impl Case {
    /// Reminds the agency that must act now (督促): once a day, and never the actor's own agency. The revision stays, so that an answer
    /// that is already under way does not come too late because of the reminder.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when the relay waits for nobody else or the sheet is voided; [`Refusal::Invalid`] when it was chased today
    /// already.
    pub fn chase(mut self, id: RelayId, actor: &Actor) -> Result<Outcome, Refusal> {
        let (at, today) = (actor.at, actor.today());
        let before = Before::of(&self, today);
        let voided = self.sheet.standing == crate::case::sheet::Standing::Voided;
        let relay = self.relays.iter_mut().find(|r| r.id == id).ok_or(Refusal::NotFound)?;
        let Some(waits_for) = relay.waits_for().filter(|agency| !voided && *agency != actor.agency_id) else {
            return Err(InvalidTransition { state: relay.state().as_str() }.into());
        };
        if relay.chased_on == Some(today) {
            let detail = "今日はもう督促しました。督促は、一つのつなぎに一日一回までです。お急ぎのときは、電話で連絡してください。";
            return Err(Refusal::invalid("", "already_chased", detail));
        }
        relay.chased_on = Some(today);
        let relay = relay.clone();
        let event = self
            .event(EventKind::RelayChased)
            .with("relay_id", Fact::Id(id.0))
            .with("chased_agency_id", Fact::Id(waits_for.0));
        let due = (relay.state() != RelayState::Accepted).then_some(relay.reply_due);
        let mails = vec![self.mail(MailKind::RelayChased, waits_for, Some(&relay), due)];
        let mut changes = Changes::default();
        changes.relays.insert(id);
        Ok(self.conclude(&before, changes, vec![event], mails, at))
    }

    /// Reminds the agency that must answer: once, when the due date has passed and the relay still waits.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when it no longer waits, is not overdue, or was reminded of before.
    pub fn remind(mut self, id: RelayId, today: Day, at: Instant) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, today);
        let relay = self.relays.iter_mut().find(|r| r.id == id).ok_or(Refusal::NotFound)?;
        if !relay.is_open() || relay.reply_due >= today || relay.overdue_since.is_some() {
            return Err(InvalidTransition { state: relay.state().as_str() }.into());
        }
        relay.overdue_since = Some(today);
        let relay = relay.clone();
        let waits_for = if relay.state() == RelayState::Returned { relay.from_agency_id } else { relay.to_agency_id };
        let event = self
            .event(EventKind::RelayOverdue)
            .with("relay_id", Fact::Id(id.0))
            .with("reply_due", Fact::Day(relay.reply_due));
        let mails: Vec<Mail> = vec![self.mail(MailKind::RelayOverdue, waits_for, Some(&relay), Some(relay.reply_due))];
        let mut changes = Changes::default();
        changes.relays.insert(id);
        Ok(self.conclude(&before, changes, vec![event], mails, at))
    }
}

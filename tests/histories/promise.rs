//! The promise to the resident, checked without the model: once a withdrawal of the whole consent is answered, nothing more goes out under
//! it, and nobody but the origin is shown anything under it; an exception carries one relay, and its approval or rejection comes from
//! somebody other than the person who asked; once the rejection is answered, its relay shows its receiver nothing. This uses only the facts
//! of the trail and the answers.

use crate::record::{Call, Deed, Event, History, Verdict};
use std::collections::HashMap;

/// The version under which a relay goes that rests on an exception: no withdrawal reaches it.
const EXCEPTED: u64 = u64::MAX;

/// A sheet's line of consents and its relays, as the trail tells of them.
#[derive(Default)]
struct Sheet<'a> {
    versions: HashMap<&'a str, u64>,
    /// The recipient of each relay, and the newest version under which it was ever sent.
    relays: HashMap<&'a str, (&'a str, u64)>,
    /// The newest version under which each agency was ever told anything.
    told: HashMap<&'a str, u64>,
    /// The version that was withdrawn, and when that was answered.
    withdrawn: Vec<(u64, u64)>,
    /// The person who asked for each exception, and the relay that has used it.
    exceptions: HashMap<&'a str, (&'a str, Option<&'a str>)>,
    /// The relays whose exception was rejected, and when that was answered.
    rejected: HashMap<&'a str, u64>,
}

impl<'a> Sheet<'a> {
    /// What an event of an exception breaks.
    fn excepted(&mut self, event: &'a Event) -> Option<&'static str> {
        let known = self.exceptions.entry(event.fact("exception_id")).or_insert((&event.staff_id, None));
        match event.kind.as_str() {
            "exception.used" if known.1.replace(event.fact("relay_id")).is_some() => Some("used twice"),
            "exception.approved" | "exception.rejected" if known.0 == event.staff_id => Some("decided by who asked"),
            "exception.rejected" => {
                self.rejected.extend(known.1.map(|relay| (relay, u64::MAX)));
                None
            }
            _ => None,
        }
    }
}

/// Everything that breaks the promise.
pub(crate) fn broken(history: &History) -> Vec<String> {
    let mut sheets: HashMap<&str, Sheet<'_>> = HashMap::new();
    let mut broken = Vec::new();
    for events in history.events.chunk_by(|a, b| a.sheet == b.sheet) {
        let sheet = sheets.entry(&events[0].sheet).or_default();
        in_the_trail(history, events, sheet, &mut broken);
    }
    for call in &history.calls {
        if let Deed::Withdraw { consent, agencies: 0, sections: 0 } = &call.deed
            && call.answer.as_ref().is_some_and(|answer| answer.status == 200)
            && let Some(sheet) = call.sheet.as_deref().and_then(|id| sheets.get_mut(id))
            && let Some(version) = sheet.versions.get(consent.as_str())
        {
            sheet.withdrawn.push((*version, call.answered));
        }
        if let Deed::Decide { exception, decision: Verdict::Reject, .. } = &call.deed
            && call.answer.as_ref().is_some_and(|answer| answer.status == 200)
            && let Some(sheet) = call.sheet.as_deref().and_then(|id| sheets.get_mut(id))
            && let Some((_, Some(relay))) = sheet.exceptions.get(exception.as_str())
            && let Some(at) = sheet.rejected.get_mut(relay)
        {
            *at = call.answered.min(*at);
        }
    }
    for call in &history.calls {
        if let Some(sheet) = call.sheet.as_deref().and_then(|id| sheets.get(id)) {
            in_an_answer(history, call, sheet, &mut broken);
        }
    }
    broken
}

fn in_the_trail<'a>(history: &History, events: &'a [Event], sheet: &mut Sheet<'a>, broken: &mut Vec<String>) {
    let agency_of = |staff: &str| {
        let person = history.people.iter().find(|person| person.staff_id == staff);
        person.map_or("", |person| history.agencies[person.agency].as_str())
    };
    let mut withdrawn = 0;
    for event in events {
        let version = sheet.versions.get(event.fact("consent_id")).copied().unwrap_or(0);
        let version = if event.fact("exception_id").is_empty() { version } else { EXCEPTED };
        let reader = agency_of(&event.staff_id);
        let others = reader != history.agencies[0];
        let shows = !event.facts("sections").is_empty();
        let after = || {
            format!(
                "sheet {}: {} at {} after the withdrawal of version {withdrawn}",
                event.sheet, event.kind, event.seq
            )
        };
        if event.kind.starts_with("exception.")
            && let Some(what) = sheet.excepted(event)
        {
            broken.push(format!("sheet {}: at {} an exception was {what}", event.sheet, event.seq));
        }
        match event.kind.as_str() {
            "consent.given" => {
                let version = event.data["version"].as_u64().unwrap_or(0);
                sheet.versions.insert(event.fact("consent_id"), version);
            }
            "consent.withdrawn" if event.facts("agency_ids").is_empty() && event.facts("sections").is_empty() => {
                withdrawn = withdrawn.max(version);
            }
            // An amendment that only tells less names no basis, and stays under the one that it has.
            "relay.amended" if version == 0 => {}
            "relay.sent" | "relay.resent" | "relay.amended" => {
                if version <= withdrawn {
                    broken.push(after());
                }
                let to = event.fact("to_agency_id");
                sheet.relays.insert(event.fact("relay_id"), (to, version));
                let told = sheet.told.entry(to).or_default();
                *told = version.max(*told);
            }
            "relay.read" if others && shows => {
                let (to, version) = sheet.relays.get(event.fact("relay_id")).copied().unwrap_or_default();
                let rejected = version == EXCEPTED && sheet.rejected.contains_key(event.fact("relay_id"));
                if to == reader && (version <= withdrawn || rejected) {
                    broken.push(after());
                }
            }
            "sheet.read" if others && shows && sheet.told.get(reader).copied().unwrap_or(0) <= withdrawn => {
                broken.push(after());
            }
            _ => {}
        }
    }
}

fn in_an_answer(history: &History, call: &Call, sheet: &Sheet<'_>, broken: &mut Vec<String>) {
    let Some(answer) = call.answer.as_ref() else { return };
    let reader = history.people[call.who].agency;
    if reader == 0 || (answer.said.shown.unwrap_or(0) == 0 && answer.said.mark.is_empty()) {
        return;
    }
    let before = sheet.withdrawn.iter().filter(|(_, answered)| *answered < call.called);
    let withdrawn = before.map(|(version, _)| *version).max().unwrap_or(0);
    let reader = history.agencies[reader].as_str();
    let relay = match &call.deed {
        Deed::Move { relay, .. } | Deed::ReadRelay { relay } => sheet.relays.get(relay.as_str()),
        _ => None,
    };
    let told = match relay {
        Some((to, version)) if *to == reader => *version,
        _ => sheet.told.get(reader).copied().unwrap_or(0),
    };
    let is_receiver = relay.is_some_and(|(to, _)| *to == reader);
    let rejected = match &call.deed {
        Deed::Move { relay, .. } | Deed::ReadRelay { relay } if is_receiver && told == EXCEPTED => {
            sheet.rejected.get(relay.as_str()).is_some_and(|answered| *answered < call.called)
        }
        _ => false,
    };
    if told <= withdrawn || rejected {
        broken.push(format!("content was answered after the withdrawal of version {withdrawn}: {call:?}"));
    }
}

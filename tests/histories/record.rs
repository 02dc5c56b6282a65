//! The record: every call with the instants of its beginning and its answer, and the audit trail as it was exported.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The sections that are used here, in the order of the model's bits.
pub(crate) const SECTIONS: [&str; 4] = ["identity", "address", "topics", "statement"];
/// The bits of [`SECTIONS`].
pub(crate) const ALL: u8 = 0b1111;
/// The bit that says that another section is shown, too.
pub(crate) const OTHERS: u8 = 0b1000_0000;
/// The `answered` of a call without an answer, which may take effect at any time.
pub(crate) const NEVER: u64 = u64::MAX;

/// A run: who called what, and what the trail says of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct History {
    /// The setting in which it ran.
    pub(crate) name: String,
    /// The seed of its random choices.
    pub(crate) seed: u64,
    /// Whether the clock of its services stood, so that everything happened at one instant.
    pub(crate) stands_still: bool,
    /// The ids of the model's agencies A to E.
    pub(crate) agencies: Vec<String>,
    /// The people; each is one client with one call at a time.
    pub(crate) people: Vec<Person>,
    /// The calls, each person's in the order in which they were made.
    pub(crate) calls: Vec<Call>,
    /// The events of all sheets, in the order of each stream.
    pub(crate) events: Vec<Event>,
}

/// A client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) staff_id: String,
    /// Its place among the model's agencies.
    pub(crate) agency: usize,
    /// Whether it is a manager (所属長), who decides on exceptions.
    pub(crate) manager: bool,
}

/// One operation. With an Idempotency-Key it includes all attempts until one was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) who: usize,
    /// The sheet; none for the creation of a sheet, and for lists.
    pub(crate) sheet: Option<String>,
    pub(crate) deed: Deed,
    pub(crate) key: Option<String>,
    pub(crate) if_match: Option<u32>,
    /// When the first attempt began, in nanoseconds since the beginning.
    pub(crate) called: u64,
    /// When the answer came, in nanoseconds since the beginning, or [`NEVER`].
    pub(crate) answered: u64,
    /// The number of attempts whose answer was lost: each may have taken effect, or still may.
    pub(crate) lost: u32,
    pub(crate) answer: Option<Answer>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Deed {
    Create {
        mark: String,
    },
    Revise {
        mark: String,
        secret: bool,
    },
    Consent(Terms),
    Witness {
        consent: String,
        heard: bool,
    },
    /// An empty set of bits means all agencies or all sections.
    Withdraw {
        consent: String,
        agencies: u8,
        sections: u8,
    },
    Preview(Ask),
    Send {
        ask: Ask,
        digest: String,
    },
    Move {
        relay: String,
        step: Step,
    },
    /// Looks at what an amendment would tell.
    PreviewAmend {
        relay: String,
        sections: u8,
        basis: Basis,
    },
    /// Asks for leave to tell an agency something without consent.
    Except {
        to: usize,
        sections: u8,
        emergency: bool,
    },
    Decide {
        exception: String,
        decision: Verdict,
        /// Whether the person asked for it and is a manager: then the refusal is one of the second person, which is noted. The answer alone
        /// does not tell it from one for another role.
        own: bool,
    },
    Close,
    Reopen,
    Entry {
        opinion: bool,
    },
    ReadSheet,
    ReadRelay {
        relay: String,
    },
    ReadException {
        exception: String,
    },
    ReadConsents,
    ReadEntries,
    ReadTimeline,
    ListSheets,
    ListRelays {
        outbox: bool,
    },
    ListExceptions,
}

impl Deed {
    /// Whether it reads a list over all sheets, which leaves its event with the agency.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::ListSheets | Self::ListRelays { .. } | Self::ListExceptions)
    }
}

/// The basis that a request names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Basis {
    Consent(String),
    Exception(String),
}

impl Basis {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Consent(id) | Self::Exception(id) => id,
        }
    }
}

/// What a second person says of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Approve,
    Reject,
    FollowUp,
}

/// The terms of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) decision: Decision,
    pub(crate) oral: bool,
    pub(crate) sections: u8,
    pub(crate) agencies: u8,
    pub(crate) excluded: u8,
    pub(crate) onward: bool,
    pub(crate) report_back: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Decision {
    Granted,
    Partial,
    Refused,
    Pending,
}

/// Which sections should be told to which agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) to: usize,
    pub(crate) sections: u8,
    /// The basis; none if the request names none and the service chooses.
    pub(crate) basis: Option<Basis>,
    pub(crate) parent: Option<String>,
}

/// A move of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    Receive,
    Accept,
    Decline,
    Return,
    Resend { digest: String },
    Cancel,
    Report { text: bool },
    Confirm,
    Amend { sections: u8, basis: Basis, digest: String },
    HandBack,
    TakeBack,
    LeaveThere,
}

/// An answer, as far as the model covers it. It holds no personal words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The name of the problem, or nothing.
    pub(crate) problem: String,
    pub(crate) etag: Option<u32>,
    /// `Idempotent-Replayed`.
    pub(crate) replayed: bool,
    /// A digest of the body's bytes.
    pub(crate) body: u64,
    pub(crate) said: Said,
    /// Whether a list is complete, and not only its first page.
    pub(crate) whole: bool,
    pub(crate) items: Vec<Said>,
}

/// What a body says about one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) number: String,
    pub(crate) revision: Option<u32>,
    pub(crate) content_revision: Option<u32>,
    pub(crate) version: Option<u32>,
    pub(crate) state: String,
    pub(crate) holder: String,
    pub(crate) sheet: String,
    /// The bits of the sections that are shown.
    pub(crate) shown: Option<u8>,
    /// The mark that the statement bears, when it is shown.
    pub(crate) mark: String,
    /// Whether the sender's words are shown.
    pub(crate) request: bool,
    pub(crate) clauses: Vec<String>,
    pub(crate) digest: String,
    /// The last withdrawal.
    pub(crate) withdrawal: String,
    /// The sections that a relay tells or an exception is for.
    pub(crate) sections: u8,
    /// The id of a relay's basis.
    pub(crate) basis: String,
    /// The state of the last offer to hand the baton back.
    pub(crate) offer: String,
    /// The relay that has used an exception.
    pub(crate) relay: String,
}

impl Said {
    /// Whether nothing of the sheet's content is shown.
    pub(crate) fn is_bare(&self) -> bool {
        self.shown.is_none_or(|bits| bits == 0) && !self.request
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok())
}

/// The bits of sections by their names.
pub(crate) fn bits<'a>(names: impl Iterator<Item = &'a str>) -> u8 {
    names.fold(0, |bits, name| bits | SECTIONS.iter().position(|s| *s == name).map_or(OTHERS, |place| 1 << place))
}

impl Said {
    /// From a body.
    pub(crate) fn of(body: &Value) -> Self {
        let content = [&body["content"], &body["disclosure"]].into_iter().find_map(Value::as_object);
        let words = content.map(|content| text(&content.get("statement").unwrap_or(&Value::Null)["subject_words"]));
        let sections = body["sections"].as_array().map(Vec::as_slice).unwrap_or_default();
        let basis = &body["basis"];
        let clauses = body["refusals"].as_array().cloned().unwrap_or_default();
        Self {
            id: text(&body["id"]),
            kind: text(&body["kind"]),
            number: text(&body["number"]),
            revision: number(&body["revision"]),
            content_revision: number(&body["content_revision"]),
            version: number(&body["version"]),
            state: text(&body["state"]),
            holder: text(&body["holder_agency_id"]),
            sheet: text(&body["sheet_id"]),
            shown: content.map(|content| bits(content.keys().map(String::as_str))),
            mark: words.unwrap_or_default(),
            request: body["request"].is_string(),
            clauses: clauses.iter().map(|c| text(&c["clause"])).collect(),
            digest: text(&body["disclosure_digest"]),
            withdrawal: body["withdrawals"]
                .as_array()
                .and_then(|w| w.last())
                .map(|w| text(&w["id"]))
                .unwrap_or_default(),
            sections: bits(sections.iter().filter_map(Value::as_str)),
            basis: text(&basis["consent_id"]) + &text(&basis["exception_id"]),
            offer: text(&body["hand_back"]["state"]),
            relay: text(&body["relay_id"]),
        }
    }
}

/// An event of a sheet's stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) sheet: String,
    pub(crate) seq: u64,
    pub(crate) kind: String,
    /// Empty when the service itself acted.
    pub(crate) staff_id: String,
    pub(crate) data: Value,
}

impl Event {
    /// A text in its data, or nothing.
    pub(crate) fn fact(&self, key: &str) -> &str {
        self.data[key].as_str().unwrap_or_default()
    }

    /// A list of texts in its data.
    pub(crate) fn facts(&self, key: &str) -> Vec<&str> {
        let list = self.data[key].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).collect()
    }
}

/// The events of sheets in an export, read from the hashed bodies.
pub(crate) fn events(export: &str) -> Vec<Event> {
    let bodies = export.lines().map(|line| {
        let outer: Value = serde_json::from_str(line).expect("an event");
        serde_json::from_str::<Value>(outer["body"].as_str().expect("a body")).expect("JSON")
    });
    let mut events: Vec<Event> = bodies
        .filter(|body| body["sheet_id"].is_string())
        .map(|mut body| Event {
            sheet: text(&body["sheet_id"]),
            seq: body["seq"].as_u64().expect("a place"),
            kind: text(&body["kind"]),
            staff_id: text(&body["actor"]["staff_id"]),
            data: body["data"].take(),
        })
        .collect();
    events.sort_by(|a, b| (&a.sheet, a.seq).cmp(&(&b.sheet, b.seq)));
    events
}

//! The steps that a writer takes on a sheet, and what must come of each.

use domain::time::{Day, Instant};
use serde_json::{Value, json};

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Register,
    Revise,
    Enter,
    Consent,
    Send,
    Receive,
    Accept,
    Decline,
    Cancel,
    Report,
    Confirm,
    Withdraw,
}

use What::{Accept, Cancel, Confirm, Consent, Decline, Enter, Receive, Register, Report, Revise, Send, Withdraw};

/// The lives that a sheet may have.
pub const SCRIPTS: [&[What]; 6] = [
    &[Register, Consent, Send, Accept, Report, Confirm],
    &[Register, Consent, Send, Receive, Decline],
    &[Register, Consent, Send, Cancel],
    &[Register, Consent, Send, Receive, Accept, Withdraw],
    &[Register, Revise, Enter, Revise],
    // This relay waits until it is overdue.
    &[Register, Consent, Send],
];

/// The agencies that may be told, each with a login there.
pub const PLACES: [(&str, &str); 3] = [("kurashi-shigoto", "kurashi"), ("hoken", "hoken"), ("nozei", "zei")];
/// The login of the clerk who records.
pub const CLERK: &str = "madoguchi";
/// The agency of the clerk.
pub const ORIGIN: &str = "fukushi-marugoto";

/// The dates of a case. They stay valid when the clock is stepped by a day or two.
#[derive(Clone)]
pub struct Dates {
    /// An instant in the past.
    pub before: String,
    /// The day of that instant.
    pub since: String,
    /// The last day of the consents.
    pub until: String,
}

impl Dates {
    pub fn at(now: Instant) -> Self {
        let day = |days: i64| Day(now.plus_seconds(days * 24 * 3600).date()).to_string();
        Self { before: now.plus_seconds(-4 * 24 * 3600).to_string(), since: day(-4), until: day(300) }
    }
}

/// A step that was acknowledged.
pub struct Done {
    pub asked: Asked,
    pub answer: Value,
    /// When, by the service's clock.
    pub at: Instant,
}

/// A request, which may be sent several times.
#[derive(Debug, Clone)]
pub struct Asked {
    pub what: What,
    pub login: &'static str,
    pub method: &'static str,
    pub path: String,
    pub body: Value,
    pub if_match: Option<String>,
    pub key: String,
}

/// A sheet and what has been done to it since its beginning.
pub struct Life {
    /// A name that no other has; it stands in the sheet.
    pub name: String,
    script: &'static [What],
    pub place: usize,
    pub done: Vec<Done>,
    /// The request that is sent and not acknowledged yet.
    pub pending: Option<Asked>,
}

impl Life {
    pub fn new(name: String, script: usize, place: usize) -> Self {
        Self { name, script: SCRIPTS[script], place, done: Vec::new(), pending: None }
    }

    /// The next step, or none at the end of the life.
    pub fn next(&self) -> Option<What> {
        self.script.get(self.done.len()).copied()
    }

    pub fn last_of(&self, what: What) -> Option<&Value> {
        self.done.iter().rev().find(|done| done.asked.what == what).map(|done| &done.answer)
    }

    pub fn sheet_id(&self) -> &str {
        self.last_of(Register).unwrap()["id"].as_str().unwrap()
    }

    pub fn relay_id(&self) -> Option<&str> {
        self.last_of(Send).map(|relay| relay["id"].as_str().unwrap())
    }

    /// The relay as it was answered last, unless a withdrawal has changed it since.
    pub fn relay(&self) -> Option<&Value> {
        if self.last_of(Withdraw).is_some() {
            return None;
        }
        self.done.iter().rev().find(|done| done.asked.what.is_of_relay()).map(|done| &done.answer)
    }

    /// The state of the sheet, after all that was acknowledged.
    pub fn sheet_state(&self) -> &'static str {
        let states = self.done.iter().rev().find_map(|done| match done.asked.what {
            Register => Some("registered"),
            Consent | Decline | Cancel => Some("consented"),
            Send | Receive => Some("relaying"),
            Accept | Report | Confirm | Withdraw => Some("in_support"),
            Revise | Enter => None,
        });
        states.unwrap()
    }

    /// The question before a relay: what would be disclosed.
    pub fn preview(&self, to: &str) -> (String, Value) {
        let consent_id = &self.last_of(Consent).unwrap()["id"];
        let asked = json!({
            "to_agency_id": to, "sections": SECTIONS, "purpose": "support_referral", "basis": {"consent_id": consent_id}
        });
        (format!("/api/v1/sheets/{}/relays/preview", self.sheet_id()), asked)
    }

    /// The next step as a request. `due` is the day by which an answer is asked for, `to` the id of the agency to be told, `digest` the digest
    /// of the preview.
    pub fn ask(&self, what: What, key: String, dates: &Dates, due: Day, to: &str, digest: Value) -> Asked {
        let sheet = |rest: &str| format!("/api/v1/sheets/{}{rest}", self.sheet_id());
        let step = |rest: &str| format!("/api/v1/relays/{}/{rest}", self.relay_id().unwrap());
        let there = PLACES[self.place].1;
        let (login, method, path, body) = match what {
            Register => (CLERK, "POST", "/api/v1/sheets".to_owned(), self.sheet(dates)),
            Revise => (CLERK, "PUT", sheet(""), self.sheet(dates)),
            Enter => {
                let entry =
                    json!({"occurred_at": dates.before, "method": "phone", "text": self.name, "section": "life"});
                (CLERK, "POST", sheet("/entries"), entry)
            }
            Consent => {
                let consent = json!({
                    "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "document", "method": "signature_paper",
                    "purpose": "support_referral", "sections": SECTIONS, "recipients": {"agency_ids": [to], "classes": []},
                    "exclusions": [], "allow_onward": "named", "allow_report_back": true, "obtained_at": dates.before,
                    "effective_from": dates.since, "effective_until": dates.until
                });
                (CLERK, "POST", sheet("/consents"), consent)
            }
            Send => {
                let relay = json!({
                    "to_agency_id": to, "sections": SECTIONS, "purpose": "support_referral", "request": self.name,
                    "urgency": "normal", "handover": "system", "reply_due": due, "disclosure_digest": digest,
                    "basis": {"consent_id": self.last_of(Consent).unwrap()["id"]}
                });
                (CLERK, "POST", sheet("/relays"), relay)
            }
            Receive => (there, "POST", step("receive"), json!({})),
            Accept => (there, "POST", step("accept"), json!({})),
            Decline => (there, "POST", step("decline"), json!({"reason": "no_capacity"})),
            Report => (there, "POST", step("report"), json!({"result": "support_started"})),
            Cancel => (CLERK, "POST", step("cancel"), json!({"reason": self.name})),
            Confirm => (CLERK, "POST", step("confirm"), json!({})),
            Withdraw => {
                let path =
                    format!("/api/v1/consents/{}/withdrawal", self.last_of(Consent).unwrap()["id"].as_str().unwrap());
                (CLERK, "POST", path, json!({"by": "self", "method": "phone"}))
            }
        };
        let revision = match what {
            Revise => Some(&self.last_of(Revise).or(self.last_of(Register)).unwrap()["revision"]),
            Receive | Accept | Decline | Report | Cancel | Confirm => Some(&self.relay().unwrap()["revision"]),
            _ => None,
        };
        let if_match = revision.map(|revision| format!("\"{revision}\""));
        Asked { what, login, method, path, body, if_match, key }
    }

    fn sheet(&self, dates: &Dates) -> Value {
        let words = format!("{} {}", self.name, self.done.len());
        json!({
            "state": "registered", "received_at": dates.before, "channel": "visit", "route": "self_visit", "visitor": null,
            "urgency": "normal", "address_secret": "none",
            "content": {
                "identity": {
                    "family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ",
                    "birth_date": "1986-04-01", "sex": "2", "identity_level": "verified"
                },
                "topics": {"codes": ["03"], "main": "03"},
                "statement": {"subject_words": words, "done_here": "話を聞いた。"},
                "risk": {"flags": []}
            }
        })
    }
}

const SECTIONS: [&str; 2] = ["identity", "statement"];

impl What {
    fn is_of_relay(self) -> bool {
        matches!(self, Send | Receive | Accept | Decline | Cancel | Report | Confirm)
    }

    /// Exactly the events that the step leaves.
    pub fn events(self) -> &'static [&'static str] {
        match self {
            Register => &["sheet.created", "sheet.registered"],
            Revise => &["sheet.revised"],
            Enter => &["entry.added"],
            Consent => &["consent.given"],
            Send => &["relay.sent"],
            Receive => &["relay.received"],
            Accept => &["relay.accepted"],
            Decline => &["relay.declined"],
            Cancel => &["relay.cancelled"],
            Report => &["relay.reported"],
            Confirm => &["relay.closed"],
            Withdraw => &["consent.withdrawn"],
        }
    }

    /// The letter that the step causes: what it says, and whether it goes to the agency that is told (true) or to the origin.
    pub fn letter(self) -> Option<(&'static str, bool)> {
        match self {
            Send => Some(("つなぎが届いています", true)),
            Accept => Some(("つなぎが受理されました", false)),
            Decline => Some(("つなぎが辞退されました", false)),
            Cancel => Some(("つなぎが取り下げられました", true)),
            Report => Some(("対応結果が報告されました", false)),
            Withdraw => Some(("共有の停止をお知らせします", true)),
            Register | Revise | Enter | Consent | Receive | Confirm => None,
        }
    }
}

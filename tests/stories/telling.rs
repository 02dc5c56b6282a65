//! What the stories share: a sheet that is followed, and what each party sees of it.

use crate::forms::etag;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{Answer, Client, Service};

/// Every share section (docs/domain.md).
const SECTIONS: [&str; 14] = [
    "identity",
    "contact",
    "address",
    "household",
    "topics",
    "statement",
    "life",
    "arrears",
    "health",
    "risk",
    "opinion",
    "third_party",
    "history",
    "attachments",
];

/// Kinds of events that say only that somebody looked.
const LOOKS: [&str; 6] = ["sheet.read", "relay.read", "relay.previewed", "consent.read", "timeline.read", "entry.read"];

/// A sheet that is followed through a story.
pub struct Sheet<'a> {
    pub service: &'a Service,
    pub id: String,
}

/// A relay that somebody wants to send.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    pub to: &'a str,
    pub sections: &'a [&'a str],
    pub consent: &'a str,
    pub parent: Option<&'a str>,
    pub request: &'a str,
}

impl Sheet<'_> {
    pub fn path(&self, below: &str) -> String {
        format!("/api/v1/sheets/{}{below}", self.id)
    }

    /// The sheet as this party reads it.
    #[track_caller]
    pub fn read(&self, by: &Client) -> Value {
        by.get(&self.path("")).ok()
    }

    /// State and holder, as this party reads them.
    #[track_caller]
    pub fn stands(&self, by: &Client, state: &str, holder: &str) {
        let sheet = self.read(by);
        assert_eq!((&sheet["state"], &sheet["holder_agency_id"]), (&json!(state), &json!(holder)));
    }

    pub fn preview(&self, by: &Client, wish: Wish<'_>) -> Value {
        by.post(&self.path("/relays/preview"), &wish.asked()).ok()
    }

    /// Sends what a preview showed.
    pub fn send(&self, by: &Client, wish: Wish<'_>, preview: &Value) -> Answer {
        by.post(&self.path("/relays"), &wish.body(preview))
    }

    /// Previews and sends.
    pub fn relay(&self, by: &Client, wish: Wish<'_>) -> Answer {
        let preview = self.preview(by, wish);
        self.send(by, wish, &preview)
    }

    /// The events of the sheet, oldest first, without those that say only that somebody looked.
    pub fn deeds(&self) -> Vec<String> {
        let mut kinds = self.service.audit_kinds(&self.id);
        kinds.retain(|kind| !LOOKS.contains(&kind.as_str()));
        kinds
    }

    /// The kinds of the timeline as this party sees it, oldest first, without those that say only that somebody looked.
    #[track_caller]
    pub fn timeline(&self, by: &Client) -> Vec<String> {
        let page = by.get(&self.path("/timeline?limit=200")).ok();
        assert_eq!(page["next"], Value::Null);
        let kinds = page["items"].as_array().unwrap().iter().rev();
        let kinds = kinds.map(|item| item["kind"].as_str().unwrap().to_owned());
        kinds.filter(|kind| !LOOKS.contains(&kind.as_str())).collect()
    }

    /// The texts of the progress record that this party sees, oldest first.
    #[track_caller]
    pub fn entries(&self, by: &Client) -> Vec<String> {
        let page = by.get(&self.path("/entries?limit=200")).ok();
        let items = page["items"].as_array().unwrap().iter().rev();
        items.map(|item| item["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Writes into the progress record.
    #[track_caller]
    pub fn note(&self, by: &Client, section: &str, text: &str) {
        self.service.advance_seconds(60);
        let entry = json!({"occurred_at": self.service.now(), "method": "phone", "text": text, "section": section});
        by.post(&self.path("/entries"), &entry).ok();
    }

    /// The ids of the sheets in this party's list.
    #[track_caller]
    pub fn is_listed(&self, by: &Client) -> bool {
        ids(&by.get("/api/v1/sheets").ok()).contains(&self.id)
    }

    /// Whether this party finds it by the beginning of the kana.
    #[track_caller]
    pub fn is_found(&self, by: &Client, kana: &str) -> bool {
        ids(&by.post("/api/v1/sheets/search", &json!({"kana_prefix": kana})).ok()).contains(&self.id)
    }

    /// Closes the sheet at its present revision.
    pub fn close(&self, by: &Client, reason: &str) -> Answer {
        let now = self.read(by);
        let body = json!({"reason": reason, "evaluation": "本人は、一部解決したと話している。"});
        by.step(&self.path("/closure"), &body, &etag(&now))
    }
}

impl Wish<'_> {
    /// The body of the preview.
    pub fn asked(&self) -> Value {
        json!({
            "to_agency_id": self.to, "sections": self.sections, "purpose": "support_referral", "parent_relay_id": self.parent,
            "basis": {"consent_id": self.consent}
        })
    }

    pub fn body(&self, preview: &Value) -> Value {
        json!({
            "to_agency_id": self.to, "sections": self.sections, "purpose": "support_referral", "request": self.request,
            "urgency": "early", "handover": "phoned", "parent_relay_id": self.parent,
            "disclosure_digest": preview["disclosure_digest"], "basis": {"consent_id": self.consent}
        })
    }
}

/// The ids of the items of a page.
pub fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// The clauses of a preview.
pub fn clauses(preview: &Value) -> Vec<String> {
    let refusals = preview["refusals"].as_array().unwrap().iter();
    refusals.map(|r| r["clause"].as_str().unwrap().to_owned()).collect()
}

/// The sections in a content.
pub fn keys(content: &Value) -> BTreeSet<&str> {
    content.as_object().map(|c| c.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// The content of a sheet or relay has exactly the sections `filled`, and every section outside `granted` is named as withheld.
#[track_caller]
pub fn shows(thing: &Value, filled: &[&str], granted: &[&str]) {
    assert_eq!(keys(&thing["content"]), filled.iter().copied().collect(), "the content");
    let withheld = thing["withheld"].as_array().unwrap().iter();
    let withheld: BTreeSet<_> = withheld.map(|w| w["section"].as_str().unwrap()).collect();
    let others = SECTIONS.into_iter().filter(|s| !granted.contains(s)).collect();
    assert_eq!(withheld, others, "what is withheld");
}

/// Nothing of the content is shown, and every section is withheld for this reason.
#[track_caller]
pub fn shows_nothing(relay: &Value, reason: &str) {
    assert_eq!(relay["content"], Value::Null);
    for section in SECTIONS {
        assert_eq!(why_not(relay, section), reason, "{section}");
    }
}

/// The reason why a section is withheld; empty when it is not.
pub fn why_not(thing: &Value, section: &str) -> String {
    let withheld = thing["withheld"].as_array().unwrap().iter();
    let mut of = withheld.filter(|w| w["section"] == section);
    of.next().map(|w| w["reason"].as_str().unwrap().to_owned()).unwrap_or_default()
}

/// Empties the outbox: each mail's mailbox, and the label in its subject. No mail may hold a word of `secret`.
#[track_caller]
pub fn mails(service: &Service, secret: &[&str]) -> Vec<(String, String)> {
    let mut list = Vec::new();
    for mail in service.send_mail() {
        let text = mail.text();
        for word in secret {
            assert!(!text.contains(word) && !mail.raw.contains(word), "a mail says {word}: {text}");
        }
        let to = mail.header("to");
        let label = text.lines().next().unwrap();
        let label = label.strip_prefix("【つなぐ】").unwrap().split('(').next().unwrap();
        list.push((to.split('@').next().unwrap().to_owned(), label.to_owned()));
    }
    list.sort();
    list
}

/// The same list, as a test writes it.
pub fn told(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut list: Vec<_> = list.iter().map(|(to, what)| ((*to).to_owned(), (*what).to_owned())).collect();
    list.sort();
    list
}

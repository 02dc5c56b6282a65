//! One client on the wire: it turns a deed into a request, and records the answer, or that there was none.

use crate::record::{ALL, Answer, Ask, Basis, Call, Decision, Deed, NEVER, SECTIONS, Said, Step, Terms, Verdict};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::Request;

/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
const ATTEMPTS: u32 = 10;
/// The longest page of a list.
const PAGE: usize = 200;

/// Random numbers from a seed (SplitMix64, Steele and others 2014): the same seed gives the same numbers.
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// True in `of_hundred` of a hundred cases.
    pub(crate) fn percent(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    /// One of the list, each in proportion to its weight.
    pub(crate) fn weighed<T: Clone>(&mut self, list: &[(usize, T)]) -> T {
        let mut left = self.below(list.iter().map(|(weight, _)| weight).sum());
        let found = list.iter().find(|(weight, _)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        found.expect("a list that weighs something").1.clone()
    }

    /// An element that `fits`, or else any element; none if the list is empty.
    pub(crate) fn one<'a, T>(&mut self, list: &'a [T], fits: impl Fn(&T) -> bool) -> Option<&'a T> {
        let fitting: Vec<&T> = list.iter().filter(|item| fits(item)).collect();
        let from = if fitting.is_empty() { list.iter().collect() } else { fitting };
        if from.is_empty() { None } else { Some(from[self.below(from.len())]) }
    }
}

/// An earlier request, which can be sent again.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) sheet: Option<String>,
    pub(crate) deed: Deed,
    pub(crate) key: Option<String>,
    pub(crate) if_match: Option<u32>,
}

/// A person at work, with one call at a time.
pub(crate) struct Caller {
    pub(crate) who: usize,
    pub(crate) dice: Dice,
    agent: Agent,
    urls: Vec<String>,
    token: String,
    agencies: Vec<String>,
    /// An instant that lies in the past for every service.
    past: String,
    begin: Instant,
    keys: u64,
    pub(crate) calls: Vec<Call>,
}

impl Caller {
    #[allow(clippy::too_many_arguments, reason = "what a person needs to begin, each once")]
    pub(crate) fn new(
        who: usize,
        dice: Dice,
        urls: &[String],
        token: &str,
        agencies: &[String],
        past: &str,
        begin: Instant,
    ) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().new_agent();
        let (urls, agencies) = (urls.to_vec(), agencies.to_vec());
        let (token, past) = (token.to_owned(), past.to_owned());
        Self { who, dice, agent, urls, token, agencies, past, begin, keys: 0, calls: Vec::new() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap()
    }

    /// A key that nobody else uses.
    pub(crate) fn key(&mut self) -> String {
        self.keys += 1;
        format!("k{}-{}", self.who, self.keys)
    }

    /// A word that nobody else writes.
    pub(crate) fn mark(&mut self) -> String {
        self.keys += 1;
        format!("印{}-{}", self.who, self.keys)
    }

    /// Does the deed, with a fresh key where one is needed.
    pub(crate) fn deed(&mut self, sheet: Option<&str>, deed: Deed, if_match: Option<u32>) -> Option<Answer> {
        let key = has_key(&deed).then(|| self.key());
        let sheet = sheet.map(str::to_owned);
        self.ask(Asked { sheet, deed, key, if_match }, None)
    }

    /// Asks, and asks again with the same key when no answer comes. `haste` is how long it waits for the first answer.
    pub(crate) fn ask(&mut self, asked: Asked, haste: Option<Duration>) -> Option<Answer> {
        let called = self.now();
        let (mut lost, mut answer) = (0, None);
        while answer.is_none() && lost < ATTEMPTS {
            let patience = haste.filter(|_| lost == 0).unwrap_or(PATIENCE);
            answer = self.attempt(&asked, patience);
            match &answer {
                // The request was turned away at the door, before anything was looked at.
                Some(turned_away) if turned_away.status == 429 => {
                    answer = None;
                    std::thread::sleep(Duration::from_millis(20));
                }
                Some(_) => {}
                None => lost += 1,
            }
        }
        let answered = if answer.is_some() { self.now() } else { NEVER };
        let Asked { sheet, deed, key, if_match } = asked;
        self.calls.push(Call {
            who: self.who,
            sheet,
            deed,
            key,
            if_match,
            called,
            answered,
            lost,
            answer: answer.clone(),
        });
        answer
    }

    /// One attempt; none when its outcome is unknown.
    fn attempt(&mut self, asked: &Asked, patience: Duration) -> Option<Answer> {
        let place = self.dice.below(self.urls.len());
        let (method, path, body) = self.request(asked);
        let mut request = Request::builder().method(method).uri(format!("{}/api/v1{path}", self.urls[place]));
        request = request.header("authorization", format!("Bearer {}", self.token));
        if let Some(key) = &asked.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(revision) = asked.if_match {
            request = request.header("if-match", format!("\"{revision}\""));
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_string()).unwrap();
                let request = self.agent.configure_request(request).timeout_global(Some(patience)).build();
                self.agent.run(request)
            }
            None => {
                let request = request.body(()).unwrap();
                let request = self.agent.configure_request(request).timeout_global(Some(patience)).build();
                self.agent.run(request)
            }
        };
        let mut response = sent.ok()?;
        let header =
            |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let (etag, replayed) = (header("etag"), header("idempotent-replayed"));
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().ok()?;
        if status == 503 {
            return None;
        }
        let body: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).ok()? };
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        let items: Vec<Said> = body["items"].as_array().map(|i| i.iter().map(Said::of).collect()).unwrap_or_default();
        let problem = body["type"].as_str().unwrap_or_default().trim_start_matches("urn:tsunagu:problem:").to_owned();
        Some(Answer {
            status,
            problem,
            etag: etag.trim_matches('"').parse().ok(),
            replayed: !replayed.is_empty(),
            body: hasher.finish(),
            said: Said::of(&body),
            whole: items.len() < PAGE,
            items,
        })
    }

    fn names(&self, bits: u8) -> Vec<&String> {
        self.agencies.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0).map(|(_, id)| id).collect()
    }

    fn request(&self, asked: &Asked) -> (&'static str, String, Option<Value>) {
        let of_sheet = |rest: &str| format!("/sheets/{}{rest}", asked.sheet.as_deref().unwrap_or_default());
        match &asked.deed {
            Deed::Create { mark } => ("POST", "/sheets".to_owned(), Some(self.sheet(mark, false))),
            Deed::Revise { mark, secret } => ("PUT", of_sheet(""), Some(self.sheet(mark, *secret))),
            Deed::Consent(terms) => ("POST", of_sheet("/consents"), Some(self.consent(terms))),
            Deed::Witness { consent, heard } => {
                ("POST", format!("/consents/{consent}/witness"), Some(json!({"confirmed": heard})))
            }
            Deed::Withdraw { consent, agencies, sections } => {
                let mut body = json!({"by": "self", "method": "oral"});
                let (agencies, sections) = (self.names(*agencies), names(*sections));
                // A list that is left out means all; an empty one is refused.
                if !agencies.is_empty() {
                    body["agency_ids"] = json!(agencies);
                }
                if !sections.is_empty() {
                    body["sections"] = json!(sections);
                }
                ("POST", format!("/consents/{consent}/withdrawal"), Some(body))
            }
            Deed::Preview(ask) => ("POST", of_sheet("/relays/preview"), Some(self.preview(ask))),
            Deed::Send { ask, digest } => {
                let mut body = self.preview(ask);
                body["request"] = json!("相談をお願いします。");
                body["urgency"] = json!("normal");
                body["handover"] = json!("system");
                body["disclosure_digest"] = json!(digest);
                ("POST", of_sheet("/relays"), Some(body))
            }
            Deed::Move { relay, step } => {
                let (name, body) = match step {
                    Step::Receive => ("receive", json!({})),
                    Step::Accept => ("accept", json!({})),
                    Step::Decline => ("decline", json!({"reason": "no_capacity"})),
                    Step::Return => ("return", json!({"missing": ["日程"], "note": "日程を教えてください。"})),
                    Step::Resend { digest } => ("resend", json!({"disclosure_digest": digest})),
                    Step::Cancel => ("cancel", json!({"reason": "取りやめ"})),
                    Step::Report { text } => {
                        let words = text.then_some("面談しました。");
                        ("report", json!({"result": "support_started", "text": words}))
                    }
                    Step::Confirm => ("confirm", json!({})),
                    Step::Amend { sections, basis, digest } => {
                        let body = json!({
                            "sections": names(*sections), "basis": named(basis), "disclosure_digest": digest
                        });
                        ("amend", body)
                    }
                    Step::HandBack => ("hand-back", json!({"reason": "引っ越したため"})),
                    Step::TakeBack => ("hand-back/accept", json!({})),
                    Step::LeaveThere => ("hand-back/decline", json!({"note": "もう少しお願いします。"})),
                };
                ("POST", format!("/relays/{relay}/{name}"), Some(body))
            }
            Deed::PreviewAmend { relay, sections, basis } => {
                let body = json!({"sections": names(*sections), "basis": named(basis)});
                ("POST", format!("/relays/{relay}/amend/preview"), Some(body))
            }
            Deed::Except { to, sections, emergency } => {
                ("POST", of_sheet("/exceptions"), Some(self.exception(*to, *sections, *emergency)))
            }
            Deed::Decide { exception, decision, .. } => {
                let (name, body) = match decision {
                    Verdict::Approve => ("approve", json!({})),
                    Verdict::Reject => ("reject", json!({"reason": "事実が足りないため"})),
                    Verdict::FollowUp => ("follow-up", json!({"text": "本人に説明しました。"})),
                };
                ("POST", format!("/exceptions/{exception}/{name}"), Some(body))
            }
            Deed::Close => ("POST", of_sheet("/closure"), Some(json!({"reason": "支援につながったため"}))),
            Deed::Reopen => ("POST", of_sheet("/reopen"), Some(json!({"reason": "再び連絡があったため"}))),
            Deed::Entry { opinion } => {
                let section = if *opinion { "opinion" } else { "statement" };
                let body =
                    json!({"occurred_at": self.past, "method": "phone", "text": "電話しました。", "section": section});
                ("POST", of_sheet("/entries"), Some(body))
            }
            Deed::ReadSheet => ("GET", of_sheet(""), None),
            Deed::ReadRelay { relay } => ("GET", format!("/relays/{relay}"), None),
            Deed::ReadException { exception } => ("GET", format!("/exceptions/{exception}"), None),
            Deed::ReadConsents => ("GET", of_sheet("/consents?limit=200"), None),
            Deed::ReadEntries => ("GET", of_sheet("/entries?limit=200"), None),
            Deed::ReadTimeline => ("GET", of_sheet("/timeline?limit=20"), None),
            Deed::ListSheets => ("GET", format!("/sheets?limit={PAGE}"), None),
            Deed::ListRelays { outbox } => {
                let which = if *outbox { "outbox" } else { "inbox" };
                ("GET", format!("/relays?box={which}&limit={PAGE}"), None)
            }
            Deed::ListExceptions => ("GET", format!("/exceptions?limit={PAGE}"), None),
        }
    }

    fn sheet(&self, mark: &str, secret: bool) -> Value {
        json!({
            "state": "registered", "received_at": self.past, "channel": "visit", "route": "self_visit", "visitor": null,
            "urgency": "normal", "address_secret": if secret { "dv_measure" } else { "none" },
            "content": {
                "identity": {
                    "family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ",
                    "birth_date": "1986-04-01", "identity_level": "verified"
                },
                "address": {"postal_code": "1208510", "full": "東京都見本区見本町一丁目1番1号", "no_fixed_abode": false},
                "topics": {"codes": ["03", "05"], "main": "03"},
                "statement": {"subject_words": mark, "done_here": "収支を聞き取った。"},
                "risk": {"flags": []}
            }
        })
    }

    fn consent(&self, terms: &Terms) -> Value {
        json!({
            "decision": match terms.decision {
                Decision::Granted => "granted",
                Decision::Partial => "partial",
                Decision::Refused => "refused",
                Decision::Pending => "pending",
            },
            "given_by": {"kind": "self"}, "identity_check": "document",
            "method": if terms.oral { "oral" } else { "signature_paper" },
            "purpose": "support_referral", "sections": names(terms.sections),
            "recipients": {"agency_ids": self.names(terms.agencies), "classes": []},
            "exclusions": self.names(terms.excluded), "allow_onward": if terms.onward { "named" } else { "no" },
            "allow_report_back": terms.report_back, "obtained_at": self.past
        })
    }

    fn exception(&self, to: usize, sections: u8, emergency: bool) -> Value {
        json!({
            "code": "e7", "to_agency_id": self.agencies[to], "sections": names(sections), "emergency": emergency,
            // Long enough even after a refusal.
            "facts": "訪問のたびに新しいあざがあり、本人は理由を話さない。同居の家族が離れず、本人だけと話すことができない。",
            "consent_status": "hard_to_obtain", "why_no_consent": "同居の家族が離れず、本人だけと話せない。",
            "harm_assessment": "家族に知られると危険が増すため、伝える先を限る。",
            "later_consent_plan": "安全が確かめられたら、本人に説明して同意を求める。"
        })
    }

    fn preview(&self, ask: &Ask) -> Value {
        let basis = ask.basis.as_ref().map(named);
        json!({
            "to_agency_id": self.agencies[ask.to], "sections": names(ask.sections), "purpose": "support_referral",
            "parent_relay_id": ask.parent, "basis": basis
        })
    }
}

fn named(basis: &Basis) -> Value {
    match basis {
        Basis::Consent(id) => json!({"consent_id": id}),
        Basis::Exception(id) => json!({"exception_id": id}),
    }
}

fn names(bits: u8) -> Vec<&'static str> {
    SECTIONS.iter().enumerate().filter(|(place, _)| bits & ALL & (1 << place) != 0).map(|(_, name)| *name).collect()
}

/// Whether the operation takes an Idempotency-Key.
pub(crate) fn has_key(deed: &Deed) -> bool {
    !matches!(
        deed,
        Deed::Revise { .. }
            | Deed::Preview(_)
            | Deed::PreviewAmend { .. }
            | Deed::ReadSheet
            | Deed::ReadRelay { .. }
            | Deed::ReadException { .. }
            | Deed::ReadConsents
            | Deed::ReadEntries
            | Deed::ReadTimeline
            | Deed::ListSheets
            | Deed::ListRelays { .. }
            | Deed::ListExceptions
    )
}

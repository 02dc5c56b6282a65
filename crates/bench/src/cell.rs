//! What is measured: the operations of the round, each of which prepares the next, and the operations that read what is stored.

use crate::Result;
use crate::chance::Seeded;
use crate::client::{Answer, Connection, Request};
use crate::measure::Step;
use crate::world::{AGENCIES, CLERKS, PASSWORD, World, agencies_of, content, id_of, kana_of, login};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One request of a worker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Job {
    CreateSheet,
    GiveConsent,
    Preview,
    Relay,
    Accept,
    ReadRelay,
    Inbox,
    Search,
    AuditPage,
}

impl Job {
    /// All of them, in the order in which each has what it needs.
    pub(crate) const ALL: [Self; 9] = [
        Self::CreateSheet,
        Self::GiveConsent,
        Self::Preview,
        Self::Relay,
        Self::Accept,
        Self::ReadRelay,
        Self::Inbox,
        Self::Search,
        Self::AuditPage,
    ];

    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateSheet => "create_sheet",
            Self::GiveConsent => "give_consent",
            Self::Preview => "preview",
            Self::Relay => "relay",
            Self::Accept => "accept",
            Self::ReadRelay => "read_relay",
            Self::Inbox => "inbox",
            Self::Search => "search",
            Self::AuditPage => "audit_page",
        }
    }
}

/// A sheet that goes through the round.
struct Item {
    sheet: String,
    consent: String,
    digest: String,
    relay: String,
}

/// What all workers share.
pub(crate) struct Office {
    address: SocketAddr,
    pub(crate) tokens: Vec<String>,
    auditor: String,
    agencies: Vec<String>,
    now: String,
    stored: u32,
    keys: AtomicU64,
    chance: Seeded,
}

impl Office {
    /// Logs everybody in.
    pub(crate) fn open(address: SocketAddr, world: &World, stored: u32) -> Result<Arc<Self>> {
        let mut connection = Connection::open(address)?;
        let mut tokens = Vec::new();
        for clerk in 0..CLERKS {
            tokens.push(log_in(&mut connection, &login(clerk))?);
        }
        let auditor = log_in(&mut connection, crate::world::AUDITOR)?;
        let agencies = world.agencies.iter().map(|record| record.agency.id.to_string()).collect();
        let (keys, chance) = (AtomicU64::new(0), Seeded::new(1));
        let now = world.now.to_string();
        Ok(Arc::new(Self { address, tokens, auditor, agencies, now, stored, keys, chance }))
    }

    /// As many workers as `connections`; worker `i` is clerk `i`.
    pub(crate) fn workers(self: &Arc<Self>, connections: usize) -> Result<Vec<Worker>> {
        let worker = |number: usize| {
            let clerk = number % CLERKS;
            let agency = clerk % AGENCIES;
            let receiver = (clerk + 1) % CLERKS;
            let of = |clerk: usize| self.tokens.get(clerk).cloned().ok_or("no such clerk");
            Ok(Worker {
                office: Arc::clone(self),
                connection: Connection::open(self.address)?,
                agency,
                token: of(clerk)?,
                receivers_token: of(receiver)?,
                receivers_agency: self.agencies.get(receiver % AGENCIES).cloned().ok_or("no such agency")?,
                items: Vec::new(),
                next: 0,
                job: Job::CreateSheet,
            })
        };
        (0..connections).map(worker).collect()
    }

    fn key(&self) -> String {
        format!("bench-{}-{}", self.address.port(), self.keys.fetch_add(1, Ordering::Relaxed))
    }
}

fn log_in(connection: &mut Connection, login: &str) -> Result<String> {
    let body = json!({"login": login, "password": PASSWORD}).to_string();
    let answer = connection.send(&Request {
        method: "POST",
        path: "/api/v1/session",
        token: "",
        key: None,
        if_match: None,
        body: &body,
    })?;
    let answer = answer.expect(200, "a log-in")?;
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(['=', ';']).nth(1));
    Ok(cookie.ok_or("a log-in without a cookie")?.to_owned())
}

/// One connection, and the sheets of its worker.
pub(crate) struct Worker {
    office: Arc<Office>,
    connection: Connection,
    agency: usize,
    token: String,
    receivers_token: String,
    receivers_agency: String,
    items: Vec<Item>,
    next: usize,
    job: Job,
}

impl Worker {
    /// Turns to another job, with the sheets that the last job finished.
    pub(crate) fn turn_to(mut self, job: Job) -> Result<Self> {
        // The service may have closed the connection since the last job: it closes idle ones.
        self.connection = Connection::open(self.office.address)?;
        if matches!(self.job, Job::GiveConsent | Job::Relay) {
            self.items.truncate(self.next);
        }
        if job == Job::CreateSheet {
            self.items.clear();
        }
        self.next = 0;
        self.job = job;
        Ok(self)
    }

    fn post(&mut self, path: &str, body: &Value, what: &str, status: u16) -> Result<Answer> {
        let (key, body) = (self.office.key(), body.to_string());
        let request =
            Request { method: "POST", path, token: &self.token, key: Some(&key), if_match: None, body: &body };
        self.connection.send(&request)?.expect(status, what)
    }

    fn get(&mut self, path: &str, what: &str) -> Result<Answer> {
        let token = if self.job == Job::AuditPage { &self.office.auditor } else { &self.token };
        let request = Request { method: "GET", path, token, key: None, if_match: None, body: "" };
        self.connection.send(&request)?.expect(200, what)
    }

    fn create(&mut self) -> Result {
        let n = u32::try_from(self.office.chance.below(u64::from(u32::MAX)))?;
        let raw = serde_json::value::RawValue::from_string(content(n))?;
        let head = json!({
            "state": "registered", "received_at": self.office.now, "channel": "visit", "route": "self_visit",
            "visitor": null, "urgency": "normal", "address_secret": "none",
        });
        let body = head.to_string();
        let body = format!("{},\"content\":{}}}", body.trim_end_matches('}'), raw.get());
        let (key, path) = (self.office.key(), "/api/v1/sheets");
        let request =
            Request { method: "POST", path, token: &self.token, key: Some(&key), if_match: None, body: &body };
        let answer = self.connection.send(&request)?.expect(201, "a new sheet")?;
        let location = answer.header("location").and_then(|at| at.rsplit('/').next()).ok_or("no location")?;
        let sheet = location.to_owned();
        self.items.push(Item { sheet, consent: String::new(), digest: String::new(), relay: String::new() });
        Ok(())
    }

    fn consent(&mut self) -> Result<Option<()>> {
        let Some(sheet) = self.items.get(self.next).map(|item| item.sheet.clone()) else { return Ok(None) };
        // A consent lasts five years at most.
        let year: i16 = self.office.now.get(..4).and_then(|year| year.parse().ok()).ok_or("no year")?;
        let body = json!({
            "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "document",
            "method": "signature_paper", "purpose": "support_referral",
            "sections": ["identity", "topics", "statement"],
            "recipients": {"agency_ids": [self.receivers_agency], "classes": []}, "exclusions": [],
            "allow_onward": "no", "allow_report_back": true, "obtained_at": self.office.now,
            "effective_until": format!("{}-03-31", year + 1),
        });
        let answer = self.post(&format!("/api/v1/sheets/{sheet}/consents"), &body, "a consent", 201)?;
        let id = text(&answer.json()?, "id")?;
        self.finish(|item| item.consent = id)
    }

    fn ask(&self, item: &Item) -> Value {
        json!({
            "to_agency_id": self.receivers_agency, "sections": ["identity", "topics", "statement"],
            "purpose": "support_referral", "basis": {"consent_id": item.consent},
        })
    }

    fn preview(&mut self) -> Result<Option<()>> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let (path, body) = (format!("/api/v1/sheets/{}/relays/preview", item.sheet), self.ask(item));
        let digest = text(&self.post(&path, &body, "a preview", 200)?.json()?, "disclosure_digest")?;
        self.finish(|item| item.digest = digest)
    }

    fn relay(&mut self) -> Result<Option<()>> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let (path, mut body) = (format!("/api/v1/sheets/{}/relays", item.sheet), self.ask(item));
        if let Some(body) = body.as_object_mut() {
            body.insert("request".to_owned(), json!("家計と仕事の相談をお願いします。"));
            body.insert("urgency".to_owned(), json!("normal"));
            body.insert("handover".to_owned(), json!("accompanied"));
            body.insert("disclosure_digest".to_owned(), json!(item.digest));
        }
        let answer = self.post(&path, &body, "a relay", 201)?;
        let id = answer.header("location").and_then(|at| at.rsplit('/').next()).ok_or("no location")?.to_owned();
        self.finish(|item| item.relay = id)
    }

    fn accept(&mut self) -> Result<Option<()>> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let (key, path) = (self.office.key(), format!("/api/v1/relays/{}/accept", item.relay));
        let request = Request {
            method: "POST",
            path: &path,
            token: &self.receivers_token,
            key: Some(&key),
            if_match: Some(1),
            body: "{}",
        };
        self.connection.send(&request)?.expect(200, "an acceptance")?;
        self.finish(|_| {})
    }

    fn finish(&mut self, change: impl FnOnce(&mut Item)) -> Result<Option<()>> {
        if let Some(item) = self.items.get_mut(self.next) {
            change(item);
        }
        self.next += 1;
        Ok(Some(()))
    }

    /// The number of a stored case that this worker's agency recorded, or that was sent to it.
    fn stored(&self, sent_to_us: bool) -> u32 {
        let agencies = AGENCIES as u32;
        // From the newer half; the floor uses the older one.
        let half = self.office.stored / agencies / 2;
        let block = half + u32::try_from(self.office.chance.below(u64::from(half.max(1)))).unwrap_or_default();
        let mut all = (block * agencies)..(block * agencies + agencies);
        let ours = |n: &u32| {
            let (origin, receiver) = agencies_of(*n);
            if sent_to_us { receiver == self.agency } else { origin == self.agency }
        };
        all.find(ours).unwrap_or_default()
    }

    fn search(&mut self) -> Result {
        let (family, given) = kana_of(self.stored(false));
        let body = json!({"kana_prefix": format!("{family}{given}")});
        let answer = self.post("/api/v1/sheets/search", &body, "a search", 200)?;
        // A bench of searches that find nothing would be useless.
        if answer.body.len() < 200 { Err("a search found nothing".into()) } else { Ok(()) }
    }
}

impl Step for Worker {
    fn step(&mut self) -> Result<Option<()>> {
        match self.job {
            Job::CreateSheet => self.create().map(Some),
            Job::GiveConsent => self.consent(),
            Job::Preview => self.preview(),
            Job::Relay => self.relay(),
            Job::Accept => self.accept(),
            Job::ReadRelay => {
                let path = format!("/api/v1/relays/{}", id_of(self.stored(true)));
                self.get(&path, "a relay").map(|_| Some(()))
            }
            Job::Inbox => self.get("/api/v1/relays?box=inbox&sort=due", "an inbox").map(|_| Some(())),
            Job::Search => self.search().map(Some),
            Job::AuditPage => self.get("/api/v1/audit/events?limit=50", "an audit page").map(|_| Some(())),
        }
    }
}

fn text(json: &Value, key: &str) -> Result<String> {
    Ok(json.get(key).and_then(Value::as_str).ok_or_else(|| format!("no {key} in the answer"))?.to_owned())
}

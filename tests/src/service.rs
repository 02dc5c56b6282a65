//! A running service, its clock and its mail.

use crate::client::{Answer, Client, Record};
use crate::database::{Database, contents, fresh};
use crate::{canary, log, plans};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ids::Chance;
use domain::time::{Clock, Instant};
use serde_json::{Value, json};
use server::Running;
use server::System;
use server::config::Config;
use server::world::SystemChance;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// A clock that stands until it is moved.
pub struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Noon of Friday 2026-11-20 in Japan: when every test begins.
pub(crate) fn noon() -> Instant {
    "2026-11-20T12:00:00+09:00".parse().expect("an instant")
}

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

fn stopped() -> Arc<ManualClock> {
    Arc::new(ManualClock(AtomicI64::new(noon().as_micros())))
}

/// Counts up instead of being random. Each length has its own counter, so that requests of one length do not change the values of another.
/// All nonces are equal, because their number depends on what is sealed.
#[derive(Default)]
struct NoChance(Mutex<BTreeMap<usize, u64>>);

impl Chance for NoChance {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
        if bytes.len() == NONCE {
            return;
        }
        let mut asked = self.0.lock().expect("the counters");
        let count = asked.entry(bytes.len()).or_default();
        *count += 1;
        for (byte, counted) in bytes.iter_mut().rev().zip(count.to_le_bytes()) {
            *byte = counted;
        }
    }
}

/// A mail as it was written.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The whole message, undecoded.
    pub raw: String,
}

impl Mail {
    /// The value of a header.
    pub fn header(&self, name: &str) -> String {
        let prefix = format!("{}: ", name.to_lowercase());
        let unfolded = self.raw.replace("\r\n ", " ").replace("\r\n\t", " ");
        let line = unfolded.lines().find(|line| line.to_lowercase().starts_with(&prefix));
        line.map(|line| line[prefix.len()..].to_owned()).unwrap_or_default()
    }

    /// Subject and body as a person reads them: lettre writes Japanese in base64, where no search would find anything.
    pub fn text(&self) -> String {
        let (_, body) = self.raw.split_once("\r\n\r\n").expect("a body");
        let encoding = self.header("content-transfer-encoding");
        let body = match encoding.as_str() {
            "base64" => from_base64(&body.split_whitespace().collect::<String>()),
            "7bit" | "8bit" => body.to_owned(),
            other => panic!("a mail in {other}"),
        };
        let subject: String = self
            .header("subject")
            .split_whitespace()
            .map(|word| match word.strip_prefix("=?utf-8?b?").and_then(|w| w.strip_suffix("?=")) {
                Some(encoded) => from_base64(encoded),
                None => word.to_owned(),
            })
            .collect();
        format!("{subject}\n{body}")
    }
}

fn from_base64(text: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}

/// A service for one test. It remembers every answer, for tests that search them all.
pub struct Service {
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    metrics: String,
    /// Its configuration.
    pub config: Config,
    clock: Arc<ManualClock>,
    store: StoreHandle,
    heard: Record,
    /// The ids of agencies by code, as far as a test has asked for them. An id never changes.
    agencies: Mutex<BTreeMap<String, String>>,
    directory: Arc<TempDir>,
    stop: Option<server::ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

struct StoreHandle(server::Workers);

impl Service {
    /// Starts a service with the demonstration in it.
    pub fn start(database: Database) -> Self {
        Self::start_with(database, |_| {})
    }

    /// The same with another configuration.
    pub fn start_with(database: Database, change: impl FnOnce(&mut Config)) -> Self {
        let (mut config, directory) = fresh(database);
        change(&mut config);
        Self::on(config, Arc::new(directory), stopped(), Arc::new(SystemChance::new()))
    }

    /// A service without randomness: two of them that get the same requests give the same answers, byte for byte.
    pub fn start_without_chance(database: Database) -> Self {
        let (config, directory) = fresh(database);
        Self::on(config, Arc::new(directory), stopped(), Arc::new(NoChance::default()))
    }

    /// A second service beside this one: the same database, files and clock.
    pub fn beside(&self) -> Self {
        let (directory, clock) = (Arc::clone(&self.directory), Arc::clone(&self.clock));
        Self::on(self.config.clone(), directory, clock, Arc::new(SystemChance::new()))
    }

    fn on(config: Config, directory: Arc<TempDir>, clock: Arc<ManualClock>, chance: Arc<dyn Chance>) -> Self {
        log::listen();
        let (sender, receiver) = mpsc::channel();
        let (its_config, its_clock) = (config.clone(), Arc::clone(&clock));
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let running: Running = server::start(&its_config, its_clock, chance, false).expect("a service");
                let metrics = running.metrics_address().expect("a listener for the metrics");
                sender.send((running.address, metrics, running.handle(), running.workers())).expect("the test");
                running.serve().await.expect("serving");
            });
        });
        let (address, metrics, stop, workers) = receiver.recv().expect("the service");
        Self {
            url: format!("http://{address}"),
            metrics: format!("http://{metrics}"),
            config,
            clock,
            store: StoreHandle(workers),
            heard: Arc::default(),
            agencies: Mutex::default(),
            directory,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Searches everything that this service wrote for personal data.
    fn look_for_canaries(&self) {
        log::look();
        for (place, bytes) in contents(&self.config, self.directory.path()) {
            canary::look_in(&place, &bytes);
        }
        for path in self.mail_files() {
            let mail = Mail { raw: std::fs::read_to_string(path).expect("a mail") };
            canary::look_in("a mail", mail.raw.as_bytes());
            canary::look_in("a mail", mail.text().as_bytes());
        }
        self.metrics();
    }

    /// The text of `/metrics`, from the listener that only the monitoring reaches.
    pub fn metrics(&self) -> String {
        let answer = Client::new(&self.metrics, Arc::default()).get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    }

    /// A client that nobody has logged in with.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url, Arc::clone(&self.heard))
    }

    /// A client that is logged in.
    pub fn login(&self, login: &str) -> Client {
        self.login_with(login, "tsunagu-demo")
    }

    /// A client that is logged in with a password.
    pub fn login_with(&self, login: &str, password: &str) -> Client {
        let client = self.anonymous().named(login);
        let answer = client.post("/api/v1/session", &json!({"login": login, "password": password}));
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = answer.header("set-cookie");
        let token = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie").1.to_owned();
        client.with_token(&token)
    }

    /// Adds a person with one post as a town does: the administrator invites, the person chooses the password, the privacy officer confirms.
    pub fn hire(&self, login: &str, password: &str, post: &Value) -> Value {
        self.hire_by(&self.login("admin"), &self.login("hogo"), login, password, post)
    }

    /// The same, by these two people.
    pub fn hire_by(&self, admin: &Client, second: &Client, login: &str, password: &str, post: &Value) -> Value {
        let staff = admin.post("/api/v1/staff", &json!({"login": login, "name": "試験 職員", "posts": [post]})).ok();
        let (id, post_id) = (staff["id"].as_str().expect("an id"), staff["posts"][0]["id"].as_str().expect("an id"));
        let chosen = json!({"login": login, "code": staff["invitation"]["code"], "new_password": password});
        self.anonymous().post("/api/v1/session/password", &chosen).ok();
        second.post(&format!("/api/v1/staff/{id}/posts/{post_id}/confirm"), &json!({})).ok();
        staff
    }

    /// Gives a person one more post: the administrator makes it, the privacy officer confirms it.
    pub fn appoint(&self, staff_id: &str, post: &Value) -> Value {
        let post = self.login("admin").post(&format!("/api/v1/staff/{staff_id}/posts"), post).ok();
        let path = format!("/api/v1/staff/{staff_id}/posts/{}/confirm", post["id"].as_str().expect("an id"));
        self.login("hogo").post(&path, &json!({})).ok()
    }

    /// Asks for a token as a department system does.
    pub fn ask_token(&self, client_id: &str, secret: &str) -> Answer {
        let basic = STANDARD.encode(format!("{client_id}:{secret}"));
        let authorization = format!("Basic {basic}");
        let form = "application/x-www-form-urlencoded";
        let headers = [("authorization", authorization.as_str()), ("content-type", form)];
        self.anonymous().raw("POST", "/oauth2/token", &headers, Some(b"grant_type=client_credentials"))
    }

    /// A client that is logged in as a department system.
    pub fn system(&self, client_id: &str, secret: &str) -> Client {
        let token = self.ask_token(client_id, secret).ok();
        self.anonymous().with_token(token["access_token"].as_str().expect("a token"))
    }

    /// The id of an agency of the demonstration (or made since) by its code.
    pub fn agency(&self, code: &str) -> String {
        let mut known = self.agencies.lock().expect("the agencies");
        if !known.contains_key(code) {
            let list = self.login("admin").get("/api/v1/agencies?limit=200").ok();
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            known.extend(list["items"].as_array().expect("items").iter().map(|a| (text(&a["code"]), text(&a["id"]))));
        }
        known.get(code).unwrap_or_else(|| panic!("no agency {code}")).clone()
    }

    /// Moves the clock.
    pub fn advance_seconds(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set_clock(&self, instant: &str) {
        let instant: Instant = instant.parse().expect("an instant");
        self.clock.0.store(instant.as_micros(), Ordering::SeqCst);
    }

    /// Sets the clock to the system's, for programs outside that have no other.
    pub fn set_clock_to_system(&self) {
        self.clock.0.store(server::world::SystemClock.now().as_micros(), Ordering::SeqCst);
    }

    /// The present instant, RFC 3339.
    pub fn now(&self) -> String {
        self.clock.now().to_string()
    }

    /// Runs every round once, and returns how many things were written.
    pub fn sweep(&self) -> usize {
        let workers = self.store.0.clone();
        let clock = Arc::clone(&self.clock);
        std::thread::spawn(move || {
            System::new().block_on(async move { workers.sweep(clock.as_ref()).await.expect("a sweep") })
        })
        .join()
        .expect("the sweep")
    }

    /// Empties the outbox and returns the mails that were written by it, in the order of their names.
    pub fn send_mail(&self) -> Vec<Mail> {
        let before = self.mail_files();
        let workers = self.store.0.clone();
        std::thread::spawn(move || {
            System::new().block_on(async move { while workers.mail_once().await.expect("a run") > 0 {} });
        })
        .join()
        .expect("the notifier");
        let new = self.mail_files().into_iter().filter(|path| !before.contains(path));
        new.map(|path| Mail { raw: std::fs::read_to_string(path).expect("a mail") }).collect()
    }

    fn mail_files(&self) -> Vec<PathBuf> {
        let Ok(files) = std::fs::read_dir(self.directory.path().join("mail")) else {
            return Vec::new();
        };
        let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
        files.retain(|path| path.extension().is_some_and(|e| e == "eml"));
        files.sort();
        files
    }

    /// Everything that was answered so far, bodies and headers.
    pub fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("the record");
        heard.iter().map(|(_, answer)| answer.clone()).collect()
    }

    /// The same with the login that heard it, in order; the login is empty where nobody was logged in.
    pub fn heard_by(&self) -> Vec<(String, String)> {
        self.heard.lock().expect("the record").clone()
    }

    /// Everything that the database holds, by place, as bytes.
    pub fn stored(&self) -> Vec<(String, Vec<u8>)> {
        contents(&self.config, self.directory.path())
    }

    /// The directory with the service's files.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// All audit events, as the auditor exports them.
    pub fn audit_export(&self) -> String {
        let auditor = self.login("kansa");
        let answer = auditor.get_as("/api/v1/audit/events", "application/x-ndjson");
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    }

    /// The kinds of the events of a sheet, oldest first.
    pub fn audit_kinds(&self, sheet_id: &str) -> Vec<String> {
        let events = self.audit_export();
        let events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
        events.filter(|e| e["sheet_id"] == sheet_id).map(|e| e["kind"].as_str().expect("a kind").to_owned()).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A test that has failed already keeps its own message.
        let is_lost = std::thread::panicking();
        if !is_lost {
            self.look_for_canaries();
            plans::explain(&self.config.database_url);
        }
        let stop = self.stop.take().expect("a handle");
        std::thread::spawn(move || System::new().block_on(stop.stop(false))).join().expect("stopping");
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if !is_lost {
            log::look();
            canary::nothing_was_found();
        }
    }
}

//! Writers that work at the same time and remember what they asked and what they were answered.

use crate::clock::SteppedClock;
use crate::deed::{Asked, Dates, Done, Life, PLACES, SCRIPTS, What};
use crate::dice::Dice;
use crate::program::until;
use domain::time::Day;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use ureq::Agent;
use ureq::http::Request;

/// An answer that takes longer never comes: the deadlines of the service are much shorter, but the machine may be busy.
const LONGEST_ANSWER: Duration = Duration::from_secs(90);
/// Stands for the id of an agency until that is known.
const NOBODY: &str = "";

/// No answer came.
pub type Lost = ureq::Error;

pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub retry_after: String,
    pub replayed: bool,
    cookie: String,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Demands a 503 that says what to do. Anything else is a failure of the service.
    #[track_caller]
    pub fn is_put_off(&self) {
        assert_eq!(self.status, 503, "{}", self.text);
        assert_eq!(self.kind, "application/problem+json", "{}", self.text);
        let problem = self.json()["type"].as_str().unwrap_or_default().to_owned();
        assert!(problem.ends_with(":overloaded") || problem.ends_with(":not-ready"), "{problem}");
        assert!(self.retry_after.parse::<u32>().is_ok_and(|seconds| seconds > 0), "{}", self.retry_after);
    }
}

/// The way to the service at the address where it listens now, and the tokens of those who are logged in.
pub struct Door {
    agent: Agent,
    url: Mutex<String>,
    tokens: Mutex<BTreeMap<&'static str, String>>,
}

impl Door {
    fn new() -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(LONGEST_ANSWER));
        Self { agent: agent.build().new_agent(), url: Mutex::default(), tokens: Mutex::default() }
    }

    pub fn is_at(&self, url: &str) {
        url.clone_into(&mut self.url.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// One request, once.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Lost> {
        let url = self.url.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut request = Request::builder().method(method).uri(format!("{url}{path}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match body {
            Some(body) => {
                self.agent.run(request.header("content-type", "application/json").body(body.to_string()).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = sent?;
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string()?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let answer = Answer {
            status: response.status().as_u16(),
            kind: header("content-type"),
            retry_after: header("retry-after"),
            replayed: header("idempotent-replayed") == "true",
            cookie: header("set-cookie"),
            text,
        };
        assert_ne!(answer.status, 500, "{method} {path}: {}", answer.text);
        Ok(answer)
    }

    /// One request as this person, who logs in first if necessary.
    pub fn ask(
        &self,
        login: &'static str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Lost> {
        loop {
            let known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(login).cloned();
            let token = match known {
                Some(token) => token,
                None => match self.log_in(login)? {
                    Ok(token) => token,
                    Err(put_off) => return Ok(put_off),
                },
            };
            let answer = self.send(method, path, Some(&token), headers, body)?;
            if answer.status != 401 {
                return Ok(answer);
            }
            // The session has ended, by the clock.
            self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(login);
        }
    }

    /// The status that the newest session of this person is answered.
    pub fn session_of(&self, login: &str) -> u16 {
        let token = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(login).cloned();
        self.send("GET", "/api/v1/session", token.as_deref(), &[], None).unwrap().status
    }

    fn log_in(&self, login: &'static str) -> Result<Result<String, Answer>, Lost> {
        let body = json!({"login": login, "password": "tsunagu-demo"});
        let answer = self.send("POST", "/api/v1/session", None, &[], Some(&body))?;
        if answer.status != 200 {
            return Ok(Err(answer));
        }
        // The token stands in the cookie alone.
        let token = answer.cookie.split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(login, token.clone());
        Ok(Ok(token))
    }

    /// Asks until there is a success, and returns its body.
    #[track_caller]
    pub fn get(&self, login: &'static str, path: &str) -> Value {
        until(path, || {
            let answer = self.ask(login, "GET", path, &[], None).unwrap();
            if answer.status == 200 {
                return Some(answer.json());
            }
            answer.is_put_off();
            None
        })
    }

    /// Every item of a list.
    #[track_caller]
    pub fn list(&self, login: &'static str, path: &str) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(login, &format!("{path}limit=200{after}"));
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }
}

/// Sets the flag when its thread panics.
struct Watch<'a>(&'a AtomicBool);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.fetch_or(std::thread::panicking(), Ordering::SeqCst);
    }
}

/// A writer.
pub struct Writer {
    number: u64,
    dice: Dice,
    /// The lives that are over, and as the last one the present life.
    pub lives: Vec<Life>,
}

/// What the writers have in common.
pub struct Office {
    pub door: Door,
    dates: Dates,
    clock: Arc<SteppedClock>,
    agencies: BTreeMap<String, String>,
    stop: AtomicBool,
    /// Whether a writer found something wrong, so that nothing more need be waited for.
    wrong: AtomicBool,
    /// Changes that were acknowledged.
    acknowledged: AtomicU32,
    /// Answers that put a request off.
    put_off: AtomicU32,
    /// Requests that were carried out although their answer was lost.
    pub done_unheard: AtomicU32,
}

impl Office {
    pub fn new(clock: Arc<SteppedClock>) -> Self {
        Self {
            door: Door::new(),
            dates: Dates::at(clock.now()),
            clock,
            agencies: BTreeMap::new(),
            stop: AtomicBool::new(false),
            wrong: AtomicBool::new(false),
            acknowledged: AtomicU32::new(0),
            put_off: AtomicU32::new(0),
            done_unheard: AtomicU32::new(0),
        }
    }

    /// Looks up the agencies.
    pub fn learn(&mut self) {
        let agencies = self.door.list("admin", "/api/v1/agencies?");
        let text = |agency: &Value, field: &str| agency[field].as_str().unwrap().to_owned();
        self.agencies = agencies.iter().map(|agency| (text(agency, "code"), text(agency, "id"))).collect();
    }

    /// Waits until `more` further changes are acknowledged.
    #[track_caller]
    pub fn goes_on(&self, more: u64) {
        self.counts("the writers go on", &self.acknowledged, u32::try_from(more).unwrap());
    }

    /// Waits until `more` further requests are put off.
    #[track_caller]
    pub fn is_put_off(&self, more: u32) {
        self.counts("the writers are put off", &self.put_off, more);
    }

    #[track_caller]
    fn counts(&self, what: &str, counter: &AtomicU32, more: u32) {
        let enough = counter.load(Ordering::SeqCst) + more;
        until(what, || {
            assert!(!self.wrong.load(Ordering::SeqCst), "a writer found something wrong");
            (counter.load(Ordering::SeqCst) >= enough).then_some(())
        });
    }

    /// Lets `writers` write while `meanwhile` happens, and returns the errors of the writers that lost an answer.
    pub fn under_load(&self, writers: &mut [Writer], meanwhile: impl FnOnce()) -> Vec<Lost> {
        self.stop.store(false, Ordering::SeqCst);
        std::thread::scope(|scope| {
            let threads: Vec<_> = writers
                .iter_mut()
                .map(|writer| {
                    scope.spawn(move || {
                        let _watch = Watch(&self.wrong);
                        while !self.stop.load(Ordering::SeqCst) {
                            writer.step(self)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            // The writers must end even if this fails.
            let went = std::panic::catch_unwind(std::panic::AssertUnwindSafe(meanwhile));
            self.stop.store(true, Ordering::SeqCst);
            let lost =
                threads.into_iter().map(|thread| thread.join().expect("a writer")).filter_map(Result::err).collect();
            went.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            lost
        })
    }
}

impl Writer {
    pub fn new(number: u64, seed: u64) -> Self {
        Self { number, dice: Dice::new(seed, &format!("writer {number}")), lives: Vec::new() }
    }

    /// Asks for the next change, or again for the one whose answer was lost or put off.
    pub fn step(&mut self, office: &Office) -> Result<(), Lost> {
        if self.lives.last().is_none_or(|life| life.pending.is_none() && life.next().is_none()) {
            let name = format!("w{}-{}", self.number, self.lives.len());
            let (script, place) = (self.dice.below(SCRIPTS.len() as u64), self.dice.below(PLACES.len() as u64));
            self.lives.push(Life::new(name, script as usize, place as usize));
        }
        let life = self.lives.last_mut().unwrap();
        let asked = match life.pending.take() {
            Some(asked) => asked,
            None => match life.prepare(office)? {
                Some(asked) => asked,
                None => return Ok(()),
            },
        };
        life.pending = Some(asked.clone());
        match asked.send(office)? {
            Heard::Done(answer) => {
                office.acknowledged.fetch_add(1, Ordering::SeqCst);
                life.pending = None;
                life.done.push(Done { asked, answer, at: office.clock.now() });
            }
            Heard::PutOff => wait_a_little(office),
            Heard::Late => life.pending = None,
            Heard::Moved(if_match) => life.pending = Some(Asked { if_match: Some(if_match), ..asked }),
        }
        Ok(())
    }

    /// Asks until what is pending is acknowledged.
    pub fn settle(&mut self, office: &Office) {
        until("what was in doubt is acknowledged", || {
            if self.lives.last().is_none_or(|life| life.pending.is_none()) {
                return Some(());
            }
            self.step(office).unwrap();
            None
        });
    }

    /// The last acknowledged change is answered again as it was, and is not made again.
    pub fn repeat(&self, office: &Office) {
        // The service keeps answers for a day.
        let kept_since = office.clock.now().plus_seconds(-23 * 3600);
        let keyed = |done: &&Done| done.asked.method == "POST" && done.at > kept_since;
        let Some(last) = self.lives.iter().rev().flat_map(|life| life.done.iter().rev()).find(keyed) else { return };
        let answer = last.asked.once(office).unwrap();
        assert!(answer.replayed, "{:?}: {} {}", last.asked, answer.status, answer.text);
        assert_eq!(answer.json()["id"], last.answer["id"]);
    }
}

fn wait_a_little(office: &Office) {
    office.put_off.fetch_add(1, Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(50));
}

impl Life {
    fn prepare(&self, office: &Office) -> Result<Option<Asked>, Lost> {
        let what = self.next().unwrap();
        let to = office.agencies.get(PLACES[self.place].0).map_or(NOBODY, String::as_str);
        let mut digest = Value::Null;
        if what == What::Send {
            let (path, body) = self.preview(to);
            let answer = office.door.ask(crate::deed::CLERK, "POST", &path, &[], Some(&body))?;
            if answer.status != 200 {
                answer.is_put_off();
                wait_a_little(office);
                return Ok(None);
            }
            digest = answer.json()["disclosure_digest"].clone();
        }
        // Tomorrow is soon overdue, and is not yet past when the relay is sent.
        let due = Day(office.clock.now().plus_seconds(24 * 3600).date());
        Ok(Some(self.ask(what, format!("{}-{}", self.name, self.done.len()), &office.dates, due, to, digest)))
    }
}

impl Asked {
    fn once(&self, office: &Office) -> Result<Answer, Lost> {
        let mut headers = Vec::new();
        if self.method == "POST" {
            headers.push(("idempotency-key", self.key.as_str()));
        }
        if let Some(if_match) = &self.if_match {
            headers.push(("if-match", if_match.as_str()));
        }
        office.door.ask(self.login, self.method, &self.path, &headers, Some(&self.body))
    }

    fn send(&self, office: &Office) -> Result<Heard, Lost> {
        let answer = self.once(office)?;
        if (200..300).contains(&answer.status) {
            office.done_unheard.fetch_add(u32::from(answer.replayed), Ordering::SeqCst);
            return Ok(Heard::Done(answer.json()));
        }
        if answer.status == 412 {
            let path = if self.what == What::Revise { &self.path } else { self.path.rsplit_once('/').unwrap().0 };
            let now = office.door.ask(self.login, "GET", path, &[], None)?;
            if now.status != 200 {
                now.is_put_off();
                return Ok(Heard::PutOff);
            }
            let now = now.json();
            if self.what != What::Revise {
                return Ok(Heard::Moved(format!("\"{}\"", now["revision"])));
            }
            // PUT has no key: the present content shows that the request was carried out.
            assert_eq!(now["content"]["statement"], self.body["content"]["statement"], "somebody else's revision");
            office.done_unheard.fetch_add(1, Ordering::SeqCst);
            return Ok(Heard::Done(now));
        }
        // The clock was stepped past the day by which an answer was asked for, before the request came: the writer names another day.
        if answer.status == 422 && answer.text.contains("\"in_past\"") {
            return Ok(Heard::Late);
        }
        if answer.status != 503 {
            panic!("{} {}: {self:?}", answer.status, answer.text);
        }
        answer.is_put_off();
        Ok(Heard::PutOff)
    }
}

/// What became of a request.
enum Heard {
    Done(Value),
    PutOff,
    /// Nothing was done, and with these words nothing will be.
    Late,
    /// A reminder has moved the relay on to this revision. The key tells whether the request was carried out before.
    Moved(String),
}

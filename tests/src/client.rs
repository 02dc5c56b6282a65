//! HTTP as a program speaks it.

use crate::canary;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use ureq::Agent;
use ureq::http::{Method, Request};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub text: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The value of a header, or nothing.
    pub fn header(&self, name: &str) -> String {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem of a failure, which must have this status and this name in its type.
    #[track_caller]
    pub fn problem(self, status: u16, name: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:tsunagu:problem:{name}"), "{}", self.text);
        for field in ["title", "status", "detail", "instance", "trace_id"] {
            assert!(!problem[field].is_null(), "{field} is missing: {}", self.text);
        }
        problem
    }

    /// The refusal of a token (RFC 6749 §5.2), which must have this status and code.
    #[track_caller]
    pub fn token_refused(self, status: u16, error: &str) {
        assert_eq!((self.status, self.header("content-type").as_str()), (status, "application/json"), "{}", self.text);
        assert_eq!((self.header("cache-control").as_str(), self.header("pragma").as_str()), ("no-store", "no-cache"));
        assert_eq!(self.header("www-authenticate").starts_with("Basic "), status == 401, "{:?}", self.headers);
        let said = self.json();
        let members: Vec<&str> = said.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            (&said["error"], members),
            (&Value::from(error), vec!["error", "error_description"]),
            "{}",
            self.text
        );
        // %x20-21 / %x23-5B / %x5D-7E
        let description = said["error_description"].as_str().expect("a description");
        assert!(description.bytes().all(|b| (0x20..=0x7e).contains(&b) && b != b'"' && b != b'\\'), "{description}");
    }

    /// The pointers of the errors of a problem.
    #[track_caller]
    pub fn pointers(self, status: u16, name: &str) -> Vec<String> {
        let problem = self.problem(status, name);
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| e["pointer"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The clauses of a refusal.
    #[track_caller]
    pub fn clauses(self) -> Vec<String> {
        let problem = self.problem(403, "consent-refused");
        problem["refusals"].as_array().unwrap().iter().map(|r| r["clause"].as_str().unwrap().to_owned()).collect()
    }

    /// The `ETag`.
    pub fn etag(&self) -> String {
        self.header("etag")
    }
}

/// A client; cheap to clone.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    url: String,
    token: Option<String>,
    /// The login for the record; empty when nobody is logged in.
    who: String,
    heard: Record,
}

/// Each answer with the login that got it, in order.
pub(crate) type Record = Arc<Mutex<Vec<(String, String)>>>;

/// The parts of a request beside method and path.
#[derive(Default, Clone, Copy)]
pub struct With<'a> {
    body: Option<&'a [u8]>,
    headers: &'a [(&'a str, &'a str)],
}

impl Client {
    /// A client of a service that runs at `url`, logged in with this token.
    pub fn at(url: &str, token: &str) -> Self {
        Self::new(url, Arc::default()).with_token(token)
    }

    pub(crate) fn new(url: &str, heard: Record) -> Self {
        // The service closes a connection that idles for five seconds, and on a busy machine a request could run into that.
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent = config.max_idle_age(Duration::from_secs(1)).build().new_agent();
        Self { agent, url: url.to_owned(), token: None, who: String::new(), heard }
    }

    /// The same client with a bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client, remembered under this name in the record of what was heard.
    pub(crate) fn named(&self, who: &str) -> Self {
        Self { who: who.to_owned(), ..self.clone() }
    }

    /// The bearer token.
    pub fn token(&self) -> String {
        self.token.clone().unwrap_or_default()
    }

    fn send(&self, method: &str, path: &str, with: With<'_>) -> Answer {
        let method: Method = method.parse().expect("a method");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in with.headers {
            request = request.header(*name, *value);
        }
        let body = with.body.unwrap_or_default().to_vec();
        canary::listen_to(path, &body);
        let sent = if with.body.is_some() {
            self.agent.run(request.body(body).expect("a request"))
        } else {
            self.agent.run(request.body(()).expect("a request"))
        };
        let mut response = sent.unwrap_or_else(|e| panic!("{path}: {e}"));
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = response.status().as_u16();
        let bytes = response.body_mut().with_config().limit(64 << 20).read_to_vec().expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status >= 400 || ["/api/v1/audit", "/metrics"].iter().any(|impersonal| path.starts_with(impersonal)) {
            canary::look_in(&format!("the answer {status} to {}", self.who), text.as_bytes());
        }
        // The order of the headers differs by chance from answer to answer.
        let mut sorted = headers.clone();
        sorted.sort();
        self.heard.lock().expect("the record").push((self.who.clone(), format!("{path} {status} {sorted:?} {text}")));
        Answer { status, headers, text, bytes }
    }

    /// A request with exactly these headers and body.
    pub fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        self.send(method, path, With { body, headers })
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, With::default())
    }

    /// GET of another representation.
    pub fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send("GET", path, With { headers: &[("accept", accept)], ..With::default() })
    }

    /// POST with a fresh Idempotency-Key.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with_key(path, body, &uuid_like())
    }

    /// POST with this Idempotency-Key.
    pub fn post_with_key(&self, path: &str, body: &Value, key: &str) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send("POST", path, With { body: Some(body.to_string().as_bytes()), headers: &headers })
    }

    /// POST of a move at a revision, with a fresh Idempotency-Key and an If-Match.
    pub fn step(&self, path: &str, body: &Value, etag: &str) -> Answer {
        let key = uuid_like();
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str()), ("if-match", etag)];
        self.send("POST", path, With { body: Some(body.to_string().as_bytes()), headers: &headers })
    }

    /// PUT at a revision.
    pub fn put(&self, path: &str, body: &Value, etag: &str) -> Answer {
        let headers = [("content-type", "application/json"), ("if-match", etag)];
        self.send("PUT", path, With { body: Some(body.to_string().as_bytes()), headers: &headers })
    }

    /// PUT of a thing that has no revision.
    pub fn put_plain(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send("PUT", path, With { body: Some(body.to_string().as_bytes()), headers: &headers })
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, With::default())
    }
}

fn uuid_like() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

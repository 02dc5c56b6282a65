//! How many SQL statements an operation takes, `BEGIN` and `COMMIT` included: counted in the log of the program, so that they cannot creep
//! back. On SQLite the rows of one insert count once: there a statement is a call in the process, and each row is one.

use crate::program::{Serving, on_each, until};
use serde_json::{Value, json};

/// Makes requests as one person, and counts what each leaves in the log.
struct Counter {
    serving: Serving,
    token: String,
    seen: usize,
}

impl Counter {
    /// The statements in the log since the last call, without those of the mail worker and of the rounds.
    fn fresh(&mut self) -> Vec<String> {
        // The line of the request comes after its statements.
        let log = self.serving.log();
        let fresh = log.get(self.seen..).unwrap_or_default().to_owned();
        self.seen = log.len();
        let sql = fresh.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line["fields"]["sql"].as_str()?.to_owned())
        });
        let mut kept: Vec<String> = Vec::new();
        for statement in sql {
            let is_row = statement.contains('`') && statement.starts_with("INSERT");
            if is_row && kept.last() == Some(&statement) {
                continue;
            }
            kept.push(statement);
        }
        kept
    }

    /// Makes a request and returns its answer with the number of its statements.
    #[track_caller]
    fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> (Value, usize) {
        let _before = self.fresh();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.serving.url));
        request = request.header("authorization", format!("Bearer {}", self.token));
        let key = format!("k-{}-{}", self.seen, path.len());
        request = request.header("content-type", "application/json").header("idempotency-key", key);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let sent = agent.run(request.body(body.map(|it| it.to_string()).unwrap_or_default()).unwrap());
        let text = sent.unwrap().body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).expect(&text);
        assert!(answer.get("status").is_none(), "{text}");
        let mut statements = Vec::new();
        until("the request stands in the log", || {
            let before = self.seen;
            let all = self.serving.log();
            let said = all.get(before..).is_some_and(|fresh| fresh.contains("\"micros\""));
            said.then(|| statements.extend(self.fresh()))
        });
        for statement in &statements {
            println!("{}", statement.chars().take(150).collect::<String>());
        }
        (answer, statements.len())
    }
}

/// What each operation may take on PostgreSQL. On SQLite, where a statement is a call in the process and several cannot be executed as one,
/// each may take more.
const ALLOWED: [(&str, usize, usize); 8] = [
    ("create", 9, 13),
    ("consent", 8, 13),
    ("preview", 6, 7),
    ("relay", 7, 13),
    ("read relay", 7, 8),
    ("read sheet", 6, 7),
    ("list of relays", 6, 7),
    ("search", 7, 8),
];

/// The whole way of one sheet to the agency `to`, with the statements of each operation.
fn way(counter: &mut Counter, to: &str) -> Vec<(&'static str, usize)> {
    let sheet = json!({
        "state": "registered", "received_at": "2026-11-20T10:00:00+09:00", "channel": "visit", "route": "self_visit",
        "urgency": "normal", "address_secret": "none",
        "content": {
            "identity": {"family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ",
                "birth_date": "1986-04-01", "identity_level": "verified"},
            "topics": {"codes": ["03", "05"], "main": "03"},
            "statement": {"subject_words": "収入が減って、家賃が払えない。", "done_here": "収支を聞き取った。"},
            "risk": {"flags": []}
        }
    });
    let (made, create) = counter.ask("POST", "/api/v1/sheets", Some(sheet));
    let sheet = format!("/api/v1/sheets/{}", made["id"].as_str().unwrap());
    let consent = json!({
        "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "document", "method": "signature_paper",
        "purpose": "support_referral", "sections": ["identity", "topics", "statement"],
        "recipients": {"agency_ids": [to], "classes": []}, "exclusions": [], "allow_onward": "named",
        "allow_report_back": true, "obtained_at": "2026-11-20T10:10:00+09:00", "effective_until": "2027-11-19"
    });
    let (consent, consented) = counter.ask("POST", &format!("{sheet}/consents"), Some(consent));
    let mut relay = json!({"to_agency_id": to, "sections": ["identity", "statement"], "purpose": "support_referral"});
    let (preview, previewed) = counter.ask("POST", &format!("{sheet}/relays/preview"), Some(relay.clone()));
    relay["request"] = json!("家計の相談をお願いします。");
    relay["urgency"] = json!("normal");
    relay["handover"] = json!("accompanied");
    relay["disclosure_digest"] = preview["disclosure_digest"].clone();
    relay["basis"] = json!({"consent_id": consent["id"]});
    let (relay, relayed) = counter.ask("POST", &format!("{sheet}/relays"), Some(relay));
    let (_, read_relay) = counter.ask("GET", &format!("/api/v1/relays/{}", relay["id"].as_str().unwrap()), None);
    let (_, read_sheet) = counter.ask("GET", &sheet, None);
    let (_, listed) = counter.ask("GET", "/api/v1/relays?box=outbox&sort=due", None);
    let (_, search) = counter.ask("POST", "/api/v1/sheets/search", Some(json!({"kana_prefix": "ミホン"})));
    vec![
        ("create", create),
        ("consent", consented),
        ("preview", previewed),
        ("relay", relayed),
        ("read relay", read_relay),
        ("read sheet", read_sheet),
        ("list of relays", listed),
        ("search", search),
    ]
}

on_each! {
    fn each_operation_takes_few_statements(place) {
        place.run(&["demo"]).ok();
        let place = place.with("TSUNAGU_LOG", "info,storage::sql=trace");
        let embedded = !place.database().starts_with("postgres");
        let serving = place.serve();
        let token = serving.login("madoguchi", "tsunagu-demo").expect("a log-in");
        let mut counter = Counter { serving, token, seen: 0 };
        let (agencies, _) = counter.ask("GET", "/api/v1/agencies?limit=100", None);
        let to = agencies["items"].as_array().unwrap().iter().find(|it| it["code"] == "kurashi-shigoto").expect("the agency");
        let to = to["id"].as_str().unwrap().to_owned();
        // The first sheet of a year begins its numbers and its salt, and the first consent notes that the agency is named.
        let _first = way(&mut counter, &to);
        println!("-- counted from here");
        let taken = way(&mut counter, &to);
        let allowed: Vec<_> = ALLOWED.iter().map(|(what, postgres, sqlite)| (*what, if embedded { *sqlite } else { *postgres })).collect();
        println!("taken {taken:?}");
        for ((what, taken), (_, allowed)) in taken.iter().zip(&allowed) {
            assert!(taken <= allowed, "{what} takes {taken} statements, {allowed} are allowed");
        }
        counter.serving.stop();
    }
}

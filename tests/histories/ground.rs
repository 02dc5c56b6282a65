//! The services on which a history is recorded: one or two on one database, in this process or as separate programs.

use crate::caller::{Caller, Dice};
use crate::player::Player;
use crate::program::{Place, Serving};
use crate::record::Person;
use domain::time::Clock;
use serde_json::{Value, json};
use std::time::Instant;
use tests::{Database, Service};
use ureq::Agent;
use ureq::http::Request;

const PASSWORD: &str = "tsunagu-demo";
/// The password that players choose.
const CHOSEN: &str = "kasa-no-naka no neko 7";
/// Codes of the model's agencies A to E: the origin, a ward, an NPO with an agreement, another ward, a hospital without an agreement. In the
/// model the agreement of the third runs out some day, which is far away here.
const CODES: [&str; 5] = ["fukushi-marugoto", "kurashi-shigoto", "npo-safetynet", "hoken", "byoin"];
/// The agencies at which the people work, in turn.
const POSTS: [usize; 16] = [0, 1, 0, 1, 2, 0, 3, 1, 0, 1, 0, 3, 1, 0, 4, 2];
/// Which of them are managers. Of two people of the origin who meet in a race, one at least is.
const MANAGERS: [usize; 7] = [1, 2, 4, 5, 6, 9, 10];

/// Which services there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Sqlite,
    Postgres,
    TwoOnOnePostgres,
}

impl Setting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::TwoOnOnePostgres => "two-on-one-postgres",
        }
    }
}

/// Services that run until this is dropped, and an instant that lies in their past.
pub(crate) struct Ground {
    urls: Vec<String>,
    past: String,
    _services: Vec<Service>,
    _programs: Vec<Serving>,
    _place: Option<Place>,
}

impl Ground {
    /// Services in this process, whose clock stands.
    pub(crate) fn here(setting: Setting) -> Self {
        let first = Service::start(if setting == Setting::Sqlite { Database::Sqlite } else { Database::Postgres });
        let past = first.now();
        let mut services = vec![first];
        if setting == Setting::TwoOnOnePostgres {
            services.push(services[0].beside());
        }
        let urls = services.iter().map(|service| service.url.clone()).collect();
        Self { urls, past, _services: services, _programs: Vec::new(), _place: None }
    }

    /// `tsunagu serve`, as it is in production.
    pub(crate) fn programs(setting: Setting) -> Self {
        let place = if setting == Setting::Sqlite { Place::empty() } else { Place::postgres() };
        // To the outside several services are one: tokens name the address that they share.
        let place = place.with("TSUNAGU_PUBLIC_URL", "http://127.0.0.1:8080");
        let place = place.with("TSUNAGU_REQUESTS_PER_MINUTE_PERSON", "1000000");
        place.run(&["demo"]).ok();
        let past = server::world::SystemClock.now().to_string();
        let mut programs = vec![place.serve()];
        if setting == Setting::TwoOnOnePostgres {
            programs.push(place.serve());
        }
        let urls = programs.iter().map(|program| program.url.clone()).collect();
        Self { urls, past, _services: Vec::new(), _programs: programs, _place: Some(place) }
    }

    fn ask(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> (String, String) {
        let request = Request::builder().method(method).uri(format!("{}/api/v1{path}", self.urls[0]));
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header(
            "idempotency-key",
            format!("begin-{path}-{}", body.map_or("", |b| b["login"].as_str().unwrap_or(""))),
        );
        let request =
            request.header("accept", if body.is_none() { "application/x-ndjson" } else { "application/json" });
        let agent = Agent::new_with_defaults();
        let sent = match body {
            Some(body) => agent.run(request.header("content-type", "application/json").body(body.to_string()).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let mut answer = sent.unwrap_or_else(|error| panic!("{path}: {error}"));
        let cookie = answer.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
        let text = answer.body_mut().with_config().limit(4 << 30).read_to_string().unwrap();
        (cookie.unwrap_or_default(), text)
    }

    fn login(&self, login: &str, password: &str) -> String {
        let body = json!({"login": login, "password": password});
        let request = Request::builder().method("POST").uri(format!("{}/api/v1/session", self.urls[0]));
        let request = request.header("content-type", "application/json").body(body.to_string()).unwrap();
        let answer = Agent::new_with_defaults().run(request).unwrap_or_else(|error| panic!("{login}: {error}"));
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie").1.to_owned()
    }

    /// Makes the people and logs each of them in.
    pub(crate) fn players(&self, count: usize, seed: u64) -> (Vec<String>, Vec<Person>, Vec<Player>) {
        let (admin, officer) = (self.login("admin", PASSWORD), self.login("hogo", PASSWORD));
        let (_, list) = self.ask("GET", "/agencies?limit=200", &admin, None);
        let list: Value = serde_json::from_str(&list).unwrap();
        let find = |code: &str| {
            let found = list["items"].as_array().unwrap().iter().find(|agency| agency["code"] == code);
            found.unwrap_or_else(|| panic!("no agency {code}"))["id"].as_str().unwrap().to_owned()
        };
        let agencies: Vec<String> = CODES.into_iter().map(find).collect();
        let begin = Instant::now();
        let (mut people, mut players) = (Vec::new(), Vec::new());
        for who in 0..count {
            let agency = POSTS[who % POSTS.len()];
            let manager = MANAGERS.contains(&(who % POSTS.len()));
            let role = if manager { "manager" } else { "counter" };
            let login = format!("player{who}");
            let staff = json!({
                "login": login, "name": "見本 太郎",
                "posts": [{"agency_id": agencies[agency], "role": role, "valid_from": "2020-04-01"}]
            });
            let (_, made) = self.ask("POST", "/staff", &admin, Some(&staff));
            let made: Value = serde_json::from_str(&made).unwrap();
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let staff_id = text(&made["id"]);
            let confirm = format!("/staff/{staff_id}/posts/{}/confirm", text(&made["posts"][0]["id"]));
            let code = json!({"login": login, "code": made["invitation"]["code"], "new_password": CHOSEN});
            self.ask("POST", "/session/password", &officer, Some(&code));
            self.ask("POST", &confirm, &officer, Some(&json!({})));
            people.push(Person { staff_id, agency, manager });
            let dice = Dice(seed ^ ((who as u64 + 1) << 32));
            let token = self.login(&login, CHOSEN);
            let caller = Caller::new(who, dice, &self.urls, &token, &agencies, &self.past, begin);
            players.push(Player::new(caller, agency, manager));
        }
        (agencies, people, players)
    }

    /// The whole trail, which must verify.
    pub(crate) fn trail(&self) -> Result<String, String> {
        let (_, trail) = self.ask("GET", "/audit/events", &self.login("kansa", PASSWORD), None);
        let verified = server::verify(trail.as_bytes());
        if verified.code == 0 { Ok(trail) } else { Err(format!("the trail is not whole: {}", verified.message)) }
    }
}

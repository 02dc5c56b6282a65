use super::login;
use attack::Attack;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tests::on_both;

const SLOW: usize = 500;

/// Waits for something, but not for ever.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

on_both! {
    fn a_normal_client_is_served_under_an_attack(service) {
        let clerk = service.login("madoguchi");
        let introduced = login(&service, "192.0.2.1", "kacho", "tsunagu-demo", Some(""));
        let browser = introduced.headers.iter().find(|(_, value)| value.starts_with("tsunagu_device_")).unwrap().1.clone();
        let browser = browser.split(';').next().unwrap();
        let attack = Attack::start(service.url.strip_prefix("http://").unwrap().parse().unwrap(), SLOW);
        let tally = &attack.tally;
        until("the attack stands", || tally.open.load(Ordering::Relaxed) == SLOW && tally.wrong.load(Ordering::Relaxed) > 0);
        let hashed = tally.wrong.load(Ordering::Relaxed);
        let mut took = Vec::new();
        let mut timed = |answer: &dyn Fn() -> tests::Answer| {
            let started = Instant::now();
            let answer = answer();
            took.push(started.elapsed());
            answer
        };
        let form = crate::forms::sheet(&service);
        for n in 0..50 {
            let made = timed(&|| clerk.post("/api/v1/sheets", &form));
            assert_eq!(made.status, 201, "{}", made.text);
            let path = made.header("location");
            timed(&|| clerk.get(&path)).ok();
            timed(&|| clerk.get("/api/v1/sheets?limit=20")).ok();
            timed(&|| clerk.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミホン"}))).ok();
            // Another person logs in.
            if n % 10 == 0 {
                let opened = login(&service, "192.0.2.1", "kacho", "tsunagu-demo", Some(browser));
                assert_eq!(opened.status, 200, "{}", opened.text);
            }
        }
        took.sort();
        let at = |part: usize| took[took.len() * part / 100];
        // The attack closes and opens connections all the time, and its passwords are still being hashed.
        until("the attack goes on", || tally.closed.load(Ordering::Relaxed) > SLOW / 2 && tally.wrong.load(Ordering::Relaxed) > hashed);
        println!("{} requests under attack: p50 {:?}, p99 {:?}; {tally:?}", took.len(), at(50), at(99));
    }
}

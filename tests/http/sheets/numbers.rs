//! Numbers such as `R8-000001` run per municipality and fiscal year, without gaps and duplicates.

use crate::forms::{registered, sheet};
use serde_json::{Value, json};
use std::thread;
use tests::on_both;

on_both! {
    fn numbers_have_no_gaps_and_no_doubles_however_many_write_at_once(service) {
        let clerks = ["madoguchi", "kurashi", "hoken", "zei"].map(|login| service.login(login));
        let good = sheet(&service);
        let bad = crate::probe::without(&good, "/channel");
        let numbers: Vec<String> = thread::scope(|scope| {
            let writers: Vec<_> = (0..8).map(|n| {
                let (clerk, good, bad) = (&clerks[n % 4], &good, &bad);
                scope.spawn(move || {
                    let mut numbers = Vec::new();
                    for _ in 0..4 {
                        assert_eq!(clerk.post("/api/v1/sheets", bad).pointers(422, "invalid-input"), ["/channel"]);
                        let draft = clerk.post("/api/v1/sheets", &json!({"state": "draft"}));
                        let path = draft.header("location");
                        clerk.put(&path, bad, "\"1\"").pointers(422, "invalid-input");
                        clerk.put(&path, good, "\"7\"").problem(412, "stale-revision");
                        let made: [Value; 2] = [clerk.put(&path, good, "\"1\"").ok(), clerk.post("/api/v1/sheets", good).ok()];
                        numbers.extend(made.map(|sheet| sheet["number"].as_str().unwrap().to_owned()));
                    }
                    numbers
                })
            }).collect();
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
        });
        let mut sorted = numbers;
        sorted.sort();
        let expected: Vec<String> = (1..=64).map(|n| format!("R8-{n:06}")).collect();
        assert_eq!(sorted, expected);
    }

    fn a_new_fiscal_year_begins_on_the_first_of_april_in_japan(service) {
        let number = |instant: &str| {
            service.set_clock(instant);
            let clerk = service.login("madoguchi");
            let id = registered(&service, &clerk);
            clerk.get(&format!("/api/v1/sheets/{id}")).ok()["number"].clone()
        };
        assert_eq!(number("2026-11-20T12:00:00+09:00"), "R8-000001");
        assert_eq!(number("2027-03-31T23:59:59+09:00"), "R8-000002");
        assert_eq!(number("2027-04-01T00:00:00+09:00"), "R9-000001");
        assert_eq!(number("2027-12-31T15:00:00Z"), "R9-000002");
        assert_eq!(number("2028-04-01T00:00:00+09:00"), "R10-000001");
    }
}

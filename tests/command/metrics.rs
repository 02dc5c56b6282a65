//! `/metrics`: numbers about the service that name nobody.

use crate::program::{Place, on_each, until};
use serde_json::json;
use std::collections::BTreeMap;

/// The samples by name and labels, after a check that each stands under a HELP and a TYPE.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (mut family, mut samples) = (String::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            family = typed.split(' ').next().unwrap().to_owned();
            assert!(text.contains(&format!("# HELP {family} ")), "{family} has no HELP");
        } else if !line.starts_with('#') {
            assert!(line.starts_with(&family), "{line} is not of {family}");
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{name} stands twice");
        }
    }
    samples
}

on_each! {
    fn a_round_that_fails_is_counted_and_the_others_are_made(place) {
        place.run(&["demo"]).ok();
        // The round that deletes old answers finds no table.
        place.sql("alter table idempotency rename to away", "alter table idempotency rename to away");
        let place = place.with("TSUNAGU_METRICS_LISTEN", "127.0.0.1:0");
        let mut serving = place.serve();
        // This is the last round of the list: when it is counted, all rounds have run.
        let now = until("all rounds are counted", || {
            let now = samples(&serving.metrics());
            now.contains_key("tsunagu_round_written_total{round=\"mails\"}").then_some(now)
        });
        let failed: Vec<_> = now.iter().filter(|(name, _)| name.starts_with("tsunagu_round_failed_total{")).collect();
        assert_eq!(failed.len(), 12, "{failed:?}");
        for (name, count) in failed {
            assert_eq!(*count, f64::from(u8::from(name.contains("\"forget\""))), "{name}");
        }
        place.sql("alter table away rename to idempotency", "alter table away rename to idempotency");
        serving.stop();
    }

    fn the_store_the_outbox_and_the_trail_are_told_in_numbers(place) {
        place.run(&["demo"]).ok();
        // No server takes the mail, so it waits.
        let place = place.with("TSUNAGU_MAIL_URL", "smtp://127.0.0.1:1").with("TSUNAGU_METRICS_LISTEN", "127.0.0.1:0");
        let mut serving = place.serve();
        let clerk = serving.client("madoguchi");
        for _ in 0..3 {
            clerk.post("/api/v1/sheets", &json!({"state": "draft"})).ok();
        }
        let text = serving.metrics();
        let now = samples(&text);
        let lanes = now.keys().filter(|name| name.starts_with("tsunagu_lane_waiting{")).count();
        assert_eq!(lanes, if place.database().starts_with("postgres") { 2 } else { 1 });
        let sum = |name: &str| now.iter().filter(|(key, _)| key.starts_with(name)).map(|(_, value)| value).sum::<f64>();
        // At least the log-in and three sheets were written. Each was answered, so each has waited for its commit.
        let writes = sum("tsunagu_lane_batch_size_sum");
        assert!(writes >= 4.0, "{text}");
        assert!((sum("tsunagu_lane_wait_seconds_count") - writes).abs() < 2.0, "{text}");
        assert!(sum("tsunagu_lane_batch_size_count") <= writes, "{text}");
        assert!(sum("tsunagu_lane_wait_seconds_sum") > 0.0, "{text}");
        for lane in 0..lanes {
            // The buckets are cumulative, and the last one counts everything.
            let of = |name: &str| format!("tsunagu_lane_wait_seconds_{name}lane=\"{lane}\"");
            let count = now[&format!("{}}}", of("count{"))];
            assert_eq!(now[&format!("{},le=\"+Inf\"}}", of("bucket{"))], count);
            assert!(now[&format!("{},le=\"0.005\"}}", of("bucket{"))] <= now[&format!("{},le=\"5\"}}", of("bucket{"))]);
        }
        assert_eq!(now["tsunagu_readers"], if lanes == 1 { 4.0 } else { 8.0 });
        assert_eq!(now["tsunagu_readers_busy"], 0.0, "counted before its own question");
        assert_eq!((now["tsunagu_reads_waiting"], now["tsunagu_database_answers"]), (0.0, 1.0));
        assert_eq!((now["tsunagu_outbox_waiting"], now["tsunagu_outbox_dead"]), (0.0, 0.0));
        serving.stop();

        // Two mails have waited for an hour and one was given up.
        let row = |id: &str, created: [&str; 2], dead: [&str; 2]| {
            let municipality = "(select id from municipality limit 1)";
            place.sql(
                &format!("insert into outbox (id, municipality_id, mail, created_at, due_at, attempts, dead_at) values (x'{id}', {municipality}, '{{}}', {}, 9999999999999999, 0, {})", created[0], dead[0]),
                &format!("insert into outbox (id, municipality_id, mail, created_at, due_at, attempts, dead_at) values ('{id}', {municipality}, '{{}}', {}, 'infinity', 0, {})", created[1], dead[1]),
            );
        };
        let hour_ago = ["(unixepoch() - 3600) * 1000000", "now() - interval '1 hour'"];
        row("01900000000070008000000000000001", hour_ago, ["null", "null"]);
        row("01900000000070008000000000000002", hour_ago, ["null", "null"]);
        row("01900000000070008000000000000003", hour_ago, ["1", "now()"]);
        let mut serving = place.serve();
        let now = samples(&serving.metrics());
        assert_eq!((now["tsunagu_outbox_waiting"], now["tsunagu_outbox_dead"]), (2.0, 1.0));
        assert!((3600.0..3900.0).contains(&now["tsunagu_outbox_oldest_age_seconds"]), "{now:?}");
        serving.stop();
    }
}

#[test]
fn the_numbers_are_on_a_listener_of_their_own_and_nothing_else_is() {
    // The configuration does not ask for metrics.
    let mut serving = Place::empty().serve();
    let (status, text) = serving.ask("GET", "/metrics", None, None);
    assert!(status == 404 && !text.contains("tsunagu_requests_total"), "{text}");
    assert!(!serving.log().contains("the metrics are served"));
    serving.stop();
    let place = Place::empty().with("TSUNAGU_METRICS_LISTEN", "127.0.0.1:0");
    let mut serving = place.serve();
    assert_eq!(serving.ask("GET", "/metrics", None, None).0, 404);
    assert!(serving.metrics().contains("tsunagu_requests_total{method=\"GET\",route=\"unknown\",status=\"404\"} 1"));
    let elsewhere = serving.metrics_url().replace("/metrics", "/health/live");
    assert_eq!(ureq::get(elsewhere).config().http_status_as_error(false).build().call().unwrap().status(), 404);
    // The listener ends with the service.
    serving.stop();
    let said = Place::empty().with("TSUNAGU_METRICS_LISTEN", "9464").run(&["doctor"]).failed();
    assert!(said.contains("metrics_listen: an address and port"), "{said}");
}

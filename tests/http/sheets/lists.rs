//! Pages show everything once, in order.

use crate::forms::{consent, consented, registered, sheet};
use crate::probe::{agencies, ids, with};
use serde_json::json;
use tests::{Client, on_both};

/// Follows the Link header to the end.
fn walk(client: &Client, first: &str) -> Vec<String> {
    let (mut path, mut seen) = (first.to_owned(), Vec::new());
    loop {
        let answer = client.get(&path);
        let link = answer.header("link");
        let page = answer.ok();
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else {
            assert_eq!(link, "");
            return seen;
        };
        path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.ends_with(&format!("after={next}")), "{path}");
    }
}

on_both! {
    fn pages_show_everything_once_newest_first(service) {
        let clerk = service.login("madoguchi");
        let mut made: Vec<String> = (0..7).map(|_| {
            service.advance_seconds(60);
            registered(&service, &clerk)
        }).collect();
        service.advance_seconds(60);
        let draft = clerk.post("/api/v1/sheets", &with(&sheet(&service), "/state", json!("draft"))).ok();
        made.push(draft["id"].as_str().unwrap().to_owned());
        let newest_first: Vec<String> = made.iter().rev().cloned().collect();
        for limit in [1, 2, 3, 7, 8, 9, 200] {
            assert_eq!(walk(&clerk, &format!("/api/v1/sheets?limit={limit}")), newest_first, "{limit}");
        }
        assert_eq!(walk(&clerk, "/api/v1/sheets"), newest_first);
        // A write between two pages neither doubles nor hides anything that was there before.
        let page = clerk.get("/api/v1/sheets?limit=3").ok();
        registered(&service, &clerk);
        let rest = walk(&clerk, &format!("/api/v1/sheets?limit=3&after={}", page["next"].as_str().unwrap()));
        assert_eq!([ids(&page), rest].concat(), newest_first);
        // Filters.
        assert_eq!(walk(&clerk, "/api/v1/sheets?state=draft&limit=1"), [made[7].clone()]);
        assert_eq!(walk(&clerk, "/api/v1/sheets?state=registered&limit=2").len(), 8);
        assert_eq!(walk(&clerk, "/api/v1/sheets?topic=05&limit=4").len(), 9);
        assert!(walk(&clerk, "/api/v1/sheets?topic=13").is_empty());
        assert_eq!(walk(&clerk, "/api/v1/sheets?received_from=2026-11-20&received_until=2026-11-20&limit=5").len(), 9);
        assert!(walk(&clerk, "/api/v1/sheets?received_from=2026-11-21").is_empty());
        // Changed at that instant or later, in the form in which a clerk would type it; the third sheet was made at 12:03.
        assert_eq!(walk(&clerk, "/api/v1/sheets?updated_since=2026-11-20T12:03:00+09:00&limit=2").len(), 7);
        service.set_clock("2026-11-20T13:00:00+09:00");
        let clerk = service.login("madoguchi");
        clerk.put(&format!("/api/v1/sheets/{}", made[0]), &sheet(&service), "\"1\"").ok();
        assert_eq!(walk(&clerk, "/api/v1/sheets?updated_since=2026-11-20T13:00:00%2B09:00"), [made[0].clone()]);
    }

    fn relays_are_listed_by_due_date_too(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let codes = agencies(&clerk);
        let to = codes["kurashi-shigoto"].clone();
        let mut sent = Vec::new();
        for due in ["2026-12-01", "2026-11-25", "2026-12-24", "2026-11-25", "2026-11-20", "2026-12-01", "2026-11-25"] {
            service.advance_seconds(60);
            let sheet_id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
            let preview = json!({"to_agency_id": to, "sections": ["identity"], "purpose": "support_referral", "basis": {"consent_id": consent_id}});
            let digest = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &preview).ok()["disclosure_digest"].clone();
            let body = with(&crate::probe::relay_body(&to, &consent_id, &["identity"], &digest), "/reply_due", json!(due));
            let made = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays"), &body).ok();
            assert_eq!(made["reply_due"], due);
            sent.push((due.to_owned(), made["id"].as_str().unwrap().to_owned()));
        }
        let newest: Vec<String> = sent.iter().rev().map(|(_, id)| id.clone()).collect();
        let mut by_due = sent.clone();
        by_due.sort();
        let by_due: Vec<String> = by_due.into_iter().map(|(_, id)| id).collect();
        for limit in [1, 2, 3, 6, 7, 50] {
            assert_eq!(walk(&kurashi, &format!("/api/v1/relays?box=inbox&limit={limit}")), newest, "{limit}");
            assert_eq!(walk(&kurashi, &format!("/api/v1/relays?box=inbox&sort=due&limit={limit}")), by_due, "{limit}");
            assert_eq!(walk(&clerk, &format!("/api/v1/relays?box=outbox&sort=due&limit={limit}")), by_due, "{limit}");
        }
        assert!(walk(&kurashi, "/api/v1/relays?box=outbox").is_empty());
        assert!(walk(&service.login("hoken"), "/api/v1/relays").is_empty());
        assert_eq!(walk(&service.login("hub"), "/api/v1/relays?sort=due&limit=4"), by_due);
        // A cursor of one order is not valid for the other.
        let cursor = kurashi.get("/api/v1/relays?box=inbox&sort=due&limit=2").ok()["next"].as_str().unwrap().to_owned();
        kurashi.get(&format!("/api/v1/relays?box=inbox&after={cursor}")).problem(422, "invalid-input");
        // Since.
        let since = service.now();
        service.advance_seconds(60);
        kurashi.step(&format!("/api/v1/relays/{}/receive", sent[2].1), &json!({}), "\"1\"").ok();
        service.advance_seconds(1);
        let since = since.replace("12:07:00", "12:07:01");
        assert_eq!(walk(&kurashi, &format!("/api/v1/relays?updated_since={since}")), [sent[2].1.clone()]);
        assert_eq!(walk(&kurashi, "/api/v1/relays?state=received"), [sent[2].1.clone()]);
        assert_eq!(walk(&kurashi, "/api/v1/relays?state=sent&sort=due&limit=2").len(), 6);
    }
}

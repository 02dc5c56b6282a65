use super::{TOLD, decided, form, requested, sent};
use crate::forms::{etag, registered};
use crate::probe::agencies;
use serde_json::{Value, json};
use tests::on_both;

on_both! {
    fn nobody_decides_on_the_own_request(service) {
        let (clerk, kacho, hogo) = (service.login("madoguchi"), service.login("kacho"), service.login("hogo"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        // The manager asks, so the manager cannot approve it, nor can anybody without that right; the privacy officer may.
        let own = requested(&kacho, &sheet_id, &form("e7", &to));
        for step in ["approve", "reject", "follow-up"] {
            let refused = decided(&kacho, &own, step).problem(403, "forbidden");
            assert!(refused["detail"].as_str().unwrap().contains("申請した人"), "{refused}");
            for other in ["madoguchi", "kurashi", "hub", "kansa", "admin"] {
                decided(&service.login(other), &own, step).problem(403, "forbidden");
            }
        }
        assert_eq!(kacho.get(&own).ok()["state"], "requested");
        let refused = service.audit_kinds(&sheet_id).iter().filter(|kind| *kind == "exception.operation_refused").count();
        assert_eq!(refused, 3, "each attempt stands in the trail");
        let approved = decided(&hogo, &own, "approve").ok();
        assert_eq!((&approved["state"], &approved["approval"]["staff_id"]), (&json!("approved"), &hogo.get("/api/v1/session").ok()["staff"]["id"]));
        // The manager who used it cannot follow it up either, not even in another post.
        sent(&kacho, &sheet_id, &own, &to, &TOLD).ok();
        decided(&kacho, &own, "follow-up").problem(403, "forbidden");
        let staff = kacho.get("/api/v1/session").ok()["staff"]["id"].as_str().unwrap().to_owned();
        let post = json!({"agency_id": service.agency("hogo"), "role": "privacy_officer", "valid_from": "2026-04-01"});
        service.appoint(&staff, &post);
        let kacho = service.login("kacho");
        let posts = kacho.get("/api/v1/session").ok()["posts"].clone();
        let officer = posts.as_array().unwrap().iter().find(|post| post["role"] == "privacy_officer").unwrap();
        kacho.put_plain("/api/v1/session/acting-post", &json!({"post_id": officer["id"]})).ok();
        let refused = decided(&kacho, &own, "follow-up").problem(403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("別の職"), "{refused}");
        assert_eq!(decided(&hogo, &own, "follow-up").ok()["state"], "followed_up");
    }

    fn a_decision_is_made_once_at_the_revision_that_was_read(service) {
        let (clerk, kacho) = (service.login("madoguchi"), service.login("kacho"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = requested(&clerk, &sheet_id, &form("e7", &to));
        let read = kacho.get(&path);
        assert_eq!(read.etag(), "\"1\"");
        kacho.step(&format!("{path}/approve"), &json!({}), "\"7\"").problem(412, "stale-revision");
        let approved = kacho.step(&format!("{path}/approve"), &json!({}), &read.etag());
        assert_eq!((approved.etag(), approved.json()["state"].as_str()), ("\"2\"".to_owned(), Some("approved")));
        for (step, state) in [("approve", "approved"), ("reject", "approved"), ("follow-up", "approved")] {
            assert_eq!(decided(&kacho, &path, step).problem(409, "invalid-transition")["state"], state);
        }
        // A rejected exception: the person who asked is told the reason, and it cannot be used.
        let other = requested(&clerk, &sheet_id, &form("e7", &to));
        decided(&kacho, &other, "reject").ok();
        let rejected = clerk.get(&other).ok();
        assert_eq!((&rejected["state"], &rejected["rejection_reason"]), (&json!("rejected"), &json!("根拠となる事実が足りない。")));
        assert_eq!(sent(&clerk, &sheet_id, &other, &to, &TOLD).clauses(), ["exception_not_approved"]);
        for step in ["approve", "reject", "follow-up"] {
            decided(&kacho, &other, step).problem(409, "invalid-transition");
        }
        let events = service.audit_kinds(&sheet_id);
        for kind in ["exception.requested", "exception.approved", "exception.rejected", "exception.read"] {
            assert!(events.iter().any(|event| event == kind), "{kind}: {events:?}");
        }
    }

    fn who_may_approve_hears_that_it_waits_and_who_asked_hears_the_result(service) {
        let (clerk, kacho) = (service.login("madoguchi"), service.login("kacho"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let mails = || {
            let mut to: Vec<String> = service.send_mail().iter().map(|mail| {
                assert!(!mail.text().contains("虐待") && !mail.text().contains("例外"), "{}", mail.text());
                mail.header("to")
            }).collect();
            to.sort();
            to
        };
        let path = requested(&clerk, &sheet_id, &form("e7", &to));
        assert_eq!(mails(), ["fukushi-marugoto@example.jp", "hogo@example.jp"]);
        decided(&kacho, &path, "approve").ok();
        assert_eq!(mails(), ["fukushi-marugoto@example.jp"]);
    }

    fn who_reads_metadata_only_reads_no_words(service) {
        let (clerk, hogo, kansa) = (service.login("madoguchi"), service.login("hogo"), service.login("kansa"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = requested(&clerk, &sheet_id, &form("e7", &to));
        let words = ["facts", "why_no_consent", "harm_assessment", "restriction", "later_consent_plan"];
        let (by_clerk, by_officer, by_auditor) = (clerk.get(&path).ok(), hogo.get(&path).ok(), kansa.get(&path).ok());
        for word in words {
            assert!(by_clerk[word].is_string() && by_clerk[word] == by_officer[word], "{word}");
            assert_eq!(by_auditor[word], Value::Null, "{word}");
        }
        // The list is that of the caller's agency or of the municipality, and can be filtered by state.
        let list = |login: &str, query: &str| service.login(login).get(&format!("/api/v1/exceptions{query}")).ok()["items"].as_array().unwrap().len();
        for login in ["madoguchi", "kacho", "hogo", "kansa"] {
            assert_eq!((list(login, ""), list(login, "?state=requested"), list(login, "?state=used")), (1, 1, 0), "{login}");
        }
        assert_eq!((list("kurashi", ""), list("hoken", "")), (0, 0));
        service.login("hoken").get(&path).problem(404, "not-found");
        assert_eq!(etag(&by_clerk), "\"1\"");
    }
}

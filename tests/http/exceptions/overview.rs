use super::{TOLD, basis, decided, form, requested, sent, urgent};
use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::{agencies, with};
use serde_json::{Value, json};
use tests::on_both;

on_both! {
    fn every_disclosure_stands_there_with_its_basis(service) {
        let (clerk, hoken, hogo) = (service.login("madoguchi"), service.login("hoken"), service.login("hogo"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let agreed = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let first = relay(&clerk, &sheet_id, &agreed, &to, &["identity"], None).ok();
        moved(&hoken, &first, "return", &json!({"missing": ["住所"], "note": "住所を"}));
        let preview = json!({"to_agency_id": to, "sections": ["identity"], "purpose": "support_referral"});
        let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &preview).ok();
        service.advance_seconds(60);
        moved(&clerk, &first, "resend", &json!({"disclosure_digest": preview["disclosure_digest"]}));
        let path = requested(&clerk, &sheet_id, &urgent("e7", &to));
        service.advance_seconds(60);
        let second = sent(&clerk, &sheet_id, &path, &to, &TOLD).ok();

        let list = |query: &str| hogo.get(&format!("/api/v1/disclosures{query}")).ok()["items"].as_array().unwrap().clone();
        let all = list("");
        let brief = |it: &Value| (it["kind"].clone(), it["basis_code"].clone(), it["relay_id"].clone());
        assert_eq!(all.iter().map(brief).collect::<Vec<_>>(), [
            (json!("relay.sent"), json!("e7"), second["id"].clone()),
            (json!("relay.resent"), json!("consent"), first["id"].clone()),
            (json!("relay.sent"), json!("consent"), first["id"].clone()),
        ]);
        assert_eq!((&all[0]["basis"], &all[2]["basis"]), (&basis(&path), &json!({"consent_id": agreed})));
        assert_eq!((&all[0]["to_agency_id"], &all[0]["sections"], &all[0]["sheet_id"]), (&json!(to), &json!(TOLD), &json!(sheet_id)));
        assert_eq!(all[0]["basis_label"], "高齢者虐待の通報");
        for (query, count) in [
            ("?basis=consent", 2), ("?basis=exception", 1), ("?basis=e7", 1), ("?basis=c6", 0),
            ("?until=2026-11-20T12:01:00%2B09:00", 1), ("?from=2026-11-20T12:02:00%2B09:00", 1), ("?basis=consent&from=2026-11-20T12:01:00%2B09:00", 1),
        ] {
            assert_eq!(list(query).len(), count, "{query}");
        }
        // Read page by page, the list is the same.
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let page = hogo.get(&format!("/api/v1/disclosures?limit=1{after}")).ok();
            paged.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(paged, all);
        for (query, pointer) in [("?basis=ZZmarkerZZ", "/basis"), ("?from=2026-11-21T00:00:00Z&until=2026-11-20T00:00:00Z", "/until")] {
            assert_eq!(hogo.get(&format!("/api/v1/disclosures{query}")).pointers(422, "invalid-input"), [pointer]);
        }
        service.login("kansa").get("/api/v1/disclosures").ok();
        for login in ["madoguchi", "kacho", "hub", "admin"] {
            service.login(login).get("/api/v1/disclosures").problem(403, "forbidden");
        }
        assert!(service.audit_export().contains("disclosure.listed"));
    }

    fn what_rested_on_an_invalid_consent_is_flagged(service) {
        let (clerk, hogo) = (service.login("madoguchi"), service.login("hogo"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let form = consent(&service, &[&to], &["identity"]);
        let [first, second] = [0, 1].map(|_| {
            let agreed = consented(&clerk, &sheet_id, &form);
            relay(&clerk, &sheet_id, &agreed, &to, &["identity"], None).ok();
            service.advance_seconds(60);
            agreed
        });
        let reason = json!({"reason": "代理権がない人だった。"});
        hogo.post(&format!("/api/v1/consents/{first}/invalidate"), &reason).ok();
        let list = hogo.get("/api/v1/disclosures").ok();
        let flags: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| (&it["basis"]["consent_id"], &it["basis_invalid"])).collect();
        assert!(list["items"].as_array().unwrap().iter().all(|it| it["number"] == "R8-000001"), "{list}");
        assert_eq!(flags, [(&json!(second), &json!(false)), (&json!(first), &json!(true))]);
    }

    fn stop_notices_stand_beside_the_answers_to_them(service) {
        let (clerk, hogo) = (service.login("madoguchi"), service.login("hogo"));
        let to = ["hoken", "kurashi-shigoto"].map(|code| agencies(&clerk)[code].clone());
        let sheet_id = registered(&service, &clerk);
        let agreed = consented(&clerk, &sheet_id, &consent(&service, &to.each_ref().map(String::as_str), &["identity"]));
        for (login, to) in ["hoken", "kurashi"].iter().zip(&to) {
            moved(&service.login(login), &relay(&clerk, &sheet_id, &agreed, to, &["identity"], None).ok(), "receive", &json!({}));
        }
        clerk.post(&format!("/api/v1/consents/{agreed}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        let hoken = service.login("hoken");
        let stop = hoken.get(&format!("/api/v1/sheets/{sheet_id}/stop-notices")).ok()["items"][0].clone();
        service.advance_seconds(60);
        let kept = json!({"disposition": "kept", "legal_ground": "根拠のしるし", "note": "説明のしるし"});
        hoken.post(&format!("/api/v1/stop-notices/{}/answer", stop["id"].as_str().unwrap()), &kept).ok();
        let page = hogo.get("/api/v1/privacy/overview").ok();
        let mut said: Vec<_> = page["stop_notices"]["items"].as_array().unwrap().iter().map(|it| {
            assert_eq!((&it["sheet_id"], &it["cause"], &it["due"]), (&json!(sheet_id), &json!("withdrawn"), &stop["due"]));
            let texts = ["agency_id", "disposition", "answered_at"].map(|field| it[field].as_str().unwrap_or("-").to_owned());
            texts.to_vec()
        }).collect();
        said.sort();
        let mut expected = [vec![to[0].clone(), "kept".to_owned(), "2026-11-20T12:01:00+09:00".to_owned()], vec![to[1].clone(), "-".to_owned(), "-".to_owned()]];
        expected.sort();
        assert_eq!(said, expected);
        assert!(!page.to_string().contains("しるし"));
    }

    fn the_privacy_officer_finds_everything_on_one_page(service) {
        let (clerk, hogo) = (service.login("madoguchi"), service.login("hogo"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let agreed = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        relay(&clerk, &sheet_id, &agreed, &to, &["identity"], None).ok();
        clerk.post(&format!("/api/v1/consents/{agreed}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        consented(&clerk, &sheet_id, &with(&consent(&service, &[&to], &["identity"]), "/decision", json!("refused")));
        let against = requested(&clerk, &sheet_id, &form("e7", &to));
        decided(&hogo, &against, "approve").ok();
        sent(&clerk, &sheet_id, &against, &to, &TOLD).ok();
        let pressing = requested(&clerk, &sheet_id, &urgent("c6", &to));
        sent(&clerk, &sheet_id, &pressing, &to, &TOLD).ok();
        requested(&clerk, &sheet_id, &form("d7", &to));

        let ids = |list: &Value| -> Vec<Value> { list["items"].as_array().unwrap().iter().map(|it| json!({"exception_id": it["id"]})).collect() };
        let page = hogo.get("/api/v1/privacy/overview").ok();
        assert_eq!((&page["from"], &page["until"]), (&json!("2026-04-01"), &json!("2026-11-20")));
        let mut counts: Vec<_> = page["disclosures"].as_array().unwrap().iter().map(|it| (it["basis"].as_str().unwrap(), it["count"].as_u64().unwrap())).collect();
        counts.sort_unstable();
        assert_eq!(counts, [("c6", 1), ("consent", 1), ("e7", 1)]);
        assert_eq!(page["waiting"]["items"].as_array().unwrap().len(), 1);
        assert_eq!(ids(&page["used_before_approval"]), [basis(&pressing)]);
        assert_eq!(page["withdrawals"]["items"][0]["consent_id"], json!(agreed));
        // Both relays went against the refusal.
        assert_eq!(page["refusals_overridden"]["items"].as_array().unwrap().len(), 2);
        assert_eq!((&page["overdue"]["items"], &page["overdue"]["more"]), (&json!([]), &json!(false)));
        // Another range of days, at whose end an exception is overdue.
        service.set_clock("2026-11-25T09:00:00+09:00");
        service.sweep();
        let hogo = service.login("hogo");
        let page = hogo.get("/api/v1/privacy/overview?from=2026-11-21&until=2026-11-25").ok();
        assert_eq!((&page["disclosures"], &page["withdrawals"]["items"], &page["refusals_overridden"]["items"]), (&json!([]), &json!([]), &json!([])));
        assert_eq!((ids(&page["overdue"]), ids(&page["used_before_approval"])), (vec![basis(&pressing)], vec![]));
        for query in ["?from=2026-11-26", "?from=2025-11-24&until=2026-11-25"] {
            assert_eq!(hogo.get(&format!("/api/v1/privacy/overview{query}")).pointers(422, "invalid-input"), ["/until"]);
        }
        assert_eq!(hogo.get("/api/v1/privacy/overview?from=2025-11-25&until=2026-11-25").status, 200);
        service.login("kacho").get("/api/v1/privacy/overview").problem(403, "forbidden");
    }
}

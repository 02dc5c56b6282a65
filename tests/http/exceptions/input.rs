use super::{decided, form, requested};
use crate::forms::{consent, consented, etag, registered};
use crate::probe::{Eye, NOBODY, agencies, invalid_at, with, without};
use serde_json::json;
use tests::on_both;

on_both! {
    fn what_does_not_hold_is_refused_at_its_place(service) {
        let (clerk, npo) = (service.login("madoguchi"), service.login("npo"));
        let codes = agencies(&clerk);
        let (to, own) = (codes["hoken"].as_str(), codes["fukushi-marugoto"].as_str());
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/exceptions");
        let good = form("e7", to);
        let eye = Eye::of(&service);
        let before = eye.all();
        let ask = |form: &serde_json::Value| clerk.post(&path, form);
        invalid_at(ask(&with(&good, "/facts", json!("あざがある。"))), "/facts");
        invalid_at(ask(&with(&good, "/facts", json!(format!("{:　<40}", "あざ")))), "/facts");
        // Only visible characters count, wherever the others stand.
        for unseen in ["\u{200b}", "\u{3164}", "\u{2800}", "\u{ad}", "\u{e0041}", " ", "\n"] {
            invalid_at(ask(&with(&good, "/facts", json!(format!("あざが{}ある。", unseen.repeat(20))))), "/facts");
        }
        invalid_at(ask(&with(&good, "/to_agency_id", json!(NOBODY))), "/to_agency_id");
        invalid_at(ask(&with(&good, "/to_agency_id", json!(own))), "/to_agency_id");
        invalid_at(ask(&with(&good, "/sections", json!([]))), "/sections");
        invalid_at(ask(&with(&good, "/code", json!("ZZmarkerZZ"))), "/code");
        for demanded in ["facts", "consent_status", "why_no_consent", "harm_assessment", "later_consent_plan"] {
            invalid_at(ask(&without(&good, &format!("/{demanded}"))), &format!("/{demanded}"));
        }
        // The articles about conferences are not offered, because there are no conferences here yet.
        for code in ["s106_6", "k9", "h27_3", "y25"] {
            let refused = ask(&form(code, to)).problem(422, "invalid-input");
            assert_eq!(refused["errors"][0]["code"], "not_offered");
            assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("会議"), "{refused}");
        }
        // The ward cannot use an article for private operators, nor a private operator one for public bodies.
        for code in ["a27_1_2", "a27_1_3", "a27_1_4"] {
            assert_eq!(ask(&form(code, to)).problem(422, "invalid-input")["errors"][0]["code"], "not_for_this_agency");
        }
        let theirs = registered(&service, &npo);
        for code in ["p61", "outsrc", "a69_2_2", "a69_2_3", "a69_2_4"] {
            let refused = npo.post(&format!("/api/v1/sheets/{theirs}/exceptions"), &form(code, to)).problem(422, "invalid-input");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/code"), &json!("not_for_this_agency")));
        }
        // The written request must be on record, and its date must be past.
        for code in ["c13_4", "l"] {
            invalid_at(ask(&form(code, to)), "/request_record");
            let record = json!({"requester": "見本児童相談所", "dated": "2026-11-21", "document_number": "見本第1号"});
            invalid_at(ask(&with(&form(code, to), "/request_record", record.clone())), "/request_record/dated");
            let slip = with(&record, "/dated", json!("0026-11-19"));
            invalid_at(ask(&with(&form(code, to), "/request_record", slip)), "/request_record/dated");
        }
        // Only some articles allow emergencies.
        invalid_at(ask(&with(&form("a69_2_2", to), "/emergency", json!(true))), "/emergency");
        let after = eye.all();
        assert_eq!(after.0.len() - before.0.len(), 2, "only the sheet of the NPO was made: {:?}", after.0);
        // The full form is accepted with every remaining article.
        for code in ["p61", "outsrc", "c13_4", "c6", "e7", "d7", "l", "a69_2_2", "a69_2_3", "a69_2_4"] {
            let record = json!({"requester": "見本児童相談所", "dated": "2026-11-19", "document_number": "見本第1号"});
            requested(&clerk, &sheet_id, &with(&form(code, to), "/request_record", record));
        }
        for code in ["a27_1_2", "a27_1_3", "a27_1_4", "c6"] {
            requested(&npo, &theirs, &form(code, to));
        }
    }

    fn a_refusal_on_file_is_shown_and_asks_for_more(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/exceptions");
        let brief = with(&form("e7", &to), "/facts", json!("あ".repeat(49)));
        assert_eq!(clerk.post(&path, &brief).ok()["refusal_on_file"], false);
        let decides = |decision: &str| {
            let terms = with(&consent(&service, &[&to], &["identity"]), "/decision", json!(decision));
            consented(&clerk, &sheet_id, &terms)
        };
        decides("refused");
        let refused = clerk.post(&path, &brief).problem(422, "invalid-input");
        assert_eq!(refused["errors"][0]["pointer"], "/facts");
        assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("不同意"));
        let enough = with(&brief, "/facts", json!("あ".repeat(50)));
        assert_eq!(clerk.post(&path, &enough).ok()["refusal_on_file"], true);
        // A deferral does not end the refusal; a consent does.
        decides("pending");
        invalid_at(clerk.post(&path, &brief), "/facts");
        decides("granted");
        assert_eq!(clerk.post(&path, &brief).ok()["refusal_on_file"], false);
    }

    fn nobody_asks_for_a_sheet_that_is_not_open(service) {
        let (clerk, kacho) = (service.login("madoguchi"), service.login("kacho"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let waiting = requested(&clerk, &sheet_id, &form("e7", &to));
        let sheet = clerk.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        clerk.step(&format!("/api/v1/sheets/{sheet_id}/closure"), &json!({"reason": "見本の終結"}), &etag(&sheet)).ok();
        clerk.post(&format!("/api/v1/sheets/{sheet_id}/exceptions"), &form("e7", &to)).problem(409, "invalid-transition");
        assert_eq!(decided(&kacho, &waiting, "approve").problem(409, "invalid-transition")["state"], "closed");
        decided(&kacho, &waiting, "reject").ok();
    }

    fn the_bases_are_a_code_table_with_what_each_demands(service) {
        let list = service.login("madoguchi").get("/api/v1/codes/exception_code").ok();
        let codes = list["codes"].as_array().unwrap();
        assert_eq!(codes.len(), 17);
        let of = |code: &str| codes.iter().find(|it| it["code"] == code).unwrap()["basis"].clone();
        assert_eq!(of("c13_4")["article"], "児童虐待の防止等に関する法律13条の4");
        assert!(of("c13_4")["demands"].as_array().unwrap().contains(&json!("request_record")));
        assert_eq!((&of("e7")["emergency"], &of("e7")["used_by"]), (&json!(true), &json!("anybody")));
        assert_eq!((&of("a69_2_2")["used_by"], &of("a27_1_2")["used_by"]), (&json!("public"), &json!("private")));
        let may = |code: &str, class: &str| of(code)["classes"].as_array().unwrap().contains(&json!(class));
        for (class, is_public) in [("ward", true), ("prefecture", true), ("other_municipality", true), ("legal", false), ("business", false)] {
            assert_eq!((may("a69_2_2", class), may("a27_1_2", class), may("e7", class)), (is_public, !is_public, true), "{class}");
        }
        assert_eq!((&of("y25")["offered"], &of("e7")["offered"]), (&json!(false), &json!(true)));
        // Other code tables have no `basis`.
        assert!(service.login("madoguchi").get("/api/v1/codes/urgency").ok()["codes"][0].get("basis").is_none());
    }
}

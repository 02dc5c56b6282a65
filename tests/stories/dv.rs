//! 配偶者からの暴力 (DV): the address is kept secret (支援措置) and must not reach anybody in any way. The tests read everything that
//! anybody was answered, every mail, the audit exports, the log and the database.

use crate::forms::{consent, etag, id, moved, relay_path};
use crate::telling::{Sheet, Wish, clauses, keys, mails, shows, told, why_not};
use crate::{forms, log};
use serde_json::{Value, json};
use std::process::Command;
use tests::{Client, Service, on_both};

/// Stands in `address.full`, and nowhere else.
const ADDRESS: &str = "隠里町七丁目7番77号";
/// Stands in `address.postal_code`.
const POSTAL: &str = "1207777";
/// The telephone number, which one recipient is told.
const PHONE: &str = "070-7777-7001";
/// Names, kana and birth date, in the forms in which they could be written down somewhere.
const PERSON: [&str; 7] = ["避川", "美空", "サケガワ", "ミソラ", "1991-08-17", "19910817", "さけがわ"];

const ALL: [&str; 7] = ["identity", "contact", "address", "topics", "statement", "risk", "health"];

fn typed(service: &Service, secret: &str) -> Value {
    let mut sheet = forms::sheet(service);
    sheet["urgency"] = json!("urgent");
    sheet["address_secret"] = json!(secret);
    sheet["content"] = json!({
        "identity": {
            "family_name": "避川", "given_name": "美空", "kana_family": "サケガワ", "kana_given": "ミソラ",
            "birth_date": "1991-08-17", "sex": "2", "identity_level": "verified"
        },
        "contact": {"phones": [{"number": PHONE, "kind": "mobile", "safe_to_call": false, "safe_to_leave_message": false, "note": "夜だけ"}]},
        "address": {"postal_code": POSTAL, "full": format!("東京都見本区{ADDRESS}"), "no_fixed_abode": false},
        "topics": {"codes": ["14", "02"], "main": "14"},
        "statement": {"subject_words": "家を出た。居場所を知られたくない。", "done_here": "支援措置の申出を案内した。"},
        "risk": {"flags": ["dv"]},
        "health": {"note": "けがは治った(見本)。"}
    });
    sheet
}

/// Asks for the sheet in every way that is open to a person, whether that person works on it or not. The record keeps the answers.
fn ask_everything(sheet: &Sheet<'_>, by: &Client, relays: &[&Value], consent_id: &str) {
    let Value::Object(relay) =
        json!({"to_agency_id": sheet.service.agency("hub"), "sections": ["address"], "purpose": "support_referral"})
    else {
        unreachable!("an object")
    };
    for path in ["", "/timeline", "/entries", "/consents", "/revisions/1", "/revisions/2"] {
        by.get(&sheet.path(path));
    }
    for path in [
        "/api/v1/sheets",
        "/api/v1/sheets?topic=14",
        "/api/v1/relays",
        "/api/v1/relays?box=inbox",
        "/api/v1/relays?box=outbox",
        "/api/v1/relays?sort=due",
        "/api/v1/session",
        "/api/v1/agencies",
        "/api/v1/staff",
        "/api/v1/audit/events",
    ] {
        by.get(path);
    }
    by.get(&format!("/api/v1/consents/{consent_id}"));
    for search in [
        json!({"kana_prefix": "サケガワ"}),
        json!({"birth_date": "1991-08-17"}),
        json!({"number": "R8-000001"}),
        json!({"kana_prefix": "ミ"}),
    ] {
        by.post("/api/v1/sheets/search", &search);
    }
    for path in ["application/x-ndjson", "text/csv"] {
        by.get_as("/api/v1/audit/events", path);
    }
    for it in relays {
        by.get(&relay_path(it));
        for step in ["receive", "accept", "decline", "return", "resend", "cancel", "report", "confirm"] {
            // The body lacks what the step needs: each is an error, and nothing moves.
            by.step(&format!("{}/{step}", relay_path(it)), &json!({"nonsense": 1}), "\"1\"");
        }
        let mut onward = relay.clone();
        onward.insert("parent_relay_id".to_owned(), it["id"].clone());
        by.post(&sheet.path("/relays/preview"), &Value::Object(onward));
    }
    by.post(&sheet.path("/relays/preview"), &Value::Object(relay));
    by.post(&sheet.path("/relays"), &json!({"nonsense": 1}));
    let write = typed(sheet.service, "none");
    by.put(&sheet.path(""), &json!({"state": "registered"}), "\"1\"");
    by.put(&sheet.path(""), &write, "\"99\"");
    by.post(&sheet.path("/closure"), &json!({"reason": "見本"}));
    by.step(&sheet.path("/void"), &json!({"reason": "見本"}), "\"99\"");
}

/// The bytes of the database: as they lie on the disk or, with a server, as it sends them.
fn database(service: &Service) -> String {
    let url = &service.config.database_url;
    if service.config.is_embedded() {
        let read = |name: &str| std::fs::read(service.directory().join(name)).unwrap();
        // Bytes that are no text do not hide the text between them.
        return String::from_utf8_lossy(&[read("tsunagu.db"), read("tsunagu.db-wal")].concat()).into_owned();
    }
    let psql = |query: &str| {
        let done = Command::new("psql").args(["-qAtX", "-d", url, "-c", query]).output().unwrap();
        assert!(done.status.success(), "{query}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let tables = psql("select tablename from pg_tables where schemaname = 'public'");
    tables.lines().map(|table| psql(&format!("select t::text from \"{table}\" t"))).collect()
}

/// Whether the word stands in the database, as text or in hexadecimal, as PostgreSQL shows bytes.
fn holds(database: &str, word: &str) -> bool {
    let hex: String = word.bytes().map(|b| format!("{b:02x}")).collect();
    database.contains(word) || database.contains(&hex)
}

on_both! {
    fn the_address_reaches_nobody(service) {
        log::keep();
        let [kurashi_id, hoken_id, npo_id] = ["kurashi-shigoto", "hoken", "npo-safetynet"].map(|code| service.agency(code));
        let [madoguchi, kacho] = ["madoguchi", "kacho"].map(|login| service.login(login));
        let others = ["kurashi", "hoken", "npo", "zei", "byoin", "hub", "hogo", "kansa", "admin"].map(|login| service.login(login));
        let [kurashi, hoken, npo, ..] = &others;

        let sheet = Sheet { service: &service, id: id(madoguchi.post("/api/v1/sheets", &typed(&service, "dv_measure"))) };
        let own = sheet.read(&madoguchi);
        assert_eq!((&own["address_secret"], &own["content"]["address"]["postal_code"]), (&json!("dv_measure"), &json!(POSTAL)));
        assert!(own.to_string().contains(ADDRESS) && own.to_string().contains(PHONE));
        // She agrees to everything, even to the address; the gate stays shut for the address all the same.
        let consent_id = id(madoguchi.post(&sheet.path("/consents"), &consent(&service, &[&kurashi_id, &hoken_id, &npo_id], &ALL)));
        let wish = |to, sections| Wish { to, sections, consent: &consent_id, parent: None, request: "安全を第一に相談をお願いします。" };
        let preview = sheet.preview(&madoguchi, wish(&kurashi_id, &ALL));
        assert_eq!((clauses(&preview), &preview["disclosure"]), (vec!["address_secret".to_owned()], &Value::Null));
        assert_eq!(sheet.send(&madoguchi, wish(&kurashi_id, &ALL), &preview).clauses(), ["address_secret"]);
        assert_eq!(sheet.relay(&madoguchi, wish(&kurashi_id, &["address"])).clauses(), ["address_secret"]);

        // The sheet goes without the address: with the telephone number to one agency, without it to the other.
        let told_kurashi = ["identity", "contact", "topics", "statement", "risk"];
        let told_hoken = ["identity", "topics", "statement", "health"];
        let a = sheet.relay(&madoguchi, wish(&kurashi_id, &told_kurashi)).ok();
        let b = sheet.relay(&madoguchi, wish(&hoken_id, &told_hoken)).ok();
        moved(kurashi, &a, "receive", &json!({}));
        shows(&moved(kurashi, &a, "accept", &json!({})), &told_kurashi, &told_kurashi);
        shows(&moved(hoken, &b, "accept", &json!({})), &told_hoken, &told_hoken);
        shows(&sheet.read(kurashi), &told_kurashi, &told_kurashi);
        shows(&sheet.read(hoken), &told_hoken, &told_hoken);
        // Not even the fact that the address is secret is told.
        for party in [kurashi, hoken] {
            let seen = sheet.read(party);
            assert_eq!((&seen["address_secret"], why_not(&seen, "address").as_str()), (&Value::Null, "同意の範囲外"));
        }
        sheet.note(&madoguchi, "address", &format!("転居先は{ADDRESS}のまま。"));
        sheet.note(kurashi, "statement", "面談した。");
        assert_eq!(sheet.entries(kurashi), ["面談した。"]);
        // No agency gets the address by a detour, neither from the origin nor from another agency, and none learns that it is secret.
        let parent = a["id"].as_str().unwrap();
        let onward = Wish { parent: Some(parent), ..wish(&npo_id, &["identity", "address"]) };
        assert_eq!(sheet.relay(kurashi, onward).clauses(), ["section_not_covered"]);
        let c = sheet.relay(kurashi, Wish { parent: Some(parent), ..wish(&npo_id, &["identity", "topics", "statement"]) }).ok();
        assert_eq!(c["state"], "sent");
        // An agency that writes into the sheet cannot lift the secret, and an old version does not show what the present one hides.
        let at = etag(&sheet.read(kurashi));
        kurashi.put(&sheet.path(""), &typed(&service, "none"), &at).problem(403, "forbidden");
        kurashi.get(&sheet.path("/revisions/1")).problem(403, "forbidden");
        let relays = [&a, &b, &c];
        for party in [kurashi, hoken, npo] {
            ask_everything(&sheet, party, &relays, &consent_id);
        }
        moved(npo, &c, "decline", &json!({"reason": "conflict_or_safety"}));
        moved(kurashi, &a, "report", &json!({"result": "support_started", "text": "安全な場所で相談を始めた。"}));
        moved(hoken, &b, "report", &json!({"result": "advice_given"}));
        for party in &others {
            ask_everything(&sheet, party, &relays, &consent_id);
        }

        // 1. Everything that anybody was answered, headers and errors included.
        let heard = service.heard_by();
        let at_home = |who: &str| matches!(who, "madoguchi" | "kacho");
        assert!(heard.iter().any(|(who, answer)| at_home(who) && answer.contains(ADDRESS)), "the search would find it");
        for (who, answer) in heard.iter().filter(|(who, _)| !at_home(who)) {
            assert!(!answer.contains(ADDRESS) && !answer.contains(POSTAL), "{who} heard the address: {answer}");
            let tells = ["dv_measure", "住所秘匿", "\"clause\":\"address_secret\""].iter().any(|word| answer.contains(word));
            assert!(!tells, "{who} heard that it is secret: {answer}");
            assert!(who == "kurashi" || !answer.contains(PHONE), "{who} heard the telephone number: {answer}");
        }
        assert!(heard.iter().any(|(who, answer)| who == "kurashi" && answer.contains(PHONE)));
        // A reader who never sees content, or whose agency has no relay, was told nothing about the person either.
        for (who, answer) in heard.iter().filter(|(who, _)| !["madoguchi", "kacho", "kurashi", "hoken"].contains(&who.as_str())) {
            assert!(PERSON.iter().all(|word| !answer.contains(word)), "{who} heard of the person: {answer}");
        }
        for problem in heard.iter().filter(|(_, answer)| answer.contains("urn:tsunagu:problem")) {
            assert!([ADDRESS, POSTAL, PHONE].iter().chain(&PERSON).all(|word| !problem.1.contains(word)), "{problem:?}");
        }
        // 2. The mails.
        let secret: Vec<&str> = [ADDRESS, POSTAL, PHONE, "dv_measure", "暴力", "住所"].into_iter().chain(PERSON).collect();
        let sent = mails(&service, &secret);
        let [arrived, taken, back, done] = ["つなぎが届いています", "つなぎが受理されました", "つなぎが辞退されました", "対応結果が報告されました"];
        assert_eq!(sent, told(&[
            ("kurashi-shigoto", arrived), ("hoken", arrived), ("npo-safetynet", arrived), ("fukushi-marugoto", taken), ("fukushi-marugoto", taken),
            ("kurashi-shigoto", back), ("fukushi-marugoto", done), ("fukushi-marugoto", done),
        ]));
        // 3. The audit trail as the auditor and the privacy officer export it.
        for officer in ["kansa", "hogo"].map(|login| service.login(login)) {
            for kind in ["application/x-ndjson", "text/csv", "application/json"] {
                let export = officer.get_as("/api/v1/audit/events?limit=200", kind);
                assert_eq!(export.status, 200);
                assert!(export.text.contains("relay.reported") || kind == "application/json");
                assert!(secret.iter().all(|word| !export.text.contains(word)), "{kind}: {}", export.text);
            }
        }
        // 4. The log, at its most talkative.
        let logged = log::kept();
        assert!(logged.contains("/api/v1/relays/{id}/accept") && logged.contains("\"TRACE\""), "the log was kept");
        for line in logged.lines() {
            assert!(secret.iter().all(|word| !line.contains(word)), "{line}");
        }
        // 5. The database: it holds what is no secret in the clear, and nothing else can be read.
        let database = database(&service);
        assert!(holds(&database, "R8-000001") && holds(&database, "個人情報の共有についての説明"), "the search would find it");
        for word in [ADDRESS, PHONE, "居場所を知られたくない", "安全な場所で相談", "転居先は"].into_iter().chain(PERSON) {
            assert!(!holds(&database, word), "the database says {word}");
        }
        assert!(sheet.is_found(&kacho, "サケガワミ"));
        let search = json!({"birth_date": "1991-08-17"});
        assert_eq!(kacho.post("/api/v1/sheets/search", &search).ok()["items"].as_array().unwrap().len(), 1);
    }

    fn a_secret_that_comes_later_closes_the_address_at_once(service) {
        let [kurashi_id, hoken_id, npo_id, nozei_id] = ["kurashi-shigoto", "hoken", "npo-safetynet", "nozei"].map(|code| service.agency(code));
        let [madoguchi, kurashi, hoken, npo, zei] = ["madoguchi", "kurashi", "hoken", "npo", "zei"].map(|login| service.login(login));
        let sheet = Sheet { service: &service, id: id(madoguchi.post("/api/v1/sheets", &typed(&service, "none"))) };
        let agencies = [kurashi_id.as_str(), &hoken_id, &npo_id, &nozei_id];
        let consent_id = id(madoguchi.post(&sheet.path("/consents"), &consent(&service, &agencies, &ALL)));
        let sections = ["identity", "contact", "address"];
        let wish = |to| Wish { to, sections: &sections, consent: &consent_id, parent: None, request: "住まいの相談をお願いします。" };

        // Four agencies were told the address: one works on the sheet and passed it on, one has opened it, one has not opened it, and one got it
        // at the second hop.
        let a = sheet.relay(&madoguchi, wish(&kurashi_id)).ok();
        let b = sheet.relay(&madoguchi, wish(&hoken_id)).ok();
        let c = sheet.relay(&madoguchi, wish(&npo_id)).ok();
        let accept = [("content-type", "application/json"), ("idempotency-key", "accept-dv"), ("if-match", "\"1\"")];
        let receive = [("content-type", "application/json"), ("idempotency-key", "receive-dv"), ("if-match", "\"1\"")];
        let send = [("content-type", "application/json"), ("idempotency-key", "send-dv")];
        let accept = |by: &Client| by.raw("POST", &format!("{}/accept", relay_path(&a)), &accept, Some(b"{}"));
        let receive = |by: &Client| by.raw("POST", &format!("{}/receive", relay_path(&b)), &receive, Some(b"{}"));
        assert!(accept(&kurashi).text.contains(ADDRESS) && receive(&hoken).text.contains(ADDRESS));
        let onward = Wish { parent: a["id"].as_str(), ..wish(&nozei_id) };
        let body = onward.body(&sheet.preview(&kurashi, onward)).to_string();
        let pass_on = |by: &Client| by.raw("POST", &sheet.path("/relays"), &send, Some(body.as_bytes()));
        let d = pass_on(&kurashi).ok();
        assert!(d.to_string().contains(ADDRESS));
        moved(&zei, &d, "accept", &json!({}));
        sheet.note(&madoguchi, "address", &format!("{ADDRESS}に荷物を送った。"));
        assert_eq!((sheet.entries(&kurashi).len(), sheet.entries(&zei).len()), (1, 1));
        for party in [&kurashi, &zei] {
            assert_eq!(sheet.read(party)["content"]["address"]["full"], format!("東京都見本区{ADDRESS}"));
        }

        // The husband asks around; the ward grants the measure.
        let at = etag(&sheet.read(&madoguchi));
        let revised = madoguchi.put(&sheet.path(""), &typed(&service, "dv_measure"), &at).ok();
        assert_eq!(revised["address_secret"], "dv_measure");
        let before = service.heard_by().len();

        let left = ["identity", "contact"];
        for (party, relay) in [(&kurashi, &a), (&zei, &d)] {
            for view in [sheet.read(party), party.get(&relay_path(relay)).ok()] {
                shows(&view, &left, &left);
                assert_eq!(why_not(&view, "address"), "同意の範囲外");
            }
            assert_eq!(sheet.entries(party), Vec::<String>::new());
        }
        shows(&hoken.get(&relay_path(&b)).ok(), &left, &left);
        shows(&moved(&npo, &c, "receive", &json!({})), &left, &left);
        shows(&moved(&npo, &c, "accept", &json!({})), &left, &left);
        shows(&moved(&hoken, &b, "accept", &json!({})), &left, &left);
        // The agency that passed the address on has it no more either, and an old key does not bring it back.
        shows(&kurashi.get(&relay_path(&d)).ok(), &left, &left);
        accept(&kurashi);
        receive(&hoken);
        pass_on(&kurashi);
        let again = Wish { parent: a["id"].as_str(), ..wish(&nozei_id) };
        assert_eq!(sheet.relay(&kurashi, again).clauses(), ["section_not_covered"]);
        for party in [&kurashi, &hoken, &npo, &zei] {
            ask_everything(&sheet, party, &[&a, &b, &c, &d], &consent_id);
        }
        for (who, answer) in service.heard_by().iter().skip(before) {
            assert!(!answer.contains(ADDRESS) && !answer.contains(POSTAL), "{who} still hears the address: {answer}");
        }
        assert!(keys(&sheet.read(&madoguchi)["content"]).contains("address"));
    }
}

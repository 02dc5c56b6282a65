//! Receipts, their status list and the slip. PyJWT, an independent program, reads the receipts.

use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::{agencies, with};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use tests::{Client, Service, on_both};

/// The claims that PyJWT reads from a token of this type.
#[expect(clippy::disallowed_methods, reason = "the test command says where the interpreter is")]
fn checked(service: &Service, token: &str, typ: &str) -> Value {
    let python = std::env::var("TSUNAGU_TEST_PYTHON");
    let python = python.expect("TSUNAGU_TEST_PYTHON is not set: use `cargo xtask test`, or `cargo xtask postgres`");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/http/consents/receipt.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let keys = service.anonymous().get("/.well-known/jwks.json").ok();
    let told = json!({"token": token, "typ": typ, "keys": keys}).to_string();
    child.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn receipt_path(consent: &str, agency: &str) -> String {
    format!("/api/v1/consents/{consent}/receipt?agency_id={agency}")
}

fn receipt(service: &Service, client: &Client, consent: &str, agency: &str) -> Value {
    let answer = client.get(&receipt_path(consent, agency));
    assert_eq!((answer.status, answer.header("content-type").as_str()), (200, "application/jose"), "{}", answer.text);
    checked(service, &answer.text, "consent-receipt+jwt")
}

/// The present status of a receipt in the list that it names.
fn status(service: &Service, receipt: &Value) -> u64 {
    // The service answers the same list for some seconds.
    service.advance_seconds(6);
    let named = &receipt["status"]["status_list"];
    let uri = named["uri"].as_str().unwrap();
    let path = &uri[uri.find("/api/").unwrap()..];
    let answer = service.anonymous().get(path);
    assert_eq!((answer.status, answer.header("content-type").as_str()), (200, "application/statuslist+jwt"));
    let list = checked(service, &answer.text, "statuslist+jwt");
    assert_eq!((&list["sub"], &list["iss"]), (&named["uri"], &receipt["iss"]));
    list["statuses"][usize::try_from(named["idx"].as_u64().unwrap()).unwrap()].as_u64().unwrap()
}

on_both! {
    fn a_receipt_tells_one_recipients_share_and_its_status_follows_the_consent(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let first = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity", "health"]));
        let to_a = receipt(&service, &clerk, &first, a);
        let to_b = receipt(&service, &clerk, &first, b);
        let record = &to_a["consent_record"];
        assert_eq!((&record["record_id"], &record["record_version"]), (&json!(first), &json!(1)));
        let given = clerk.get(&format!("/api/v1/consents/{first}")).ok();
        assert_eq!((&record["privacy_notice_sha256"], &record["privacy_notice_language"]), (&given["explained_text_hash"], &json!("ja")));
        let items: Vec<_> = record["purposes"][0]["pii_information"].as_array().unwrap().iter().map(|i| (i["pii_type"].as_str().unwrap(), i["sensitive_pii"].as_bool().unwrap())).collect();
        assert_eq!(items, [("identity", false), ("health", true)]);
        assert_eq!(record["events"][0]["valid_until"], "2027-11-19");
        assert_eq!(to_a["article_69"]["recipient"], "くらしとしごとの相談センター");
        for field in ["recipient", "holder", "purpose", "form_of_record"] {
            assert!(!to_a["article_69"][field].as_str().unwrap().is_empty(), "{field}");
        }
        assert_eq!(to_a["article_69"]["items"].as_array().unwrap().len(), 2);
        // Two receipts do not show that they are about one person; the same receipt always has the same subject.
        assert_ne!(to_a["sub"], to_b["sub"]);
        let again = receipt(&service, &clerk, &first, a);
        assert_eq!((&again["sub"], &again["status"]), (&to_a["sub"], &to_a["status"]));
        assert_ne!(to_a["status"], to_b["status"]);
        assert_eq!((status(&service, &to_a), status(&service, &to_b)), (0, 0));
        // With one section less the receipt is smaller; with none left it is withdrawn. The other recipient's receipt stands.
        let withdraw = |body: Value| clerk.post(&format!("/api/v1/consents/{first}/withdrawal"), &body).ok();
        withdraw(json!({"by": "self", "method": "oral", "agency_ids": [a], "sections": ["health"]}));
        assert_eq!(receipt(&service, &clerk, &first, a)["article_69"]["items"].as_array().unwrap().len(), 1);
        assert_eq!(status(&service, &to_a), 0);
        withdraw(json!({"by": "self", "method": "oral", "agency_ids": [a]}));
        assert_eq!((status(&service, &to_a), status(&service, &to_b)), (1, 0));
        // A newer version, and then the end of the last day.
        let second = consented(&clerk, &sheet_id, &consent(&service, &[b], &["identity"]));
        let newer = receipt(&service, &clerk, &second, b);
        assert_eq!((status(&service, &to_b), status(&service, &newer)), (3, 0));
        service.set_clock("2027-11-19T23:59:50+09:00");
        assert_eq!(status(&service, &newer), 0);
        service.set_clock("2027-11-20T00:00:00+09:00");
        assert_eq!((status(&service, &to_a), status(&service, &to_b), status(&service, &newer)), (1, 2, 2));
        let kinds = service.audit_kinds(&sheet_id);
        assert_eq!(kinds.iter().filter(|kind| *kind == "receipt.issued").count(), 5);
    }

    fn a_receipt_is_there_only_for_whom_the_consent_covers_and_may_know(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let id = consented(&clerk, &sheet_id, &consent(&service, &[a], &["identity"]));
        clerk.get(&receipt_path(&id, b)).problem(404, "not-found");
        clerk.get(&receipt_path(&id, "01a1f6e5-8780-7000-8000-000000000000")).problem(404, "not-found");
        for bad in ["", "?agency_id=x", &format!("?agency_id={a}&agency_id={a}"), &format!("?agency_id={a}&x=1")] {
            let answer = clerk.get(&format!("/api/v1/consents/{id}/receipt{bad}"));
            assert!(matches!(answer.status, 400 | 422), "{bad}: {}", answer.text);
        }
        kurashi.get(&receipt_path(&id, a)).problem(404, "not-found");
        let sent = relay(&clerk, &sheet_id, &id, a, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        // A recipient gets its own receipt and no other.
        let wider = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity"]));
        assert_eq!(receipt(&service, &kurashi, &wider, a)["aud"], format!("urn:tsunagu:agency:{a}"));
        kurashi.get(&receipt_path(&wider, b)).problem(404, "not-found");
        service.login("kansa").get(&receipt_path(&wider, b)).header("content-type");
        // A consent that was refused, left open, or not confirmed yet has no receipt.
        for (at, value, status) in [("/decision", "refused", 404), ("/decision", "pending", 404), ("/method", "oral", 409)] {
            let id = consented(&clerk, &sheet_id, &with(&consent(&service, &[a], &["identity"]), at, json!(value)));
            assert_eq!(clerk.get(&receipt_path(&id, a)).status, status, "{value}");
        }
        // Lists that do not exist yet.
        service.anonymous().get("/api/v1/consents/status?list=1").problem(404, "not-found");
        for bad in ["list=-1", "list=x", "list=99999999999", "liste=0"] {
            assert!(matches!(service.anonymous().get(&format!("/api/v1/consents/status?{bad}")).status, 400 | 422), "{bad}");
        }
    }

    fn the_slip_says_where_what_went_and_who_has_read_it(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let codes = agencies(&clerk);
        let a = codes["kurashi-shigoto"].as_str();
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/slip");
        let slip = clerk.get(&path);
        assert_eq!(slip.header("content-type"), "text/html; charset=utf-8");
        assert!(slip.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
        assert_eq!((slip.header("x-content-type-options"), slip.header("cache-control")), ("nosniff".into(), "no-store".into()));
        assert!(slip.text.contains("まだ、どこにも伝えていません。") && slip.text.contains("いま有効な同意はありません。"));
        let id = consented(&clerk, &sheet_id, &consent(&service, &[a], &["identity", "topics", "opinion"]));
        let sent = relay(&clerk, &sheet_id, &id, a, &["identity", "topics", "opinion"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        let slip = clerk.get(&path).text;
        for there in ["R8-000001", "くらしとしごとの相談センター", "福祉まるごと相談課", "受理", "令和8年11月20日", "相談内容の区分", "令和9年11月19日", "だれが記録を見たか"] {
            assert!(slip.contains(there), "{there} is missing: {slip}");
        }
        // The slip shows no name, no word of the sheet, and not that staff wrote an opinion.
        let sheet = crate::forms::sheet(&service);
        for gone in ["花子", "見本", "所見", sheet["content"]["statement"]["subject_words"].as_str().unwrap()] {
            assert!(!slip.contains(gone), "{gone}: {slip}");
        }
        // A recipient's slip shows what concerns that agency, and not what other agencies have read.
        let theirs = kurashi.get(&path).text;
        assert!(theirs.contains("くらしとしごとの相談センター") && !theirs.contains("だれが記録を見たか"));
        assert_eq!(service.audit_kinds(&sheet_id).iter().filter(|kind| *kind == "slip.printed").count(), 3);
    }
}

//! `tsunagu consent verify` checks a receipt without the service, with keys and a status list from files.

use crate::program::on_each;
use serde_json::{Value, json};

on_each! {
    fn a_receipt_verifies_without_the_service_and_a_changed_or_withdrawn_one_does_not(place) {
        place.run(&["demo"]).ok();
        let serving = place.serve();
        let clerk = serving.client("madoguchi");
        let page = clerk.get("/api/v1/agencies?limit=200").ok();
        let agency = page["items"].as_array().unwrap().iter().find(|a| a["code"] == "hoken").unwrap()["id"].as_str().unwrap().to_owned();
        let now = "2026-11-01T10:00:00+09:00";
        let sheet = json!({
            "state": "registered", "received_at": now, "channel": "visit", "route": "self_visit",
            "content": {"identity": {"identity_level": "anonymous"}, "topics": {"codes": ["03"]}, "statement": {"subject_words": "見本です。"}, "risk": {"flags": []}}
        });
        let id = |made: Value| made["id"].as_str().unwrap().to_owned();
        let sheet = id(clerk.post("/api/v1/sheets", &sheet).ok());
        let consent = json!({
            "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "known", "method": "signature_paper", "purpose": "support_referral",
            "sections": ["topics"], "recipients": {"agency_ids": [agency], "classes": []}, "exclusions": [], "allow_onward": "no",
            "allow_report_back": true, "obtained_at": now, "effective_until": "2031-03-31"
        });
        let consent = id(clerk.post(&format!("/api/v1/sheets/{sheet}/consents"), &consent).ok());
        let receipt = clerk.get(&format!("/api/v1/consents/{consent}/receipt?agency_id={agency}")).text;
        let status = || clerk.get("/api/v1/consents/status?list=0").text;
        place.write("receipt.jws", &receipt);
        place.write("jwks.json", &clerk.get("/.well-known/jwks.json").text);
        place.write("status.jwt", &status());
        let verify = |more: &[&str]| {
            let said = place.run(&[&["consent", "verify", "receipt.jws", "--jwks", "jwks.json"], more].concat());
            (said.code, said.out)
        };
        let (code, said) = verify(&[]);
        assert_eq!((code, said.starts_with("valid as of 20"), said.contains("--status")), (0, true, true), "{said}");
        let (code, said) = verify(&["--status", "status.jwt"]);
        assert_eq!((code, said.starts_with("valid as of 20")), (0, true), "{said}");
        clerk.post(&format!("/api/v1/consents/{consent}/withdrawal"), &json!({"by": "self", "method": "phone"})).ok();
        crate::program::until("the status list tells it", || {
            place.write("status.jwt", &status());
            let (code, said) = verify(&["--status", "status.jwt"]);
            (code == 2 && said.starts_with("withdrawn, as of 20")).then_some(())
        });
        // Files of the day before do not know of the withdrawal, and the output says from when they are.
        assert_eq!(verify(&[]).0, 0);

        // A new master key signs now; earlier receipts still verify, and the old files do not know the new key.
        serving.stop();
        let key = place.read(place.key());
        // 32 bytes, all of them 0x55.
        place.write(place.key(), &format!("{}\nv2 {}\n", key.trim_end(), "VVVV".repeat(10) + "VVU="));
        let serving = place.serve();
        let clerk = serving.client("madoguchi");
        let newer = clerk.get(&format!("/api/v1/consents/{consent}/receipt?agency_id={agency}")).text;
        let keys = clerk.get("/.well-known/jwks.json").text;
        place.write("both.json", &keys);
        place.write("newer.jws", &newer);
        let code = |receipt: &str, keys: &str| place.run(&["consent", "verify", receipt, "--jwks", keys]).code;
        assert_eq!((code("receipt.jws", "both.json"), code("newer.jws", "both.json"), code("newer.jws", "jwks.json")), (0, 0, 1));

        // A changed receipt, a receipt in place of a list, a list in place of a receipt, and a file that is neither.
        let (head, tail) = receipt.split_at(receipt.len() - 20);
        place.write("changed.jws", &format!("{head}{}", tail.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect::<String>()));
        assert_eq!(code("changed.jws", "both.json"), 1);
        place.write("poem.txt", "古池や\n");
        for (receipt, keys) in [("poem.txt", "both.json"), ("receipt.jws", "poem.txt"), ("status.jwt", "both.json"), ("nowhere", "both.json")] {
            assert_eq!(code(receipt, keys), 4, "{receipt} {keys}");
        }
        assert_eq!(verify(&["--status", "receipt.jws"]).0, 4);
    }
}

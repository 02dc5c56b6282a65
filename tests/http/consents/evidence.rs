//! A signature on a pad is bound to the text that was shown beside it.

use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::{Eye, MARK, agencies, silent, text, with};
use serde_json::{Value, json};
use tests::{Answer, Client, on_both};

fn signature(text_hash: &Value) -> Value {
    // The number 1411 stands nowhere else.
    let strokes = json!([[[1411, 3, 0], [1412, 4, 8], [5, 6, 16]], [[7, 8, 300]]]);
    json!({"signature": {"strokes": strokes, "width": 1500, "height": 500, "text_hash": text_hash}})
}

fn add(client: &Client, consent_id: &str, body: &Value) -> Answer {
    client.post(&format!("/api/v1/consents/{consent_id}/evidence"), body)
}

on_both! {
    fn a_signature_is_kept_with_the_consent_and_its_hash_is_told(service) {
        let (clerk, kurashi, auditor) = (service.login("madoguchi"), service.login("kurashi"), service.login("kansa"));
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let form = with(&consent(&service, &[&to], &["identity"]), "/method", json!("signature_pad"));
        let consent_id = consented(&clerk, &sheet_id, &form);
        let path = format!("/api/v1/consents/{consent_id}");
        let given = clerk.get(&path).ok();
        assert_eq!(given["evidence"], json!([]));
        let body = signature(&given["explained_text_hash"]);
        let signed = add(&clerk, &consent_id, &body).ok();
        let evidence = signed["evidence"][0].clone();
        assert_eq!((text(&evidence["sha256"]).len(), &evidence["kind"]), (64, &json!("signature")));
        // A reader who may read the words of the consent may see the signature.
        let read = clerk.get(&format!("{path}/evidence")).ok();
        assert_eq!((&read["items"][0]["signature"], &read["items"][0]["sha256"]), (&body["signature"], &evidence["sha256"]));
        // Another signature has another hash; the fifth is the last.
        let mut other = body.clone();
        other["signature"]["strokes"][1][0] = json!([7, 9, 300]);
        assert_ne!(add(&clerk, &consent_id, &other).ok()["evidence"][1]["sha256"], evidence["sha256"]);
        for _ in 0..3 {
            assert_eq!(add(&clerk, &consent_id, &body).status, 201);
        }
        assert_eq!(add(&clerk, &consent_id, &body).pointers(422, "invalid-input"), [""]);
        // A recipient is told that the consent was signed, but neither a recipient nor the auditor sees a stroke.
        let sent = relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        for reader in [&kurashi, &auditor] {
            let answer = reader.get(&path);
            assert!(!answer.text.contains("[1411") && answer.ok()["evidence"][0]["sha256"] == evidence["sha256"]);
            reader.get(&format!("{path}/evidence")).problem(403, "forbidden");
            add(reader, &consent_id, &body).problem(403, "forbidden");
        }
        let kinds = service.audit_kinds(&sheet_id);
        assert_eq!(kinds.iter().filter(|kind| *kind == "consent.evidence_added").count(), 5);
        assert!(kinds.contains(&"consent.evidence_read".to_owned()));
        // It is searched as a whole word: a hash may hold these digits by chance.
        assert!(service.audit_export().split(|c: char| !c.is_ascii_alphanumeric()).all(|word| word != "1411"));
    }

    fn a_signature_that_does_not_hold_is_refused_at_its_place(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let shown = clerk.get("/api/v1/notices").ok()["items"][0]["variants"].clone();
        let body = signature(&shown[0]["text_hash"]);
        let before = Eye::of(&service).all();
        let many = |strokes: usize, points: usize| json!(vec![vec![[1, 1, 1]; points]; strokes]);
        for (field, values) in [
            ("text_hash", vec![shown[1]["text_hash"].clone(), json!(""), json!(MARK)]),
            ("width", vec![json!(0), json!(10_001), json!(-1), json!("1")]),
            ("height", vec![json!(0), json!(10_001), json!(1.5)]),
            ("strokes", vec![json!([]), json!([[]]), many(201, 1), many(2, 4001), json!([[[1501, 1, 0]]]), json!([[[1, 501, 0]]]), json!([[[1, 1, 5], [1, 1, 4]]])]),
        ] {
            for value in values {
                let pointer = format!("/signature/{field}");
                let refused = silent(add(&clerk, &consent_id, &with(&body, &pointer, value.clone())));
                assert_eq!(refused.pointers(422, "invalid-input"), [pointer], "{value}");
            }
        }
        for strokes in [json!([[[1, 2]]]), json!([[[1, 2, 3, 4]]]), json!([[["1", 2, 3]]]), json!(MARK)] {
            assert_eq!(silent(add(&clerk, &consent_id, &with(&body, "/signature/strokes", strokes))).status, 422);
        }
        assert_eq!(silent(add(&clerk, &consent_id, &with(&body, "/signature/ZZmarkerZZ", json!(1)))).status, 400);
        assert_eq!(Eye::of(&service).all(), before);
        assert_eq!(add(&clerk, &consent_id, &with(&body, "/signature/strokes", many(2, 4000))).status, 201);
    }
}

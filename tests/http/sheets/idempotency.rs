//! A request that is sent twice takes effect once.

use crate::forms::sheet;
use crate::probe::{Eye, MARK, ids, silent, with};
use serde_json::json;
use tests::on_both;

on_both! {
    fn the_same_key_and_body_replay_the_answer_to_the_byte(service) {
        let clerk = service.login("madoguchi");
        let colleague = service.login("kacho");
        let eye = Eye::of(&service);
        let body = sheet(&service);
        let first = clerk.post_with_key("/api/v1/sheets", &body, "key-1");
        assert_eq!((first.status, first.header("idempotent-replayed").as_str()), (201, ""));
        // This also holds for another log-in of the same person, and later.
        service.advance_seconds(60);
        for again in [&clerk, &service.login("madoguchi")] {
            let second = again.post_with_key("/api/v1/sheets", &body, "key-1");
            assert_eq!((second.status, second.header("idempotent-replayed").as_str()), (201, "true"));
            assert_eq!(second.text.as_bytes(), first.text.as_bytes());
            for name in ["etag", "location", "content-type"] {
                assert_eq!(second.header(name), first.header(name));
            }
        }
        // Each replay is noted as a reading of what it shows.
        let sheet_id = first.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(service.audit_kinds(&sheet_id), ["sheet.created", "sheet.registered", "sheet.read", "sheet.read"]);
        let before = eye.all();
        // For another body or another operation the key is already taken.
        let other = with(&body, "/content/statement/wish", json!(MARK));
        silent(clerk.post_with_key("/api/v1/sheets", &other, "key-1")).problem(422, "idempotency-key-reused");
        let path = first.header("location");
        let entry = json!({"occurred_at": service.now(), "method": "phone", "text": MARK, "section": "opinion"});
        silent(clerk.post_with_key(&format!("{path}/entries"), &entry, "key-1")).problem(422, "idempotency-key-reused");
        assert_eq!(eye.all(), before);
        // Another person's key is another key.
        let theirs = colleague.post_with_key("/api/v1/sheets", &body, "key-1");
        assert_eq!((theirs.status, theirs.header("idempotent-replayed").as_str()), (201, ""));
        assert_ne!(theirs.json()["id"], first.json()["id"]);
        // A refusal does not use up the key: the corrected request works with the same key.
        let wrong = with(&body, "/channel", json!(MARK));
        silent(clerk.post_with_key("/api/v1/sheets", &wrong, "key-2")).problem(422, "invalid-input");
        assert_eq!(clerk.post_with_key("/api/v1/sheets", &body, "key-2").status, 201);
        assert_eq!(ids(&clerk.get("/api/v1/sheets").ok()).len(), 3);
    }

    fn eight_at_once_with_one_key_make_one_sheet(service) {
        let clerk = service.login("madoguchi");
        let body = sheet(&service);
        for round in 0..3 {
            let key = format!("key-{round}");
            let answers = std::thread::scope(|scope| {
                let senders: Vec<_> = (0..8).map(|_| scope.spawn(|| clerk.post_with_key("/api/v1/sheets", &body, &key))).collect();
                senders.into_iter().map(|s| s.join().unwrap()).collect::<Vec<_>>()
            });
            for answer in &answers {
                assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
            }
            assert_eq!(answers.iter().filter(|a| a.header("idempotent-replayed") == "true").count(), 7);
            assert_eq!(answers[0].json()["number"], format!("R8-{:06}", round + 1));
        }
        assert_eq!(ids(&clerk.get("/api/v1/sheets").ok()).len(), 3);
        let created = Eye::of(&service).events().into_iter().filter(|e| e.starts_with("sheet.created")).count();
        assert_eq!(created, 3);
    }
}

//! A young carer (ヤングケアラー): a girl of thirteen whose mother consents for her, and a school that was not in the directory.

use crate::forms::{confirmed, consent, etag, id, moved, relay_path};
use crate::telling::{Sheet, Wish, clauses, ids, keys, mails, shows, shows_nothing, told, why_not};
use serde_json::{Value, json};
use tests::{Service, on_both};

const SECRET: [&str; 8] = ["若葉野", "みどり子", "ワカバノ", "千草", "2013-05-05", "通院", "ケアラー", "見本学園"];

/// The consent: everything but health, including sections in which nobody wrote anything.
const AGREED: [&str; 6] = ["identity", "contact", "household", "topics", "statement", "third_party"];
/// The sections of the consent that are filled.
const FILLED: [&str; 5] = ["identity", "contact", "household", "topics", "statement"];

fn typed(service: &Service, wish: Option<&str>, done_here: Option<&str>) -> Value {
    let mut sheet = json!({
        "state": "registered",
        "received_at": service.now(),
        "channel": "phone",
        "route": "agency",
        "visitor": {"name": "若葉野 千草", "kana": "ワカバノ チグサ", "phone": "090-0000-1313", "relation": "母"},
        "urgency": "early",
        "address_secret": "none",
        "content": {
            "identity": {
                "family_name": "若葉野", "given_name": "みどり子", "kana_family": "ワカバノ", "kana_given": "ミドリコ",
                "birth_date": "2013-05-05", "sex": "2", "identity_level": "verified"
            },
            "contact": {"phones": [{"number": "090-0000-1313", "kind": "mobile", "safe_to_call": true, "safe_to_leave_message": true}]},
            "household": [
                {"name": "若葉野 千草", "relation": "母", "lives_together": true, "own_consent": "given"},
                {"relation": "弟", "birth_date": "2021-01-01", "lives_together": true}
            ],
            "topics": {"codes": ["11", "10"], "main": "11", "other": "ヤングケアラー"},
            "statement": {"subject_words": "弟の世話で、部活に出られない。"},
            "health": {"note": "母が通院中(見本)。"},
            "risk": {"flags": []}
        }
    });
    if let Some(wish) = wish {
        sheet["content"]["statement"]["wish"] = json!(wish);
    }
    if let Some(done) = done_here {
        sheet["content"]["statement"]["done_here"] = json!(done);
    }
    sheet
}

fn school(agreement: Value) -> Value {
    json!({
        "code": "mihon-gakuen", "name": "見本学園中学校", "kana": "みほんがくえんちゅうがっこう", "parent_id": null, "class": "school",
        "topics": ["11"], "mailbox": "mihon-gakuen@example.jp", "phone": "03-0000-1313", "hub": false,
        "active_from": "2026-04-01", "active_until": null, "agreement": agreement
    })
}

on_both! {
    fn a_young_carer(service) {
        let origin = service.agency("fukushi-marugoto");
        let hoken_id = service.agency("hoken");
        let [madoguchi, hoken, admin] = ["madoguchi", "hoken", "admin"].map(|login| service.login(login));

        // The school is not in the directory yet: a counter clerk may not add it, but the administrator does, and a teacher gets a log-in.
        madoguchi.post("/api/v1/agencies", &school(Value::Null)).problem(403, "forbidden");
        let made = admin.post("/api/v1/agencies", &school(Value::Null));
        let school_id = id(made.clone());
        assert_eq!((&made.json()["class"], &made.json()["agreement"]), (&json!("school"), &Value::Null));
        service.hire("gakuen", "hokago-no-kodama", &json!({"agency_id": school_id, "role": "counter", "valid_from": "2026-04-01"}));
        let gakuen = service.login_with("gakuen", "hokago-no-kodama");

        // A social worker calls and says enough to register the sheet, but not enough to pass it on.
        let sheet = Sheet { service: &service, id: id(madoguchi.post("/api/v1/sheets", &typed(&service, None, None))) };
        sheet.stands(&madoguchi, "registered", &origin);

        // The mother consents for the child; the form must name her.
        let mut by_mother = consent(&service, &[&school_id, &hoken_id], &AGREED);
        by_mother["given_by"] = json!({"kind": "legal_representative"});
        by_mother["allow_report_back"] = json!(false);
        assert_eq!(madoguchi.post(&sheet.path("/consents"), &by_mother).pointers(422, "invalid-input"), ["/given_by/name", "/given_by/authority_document", "/given_by/capacity_note", "/given_by/subject_intent"]);
        sheet.stands(&madoguchi, "registered", &origin);
        by_mother["given_by"] = json!({
            "kind": "legal_representative", "name": "若葉野 千草", "relation": "母", "authority_document": "戸籍謄本(見本)",
            "capacity_note": "13歳。話を聞き、内容は分かっている。", "subject_intent": "agrees"
        });
        let given = madoguchi.post(&sheet.path("/consents"), &by_mother).ok();
        assert_eq!((&given["state"], &given["given_by"]["subject_intent"]), (&json!("effective"), &json!("agrees")));
        let consent_id = given["id"].as_str().unwrap().to_owned();
        sheet.stands(&madoguchi, "consented", &origin);
        // The auditor sees that a representative consented, not who.
        let audited = service.login("kansa").get(&format!("/api/v1/consents/{consent_id}")).ok();
        assert_eq!((&audited["given_by"]["kind"], &audited["given_by"]["name"]), (&json!("legal_representative"), &Value::Null));

        // Without an agreement the school may not be told; with health, which the mother kept back, two things are wrong.
        let wish = Wish { to: &school_id, sections: &AGREED, consent: &consent_id, parent: None, request: "学校での様子を見てください。" };
        let preview = sheet.preview(&madoguchi, wish);
        assert_eq!((&preview["allowed"], &preview["disclosure"]), (&json!(false), &Value::Null));
        assert_eq!(clauses(&preview), ["agreement_missing"]);
        let with_health = Wish { sections: &["identity", "health"], ..wish };
        assert_eq!(clauses(&sheet.preview(&madoguchi, with_health)), ["section_not_covered", "agreement_missing"]);
        assert_eq!(sheet.send(&madoguchi, wish, &preview).clauses(), ["agreement_missing"]);
        let agreement = json!({"number": "令8見本第13号", "valid_from": "2026-11-01", "valid_until": "2027-03-31"});
        let place = format!("/api/v1/agencies/{school_id}");
        admin.put_plain(&place, &school(agreement.clone())).problem(428, "precondition-required");
        admin.put(&place, &school(agreement.clone()), "\"7\"").problem(412, "stale-revision");
        let changed = admin.put(&place, &school(agreement.clone()), &made.etag());
        assert_eq!((changed.etag(), &changed.ok()["pending"]["agreement"]), ("\"2\"".to_owned(), &agreement));
        assert_eq!(clauses(&sheet.preview(&madoguchi, with_health)), ["section_not_covered", "agreement_missing"]);
        assert_eq!(confirmed(&service, &school_id)["agreement"], agreement);
        assert_eq!(clauses(&sheet.preview(&madoguchi, with_health)), ["section_not_covered"]);

        // The consent allows the relay, but the sheet is incomplete: what was done here is missing.
        let again = sheet.preview(&madoguchi, wish);
        assert_eq!((&again["allowed"], &again["missing"][0]["pointer"]), (&json!(true), &json!("/content/statement/done_here")));
        let missing = sheet.send(&madoguchi, wish, &preview).pointers(422, "invalid-input");
        assert_eq!(missing, ["/content/statement/done_here"]);
        assert_eq!(ids(&gakuen.get("/api/v1/relays?box=inbox").ok()), Vec::<String>::new());
        let at = etag(&sheet.read(&madoguchi));
        let typed_on = typed(&service, None, Some("学校に電話した。"));
        madoguchi.put(&sheet.path(""), &typed_on, &at).ok();
        madoguchi.put(&sheet.path(""), &typed_on, &at).problem(412, "stale-revision");
        // The preview is not what would go now.
        sheet.send(&madoguchi, wish, &preview).problem(409, "preview-outdated");
        let preview = sheet.preview(&madoguchi, wish);
        assert_eq!((&preview["allowed"], keys(&preview["disclosure"])), (&json!(true), FILLED.into_iter().collect()));
        let sent = sheet.send(&madoguchi, wish, &preview).ok();
        // The brother is small, and nobody asked who may speak for him: the preview says that he is left out, and the school is told nothing of him.
        let brother = json!({"index": 1, "name": null, "relation": "弟", "own_consent": "unknown"});
        assert_eq!((&preview["household_left_out"], &sent["household_members"]), (&json!([brother]), &json!([])));
        assert_eq!(preview["disclosure"]["household"].as_array().unwrap().len(), 1);
        let arrived = "つなぎが届いています";
        // The teacher came in by an invitation.
        let invited = ("mihon-gakuen", "一度だけのコードでパスワードが決められました");
        assert_eq!(mails(&service, &SECRET), told(&[("mihon-gakuen", arrived), invited]));

        // Health is withheld although filled, and opinion although empty: the school cannot tell the two apart.
        let opened = moved(&gakuen, &sent, "receive", &json!({}));
        shows(&opened, &FILLED, &AGREED);
        assert_eq!(why_not(&opened, "health"), "同意の範囲外");
        assert_eq!(why_not(&opened, "health"), why_not(&opened, "opinion"));
        assert!(!opened.to_string().contains("通院"));
        gakuen.get(&sheet.path("")).problem(403, "forbidden");

        // The school wants to know what she wishes, and sends it back.
        let back = json!({"missing": ["本人の希望", "学校に来られる曜日"], "note": "本人が何を望むかを書いてください。"});
        let returned = moved(&gakuen, &sent, "return", &back);
        assert_eq!(returned["state"], "returned");
        shows_nothing(&returned, "つなぎの終了");
        gakuen.get(&sheet.path("")).problem(404, "not-found");
        let seen = madoguchi.get(&relay_path(&sent)).ok();
        assert_eq!((&seen["missing"], &seen["note"]), (&back["missing"], &back["note"]));
        sheet.stands(&madoguchi, "relaying", &origin);
        assert_eq!(mails(&service, &SECRET), told(&[("fukushi-marugoto", "つなぎが差し戻されました")]));
        gakuen.step(&format!("{}/accept", relay_path(&sent)), &json!({}), &etag(&returned)).problem(409, "invalid-transition");

        // The clerk completes the sheet. In between it lacks something that a relay needs, and then it does not go.
        let resend = format!("{}/resend", relay_path(&sent));
        let old = json!({"disclosure_digest": preview["disclosure_digest"]});
        let at = etag(&sheet.read(&madoguchi));
        let half = madoguchi.put(&sheet.path(""), &typed(&service, Some("部活に出たい。"), None), &at).ok();
        let halfway = sheet.preview(&madoguchi, wish);
        let lacking = madoguchi.step(&resend, &json!({"disclosure_digest": halfway["disclosure_digest"]}), &etag(&returned));
        assert_eq!(lacking.pointers(422, "invalid-input"), ["/content/statement/done_here"]);
        madoguchi.step(&resend, &old, &etag(&returned)).problem(409, "preview-outdated");
        let whole = madoguchi.put(&sheet.path(""), &typed(&service, Some("部活に出たい。水曜は来られる。"), Some("学校に電話した。")), &etag(&half)).ok();
        madoguchi.step(&resend, &old, &etag(&returned)).problem(409, "preview-outdated");
        assert_eq!(gakuen.get(&relay_path(&sent)).ok()["state"], "returned");
        let fresh = sheet.preview(&madoguchi, wish);
        assert_eq!(fresh["disclosure"]["statement"]["wish"], "部活に出たい。水曜は来られる。");
        assert_ne!(fresh["disclosure_digest"], preview["disclosure_digest"]);
        let resent = madoguchi.step(&resend, &json!({"disclosure_digest": fresh["disclosure_digest"]}), &etag(&returned)).ok();
        assert_eq!(resent["state"], "sent");
        assert_ne!(resent["disclosure_digest"], sent["disclosure_digest"]);
        assert_eq!((&resent["missing"], &resent["id"]), (&json!([]), &sent["id"]));
        // The relay counts as unopened again.
        shows_nothing(&gakuen.get(&relay_path(&sent)).ok(), "受領前");
        assert_eq!(mails(&service, &SECRET), told(&[("mihon-gakuen", arrived)]));
        // Every version stays readable, but only at the origin.
        let first = madoguchi.get(&sheet.path("/revisions/1")).ok();
        assert_eq!(first["content"]["statement"]["done_here"], Value::Null);
        let kept = madoguchi.get(&sheet.path(&format!("/revisions/{}", whole["revision"]))).ok();
        assert_eq!(kept["content"]["statement"], whole["content"]["statement"]);

        let accepted = moved(&gakuen, &sent, "accept", &json!({"contact_by": "2026-11-25"}));
        assert_eq!(accepted["content"]["statement"]["wish"], "部活に出たい。水曜は来られる。");
        for view in [accepted, sheet.read(&gakuen)] {
            shows(&view, &FILLED, &AGREED);
            assert_eq!(why_not(&view, "health"), "同意の範囲外");
        }
        gakuen.get(&sheet.path("/revisions/1")).problem(403, "forbidden");
        sheet.stands(&gakuen, "in_support", &school_id);
        assert_eq!(mails(&service, &SECRET), told(&[("fukushi-marugoto", "つなぎが受理されました")]));

        // She did not want the school to write back: the school may report only that it goes on.
        let now = gakuen.get(&relay_path(&sent)).ok();
        let report = format!("{}/report", relay_path(&sent));
        let words = json!({"result": "support_started", "text": "水曜に部活に出るようになった。"});
        assert_eq!(gakuen.step(&report, &words, &etag(&now)).clauses(), ["report_back_not_allowed"]);
        assert_eq!(madoguchi.get(&relay_path(&sent)).ok()["state"], "accepted");
        assert_eq!(mails(&service, &SECRET), told(&[]));
        let bare = json!({"result": "support_started", "contact_made_on": "2026-11-20"});
        let reported = gakuen.step(&report, &bare, &etag(&now)).ok();
        assert_eq!((&reported["state"], &reported["report"]["result"]), (&json!("reported"), &json!("support_started")));
        assert_eq!(gakuen.step(&report, &bare, &etag(&reported)).problem(409, "invalid-transition")["state"], "reported");
        let read = madoguchi.get(&relay_path(&sent)).ok();
        let back = ["outcome", "result", "text", "contact_made_on"].map(|field| read["report"][field].clone());
        assert_eq!(back, [json!("continuing"), Value::Null, Value::Null, Value::Null]);
        assert!(service.heard_by().iter().all(|(_, answer)| !answer.contains("部活に出るようになった")));
        assert_eq!(mails(&service, &SECRET), told(&[("fukushi-marugoto", "対応結果が報告されました")]));

        // The consent names the health centre, but nothing was relayed there: it knows nothing.
        hoken.get(&sheet.path("")).problem(404, "not-found");
        hoken.get(&relay_path(&sent)).problem(404, "not-found");
        assert!(!sheet.is_listed(&hoken) && !sheet.is_found(&hoken, "ワカバ") && sheet.is_found(&gakuen, "わかば"));

        moved(&madoguchi, &sent, "confirm", &json!({}));
        sheet.close(&madoguchi, "学校に任せたため").problem(403, "forbidden");
        assert_eq!(sheet.close(&gakuen, "部活に戻れたため").ok()["state"], "closed");
        let deeds = sheet.deeds();
        assert_eq!(deeds, [
            "sheet.created", "sheet.registered", "consent.given", "relay.refused", "sheet.revised", "relay.refused", "relay.sent",
            "relay.received", "relay.returned", "relay.refused", "sheet.revised", "relay.refused", "sheet.revised", "relay.refused", "relay.resent",
            "relay.accepted", "relay.refused", "relay.reported", "relay.refused", "relay.closed", "sheet.closed",
        ]);
        assert_eq!(sheet.timeline(&madoguchi), deeds);
        assert_eq!(sheet.timeline(&gakuen), [
            "relay.sent", "relay.received", "relay.returned", "relay.refused", "relay.refused", "relay.refused", "relay.resent", "relay.accepted", "relay.refused",
            "relay.reported", "relay.refused", "relay.closed", "sheet.closed",
        ]);
        let export = service.audit_export();
        assert!(SECRET.iter().all(|word| !export.contains(word)));
        assert_eq!(server::verify(export.as_bytes()).code, 0);
    }
}

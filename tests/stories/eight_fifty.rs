//! An 8050 household: the mother comes because of her son. It is about her care, his withdrawal (ひきこもり) and their debts.

use crate::forms::{etag, id, moved, relay_path};
use crate::telling::{Sheet, Wish, clauses, ids, keys, mails, shows, shows_nothing, told, why_not};
use serde_json::{Value, json};
use tests::{Service, on_both};

/// Words that no mail and no audit event may hold.
const SECRET: [&str; 8] = ["小春日", "進一郎", "コハルビ", "梅野", "1974-06-03", "ひきこもり", "介護", "滞納"];

const FOR_KURASHI: [&str; 6] = ["identity", "contact", "topics", "statement", "life", "arrears"];
const FOR_HOKEN: [&str; 5] = ["identity", "contact", "topics", "statement", "health"];
const FOR_NOZEI: [&str; 3] = ["identity", "topics", "arrears"];
const FOR_NPO: [&str; 5] = ["identity", "contact", "topics", "statement", "arrears"];

fn typed(service: &Service, state: &str) -> Value {
    json!({
        "state": state,
        "received_at": service.now(),
        "channel": "visit",
        "route": "family_visit",
        "visitor": {"name": "小春日 梅野", "kana": "コハルビ ウメノ", "phone": "090-0000-8050", "relation": "母"},
        "urgency": "early",
        "address_secret": "none",
        "content": {
            "identity": {
                "family_name": "小春日", "given_name": "進一郎", "kana_family": "こはるび", "kana_given": "しんいちろう",
                "birth_date": "1974-06-03", "sex": "1", "identity_level": "name_only"
            },
            "contact": {"phones": [{"number": "03-0000-8050", "kind": "home", "safe_to_call": true, "safe_to_leave_message": false, "note": "昼は母が出る"}]},
            "address": {"postal_code": "1200000", "full": "東京都見本区見本町八丁目50番", "no_fixed_abode": false},
            "household": [{"name": "小春日 梅野", "relation": "母", "birth_date": "1944-01-08", "lives_together": true, "own_consent": "none", "note": "要介護1(見本)"}],
            "topics": {"codes": ["12", "13", "05"], "main": "13"},
            "statement": {
                "subject_words": "母の話: 息子が二十年ほど家から出ない。自分の介護が要るようになり、先が心配。",
                "wish": "息子に合う居場所を知りたい。", "done_here": "母から聞き取り、息子本人の意向を確かめることにした。"
            },
            "life": {"employment": "無職(二十年)", "housing": "持家(母名義)", "health_insurance": "国保"},
            "arrears": {"kinds": ["health_insurance", "tax"], "note": "国保を四期分(見本)"},
            "health": {"note": "眠れない日が続く(母の話)。"},
            "risk": {"flags": []},
            "opinion": {"text": "訪問を急がず、手紙から始めるのがよい。"},
            "third_party": [{"source": "見本町会の民生委員", "text": "夜に買物に出る姿を見る。"}]
        }
    })
}

fn consent(service: &Service, agencies: &[&str], change: Value) -> Value {
    let mut consent = json!({
        "decision": "granted",
        "given_by": {"kind": "self"},
        "identity_check": "questions",
        "method": "oral",
        "purpose": "support_referral",
        "sections": ["identity", "contact", "household", "topics", "statement", "life", "arrears", "health"],
        "recipients": {"agency_ids": agencies, "classes": []},
        "exclusions": [],
        "allow_onward": "named",
        "allow_report_back": true,
        "obtained_at": service.now(),
        "effective_until": "2027-11-19"
    });
    for (key, value) in change.as_object().unwrap() {
        consent[key] = value.clone();
    }
    consent
}

on_both! {
    fn an_8050_household(service) {
        let [origin, kurashi_id, hoken_id, nozei_id, npo_id] =
            ["fukushi-marugoto", "kurashi-shigoto", "hoken", "nozei", "npo-safetynet"].map(|code| service.agency(code));
        let [madoguchi, kacho, kurashi] = ["madoguchi", "kacho", "kurashi"].map(|login| service.login(login));

        // The mother sits at the counter: the clerk types what she says and saves it.
        let draft = madoguchi.post("/api/v1/sheets", &json!({"state": "draft", "content": {"statement": {"subject_words": "母の話"}}}));
        let sheet = Sheet { service: &service, id: id(draft) };
        let draft = sheet.read(&madoguchi);
        assert_eq!((&draft["state"], &draft["number"]), (&json!("draft"), &Value::Null));
        kurashi.get(&sheet.path("")).problem(404, "not-found");
        let registered = madoguchi.put(&sheet.path(""), &typed(&service, "registered"), &etag(&draft)).ok();
        assert_eq!((&registered["state"], &registered["number"]), (&json!("registered"), &json!("R8-000001")));
        assert_eq!(registered["visitor"]["relation"], "母");
        // The colleagues see it too, with the kana as the register writes them; nobody else does.
        let seen = sheet.read(&kacho);
        assert_eq!(seen["content"]["identity"]["kana_family"], "コハルビ");
        assert!(sheet.is_listed(&kacho) && sheet.is_found(&kacho, "こはる"));
        assert!(!sheet.is_listed(&kurashi) && !sheet.is_found(&kurashi, "こはる"));
        kurashi.get(&sheet.path("")).problem(404, "not-found");

        // The son says on the telephone: not yet.
        let pending = consent(&service, &[], json!({"decision": "pending", "method": "phone", "sections": []}));
        let pending = madoguchi.post(&sheet.path("/consents"), &pending).ok();
        assert_eq!((&pending["state"], &pending["version"]), (&json!("pending"), &json!(1)));
        // Ten open days later; 勤労感謝の日 is not one.
        assert_eq!((&pending["follow_up_on"], &pending["witness"]["state"]), (&json!("2026-12-07"), &json!("not_needed")));
        sheet.stands(&madoguchi, "consent_pending", &origin);
        let [first, deferred] = [&sheet.id, &pending["id"].as_str().unwrap().to_owned()].map(String::clone);
        let to_kurashi = |consent| Wish { to: &kurashi_id, sections: &FOR_KURASHI, consent, parent: None, request: "家計と就労の相談をお願いします。" };
        let preview = sheet.preview(&madoguchi, to_kurashi(&deferred));
        assert_eq!((&preview["allowed"], &preview["disclosure"]), (&json!(false), &Value::Null));
        assert_eq!(clauses(&preview), ["pending"]);
        assert_eq!(sheet.send(&madoguchi, to_kurashi(&deferred), &preview).clauses(), ["pending"]);
        assert_eq!(ids(&kurashi.get("/api/v1/relays?box=inbox").ok()), Vec::<String>::new());
        assert_eq!(mails(&service, &SECRET), told(&[]));

        // Ten days later he says yes at the door; the head of section stands beside him and must confirm it.
        service.set_clock("2026-11-30T10:00:00+09:00");
        let [madoguchi, kacho, kurashi, hoken, zei, npo] = ["madoguchi", "kacho", "kurashi", "hoken", "zei", "npo"].map(|login| service.login(login));
        let beside = kacho.get("/api/v1/session").ok()["staff"]["id"].clone();
        let oral = consent(&service, &[&kurashi_id, &hoken_id, &nozei_id], json!({"witness_staff_id": beside}));
        let oral = madoguchi.post(&sheet.path("/consents"), &oral).ok();
        assert_eq!((&oral["state"], &oral["version"], &oral["witness"]["state"]), (&json!("pending"), &json!(2), &json!("awaited")));
        sheet.stands(&madoguchi, "consent_pending", &origin);
        let oral = oral["id"].as_str().unwrap().to_owned();
        assert_eq!(sheet.relay(&madoguchi, to_kurashi(&oral)).clauses(), ["witness_missing"]);

        let witness = format!("/api/v1/consents/{oral}/witness");
        madoguchi.post(&witness, &json!({"confirmed": true})).problem(422, "invalid-input");
        kurashi.post(&witness, &json!({"confirmed": true})).problem(404, "not-found");
        assert_eq!(sheet.relay(&madoguchi, to_kurashi(&oral)).clauses(), ["witness_missing"]);
        let confirmed = kacho.post(&witness, &json!({"confirmed": true})).ok();
        assert_eq!((&confirmed["state"], &confirmed["witness"]["staff_id"]), (&json!("effective"), &beside));
        assert_eq!(kacho.post(&witness, &json!({"confirmed": true})).problem(409, "invalid-transition")["state"], "effective");
        sheet.stands(&madoguchi, "consented", &origin);
        assert_eq!(madoguchi.get(&format!("/api/v1/consents/{deferred}")).ok()["state"], "superseded");

        // Three relays at once: all are previewed first, then all are sent.
        let to_hoken = Wish { to: &hoken_id, sections: &FOR_HOKEN, consent: &oral, parent: None, request: "息子さんへの訪問をお願いします。" };
        let to_nozei = Wish { to: &nozei_id, sections: &FOR_NOZEI, consent: &oral, parent: None, request: "分納の相談をお願いします。" };
        let wishes = [to_kurashi(&oral), to_hoken, to_nozei];
        let previews = wishes.map(|wish| sheet.preview(&madoguchi, wish));
        for (wish, preview) in wishes.iter().zip(&previews) {
            assert_eq!((&preview["allowed"], keys(&preview["disclosure"])), (&json!(true), wish.sections.iter().copied().collect()));
        }
        let [a, b, c] = [0, 1, 2].map(|n| sheet.send(&madoguchi, wishes[n], &previews[n]).ok());
        for relay in [&a, &b, &c] {
            assert_eq!((&relay["state"], &relay["hop"], &relay["reply_due"]), (&json!("sent"), &json!(1), &json!("2026-12-03")));
        }
        sheet.stands(&madoguchi, "relaying", &origin);
        let arrived = "つなぎが届いています";
        assert_eq!(mails(&service, &SECRET), told(&[("kurashi-shigoto", arrived), ("hoken", arrived), ("nozei", arrived)]));

        // The tax office opens its relay and declines: the matter is not theirs.
        let receive = format!("{}/receive", relay_path(&c));
        let once = [("content-type", "application/json"), ("idempotency-key", "receive-8050"), ("if-match", "\"1\"")];
        let opened = zei.raw("POST", &receive, &once, Some(b"{}")).ok();
        shows(&opened, &FOR_NOZEI, &FOR_NOZEI);
        let at = etag(&opened);
        let decline = format!("{}/decline", relay_path(&c));
        let why = json!({"reason": "not_our_remit", "note": "国保の滞納は、くらしとしごとの相談センターへ。"});
        assert_eq!(zei.step(&decline, &why, &at).pointers(422, "invalid-input"), ["/recommended_agency_id"]);
        assert_eq!(zei.get(&relay_path(&c)).ok()["state"], "received");
        let mut why = why;
        why["recommended_agency_id"] = json!(kurashi_id);
        let declined = zei.step(&decline, &why, &at).ok();
        assert_eq!(declined["state"], "declined");
        shows_nothing(&declined, "つなぎの終了");
        let after = zei.get(&relay_path(&c)).ok();
        shows_nothing(&after, "つなぎの終了");
        assert_eq!(after["request"], Value::Null);
        // An old answer is not shown again under its key either.
        let again = zei.raw("POST", &receive, &once, Some(b"{}")).ok();
        assert_eq!((&again["content"], &again["request"], &again["id"]), (&Value::Null, &Value::Null, &c["id"]));
        zei.get(&sheet.path("")).problem(404, "not-found");
        let back = madoguchi.get(&relay_path(&c)).ok();
        assert_eq!((&back["decline_reason"], &back["recommended_agency_id"]), (&json!("not_our_remit"), &json!(kurashi_id)));
        assert_eq!(back["note"], "国保の滞納は、くらしとしごとの相談センターへ。");
        assert_eq!(mails(&service, &SECRET), told(&[("fukushi-marugoto", "つなぎが辞退されました")]));
        sheet.stands(&madoguchi, "relaying", &origin);

        // The first receiver that accepts takes the baton; a receiver that accepts later joins.
        kurashi.get(&sheet.path("")).problem(403, "forbidden");
        let accept = format!("{}/accept", relay_path(&a));
        let key = [("content-type", "application/json"), ("idempotency-key", "accept-8050"), ("if-match", "\"1\"")];
        let accepted = kurashi.raw("POST", &accept, &key, Some(b"{}"));
        let again = kurashi.raw("POST", &accept, &key, Some(b"{}"));
        assert_eq!((again.header("idempotent-replayed").as_str(), &again.text), ("true", &accepted.text));
        let accepted = accepted.ok();
        assert_eq!(accepted["state"], "accepted");
        shows(&accepted, &FOR_KURASHI, &FOR_KURASHI);
        sheet.stands(&madoguchi, "relaying", &kurashi_id);
        moved(&hoken, &b, "receive", &json!({}));
        moved(&hoken, &b, "accept", &json!({"contact_by": "2026-12-02"}));
        for party in [&madoguchi, &kurashi, &hoken] {
            sheet.stands(party, "in_support", &kurashi_id);
        }
        shows(&sheet.read(&kurashi), &FOR_KURASHI, &FOR_KURASHI);
        shows(&sheet.read(&hoken), &FOR_HOKEN, &FOR_HOKEN);
        assert_eq!(sheet.read(&kurashi)["visitor"]["name"], "小春日 梅野");
        assert_eq!(sheet.read(&madoguchi)["withheld"], json!([]));
        assert!(sheet.is_listed(&kurashi) && sheet.is_found(&kurashi, "コハルビ") && !sheet.is_listed(&npo));
        hoken.get(&relay_path(&a)).problem(404, "not-found");
        let taken = "つなぎが受理されました";
        assert_eq!(mails(&service, &SECRET), told(&[("fukushi-marugoto", taken), ("fukushi-marugoto", taken)]));

        // Each party sees the entries of the sections that it may see.
        sheet.note(&madoguchi, "arrears", "国保の窓口と、四期分の分納を相談した。");
        sheet.note(&kurashi, "arrears", "分納の計画を一緒に作った。");
        sheet.note(&hoken, "health", "手紙に返事があった。");
        assert_eq!(sheet.entries(&kurashi), ["国保の窓口と、四期分の分納を相談した。", "分納の計画を一緒に作った。"]);
        assert_eq!(sheet.entries(&hoken), ["手紙に返事があった。"]);
        assert_eq!(sheet.entries(&madoguchi).len(), 3);

        // The sheet should go on to the NPO, but the consent names three agencies, and the NPO is none of them.
        let parent = a["id"].as_str().unwrap();
        let to_npo = |consent| Wish { to: &npo_id, sections: &FOR_NPO, consent, parent: Some(parent), request: "居場所への参加をお願いします。" };
        let refused = sheet.relay(&kurashi, to_npo(&oral)).clauses();
        assert_eq!(refused, ["onward_not_allowed"]);
        npo.get(&sheet.path("")).problem(404, "not-found");
        assert_eq!(ids(&npo.get("/api/v1/relays?box=inbox").ok()), Vec::<String>::new());
        // The refusal cannot be avoided by leaving out the relay that is continued.
        let orphan = sheet.path("/relays/preview");
        let body = json!({"to_agency_id": npo_id, "sections": FOR_NPO, "purpose": "support_referral"});
        assert_eq!(kurashi.post(&orphan, &body).pointers(422, "invalid-input"), ["/parent_relay_id"]);

        // The centre asks him, and he signs for the NPO as well.
        let wider = consent(&service, &[&kurashi_id, &hoken_id, &nozei_id, &npo_id], json!({"method": "signature_paper", "identity_check": "document"}));
        let wider = kurashi.post(&sheet.path("/consents"), &wider).ok();
        assert_eq!((&wider["state"], &wider["version"], &wider["recorded_agency_id"]), (&json!("effective"), &json!(3), &json!(kurashi_id)));
        let wider = wider["id"].as_str().unwrap().to_owned();
        assert_eq!(madoguchi.get(&format!("/api/v1/consents/{oral}")).ok()["state"], "superseded");
        for (party, relay) in [(&kurashi, &a), (&hoken, &b)] {
            assert_eq!(party.get(&relay_path(relay)).ok()["basis"]["consent_id"], json!(oral), "sent before, it keeps its version");
        }
        shows(&sheet.read(&kurashi), &FOR_KURASHI, &FOR_KURASHI);
        shows(&sheet.read(&hoken), &FOR_HOKEN, &FOR_HOKEN);
        let outdated = sheet.relay(&kurashi, to_npo(&oral)).clauses();
        assert_eq!(outdated, ["superseded", "onward_not_allowed"]);
        // The centre can pass on only what it was told itself: the consent names household and health, but the relay to the centre did not.
        let more = Wish { sections: &["identity", "household", "health"], ..to_npo(&wider) };
        assert_eq!(sheet.relay(&kurashi, more).clauses(), ["section_not_covered"]);

        let d = sheet.relay(&kurashi, to_npo(&wider)).ok();
        assert_eq!((&d["hop"], &d["parent_relay_id"], &d["from_agency_id"]), (&json!(2), &a["id"], &json!(kurashi_id)));
        assert_eq!(d["basis"]["consent_id"], json!(wider));
        sheet.stands(&madoguchi, "relaying", &kurashi_id);
        assert_eq!(mails(&service, &SECRET), told(&[("npo-safetynet", arrived)]));
        moved(&npo, &d, "accept", &json!({}));
        // The holder sent this relay, so the baton moves with it.
        sheet.stands(&npo, "in_support", &npo_id);
        shows(&sheet.read(&npo), &FOR_NPO, &FOR_NPO);
        hoken.get(&relay_path(&d)).problem(404, "not-found");
        assert_eq!(madoguchi.get(&relay_path(&d)).ok()["state"], "accepted");
        assert_eq!(mails(&service, &SECRET), told(&[("kurashi-shigoto", taken)]));

        // He takes back what concerns their debts: it closes at once, everywhere.
        let without = |sections: &[&'static str]| sections.iter().copied().filter(|s| *s != "arrears").collect::<Vec<_>>();
        let withdrawal = json!({"by": "self", "method": "phone", "reason": "お金のことは話したくない", "sections": ["arrears"]});
        let left = madoguchi.post(&format!("/api/v1/consents/{wider}/withdrawal"), &withdrawal).ok();
        assert_eq!((&left["state"], &left["withdrawals"][0]["sections"]), (&json!("effective"), &json!(["arrears"])));
        for (party, relay, told_of) in [(&kurashi, &a, &FOR_KURASHI[..]), (&npo, &d, &FOR_NPO[..])] {
            for view in [sheet.read(party), party.get(&relay_path(relay)).ok()] {
                shows(&view, &without(told_of), &without(told_of));
                assert_eq!(why_not(&view, "arrears"), "同意の撤回");
            }
        }
        shows(&sheet.read(&hoken), &FOR_HOKEN, &FOR_HOKEN);
        assert_eq!(why_not(&sheet.read(&hoken), "arrears"), "同意の範囲外");
        assert_eq!(sheet.entries(&kurashi), ["分納の計画を一緒に作った。"], "its own words stay");
        assert_eq!(sheet.read(&madoguchi)["content"]["arrears"]["note"], "国保を四期分(見本)");
        // The onward sender loses it too: it does not keep what it passed on.
        shows(&kurashi.get(&relay_path(&d)).ok(), &without(&FOR_NPO), &without(&FOR_NPO));
        let again = kurashi.raw("POST", &accept, &key, Some(b"{}")).ok();
        assert_eq!((&again["content"], &again["request"], &again["id"]), (&Value::Null, &Value::Null, &a["id"]));
        assert_eq!(sheet.relay(&madoguchi, Wish { consent: &wider, ..to_nozei }).clauses(), ["withdrawn"]);
        // The tax office had opened it before it declined, and may have a copy; the health centre was never told of arrears.
        let stopped = "共有の停止をお知らせします";
        assert_eq!(mails(&service, &SECRET), told(&[("kurashi-shigoto", stopped), ("npo-safetynet", stopped), ("nozei", stopped)]));
        sheet.stands(&madoguchi, "in_support", &npo_id);

        // Each receiver reports to the sender of its relay.
        assert_eq!(sheet.close(&npo, "早すぎる終結").problem(409, "invalid-transition")["state"], "in_support");
        let report = json!({"result": "passed_on", "text": "家計の見直しを終え、居場所につないだ。", "contact_made_on": "2026-11-30", "next_relay_ids": [d["id"]]});
        moved(&kurashi, &a, "report", &report);
        let read = madoguchi.get(&relay_path(&a)).ok();
        assert_eq!((&read["state"], &read["report"]["text"]), (&json!("reported"), &json!("家計の見直しを終え、居場所につないだ。")));
        assert_eq!(read["report"]["next_relay_ids"], json!([d["id"]]));
        npo.get(&relay_path(&a)).problem(404, "not-found");
        moved(&hoken, &b, "report", &json!({"result": "support_started", "text": "訪問を始めた。"}));
        moved(&npo, &d, "report", &json!({"result": "support_started", "text": "週一回、居場所に来ている。"}));
        assert_eq!(kurashi.get(&relay_path(&d)).ok()["report"]["text"], "週一回、居場所に来ている。");
        // The origin reads all of it; the health centre, which is a party to neither relay, reads nothing.
        let passed_by = madoguchi.get(&relay_path(&d)).ok();
        assert_eq!(passed_by["report"]["text"], "週一回、居場所に来ている。");
        hoken.get(&relay_path(&d)).problem(404, "not-found");
        let reported = "対応結果が報告されました";
        assert_eq!(mails(&service, &SECRET), told(&[("fukushi-marugoto", reported), ("fukushi-marugoto", reported), ("kurashi-shigoto", reported)]));

        // The way of the sheet, as each party sees it.
        let whole = sheet.deeds();
        assert_eq!(whole, [
            "sheet.created", "sheet.revised", "sheet.registered", "consent.given", "relay.refused",
            "consent.given", "relay.refused", "relay.refused", "consent.witnessed", "consent.operation_refused",
            "relay.sent", "relay.sent", "relay.sent", "relay.received", "relay.declined", "relay.accepted", "relay.received", "relay.accepted",
            "entry.added", "entry.added", "entry.added", "relay.refused", "consent.given", "relay.refused", "relay.refused", "relay.sent", "relay.accepted",
            "consent.withdrawn", "stop_notice.issued", "stop_notice.issued", "stop_notice.issued", "relay.refused", "sheet.refused", "relay.reported", "relay.reported", "relay.reported",
        ]);
        assert_eq!(sheet.timeline(&madoguchi), whole);
        assert_eq!(sheet.timeline(&service.login("kansa")), whole);
        assert_eq!(sheet.timeline(&kurashi), [
            "relay.sent", "relay.accepted", "entry.added", "relay.refused", "consent.given", "relay.refused", "relay.refused", "relay.sent",
            "relay.accepted", "relay.reported", "relay.reported",
        ]);
        assert_eq!(sheet.timeline(&hoken), ["relay.sent", "relay.received", "relay.accepted", "entry.added", "relay.reported"]);
        assert_eq!(sheet.timeline(&npo), ["relay.sent", "relay.accepted", "sheet.refused", "relay.reported"]);
        zei.get(&sheet.path("/timeline")).problem(404, "not-found");

        // Only the holder can close the sheet, and only when every relay is over.
        sheet.close(&madoguchi, "受付課による終結").problem(403, "forbidden");
        sheet.close(&npo, "確認前の終結").problem(409, "invalid-transition");
        moved(&madoguchi, &a, "confirm", &json!({}));
        moved(&madoguchi, &b, "confirm", &json!({}));
        sheet.close(&npo, "確認前の終結").problem(409, "invalid-transition");
        moved(&kurashi, &d, "confirm", &json!({}));
        let closed = sheet.close(&npo, "居場所に定着したため").ok();
        assert_eq!(closed["state"], "closed");
        for party in [&madoguchi, &kurashi, &hoken] {
            sheet.stands(party, "closed", &npo_id);
        }
        shows(&sheet.read(&npo), &without(&FOR_NPO), &without(&FOR_NPO));
        let now = sheet.read(&madoguchi);
        assert_eq!(madoguchi.put(&sheet.path(""), &typed(&service, "registered"), &etag(&now)).problem(409, "invalid-transition")["state"], "closed");
        assert_eq!(mails(&service, &SECRET), told(&[]));

        assert_eq!(sheet.id, first);
        let export = service.audit_export();
        assert!(SECRET.iter().all(|word| !export.contains(word)));
        let verified = server::verify(export.as_bytes());
        assert_eq!(verified.code, 0, "{}", verified.message);
    }
}

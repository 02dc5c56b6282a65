//! Work lists: what waits for whom, from which day and until when.

use crate::exceptions::{TOLD, decided, form, requested, sent};
use crate::forms::{consent, consented, id, moved, registered, relay, sheet};
use crate::probe::{agencies, text, with};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

/// The tasks of a reader: kind and due day, ordered by due day.
fn waits(client: &Client) -> Vec<(String, String)> {
    let page = client.get("/api/v1/tasks").ok();
    page["items"].as_array().unwrap().iter().map(|task| (text(&task["kind"]), text(&task["due"]))).collect()
}

fn pairs(tasks: &[(&str, &str)]) -> Vec<(String, String)> {
    tasks.iter().map(|(kind, due)| ((*kind).to_owned(), (*due).to_owned())).collect()
}

/// Sets the clock to noon of a day and runs every round once. Returns how many things were written.
fn noon_of(service: &Service, day: &str) -> usize {
    service.set_clock(&format!("{day}T12:00:00+09:00"));
    service.sweep()
}

/// A sheet of a person born on `birth`.
fn born(service: &Service, birth: &str) -> Value {
    with(&sheet(service), "/content/identity/birth_date", json!(birth))
}

/// A consent that a parent gave.
fn of_parent(service: &Service, to: &str) -> Value {
    let mut form = consent(service, &[to], &["identity"]);
    form["given_by"] = json!({
        "kind": "legal_representative", "name": "見本 母子", "relation": "母", "authority_document": "戸籍全部事項証明書",
        "capacity_note": "未成年のため、母が説明を聞いて同意しました。", "subject_intent": "agrees"
    });
    form["effective_until"] = json!("2031-11-20");
    form
}

on_both! {
    fn each_state_of_a_relay_waits_for_whoever_must_act_and_for_nobody_else(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, a, &["identity"], None).ok();
        let by = text(&sent["reply_due"]);
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[("relay_answer", &by)]), pairs(&[])));
        let item = kurashi.get("/api/v1/tasks").ok()["items"][0].clone();
        let expected = json!({
            "kind": "relay_answer", "sheet_id": sheet_id, "number": "R8-000001", "label": null, "agency_id": a, "staff_id": null, "assigned_staff_id": null, "relay_id": sent["id"],
            "consent_id": null, "exception_id": null, "stop_notice_id": null, "address_release_id": null, "from": "2026-11-20", "due": by, "open_days_left": 10
        });
        assert_eq!(item, expected);
        moved(&kurashi, &sent, "receive", &json!({}));
        assert_eq!(waits(&kurashi), pairs(&[("relay_answer", &by)]));
        service.advance_seconds(24 * 3600);
        let (clerk, kurashi, hoken) = (service.login("madoguchi"), service.login("kurashi"), service.login("hoken"));
        let returned = moved(&kurashi, &sent, "return", &json!({"missing": [], "note": "電話を教えてください。"}));
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[]), pairs(&[("relay_returned", &text(&returned["reply_due"]))])));
        let preview = json!({"to_agency_id": a, "sections": ["identity"], "purpose": "support_referral"});
        let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &preview).ok();
        moved(&clerk, &sent, "resend", &json!({"disclosure_digest": preview["disclosure_digest"]}));
        assert_eq!((waits(&kurashi).len(), waits(&clerk)), (1, pairs(&[])));
        moved(&kurashi, &sent, "accept", &json!({"contact_by": "2026-11-25"}));
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[("relay_report", "2026-11-25")]), pairs(&[])));
        moved(&kurashi, &sent, "report", &json!({"result": "support_started"}));
        // Ten open days from Saturday 21 November: Monday is a holiday.
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[]), pairs(&[("relay_confirm", "2026-12-07")])));
        moved(&clerk, &sent, "confirm", &json!({}));
        // After a decline the sender has a task until it has sent the sheet on.
        let declined = relay(&clerk, &sheet_id, &consent_id, b, &["identity"], None).ok();
        assert_eq!(waits(&hoken).len(), 1);
        moved(&hoken, &declined, "decline", &json!({"reason": "no_capacity"}));
        assert_eq!((waits(&hoken), waits(&clerk)), (pairs(&[]), pairs(&[("relay_declined", "2026-12-07")])));
        service.advance_seconds(1);
        let again = relay(&clerk, &sheet_id, &consent_id, b, &["identity"], None).ok();
        assert_eq!((waits(&hoken).len(), waits(&clerk)), (1, pairs(&[])));
        // The auditor sees that something waits in the municipality; the privacy officer, the hub and an agency without a task have nothing.
        assert_eq!(waits(&service.login("kansa")).len(), 1);
        assert_eq!((waits(&service.login("hogo")), waits(&service.login("hub")), waits(&kurashi)), (pairs(&[]), pairs(&[]), pairs(&[])));
        service.login("admin").get("/api/v1/tasks").problem(403, "forbidden");
        moved(&clerk, &again, "cancel", &json!({"reason": "試験のため"}));
        assert_eq!(waits(&service.login("kansa")), pairs(&[]));
    }

    fn a_witness_is_asked_and_the_recorder_is_not(service) {
        let (clerk, kacho, hoken) = (service.login("madoguchi"), service.login("kacho"), service.login("hoken"));
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let spoken = with(&consent(&service, &[&a], &["identity"]), "/method", json!("oral"));
        let consent_id = consented(&clerk, &sheet_id, &spoken);
        let asked = pairs(&[("consent_witness", "2026-11-26")]);
        assert_eq!((waits(&kacho), waits(&clerk), waits(&hoken)), (asked.clone(), pairs(&[]), pairs(&[])));
        kacho.post(&format!("/api/v1/consents/{consent_id}/witness"), &json!({"confirmed": true})).ok();
        assert_eq!(waits(&kacho), pairs(&[]));
        // A named witness has the task alone.
        let named = kacho.get("/api/v1/session").ok()["staff"]["id"].clone();
        consented(&hoken, &registered(&service, &hoken), &with(&spoken, "/witness_staff_id", named.clone()));
        let task = kacho.get("/api/v1/tasks").ok()["items"][0].clone();
        assert_eq!((waits(&kacho), waits(&hoken), &task["staff_id"]), (asked, pairs(&[]), &named));
    }

    fn a_refusal_or_deferral_comes_back_on_its_day_unless_something_was_said_since(service) {
        let clerk = service.login("madoguchi");
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let form = consent(&service, &[&a], &["identity"]);
        let said = |decision: &str| with(&with(&form, "/decision", json!(decision)), "/follow_up_on", json!("2026-12-01"));
        let (refused, pending, settled) = (registered(&service, &clerk), registered(&service, &clerk), registered(&service, &clerk));
        consented(&clerk, &refused, &said("refused"));
        consented(&clerk, &pending, &said("pending"));
        consented(&clerk, &settled, &said("pending"));
        consented(&clerk, &settled, &form);
        assert_eq!(noon_of(&service, "2026-11-30"), 0);
        assert_eq!(waits(&service.login("madoguchi")), pairs(&[]));
        noon_of(&service, "2026-12-01");
        let clerk = service.login("madoguchi");
        assert_eq!(waits(&clerk), pairs(&[("consent_follow_up", "2026-12-01"), ("consent_follow_up", "2026-12-01")]));
        consented(&clerk, &refused, &form);
        assert_eq!(waits(&clerk).len(), 1);
        assert_eq!(service.send_mail().len(), 0);
    }

    fn a_consent_that_runs_out_prompts_its_holder_thirty_days_before_once(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let until = |day: &str| with(&consent(&service, &[&a], &["identity"]), "/effective_until", json!(day));
        let consent_id = consented(&clerk, &sheet_id, &until("2027-03-31"));
        let sent = relay(&clerk, &sheet_id, &consent_id, &a, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        moved(&kurashi, &sent, "report", &json!({"result": "support_started"}));
        moved(&clerk, &sent, "confirm", &json!({}));
        service.send_mail();
        assert_eq!(noon_of(&service, "2027-02-28"), 0);
        assert_eq!(waits(&service.login("kurashi")), pairs(&[]));
        assert_eq!((noon_of(&service, "2027-03-01"), service.sweep()), (1, 0));
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[("consent_renewal", "2027-03-31")]), pairs(&[])));
        let mails = service.send_mail();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].header("to").contains("kurashi-shigoto") && mails[0].text().contains("令和9年3月31日"), "{}", mails[0].text());
        // The task stays until the consent is renewed, even after it has run out; a renewal that soon ends makes the task again.
        noon_of(&service, "2027-04-02");
        let kurashi = service.login("kurashi");
        // The content is closed when the consent has run out, and the copies are asked for as well.
        let stop = kurashi.get("/api/v1/tasks?kind=stop_answer").ok()["items"][0]["stop_notice_id"].clone();
        assert_eq!(waits(&kurashi), pairs(&[("consent_renewal", "2027-03-31"), ("stop_answer", "2027-04-09")]));
        kurashi.post(&format!("/api/v1/stop-notices/{}/answer", text(&stop)), &json!({"disposition": "deleted"})).ok();
        service.send_mail();
        consented(&kurashi, &sheet_id, &until("2027-04-20"));
        assert_eq!(waits(&kurashi), pairs(&[("consent_renewal", "2027-04-20")]));
        assert_eq!((service.sweep(), service.sweep(), service.send_mail().len()), (1, 0, 1));
        let renewed = consented(&kurashi, &sheet_id, &until("2028-03-31"));
        assert_eq!(waits(&kurashi), pairs(&[]));
        // After a withdrawal nothing is left to renew.
        kurashi.post(&format!("/api/v1/consents/{renewed}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        noon_of(&service, "2028-03-20");
        assert_eq!(waits(&service.login("kurashi")), pairs(&[("stop_answer", "2027-04-09")]));
    }

    fn a_guardians_consent_is_confirmed_when_the_person_comes_of_age(service) {
        let clerk = service.login("madoguchi");
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let soon = id(clerk.post("/api/v1/sheets", &born(&service, "2008-11-26")));
        let leap = id(clerk.post("/api/v1/sheets", &born(&service, "2012-02-29")));
        let grown = id(clerk.post("/api/v1/sheets", &born(&service, "2008-11-20")));
        let corrected = id(clerk.post("/api/v1/sheets", &born(&service, "2015-01-01")));
        for sheet_id in [&soon, &leap, &grown, &corrected] {
            consented(&clerk, sheet_id, &of_parent(&service, &a));
        }
        // A person who consented herself is not asked when she comes of age.
        consented(&clerk, &id(clerk.post("/api/v1/sheets", &born(&service, "2008-11-26"))), &consent(&service, &[&a], &["identity"]));
        let path = format!("/api/v1/sheets/{corrected}");
        clerk.put(&path, &born(&service, "2008-12-01"), &crate::forms::etag(&clerk.get(&path).ok())).ok();
        let due = |sheet_id: &str| -> Option<(String, String)> {
            let page = service.login("kacho").get("/api/v1/tasks?kind=consent_of_age").ok();
            let task = page["items"].as_array().unwrap().iter().find(|task| task["sheet_id"] == sheet_id).cloned();
            task.map(|task| (text(&task["from"]), text(&task["due"])))
        };
        assert_eq!(noon_of(&service, "2026-11-25"), 0);
        assert_eq!((due(&soon), due(&grown)), (None, None));
        assert_eq!((noon_of(&service, "2026-11-26"), service.sweep()), (1, 0));
        assert_eq!(due(&soon), Some(("2026-11-26".to_owned(), "2026-12-10".to_owned())));
        assert_eq!(service.send_mail().len(), 1);
        assert_eq!(noon_of(&service, "2026-12-01"), 1);
        assert_eq!((due(&corrected).map(|(from, _)| from), due(&grown)), (Some("2026-12-01".to_owned()), None));
        noon_of(&service, "2030-02-28");
        assert_eq!(due(&leap), None);
        noon_of(&service, "2030-03-01");
        assert_eq!(due(&leap).map(|(from, _)| from), Some("2030-03-01".to_owned()));
        // The person was asked and has answered: nothing waits any more.
        let clerk = service.login("madoguchi");
        consented(&clerk, &soon, &with(&consent(&service, &[&a], &["identity"]), "/effective_until", json!("2031-11-20")));
        assert_eq!(due(&soon), None);
    }

    fn a_work_list_is_paged_and_narrowed_and_as_long_with_many_versions_as_with_one(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let mut expected = Vec::new();
        for day in ["2026-12-04", "2026-11-30", "2026-12-04", "2026-11-20", "2027-11-30"] {
            let sheet_id = registered(&service, &clerk);
            for _ in 0..3 {
                consented(&clerk, &sheet_id, &consent(&service, &[&a], &["identity"]));
            }
            let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&a], &["identity"]));
            let preview = json!({"to_agency_id": a, "sections": ["identity"], "purpose": "support_referral"});
            let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &preview).ok();
            let mut body = crate::probe::relay_body(&a, &consent_id, &["identity"], &preview["disclosure_digest"]);
            body["reply_due"] = json!(day);
            clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays"), &body).ok();
            expected.push(day);
        }
        expected.sort();
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let page = kurashi.get(&format!("/api/v1/tasks?limit=2{next}")).ok();
            found.extend(page["items"].as_array().unwrap().iter().map(|task| text(&task["due"])));
            match page["next"].as_str() {
                Some(cursor) => next = format!("&after={cursor}"),
                None => break,
            }
        }
        assert_eq!(found, expected);
        let count = |query: &str| kurashi.get(&format!("/api/v1/tasks{query}")).ok()["items"].as_array().unwrap().len();
        assert_eq!([count("?due_until=2026-12-03"), count("?due_until=2026-12-04"), count("?kind=relay_report"), count("?kind=relay_answer")], [2, 4, 0, 5]);
        // Nothing waits on a voided sheet.
        let kacho = service.login("kacho");
        let first = kurashi.get("/api/v1/tasks").ok()["items"][0]["sheet_id"].clone();
        let path = format!("/api/v1/sheets/{}", text(&first));
        kacho.step(&format!("{path}/void"), &json!({"reason": "誤登録"}), &crate::forms::etag(&kacho.get(&path).ok())).ok();
        assert_eq!(count(""), 4);
        // Reading the list is noted.
        assert!(service.audit_export().contains("task.listed"));
    }

    fn an_exception_waits_for_whoever_may_decide_and_then_for_consent(service) {
        let (clerk, kacho, hogo) = (service.login("madoguchi"), service.login("kacho"), service.login("hogo"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = requested(&clerk, &sheet_id, &form("e7", &to));
        // A manager or a privacy officer other than the person who asked, within three open days from Friday the 20th.
        let asked = pairs(&[("exception_approval", "2026-11-26")]);
        assert_eq!((waits(&kacho), waits(&hogo), waits(&clerk)), (asked.clone(), asked, pairs(&[])));
        decided(&kacho, &path, "approve").ok();
        assert_eq!((waits(&kacho), waits(&hogo), waits(&clerk)), (pairs(&[]), pairs(&[]), pairs(&[])));
        let relay = sent(&clerk, &sheet_id, &path, &to, &TOLD).ok();
        moved(&service.login("hoken"), &relay, "accept", &json!({"contact_by": "2026-11-25"}));
        let (seek, follow) = (("consent_to_seek", "2026-12-07"), ("exception_follow_up", "2026-12-07"));
        assert_eq!((waits(&clerk), waits(&hogo)), (pairs(&[seek]), pairs(&[follow])));
        // Due on the same day: in the order of their ids.
        assert_eq!(waits(&kacho).into_iter().collect::<std::collections::BTreeSet<_>>(), pairs(&[seek, follow]).into_iter().collect());
        decided(&kacho, &path, "follow-up").ok();
        assert_eq!((waits(&kacho), waits(&hogo)), (pairs(&[seek]), pairs(&[])));
        // After an exception the consent is sought until the person says yes or no.
        let form = with(&consent(&service, &[&to], &["identity"]), "/decision", json!("refused"));
        consented(&clerk, &sheet_id, &with(&form, "/follow_up_on", json!("2026-12-01")));
        assert_eq!((waits(&kacho), waits(&clerk)), (pairs(&[]), pairs(&[])));
    }

    fn an_offer_of_the_baton_and_help_that_ended_wait_for_the_sender_and_its_manager(service) {
        let [clerk, kacho, kurashi] = ["madoguchi", "kacho", "kurashi"].map(|login| service.login(login));
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&a], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, &a, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({"contact_by": "2026-11-25"}));
        moved(&kurashi, &sent, "hand-back", &json!({"reason": "別の窓口のほうがよいため。"}));
        assert_eq!(waits(&clerk), pairs(&[("hand_back_answer", "2026-12-07")]));
        assert_eq!(waits(&kurashi), pairs(&[("relay_report", "2026-11-25")]));
        moved(&clerk, &sent, "hand-back/decline", &json!({"note": "もう少しお願いします。"}));
        assert_eq!(waits(&clerk), pairs(&[]));
        moved(&kurashi, &sent, "report", &json!({"result": "unreachable"}));
        let (confirm, ended) = (("relay_confirm", "2026-12-07"), ("report_without_support", "2026-12-07"));
        assert_eq!(waits(&clerk), pairs(&[confirm]));
        let mut of_manager = waits(&kacho);
        of_manager.sort();
        assert_eq!(of_manager, pairs(&[confirm, ended]));
        moved(&clerk, &sent, "confirm", &json!({}));
        assert_eq!((waits(&clerk), waits(&kacho)), (pairs(&[]), pairs(&[])));
        // Without permission to report back the sender does not hear how it ended.
        let quiet = registered(&service, &clerk);
        let silent = with(&consent(&service, &[&a], &["identity"]), "/allow_report_back", json!(false));
        let consent_id = consented(&clerk, &quiet, &silent);
        let sent = relay(&clerk, &quiet, &consent_id, &a, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        moved(&kurashi, &sent, "report", &json!({"result": "unreachable"}));
        assert_eq!(waits(&kacho), pairs(&[confirm]));
    }

    fn who_has_copies_is_asked_and_then_whoever_recorded_the_sheet_asks_again(service) {
        let [clerk, kurashi] = ["madoguchi", "kurashi"].map(|login| service.login(login));
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&a], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, &a, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        moved(&kurashi, &sent, "report", &json!({"result": "support_started"}));
        moved(&clerk, &sent, "confirm", &json!({}));
        clerk.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[("stop_answer", "2026-11-30")]), pairs(&[])));
        let stop = kurashi.get(&format!("/api/v1/sheets/{sheet_id}/stop-notices")).ok()["items"][0]["id"].clone();
        // The task stays when the sheet is voided.
        let (kacho, now) = (service.login("kacho"), clerk.get(&format!("/api/v1/sheets/{sheet_id}")).ok());
        kacho.step(&format!("/api/v1/sheets/{sheet_id}/void"), &json!({"reason": "誤って受け付けたため"}), &crate::forms::etag(&now)).ok();
        assert_eq!(waits(&kurashi), pairs(&[("stop_answer", "2026-11-30")]));
        noon_of(&service, "2026-11-30");
        assert_eq!(waits(&service.login("madoguchi")), pairs(&[]));
        noon_of(&service, "2026-12-01");
        let [clerk, kurashi] = ["madoguchi", "kurashi"].map(|login| service.login(login));
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[("stop_answer", "2026-11-30")]), pairs(&[("stop_overdue", "2026-12-07")])));
        assert_eq!(kurashi.get("/api/v1/tasks").ok()["items"][0]["stop_notice_id"], stop);
        kurashi.post(&format!("/api/v1/stop-notices/{}/answer", text(&stop)), &json!({"disposition": "deleted"})).ok();
        assert_eq!((waits(&kurashi), waits(&clerk)), (pairs(&[]), pairs(&[])));
    }

    fn a_manager_is_asked_whether_a_secret_address_may_be_told(service) {
        let [clerk, kacho] = ["madoguchi", "kacho"].map(|login| service.login(login));
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = id(clerk.post("/api/v1/sheets", &with(&sheet(&service), "/address_secret", json!("dv_measure"))));
        let asked = json!({"to_agency_id": a, "reason": "同行して訪問するため。"});
        let release = id(clerk.post(&format!("/api/v1/sheets/{sheet_id}/address-releases"), &asked));
        assert_eq!((waits(&kacho), waits(&clerk)), (pairs(&[("address_release", "2026-11-26")]), pairs(&[])));
        assert_eq!(kacho.get("/api/v1/tasks").ok()["items"][0]["address_release_id"], json!(release));
        kacho.post(&format!("/api/v1/address-releases/{release}/approve"), &json!({})).ok();
        assert_eq!(waits(&kacho), pairs(&[]));
        // A manager who asks does not decide.
        kacho.post(&format!("/api/v1/sheets/{sheet_id}/address-releases"), &json!({"to_agency_id": agencies(&clerk)["hoken"], "reason": "同上"})).ok();
        assert_eq!(waits(&kacho), pairs(&[]));
    }
}

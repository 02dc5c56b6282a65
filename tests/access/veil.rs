//! Withheld content leaves no trace. The same story is told twice, on two services without randomness. The two tellings differ only in the
//! sections that the readers were not told: long or nearly empty, with files or without, with other words and other people. Every operation
//! must answer these readers the same both times, byte for byte, so that neither a word nor a size nor a number betrays anything.

use crate::calls::{NOBODY, Things, call};
use crate::document::operations;
use crate::expectation::BY_CREDENTIALS;
use crate::forms::{self, confirmed, consent, consented, etag, id, moved};
use crate::told::{entry, excepted, marked};
use serde_json::{Value, json};
use tests::{Client, Database, Service};

/// Every section of a sheet, in two halves. One is told, the other is withheld; then the other way round.
const HALVES: [[&str; 7]; 2] = [
    ["identity", "address", "topics", "life", "health", "opinion", "history"],
    ["contact", "household", "statement", "arrears", "risk", "third_party", "attachments"],
];

/// Readers who were told the other half or part of it, or who see no content at all: a receiver that accepted, one to which it passed the
/// sheet on, one that opened and declined, one that was told by exception; 調整担当, privacy officer, auditor, administrator.
const READERS: [&str; 8] = ["kurashi", "hoken", "zei", "byoin", "hub", "hogo", "kansa", "admin"];

/// How much stands in the withheld sections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Long,
    Short,
}

/// A section, long or as short as a sheet can be registered with; none when the section can be left out.
fn section(name: &str, telling: Telling) -> Option<Value> {
    if telling == Telling::Short {
        return match name {
            "identity" => Some(json!({
                "family_name": "仮", "given_name": "名", "kana_family": "カリ", "kana_given": "ナ", "identity_level": "name_only"
            })),
            "topics" => Some(json!({"codes": ["01"], "main": "01"})),
            "statement" => Some(json!({"subject_words": "短い。", "wish": "短い。", "done_here": "短い。"})),
            "risk" => Some(json!({"flags": []})),
            _ => None,
        };
    }
    let long = |word: &str, times: usize| json!(word.repeat(times));
    Some(match name {
        "identity" => json!({
            "family_name": "印藤", "given_name": "しるす子", "kana_family": "インドウ", "kana_given": "シルスコ",
            "birth_date": "1971-03-09", "sex": "2", "identity_level": "verified"
        }),
        "contact" => json!({
            "phones": [
                {"number": "080-7777-1234", "kind": "mobile", "safe_to_call": true, "safe_to_leave_message": true, "note": "夜だけ"},
                {"number": "03-7777-1234", "kind": "home", "safe_to_call": false, "safe_to_leave_message": false}
            ],
            "email": "shirusu@example.jp"
        }),
        "address" => json!({"postal_code": "1200001", "full": "東京都秘密区番地町九丁目", "no_fixed_abode": false}),
        "household" => {
            json!([{"name": "来談者のしるし", "relation": "母", "birth_date": "1940-01-01", "own_consent": "given"}])
        }
        "topics" => json!({"codes": ["03", "05", "07"], "main": "03", "other": "その他のしるし"}),
        "statement" => json!({
            "subject_words": long("話した言葉のしるし。", 40), "wish": long("願いのしるし。", 20), "done_here": long("経過のしるし。", 20)
        }),
        "life" => json!({"employment": "無職", "housing": "借家", "note": long("暮らしのしるし。", 20)}),
        "arrears" => json!({"kinds": ["tax", "rent"], "note": long("滞納のしるし。", 20)}),
        "health" => json!({"note": long("健康のしるし。", 20)}),
        "risk" => json!({"flags": ["dv", "self_or_other_harm"], "note": long("危険のしるし。", 20)}),
        "opinion" => json!({"text": long("所見のしるし。", 20)}),
        "third_party" => json!([{"source": "近所の人のしるし", "text": long("聞いた話のしるし。", 20)}]),
        _ => return None,
    })
}

/// A story told on a service, and who reads it.
struct Town {
    service: Service,
    readers: Vec<(&'static str, Client)>,
    told: &'static [&'static str; 7],
    withheld: &'static [&'static str; 7],
    telling: Telling,
}

/// The things that the story made.
struct Case {
    sheet: String,
    consent: String,
    exception: String,
    relays: Vec<Value>,
}

impl Town {
    fn new(database: Database, told: usize, telling: Telling) -> Self {
        let service = Service::start_without_chance(database);
        let readers = READERS.map(|login| (login, service.login(login))).to_vec();
        Self { service, readers, told: &HALVES[told], withheld: &HALVES[1 - told], telling }
    }

    fn by(&self, login: &str) -> &Client {
        let reader = self.readers.iter().find(|(name, _)| *name == login);
        &reader.unwrap_or_else(|| panic!("{login} is none of the readers")).1
    }

    /// The sheet. The sections that are told are the same in both tellings.
    fn sheet(&self) -> Value {
        let mut sheet = marked(&self.service);
        sheet["visitor"] = Value::Null;
        sheet["route"] = json!("self_visit");
        let of = |names: &[&str], telling| {
            names.iter().filter_map(|name| Some(((*name).to_owned(), section(name, telling)?))).collect::<Vec<_>>()
        };
        let content = of(self.told, Telling::Long).into_iter().chain(of(self.withheld, self.telling));
        sheet["content"] = Value::Object(content.collect());
        // In a household that is told, further members are withheld: nobody asked them, or they said no.
        if self.telling == Telling::Long && self.told.contains(&"household") {
            let household = sheet["content"]["household"].as_array_mut().unwrap();
            household.insert(0, json!({"name": "省かれるしるし", "relation": "父", "own_consent": "none", "note": "長いしるし。".repeat(40)}));
            household.push(json!({"relation": "妹", "lives_together": true}));
        }
        sheet
    }

    /// Writes the sheet anew. With `lacks`, a withheld section lacks something that a relay needs.
    fn revised(&self, origin: &Client, id: &str, lacks: bool) {
        let path = format!("/api/v1/sheets/{id}");
        let mut sheet = self.sheet();
        if lacks && self.withheld.contains(&"statement") {
            sheet["content"]["statement"] = json!({"subject_words": "短い。"});
        }
        origin.put(&path, &sheet, &etag(&origin.get(&path).ok())).ok();
    }

    /// Two entries of the progress record, in withheld sections: in one section for the long telling, in another for the short.
    fn entries(&self, by: &Client, sheet: &str) {
        let place = if self.telling == Telling::Long { 2 } else { 3 };
        for _ in 0..2 {
            let mut entry = entry(&self.service);
            entry["section"] = json!(self.withheld[place]);
            if self.telling == Telling::Short {
                entry["text"] = json!("短い。");
            }
            by.post(&format!("/api/v1/sheets/{sheet}/entries"), &entry).ok();
        }
    }

    /// A file in the long telling where files are withheld; otherwise an entry in its place.
    fn file(&self, by: &Client, sheet: &str) {
        if self.withheld.contains(&"attachments") && self.telling == Telling::Long {
            let file = format!("%PDF-1.7\n{}\n%%EOF\n", "添付のしるし".repeat(500));
            let headers = [("content-type", "application/pdf"), ("idempotency-key", "a-file")];
            let path = format!("/api/v1/sheets/{sheet}/attachments?kind=other");
            by.raw("POST", &path, &headers, Some(file.as_bytes())).ok();
        } else {
            let mut entry = entry(&self.service);
            entry["section"] = json!(self.withheld[2]);
            by.post(&format!("/api/v1/sheets/{sheet}/entries"), &entry).ok();
        }
    }

    fn sent(
        &self,
        by: &Client,
        sheet: &str,
        to: &str,
        sections: &[&str],
        basis: &Value,
        parent: Option<&Value>,
    ) -> Value {
        self.service.advance_seconds(1);
        let relay = json!({
            "to_agency_id": self.service.agency(to), "sections": sections, "purpose": "support_referral", "basis": basis,
            "parent_relay_id": parent.map(|parent| &parent["id"]),
            "request": "依頼のしるし", "urgency": "normal", "handover": "phoned"
        });
        forms::sent(by, sheet, relay).ok()
    }

    /// An agency that is not among the readers reports, at length or not: others see that only in the section `history`.
    fn reported(&self, origin: &Client, sheet: &str, basis: &Value) {
        let npo = self.service.login("npo");
        let relay = self.sent(origin, sheet, "npo-safetynet", self.told, basis, None);
        moved(&npo, &relay, "receive", &json!({}));
        moved(&npo, &relay, "accept", &json!({}));
        let is_told = self.told.contains(&"history") || self.telling == Telling::Long;
        let text = if is_told { "報告のしるし。".repeat(30) } else { "短い。".to_owned() };
        moved(&npo, &relay, "report", &json!({"result": "support_started", "text": text}));
        moved(origin, &relay, "confirm", &json!({}));
    }

    /// Gives the agency an agreement, without which it may not be told.
    fn agree(&self, code: &str) {
        let path = format!("/api/v1/agencies/{}", self.service.agency(code));
        let mut agency = self.by("admin").get(&path).ok();
        let etag = etag(&agency);
        agency["agreement"] =
            json!({"number": "見本協定第2号", "valid_from": "2026-04-01", "valid_until": "2028-03-31"});
        for of_the_service in ["id", "revision"] {
            agency.as_object_mut().unwrap().remove(of_the_service);
        }
        self.by("admin").put(&path, &agency, &etag).ok();
        confirmed(&self.service, &self.service.agency(code));
    }

    fn tell(&self) -> Case {
        self.agree("byoin");
        let origin = self.service.login("madoguchi");
        let manager = self.service.login("kacho");
        let sheet = id(origin.post("/api/v1/sheets", &self.sheet()));
        let agencies = ["kurashi-shigoto", "hoken", "nozei", "npo-safetynet"].map(|code| self.service.agency(code));
        let terms = consent(&self.service, &agencies.each_ref().map(String::as_str), self.told);
        let consent = consented(&origin, &sheet, &terms);
        let basis = json!({"consent_id": consent});
        self.entries(&origin, &sheet);
        self.file(&origin, &sheet);
        self.reported(&origin, &sheet, &basis);

        let taken = self.sent(&origin, &sheet, "kurashi-shigoto", self.told, &basis, None);
        moved(self.by("kurashi"), &taken, "receive", &json!({}));
        moved(self.by("kurashi"), &taken, "accept", &json!({}));
        self.by("kurashi")
            .post(&format!("/api/v1/sheets/{sheet}/entries"), &entry_in(&self.service, self.told[2]))
            .ok();
        self.revised(&origin, &sheet, self.telling == Telling::Short);
        let onward = self.sent(self.by("kurashi"), &sheet, "hoken", &self.told[..4], &basis, Some(&taken));
        self.revised(&origin, &sheet, false);
        moved(self.by("hoken"), &onward, "receive", &json!({}));
        let declined = self.sent(&origin, &sheet, "nozei", self.told, &basis, None);
        moved(self.by("zei"), &declined, "receive", &json!({}));
        moved(self.by("zei"), &declined, "decline", &json!({"reason": "no_capacity", "note": "辞退のしるし"}));

        let mut request = excepted(&self.service.agency("byoin"));
        request["sections"] = json!(self.told[..2]);
        let exception = id(origin.post(&format!("/api/v1/sheets/{sheet}/exceptions"), &request));
        let path = format!("/api/v1/exceptions/{exception}");
        manager.step(&format!("{path}/approve"), &json!({}), &etag(&manager.get(&path).ok())).ok();
        let basis = json!({"exception_id": exception});
        let excepted = self.sent(&origin, &sheet, "byoin", &self.told[..2], &basis, None);
        moved(self.by("byoin"), &excepted, "receive", &json!({}));
        Case { sheet, consent, exception, relays: vec![taken, onward, declined, excepted] }
    }

    /// Every reader calls every operation (those of a relay for every relay), and searches for what it was not told.
    fn read(&self, case: &Case) {
        let api = |path: &str| format!("/api/v1{path}");
        for (_, client) in &self.readers {
            for (place, relay) in case.relays.iter().enumerate() {
                let relay = relay["id"].as_str().unwrap();
                let things = Things {
                    sheet: case.sheet.clone(),
                    sheet_etag: "\"1\"".to_owned(),
                    consent: case.consent.clone(),
                    deferral: NOBODY.to_owned(),
                    stop: NOBODY.to_owned(),
                    release: NOBODY.to_owned(),
                    relay: relay.to_owned(),
                    exception: case.exception.clone(),
                    agency: NOBODY.to_owned(),
                    staff: NOBODY.to_owned(),
                };
                // These operations would log in and out.
                let elsewhere = ["create_session", "end_session", BY_CREDENTIALS];
                for operation in operations().keys().filter(|operation| !elsewhere.contains(&operation.as_str())) {
                    let call = call(&self.service, operation, &things).unwrap_or_else(|| panic!("{operation}"));
                    if place == 0 || call.path.contains(relay) {
                        call.send(client);
                    }
                }
            }
            for list in ["/sheets?topic=03", "/sheets?topic=01", "/relays?sort=due", "/relays?box=inbox"] {
                client.get(&api(list));
            }
            for search in [
                json!({"kana_prefix": "インドウ"}),
                json!({"kana_prefix": "カリ"}),
                json!({"birth_date": "1971-03-09"}),
                json!({"kana_prefix": "カリ", "number": "R8-000001"}),
            ] {
                client.post(&api("/sheets/search"), &search);
            }
            for format in ["application/x-ndjson", "text/csv"] {
                client.get_as(&api("/audit/events"), format);
            }
        }
    }

    /// The person takes back a part from the agency that works on the sheet, and everything from the others.
    fn withdraw(&self, case: &Case) {
        let origin = self.service.login("madoguchi");
        let path = format!("/api/v1/consents/{}/withdrawal", case.consent);
        let kurashi = self.service.agency("kurashi-shigoto");
        let part = json!({"by": "self", "method": "oral", "agency_ids": [kurashi], "sections": [self.told[1]]});
        origin.post(&path, &part).ok();
        let others = ["hoken", "nozei"].map(|code| self.service.agency(code));
        origin.post(&path, &json!({"by": "self", "method": "oral", "agency_ids": others})).ok();
    }

    /// Everything that the readers were answered, in order, and the mails.
    fn heard(&self) -> Vec<(String, String)> {
        let heard = self.service.heard_by().into_iter().filter(|(who, _)| READERS.contains(&who.as_str()));
        let heard = heard.filter(|(who, answer)| !(OFFICERS.contains(&who.as_str()) && tells_what_was_done(answer)));
        let mails = self.service.send_mail().into_iter().map(|mail| ("a mail".to_owned(), mail.raw));
        heard.map(|(who, answer)| (who, impersonal(&answer))).chain(mails).collect()
    }
}

/// Readers whose task is to see that something was written or filed; they also see in which section.
const OFFICERS: [&str; 2] = ["hogo", "kansa"];

fn tells_what_was_done(answer: &str) -> bool {
    let path = answer.split([' ', '?']).next().unwrap_or_default();
    path.ends_with("/audit/events") || path.ends_with("/timeline") || path.ends_with("/attachments")
}

fn entry_in(service: &Service, section: &str) -> Value {
    let mut entry = entry(service);
    entry["section"] = json!(section);
    entry
}

/// The answer without two headers of actix: the date by the system's clock, and `connection`, which depends on whether a refused body had
/// already arrived.
fn impersonal(answer: &str) -> String {
    let (before, from) = answer.split_once("(\"date\", \"").unwrap_or_else(|| panic!("no date: {answer}"));
    let (_, after) = from.split_once("\")").expect("the end of the date");
    format!("{before}{after}").replace("(\"connection\", \"close\"), ", "")
}

fn nothing_betrays_what_is_withheld(database: Database) {
    for told in [0, 1] {
        let [long, short] = [Telling::Long, Telling::Short].map(|telling| {
            let town = Town::new(database, told, telling);
            let case = town.tell();
            town.read(&case);
            town.withdraw(&case);
            town.read(&case);
            town.heard()
        });
        for ((who, long), (_, short)) in long.iter().zip(&short) {
            let same = long.chars().zip(short.chars()).take_while(|(a, b)| a == b).count();
            let around = |answer: &str| answer.chars().skip(same.saturating_sub(200)).take(400).collect::<String>();
            let path = long.split(' ').next().unwrap_or_default();
            let told = HALVES[told];
            assert!(long == short, "{path} to {who}, with {told:?} told:\n{}\n{}", around(long), around(short));
        }
        assert_eq!(long.len(), short.len());
        assert!(long.len() > 2_000, "only {} answers", long.len());
    }
}

#[test]
fn nothing_betrays_what_is_withheld_on_sqlite() {
    nothing_betrays_what_is_withheld(Database::Sqlite);
}

#[test]
fn nothing_betrays_what_is_withheld_on_postgres() {
    nothing_betrays_what_is_withheld(Database::Postgres);
}

//! Mail goes through the whole service to a real SMTP server: aiosmtpd, under the interpreter that `cargo xtask test` prepares.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tests::{Database, Service};

struct Smtpd {
    child: Child,
    told: Receiver<Value>,
    port: u64,
}

impl Smtpd {
    #[expect(clippy::disallowed_methods, reason = "the test command says where the interpreter is")]
    fn start() -> Self {
        let python = std::env::var("TSUNAGU_TEST_PYTHON")
            .expect("TSUNAGU_TEST_PYTHON is not set: use `cargo xtask test`, or `cargo xtask postgres`");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/notifier/tests/smtpd.py");
        let mut command = Command::new(python);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, told) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _gone = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let first: Value = told.recv_timeout(Duration::from_secs(20)).unwrap();
        let port = first["port"].as_u64().unwrap();
        Self { child, told, port }
    }

    /// The reports of the server since the last call. The outbox is empty, and the server reports before it answers, so a short wait is enough.
    fn rest(&self) -> Vec<Value> {
        std::iter::from_fn(|| self.told.recv_timeout(Duration::from_millis(300)).ok()).collect()
    }
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

/// Words that no mail may hold: the person, the matter, the agencies.
const SECRETS: [&str; 21] = [
    "見本",
    "花子",
    "ミホン",
    "090-0000",
    "1986",
    "家賃",
    "税",
    "収入",
    "仕事",
    "家計",
    "ひみつ",
    "保健",
    "福祉",
    "納税",
    "くらし",
    "センター",
    "相談",
    "滞納",
    "03",
    "窓子",
    "精神",
];

struct Office {
    service: Service,
    smtpd: Smtpd,
}

impl Office {
    fn open(database: Database) -> Self {
        let smtpd = Smtpd::start();
        let url = format!("smtp://127.0.0.1:{}", smtpd.port);
        let service = Service::start_with(database, |config| config.mail_url = url);
        Self { service, smtpd }
    }

    /// Sends what waits, and returns each mail's address, the label in its subject, its due date and its link, sorted by address.
    fn mails(&self, number: &str) -> Vec<(String, String, String, String)> {
        self.service.send_mail();
        let mut mails: Vec<_> = self.smtpd.rest().iter().map(|mail| self.read(mail, number)).collect();
        mails.sort();
        mails
    }

    fn read(&self, mail: &Value, number: &str) -> (String, String, String, String) {
        assert_eq!(mail["event"], "accepted", "{mail}");
        assert_eq!(mail["to"].as_array().unwrap().len(), 1);
        let (subject, body) = (mail["headers"]["subject"].as_str().unwrap(), mail["body"].as_str().unwrap());
        let line = |start: &str| body.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default().to_owned();
        assert_eq!(line("番号:"), number, "{body}");
        let what = subject.strip_prefix("【つなぐ】").and_then(|s| s.strip_suffix(&format!("({number})"))).unwrap();
        assert!(body.starts_with(&format!("{what}。")), "{body}");
        let link = body.lines().find(|line| line.starts_with("http")).unwrap();
        let place = link.strip_prefix("http://127.0.0.1:8080/").unwrap();
        let plain = format!("{subject}\n{body}").replace(number, "").replace(place, "").replace("127.0.0.1:8080", "");
        let due = line("期限:");
        let plain = plain.replace(&due, "");
        for secret in SECRETS {
            assert!(!plain.contains(secret), "{secret} is in a mail: {plain}");
        }
        let raw = mail["raw"].as_str().unwrap();
        assert!(raw.is_ascii() && !raw.contains("Content-Transfer-Encoding: 8bit"));
        let to = mail["to"][0].as_str().unwrap().split('@').next().unwrap().to_owned();
        (to, what.to_owned(), due, place.to_owned())
    }
}

fn mail(to: &str, what: &str, due: &str, place: &str) -> (String, String, String, String) {
    (to.to_owned(), what.to_owned(), due.to_owned(), place.to_owned())
}

fn every_step_tells_the_right_mailbox_once(database: Database) {
    let office = Office::open(database);
    let service = &office.service;
    let (madoguchi, kurashi, hoken, zei) =
        (service.login("madoguchi"), service.login("kurashi"), service.login("hoken"), service.login("zei"));
    let [to_kurashi, to_hoken, to_zei] = ["kurashi-shigoto", "hoken", "nozei"].map(|code| service.agency(code));
    let sheet_id = registered(service, &madoguchi);
    let sections = ["identity", "contact", "statement"];
    let consent_id = consented(&madoguchi, &sheet_id, &consent(service, &[&to_kurashi, &to_hoken, &to_zei], &sections));
    let number = "R8-000001";
    assert_eq!(office.mails(number), [], "recording tells nobody");

    let send = |to: &str| relay(&madoguchi, &sheet_id, &consent_id, to, &sections, None).ok();
    let (first, second, third) = (send(&to_kurashi), send(&to_hoken), send(&to_zei));
    let place = |relay: &Value| relay_path(relay).replace("/api/v1/", "");
    let (first_at, second_at, third_at) = (place(&first), place(&second), place(&third));
    let due = "令和8年12月7日(月)";
    let sent = |to: &str, at: &str| mail(to, "つなぎが届いています", due, at);
    assert_eq!(
        office.mails(number),
        [sent("hoken", &second_at), sent("kurashi-shigoto", &first_at), sent("nozei", &third_at)]
    );
    assert_eq!(office.mails(number), [], "once");

    // Nobody is told that a relay was opened; the sender is told that it was accepted.
    moved(&kurashi, &first, "receive", &json!({}));
    assert_eq!(office.mails(number), []);
    moved(&kurashi, &first, "accept", &json!({}));
    let origin = "fukushi-marugoto";
    assert_eq!(office.mails(number), [mail(origin, "つなぎが受理されました", "", &first_at)]);

    let reason = json!({"reason": "not_our_remit", "recommended_agency_id": to_zei, "note": "ひみつ"});
    moved(&hoken, &second, "decline", &reason);
    let mails = office.mails(number);
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0], mail(origin, "つなぎが辞退されました", due, &second_at));

    moved(&zei, &third, "return", &json!({"missing": ["ひみつの書類"], "note": "ひみつ"}));
    assert_eq!(office.mails(number), [mail(origin, "つなぎが差し戻されました", due, &third_at)]);
    let asked = json!({"to_agency_id": to_zei, "sections": sections, "purpose": "support_referral"});
    let preview = madoguchi.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).ok();
    moved(&madoguchi, &third, "resend", &json!({"disclosure_digest": preview["disclosure_digest"]}));
    assert_eq!(office.mails(number), [sent("nozei", &third_at)]);

    moved(&kurashi, &first, "report", &json!({"result": "support_started", "text": "ひみつの報告"}));
    assert_eq!(office.mails(number), [mail(origin, "対応結果が報告されました", due, &first_at)]);
    moved(&madoguchi, &first, "confirm", &json!({}));
    assert_eq!(office.mails(number), [], "confirming asks nothing of anybody");

    // A refused move makes no mail.
    let stale = madoguchi.step(&format!("{}/cancel", relay_path(&first)), &json!({"reason": "ひみつ"}), &etag(&first));
    assert!(stale.status >= 400);
    assert_eq!(office.mails(number), []);

    moved(&madoguchi, &third, "cancel", &json!({"reason": "ひみつ"}));
    assert_eq!(office.mails(number), [mail("nozei", "つなぎが取り下げられました", "", &third_at)]);

    // Nobody answers, so on the day after the due date the receiver is reminded, once.
    let fourth = send(&to_zei);
    assert_eq!(office.mails(number), [sent("nozei", &place(&fourth))]);
    service.set_clock("2026-12-07T23:59:59+09:00");
    assert_eq!((service.sweep(), office.mails(number)), (0, vec![]));
    service.set_clock("2026-12-08T00:00:01+09:00");
    assert_eq!(service.sweep(), 1);
    assert_eq!(office.mails(number), [mail("nozei", "期限を過ぎたつなぎがあります", due, &place(&fourth))]);
    service.set_clock("2026-12-09T09:00:00+09:00");
    assert_eq!((service.sweep(), office.mails(number)), (0, vec![]));

    // After the withdrawal, agencies that take part or whose relay waits are told where to look. An agency that had opened it is told by when
    // to answer about its copies; one that declined unopened is told nothing.
    let madoguchi = service.login("madoguchi");
    let withdrawal = json!({"by": "self", "method": "phone", "reason": "ひみつ"});
    madoguchi.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &withdrawal).ok();
    let sheet_at = format!("sheets/{sheet_id}");
    let stopped = |to: &str, due: &str| mail(to, "共有の停止をお知らせします", due, &sheet_at);
    let by_when = "令和8年12月16日(水)";
    assert_eq!(office.mails(number), [stopped("kurashi-shigoto", by_when), stopped("nozei", "")]);
}

#[test]
fn every_step_tells_the_right_mailbox_once_sqlite() {
    every_step_tells_the_right_mailbox_once(Database::Sqlite);
}

#[test]
fn every_step_tells_the_right_mailbox_once_postgres() {
    every_step_tells_the_right_mailbox_once(Database::Postgres);
}

#[test]
fn a_mail_that_is_put_off_comes_again_under_the_same_name() {
    let office = Office::open(Database::Sqlite);
    let service = &office.service;
    let (madoguchi, admin) = (service.login("madoguchi"), service.login("admin"));
    let to = service.agency("hoken");
    // The server answers 451 to the first attempt of each mail to an address with this beginning.
    let path = format!("/api/v1/agencies/{to}");
    let now = admin.get(&path);
    let (tag, mut agency) = (now.etag(), now.ok());
    agency["mailbox"] = json!("busy@city.example.jp");
    let fields = agency.as_object_mut().unwrap();
    for read_only in ["id", "revision", "updated_at", "municipality_id"] {
        fields.remove(read_only);
    }
    admin.put(&path, &agency, &tag).ok();

    let sheet_id = registered(service, &madoguchi);
    let consent_id = consented(&madoguchi, &sheet_id, &consent(service, &[&to], &["identity"]));
    relay(&madoguchi, &sheet_id, &consent_id, &to, &["identity"], None).ok();
    service.send_mail();
    let told = office.smtpd.rest();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["event"], &told[0]["code"]), (&json!("refused"), &json!(451)));
    let name = told[0]["message_id"].as_str().unwrap().to_owned();
    assert!(name.starts_with('<') && name.ends_with('>') && name.len() > 38, "{name}");

    // The mail is tried again not at once, but within a minute, and after that no more.
    service.send_mail();
    assert_eq!(office.smtpd.rest(), [] as [Value; 0], "a moment later is too early");
    service.advance_seconds(60);
    service.send_mail();
    let told = office.smtpd.rest();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["event"], &told[0]["headers"]["message-id"]), (&json!("accepted"), &json!(name)));
    office.read(&told[0], "R8-000001");
    service.advance_seconds(7200);
    service.send_mail();
    assert_eq!(office.smtpd.rest(), [] as [Value; 0], "sent is sent");
}

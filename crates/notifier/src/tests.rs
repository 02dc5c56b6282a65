//! Mails into a directory, and to a real SMTP server: aiosmtpd, run by the interpreter that `TSUNAGU_TEST_PYTHON` names (`cargo xtask test`
//! sets it).

use super::*;
use crate::url::MailUrl;
use domain::agency::{Agency, AgencyClass, AgencyRecord};
use domain::ids::{AgencyId, MunicipalityId, RelayId, SheetId};
use domain::mail::{Mail, MailKind};
use lettre::transport::smtp::client::Certificate;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant as Stopwatch;
use storage::keys::Keyring;
use storage::{MunicipalityRecord, OutboxHealth, Settings};

mod office;

use office::*;

#[test]
fn a_mail_arrives_in_japanese_and_says_nothing_of_the_matter() {
    let smtpd = Smtpd::start(&[]);
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue(vec![mail(123)]);
    let notifier = office.notifier(&smtpd.url());
    assert_eq!(run(&notifier), SENT);
    let mail = smtpd.next();
    assert_eq!(mail["event"], "accepted");
    assert_eq!((&mail["sender"], &mail["to"][0]), (&"tsunagu@example.jp".into(), &"hoken@example.jp".into()));
    let headers = &mail["headers"];
    assert_eq!(headers["subject"], "【つなぐ】つなぎが届いています(R8-000123)");
    assert_eq!(headers["from"], "つなぐ <tsunagu@example.jp>");
    assert_eq!(headers["to"], "hoken@example.jp");
    assert_eq!(headers["date"], "Sat, 21 Nov 2026 00:00:00 +0000");
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(headers["mime-version"], "1.0");
    assert_eq!(headers["content-type"], "text/plain; charset=\"utf-8\"");
    let message_id = headers["message-id"].as_str().unwrap();
    assert!(message_id.starts_with('<') && message_id.ends_with("@tsunagu.example.jp>") && message_id.len() == 38 + 19);
    assert_eq!(mail["hello"], "tsunagu.example.jp");
    let body = mail["body"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(
        body,
        format!(
            "つなぎが届いています。\n\n番号:R8-000123\n期限:令和8年12月4日(金)\n\n次のページを開き、ログインしてご確認ください。\n\
             https://tsunagu.example.jp/relays/{}\n\n個人情報を守るため、詳しい内容はこのメールに書いていません。\n\
             ログインしたあとの画面でご覧ください。\n\nこのメールは「つなぐ」が自動でお送りしています。返信は不要です。\n",
            id(4)
        )
    );
    for secret in ["精神", "保健", "ひきこもり", "足立"] {
        assert!(!body.contains(secret) && !headers.to_string().contains(secret));
    }
    assert_eq!(run(&notifier), NOTHING_DONE);
    assert_eq!(smtpd.rest(), Vec::<Value>::new());
    assert_eq!(office.health(), OutboxHealth { waiting: 0, oldest_age_seconds: 0, dead: 0 });
}

#[test]
fn one_mail_for_several_says_how_many_of_each_and_names_none() {
    let smtpd = Smtpd::start(&[]);
    let office = Office::new(Some("hoken@example.jp"));
    let overdue = |serial| Mail { kind: MailKind::RelayOverdue, ..mail(serial) };
    let renewal = Mail { kind: MailKind::ConsentRenewal, ..mail(4) };
    office.enqueue_for_round(vec![overdue(1), overdue(2), overdue(3), renewal]);
    let notifier = office.notifier(&smtpd.url());
    // The round is not over, so nothing goes out yet.
    assert_eq!(run(&notifier), NOTHING_DONE);
    office.gather();
    assert_eq!(run(&notifier), SENT);
    let mail = smtpd.next();
    assert_eq!(mail["headers"]["subject"], "【つなぐ】確認していただきたいものがあります(4件)");
    assert_eq!(
        mail["body"].as_str().unwrap().replace("\r\n", "\n"),
        "確認していただきたいものがあります。\n\n・期限を過ぎたつなぎがあります:3件\n・まもなく期限を迎えるものがあります:1件\n\n\
         次のページを開き、ログインしてご確認ください。\nhttps://tsunagu.example.jp/\n\n\
         個人情報を守るため、詳しい内容はこのメールに書いていません。\nログインしたあとの画面でご覧ください。\n\n\
         このメールは「つなぐ」が自動でお送りしています。返信は不要です。\n"
    );
    assert_eq!(run(&notifier), NOTHING_DONE);
    assert_eq!(smtpd.rest(), Vec::<Value>::new());
}

#[test]
fn a_server_that_is_busy_gets_the_same_mail_again_later() {
    let smtpd = Smtpd::start(&[]);
    let office = Office::new(Some("busy@example.jp"));
    office.enqueue(vec![mail(1)]);
    let notifier = office.notifier(&smtpd.url());
    assert_eq!(run(&notifier), RETRIED);
    assert_eq!(office.health().waiting, 1);
    assert_eq!(run(&notifier), NOTHING_DONE);
    office.clock.forward(14);
    assert_eq!(run(&notifier), NOTHING_DONE);
    office.clock.forward(16);
    assert_eq!(run(&notifier), SENT);
    let (refused, accepted) = (smtpd.next(), smtpd.next());
    assert_eq!((&refused["event"], &refused["code"]), (&"refused".into(), &451.into()));
    assert_eq!(accepted["event"], "accepted");
    assert_eq!(refused["message_id"], accepted["headers"]["message-id"]);
    assert!(refused["message_id"].as_str().unwrap().len() > 30);
}

#[test]
fn a_mailbox_that_the_server_does_not_know_ends_the_mail_at_once() {
    let smtpd = Smtpd::start(&[]);
    let office = Office::new(Some("unknown@example.jp"));
    office.enqueue(vec![mail(1)]);
    let notifier = office.notifier(&smtpd.url());
    assert_eq!(run(&notifier), DEAD);
    office.clock.forward(999_999);
    assert_eq!(run(&notifier), NOTHING_DONE);
    assert_eq!(office.health(), OutboxHealth { waiting: 0, oldest_age_seconds: 0, dead: 1 });
    assert_eq!(smtpd.rest().len(), 1);
}

#[test]
fn an_agency_without_a_usable_mailbox_ends_the_mail_at_once() {
    for mailbox in [None, Some(""), Some("保健センター"), Some("a@b.jp\r\nBcc: c@d.jp"), Some("a@b.jp, c@d.jp")] {
        let office = Office::new(mailbox);
        office.enqueue(vec![mail(1)]);
        assert_eq!(run(&office.notifier("smtp://127.0.0.1:1")), DEAD, "{mailbox:?}");
    }
}

#[test]
fn a_server_that_is_away_is_tried_twelve_times() {
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue(vec![mail(1)]);
    let notifier = office.notifier("smtp://127.0.0.1:1");
    for _ in 1..12 {
        assert_eq!(run(&notifier), RETRIED);
        office.clock.forward(3600);
    }
    assert_eq!(run(&notifier), DEAD);
    office.clock.forward(3600);
    assert_eq!(run(&notifier), NOTHING_DONE);
}

#[test]
fn a_mail_that_its_workers_do_not_survive_is_given_up() {
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue(vec![mail(1)]);
    for _ in 0..12 {
        let now = office.clock.now();
        let claimed = office.store.write(Uuid::nil(), move |tx| tx.claim(9, now, 1));
        assert_eq!(block(async { claimed.await.map_err(|error: StoreError| error) }).unwrap().len(), 1);
        office.clock.forward(1);
    }
    let folder = office.folder.path().join("mail");
    assert_eq!(run(&office.notifier(&format!("file:{}", folder.display()))), DEAD);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_password_goes_over_and_a_wrong_one_kills_no_mail() {
    let smtpd = Smtpd::start(&["--auth", "tsunagu@example.jp", "p:w/あ"]);
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue(vec![mail(1)]);
    let with =
        |password: &str| office.notifier(&smtpd.url().replace("//", &format!("//tsunagu%40example.jp:{password}@")));
    // The server answers 535: the log-in is hopeless, the mail is not.
    assert_eq!(run(&with("wrong")), RETRIED);
    office.clock.forward(30);
    assert_eq!(run(&with("p%3Aw%2F%E3%81%82")), SENT);
    let events: Vec<_> = smtpd.rest().into_iter().map(|told| told["event"].clone()).collect();
    assert_eq!(events, ["login", "login", "accepted"]);
}

#[test]
fn tls_from_the_start_and_by_starttls_encrypts() {
    for (kind, scheme, query) in [("smtps", "smtps", ""), ("starttls", "smtp", "?tls=starttls")] {
        let smtpd = Smtpd::start(&["--tls", kind, "--certificate", &here("localhost.pem")]);
        let office = Office::new(Some("hoken@example.jp"));
        office.enqueue(vec![mail(1)]);
        let url = format!("{scheme}://localhost:{}{query}", smtpd.port);
        // No authority that this machine trusts has signed the certificate.
        assert_eq!(run(&office.notifier(&url)), RETRIED, "{kind}");
        office.clock.forward(30);
        let trusting = office.other(office.store.clone(), &url, LIMITS, vec![certificate()]);
        assert_eq!(run(&trusting), SENT, "{kind}");
        let told = smtpd.rest();
        assert_eq!(told.len(), 1, "{kind}");
        assert_eq!((&told[0]["event"], &told[0]["tls"]), (&"accepted".into(), &true.into()), "{kind}");
    }
}

#[test]
fn without_the_starttls_that_was_asked_for_nothing_is_sent_not_even_the_password() {
    let smtpd = Smtpd::start(&["--auth", "u", "p"]);
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue(vec![mail(1)]);
    assert_eq!(run(&office.notifier(&format!("smtp://u:p@127.0.0.1:{}?tls=starttls", smtpd.port))), RETRIED);
    assert_eq!(smtpd.rest(), Vec::<Value>::new());
}

#[test]
fn four_connections_send_at_once_and_no_more() {
    let smtpd = Smtpd::start(&[]);
    let office = Office::new(Some("slow@example.jp"));
    office.enqueue((0..12).map(mail).collect());
    let notifier = office.notifier(&smtpd.url());
    assert_eq!(run(&notifier), (12, 0, 0));
    let told = smtpd.rest();
    assert_eq!(told.len(), 12);
    assert_eq!(told.iter().map(|mail| mail["at_once"].as_u64().unwrap()).max(), Some(4));
}

#[test]
fn two_notifiers_send_each_mail_once() {
    let smtpd = Smtpd::start(&[]);
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue((0..60).map(mail).collect());
    let sent: usize = std::thread::scope(|scope| {
        let worker = |seed| {
            let notifier = office.other(open(&office.url, seed), &smtpd.url(), LIMITS, Vec::new());
            move || {
                let runs = std::iter::repeat_with(|| run(&notifier)).take_while(|report| *report != NOTHING_DONE);
                runs.map(|(sent, ..)| sent).sum::<usize>()
            }
        };
        let workers = [1_000_000, 2_000_000].map(|seed| scope.spawn(worker(seed)));
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(sent, 60);
    let mut subjects: Vec<_> = smtpd.rest().iter().map(|mail| mail["headers"]["subject"].to_string()).collect();
    assert_eq!(subjects.len(), 60);
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 60);
}

#[test]
fn a_server_that_says_nothing_does_not_hold_the_worker() {
    let silent = server(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue(vec![mail(1)]);
    let watch = Stopwatch::now();
    let limits = Limits { answer: Duration::from_millis(300), ..LIMITS };
    assert_eq!(run(&office.other(office.store.clone(), &silent, limits, Vec::new())), RETRIED);
    assert!(watch.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_server_that_trickles_holds_four_threads_and_no_more() {
    static CONNECTIONS_MADE: AtomicU64 = AtomicU64::new(0);
    let trickling = server(|mut stream| {
        CONNECTIONS_MADE.fetch_add(1, Ordering::Relaxed);
        // Each byte comes within its limit.
        for _ in 0..40 {
            if stream.write_all(b"2").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let office = Office::new(Some("hoken@example.jp"));
    office.enqueue((0..6).map(mail).collect());
    let limits = Limits { queue: Duration::from_millis(600), deadline: Duration::from_millis(600), ..LIMITS };
    let notifier = office.other(office.store.clone(), &trickling, limits, Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let watch = Stopwatch::now();
    let report = runtime.block_on(notifier.run_once()).unwrap();
    assert!(watch.elapsed() < Duration::from_secs(3));
    assert_eq!(report, RunReport { sent: 0, retried: 6, dead: 0 });
    assert_eq!(CONNECTIONS_MADE.load(Ordering::Relaxed), 4);
    runtime.shutdown_background();
}

#[test]
fn a_directory_gets_one_whole_file_for_each_mail() {
    let office = Office::new(Some("hoken@example.jp"));
    let folder = office.folder.path().join("var/mail");
    let url = format!("file:{}", folder.display());
    let chance: Arc<dyn Chance> = Arc::new(Dice(AtomicU64::new(0)));
    let make = || {
        Notifier::new(office.store.clone(), &url, FROM, PUBLIC_URL, office.clock.clone(), Arc::clone(&chance)).unwrap()
    };
    office.enqueue(vec![mail(1), mail(2)]);
    assert_eq!(run(&make()), (2, 0, 0));
    let mut names: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 2);
    for name in names {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let (id, extension) = name.split_once('.').unwrap();
        assert_eq!(extension, "eml");
        assert!(text.contains(&format!("Message-ID: <{id}@tsunagu.example.jp>\r\n")), "{text}");
        assert!(text.contains("Subject: =?utf-8?b?"), "{text}");
    }
    // The directory has been removed since.
    let notifier = make();
    std::fs::remove_dir_all(&folder).unwrap();
    office.enqueue(vec![mail(3)]);
    assert_eq!(run(&notifier), SENT);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    // A file has its name.
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    office.enqueue(vec![mail(4)]);
    assert_eq!(run(&notifier), RETRIED);
}

#[test]
fn a_sheet_is_linked_when_no_relay_is_meant() {
    let office = Office::new(Some("hoken@example.jp"));
    let letterhead = Letterhead::new(FROM, PUBLIC_URL).unwrap();
    for kind in MailKind::ALL {
        let about_the_sheet = Mail { kind: *kind, relay_id: None, due: None, ..mail(1) };
        let letter = letterhead.letter(MailId(id(5)), &about_the_sheet, "a@example.jp", office.clock.now()).unwrap();
        let subject = letter.headers().get::<lettre::message::header::Subject>().unwrap();
        assert_eq!(subject, format!("【つなぐ】{}(R8-000001)", kind.label()).into());
        let text = letterhead.text(&about_the_sheet);
        assert!(text.starts_with(kind.label()));
        assert!(text.contains(&format!("\nhttps://tsunagu.example.jp/sheets/{}\n", id(3))));
        assert!(text.contains("\n番号:R8-000001\n\n次のページ"));
    }
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_without_repeating_it() {
    let office = Office::new(None);
    let make = |url: &str, from: &str, public: &str| {
        let chance = Arc::new(Dice(AtomicU64::new(0)));
        Notifier::new(office.store.clone(), url, from, public, office.clock.clone(), chance).map(drop).unwrap_err()
    };
    let error = make("smtp://user:secret@", FROM, PUBLIC_URL);
    assert_eq!(error, NotifierError::MailUrl(BadMailUrl));
    assert!(!error.to_string().contains("secret"));
    assert_eq!(make("smtp://h", "つなぐ", PUBLIC_URL), NotifierError::From);
    assert_eq!(make("smtp://h", FROM, "tsunagu.jp"), NotifierError::PublicUrl(BadPublicUrl));
    let file = office.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = make(&format!("file:{}", file.display()), FROM, PUBLIC_URL);
    assert!(matches!(error, NotifierError::Directory(_)));
}

#[test]
fn the_worker_empties_the_outbox_until_it_is_told_to_stop() {
    let office = Office::new(Some("hoken@example.jp"));
    let folder = office.folder.path().join("mail");
    // More mails than one claim takes.
    office.enqueue((0..40).map(mail).collect());
    let notifier = office.notifier(&format!("file:{}", folder.display()));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let watch = Stopwatch::now();
    block(async {
        let worker = tokio::spawn(notifier.run(async { drop(stopped.await) }));
        while std::fs::read_dir(&folder)
            .unwrap()
            .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "eml"))
            .count()
            < 40
        {
            assert!(watch.elapsed() < Duration::from_secs(20));
            sleep(Duration::from_millis(10)).await;
        }
        stop.send(()).unwrap();
        timeout(Duration::from_secs(5), worker).await.unwrap().unwrap();
    });
    assert_eq!(office.health().waiting, 0);
}

#[test]
fn stopping_finishes_what_is_on_the_wire_and_begins_nothing() {
    let smtpd = Smtpd::start(&[]);
    let office = Office::new(Some("slow@example.jp"));
    office.enqueue((0..12).map(mail).collect());
    let notifier = office.notifier(&smtpd.url());
    block(notifier.run(async {
        while smtpd.told.try_recv().is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    }));
    let sent = 1 + smtpd.rest().len();
    assert!((4..12).contains(&sent), "{sent}");
    assert_eq!(office.health().waiting, 12 - sent as u64);
    // The next worker gets the rest when the lease ends.
    office.clock.forward(i64::from(LEASE_SECONDS));
    let next = office.notifier(&smtpd.url());
    assert_eq!(run(&next), (12 - sent, 0, 0));
}

#[test]
fn the_log_has_the_mails_id_and_the_class_of_the_error_but_no_address() {
    let smtpd = Smtpd::start(&[]);
    let log = Arc::new(Mutex::new(Vec::<u8>::new()));
    struct Writer(Arc<Mutex<Vec<u8>>>);
    impl Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let writer = Arc::clone(&log);
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || Writer(Arc::clone(&writer)))
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for mailbox in ["unknown@example.jp", "busy@example.jp", "not an address"] {
        let office = Office::new(Some(mailbox));
        office.enqueue(vec![mail(123)]);
        run(&office.notifier(&smtpd.url()));
    }
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    for class in ["smtp_550", "smtp_451", "bad_mailbox"] {
        assert!(log.contains(class), "{log}");
    }
    assert!(log.contains("mail_id="));
    for secret in ["example.jp", "unknown@", "not an address", "no such user", "精神", "R8-000123"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

//! Somebody writes into the database who has no key of the service: a document or a head that the service has not written is refused at the
//! next use, a row of access shows nothing, other rows are found and mended by `doctor --deep --repair`, and everything else goes on.

use crate::program::{Place, Serving, on_each};
use crate::restored::passed_on;
use serde_json::{Value, json};
use tests::Client;

/// An image of one point.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\x0bIDATx\x9cc\xf8\x0f\x04\0\x09\xfb\x03\xfd\xfb^k+\0\0\0\0IEND\xaeB`\x82";

/// A sheet with a consent and a relay that was accepted, and an entry.
struct Victim {
    sheet: String,
    relay: String,
    consent: String,
}

impl Victim {
    fn new(clerk: &Client, receiver: &Client) -> Self {
        let [sheet, relay, consent] = passed_on(clerk, receiver);
        Self { sheet, relay, consent }
    }

    fn path(&self) -> String {
        format!("/api/v1/sheets/{}", self.sheet)
    }

    fn stream(&self) -> String {
        format!("sheet:{}", self.sheet)
    }
}

/// Runs a statement in which `@id` is the id and `@stream` the stream of the victim's sheet, and `@relay` its relay.
fn write(place: &Place, on: &Victim, statement: &str) -> String {
    let named = |sqlite: bool| {
        let id = |id: &str| match sqlite {
            true => format!("x'{}'", id.replace('-', "")),
            false => format!("'{id}'"),
        };
        statement
            .replace("@id", &id(&on.sheet))
            .replace("@relay", &id(&on.relay))
            .replace("@consent", &id(&on.consent))
            .replace("@stream", &format!("'{}'", on.stream()))
    };
    // A superuser of PostgreSQL writes past foreign keys.
    place.sql(&named(true), &format!("set session_replication_role = replica; {}", named(false)))
}

/// The document in the sheet's row, which [`put_back`] writes again.
fn document(place: &Place, of: &Victim) -> String {
    let id = of.sheet.replace('-', "");
    place.sql(
        &format!("select hex(document) from sheet where id = x'{id}'"),
        &format!("select encode(document, 'hex') from sheet where id = '{}'", of.sheet),
    )
}

fn put_back(place: &Place, of: &Victim, document: &str) {
    let id = of.sheet.replace('-', "");
    place.sql(
        &format!("update sheet set document = x'{document}' where id = x'{id}'"),
        &format!("update sheet set document = decode('{document}', 'hex') where id = '{}'", of.sheet),
    );
}

/// The lines of `doctor --deep` about the thing; all others are about nothing else but the test's cluster.
fn told_of(place: &Place, victim: &Victim, arguments: &[&str]) -> Vec<String> {
    let said = place.run(arguments).out;
    let prefix = format!("{}: ", victim.stream());
    said.lines().filter_map(|line| line.get(7..)?.strip_prefix(&prefix)).map(str::to_owned).collect()
}

/// The service refuses the thing, says so with an alarm that names it, and serves the other.
fn refused(serving: &mut Serving, victim: &Victim, other: &Victim) {
    let clerk = serving.client("madoguchi");
    clerk.get(&victim.path()).problem(503, "state-diverged");
    serving.client("kurashi").get(&format!("/api/v1/relays/{}", victim.relay)).problem(503, "state-diverged");
    clerk.get(&other.path()).ok();
    let alarm = format!("state diverged: {} is not what the service wrote", victim.stream());
    assert!(serving.log().contains(&alarm), "{}", serving.log());
}

/// What decides, and its head: each statement, on a sheet of its own.
const REFUSED: &[&str] = &[
    "update sheet set document = (select document from sheet where id <> @id limit 1) where id = @id",
    "update sheet set data_key = (select data_key from sheet where id <> @id limit 1) where id = @id",
    "update stream set seq = seq - 1 where name = @stream",
    "update stream set state = (select state from stream where name <> @stream and name like 'sheet%' limit 1) where name = @stream",
    "delete from stream where name = @stream",
    "delete from sheet where id = @id",
    "delete from sheet_content where sheet_id = @id",
];

/// What stands beside the body of an event: each statement, and what the doctor says of the event.
const BESIDE: &[(&str, &str)] = &[
    ("set kind = 'sheet.read' where stream = @stream and seq = 3", "the event and its body disagree"),
    ("set basis = null where stream = @stream and basis is not null", "the event and its body disagree"),
    ("set relay_id = null where stream = @stream and relay_id is not null", "the event and its body disagree"),
    (
        "set agency_id = (select id from agency where code = 'nozei') where stream = @stream and seq = 2",
        "the event and its body disagree about who acted",
    ),
    (
        "set municipality_id = null where stream = @stream and seq = 3",
        "it belongs to another municipality than the event before it",
    ),
];

/// Rows for lists and searches: each statement, and the table that the doctor names.
const DERIVED: &[(&str, &str)] = &[
    ("update sheet set origin_agency_id = (select id from agency where code = 'nozei') where id = @id", "sheet"),
    ("update sheet set holder_agency_id = (select id from agency where code = 'nozei') where id = @id", "sheet"),
    ("update sheet set address_secret = 'dv_measure' where id = @id", "sheet"),
    ("update sheet set state = 'registered' where id = @id", "sheet"),
    ("update relay set reply_due = '2031-01-01' where id = @relay", "relay"),
    ("update relay set state = 'sent' where id = @relay", "relay"),
    ("update consent set effective_until = '2031-01-01' where id = @consent", "consent"),
    ("delete from search_token where sheet_id = @id", "search_token"),
    ("delete from task where sheet_id = @id", "task"),
    ("delete from access where sheet_id = @id", "access"),
];

on_each! {
    fn what_somebody_else_has_written_is_refused_or_found(place) {
        place.run(&["demo"]).ok();
        let place = place.with("TSUNAGU_METRICS_LISTEN", "127.0.0.1:0");
        let mut serving = place.serve();
        let (clerk, receiver) = (serving.client("madoguchi"), serving.client("kurashi"));
        assert!(serving.metrics().contains("tsunagu_state_diverged_total 0"));
        let other = Victim::new(&clerk, &receiver);

        // While the service runs: what was withdrawn is put back as it was before.
        let victim = Victim::new(&clerk, &receiver);
        let before = document(&place, &victim);
        clerk.post(&format!("/api/v1/consents/{}/withdrawal", victim.consent), &json!({"by": "self", "method": "oral"})).ok();
        clerk.get(&victim.path()).ok();
        put_back(&place, &victim, &before);
        refused(&mut serving, &victim, &other);
        assert!(serving.metrics().contains("tsunagu_state_diverged_total 2"));
        assert!(told_of(&place, &victim, &["doctor", "--deep"]).iter().any(|it| it.starts_with("document:")));
        // The same with the head of that time: it fits the document, but the trail has gone on.
        let victim = Victim::new(&clerk, &receiver);
        let before = document(&place, &victim);
        write(&place, &victim, "create table head_of_then as select * from stream where name = @stream");
        clerk.post(&format!("/api/v1/consents/{}/withdrawal", victim.consent), &json!({"by": "self", "method": "oral"})).ok();
        put_back(&place, &victim, &before);
        let head = "update stream set (seq, hash, state, mac) = (select seq, hash, state, mac from head_of_then) where name = @stream";
        write(&place, &victim, head);
        refused(&mut serving, &victim, &other);
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), ["head: its last event is another one"]);
        // Running and stopped, statement by statement.
        for statement in REFUSED {
            let victim = Victim::new(&clerk, &receiver);
            write(&place, &victim, statement);
            refused(&mut serving, &victim, &other);
            assert!(!told_of(&place, &victim, &["doctor", "--deep"]).is_empty(), "{statement}");
        }
        let stopped: Vec<Victim> = REFUSED.iter().map(|_| Victim::new(&clerk, &receiver)).collect();
        serving.stop();
        for (victim, statement) in stopped.iter().zip(REFUSED) {
            write(&place, victim, statement);
        }
        let mut serving = place.serve();
        for victim in &stopped {
            refused(&mut serving, victim, &other);
        }
        // What stands beside the body of an event decides nothing, and is found.
        for (statement, told) in BESIDE {
            let victim = Victim::new(&serving.client("madoguchi"), &serving.client("kurashi"));
            write(&place, &victim, &format!("update audit_event {statement}"));
            let found = told_of(&place, &victim, &["doctor", "--deep"]);
            assert!(found.len() == 1 && found[0].starts_with("trail: event ") && found[0].ends_with(told), "{statement}: {found:?}");
        }
        // PostgreSQL lets nobody write a position.
        if !place.database().starts_with("postgres") {
            let victim = Victim::new(&serving.client("madoguchi"), &serving.client("kurashi"));
            write(&place, &victim, "update audit_event set position = 0 where stream = @stream and seq = 2");
            let found = told_of(&place, &victim, &["doctor", "--deep"]);
            assert!(found.len() == 1 && found[0].ends_with("its position is not after that of the event before it"), "{found:?}");
        }
        // The beginning of a trail is missed, too.
        let victim = Victim::new(&serving.client("madoguchi"), &serving.client("kurashi"));
        write(&place, &victim, "delete from audit_event where stream = @stream and seq <= 2");
        let found = told_of(&place, &victim, &["doctor", "--deep"]);
        assert!(found.len() == 1 && found[0].ends_with("events before it are missing"), "{found:?}");
        serving.stop();
    }

    fn rows_for_lists_are_found_and_written_again(place) {
        place.run(&["demo"]).ok();
        let serving = place.serve();
        let (clerk, receiver) = (serving.client("madoguchi"), serving.client("kurashi"));
        for (statement, table) in DERIVED {
            let victim = Victim::new(&clerk, &receiver);
            assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), Vec::<String>::new(), "{statement}");
            let shown = clerk.get(&victim.path()).ok();
            write(&place, &victim, statement);
            // No rule reads them.
            let now = clerk.get(&victim.path()).ok();
            assert_eq!((&shown["content"], &shown["state"], &shown["path"]), (&now["content"], &now["state"], &now["path"]));
            let told = told_of(&place, &victim, &["doctor", "--deep"]);
            assert!(told.len() == 1 && told[0].starts_with(&format!("{table}: ")), "{statement}: {told:?}");
            let told = told_of(&place, &victim, &["doctor", "--deep", "--repair"]);
            assert!(told.len() == 1 && told[0].ends_with("written again"), "{statement}: {told:?}");
            assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), Vec::<String>::new(), "{statement}");
        }
        // Whom a sheet is about is shown only as the service has written it.
        let victim = Victim::new(&clerk, &receiver);
        let label = || clerk.get("/api/v1/sheets?limit=1").ok()["items"][0]["label"].clone();
        assert_eq!(label()["person"]["family_name"], "見本");
        write(&place, &victim, "update sheet set label = (select other.label from sheet other where other.id <> sheet.id limit 1) where id = @id");
        assert_eq!(label(), Value::Null);
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep", "--repair"]), ["sheet: 0 missing, 0 too many, 1 changed; written again"]);
        assert_eq!(label()["person"]["family_name"], "見本");
        // What cannot be written again is named all the same.
        let victim = Victim::new(&clerk, &receiver);
        let entry = json!({"occurred_at": "2026-11-20T10:00:00+09:00", "method": "phone", "text": "折り返した。", "section": "statement"});
        clerk.post(&format!("{}/entries", victim.path()), &entry).ok();
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), Vec::<String>::new());
        let moved = "update entry set agency_id = (select id from agency where code = 'nozei') where sheet_id = @id";
        write(&place, &victim, moved);
        clerk.get(&format!("{}/entries", victim.path())).problem(503, "state-diverged");
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), ["entry: 0 missing, 0 too many, 1 changed"]);
        write(&place, &victim, "delete from entry where sheet_id = @id");
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep", "--repair"]), ["entry: 1 missing, 0 too many, 0 changed"]);
        // No foreign key refuses what is about no sheet; the doctor counts it.
        let nowhere = "00000000000070008000000000000001";
        let stray = |id: &str| format!("insert into stop_request (id, municipality_id, sheet_id, agency_id) select {id}, id, {id}, id from municipality limit 1");
        place.sql(&stray(&format!("x'{nowhere}'")), &stray(&format!("'{nowhere}'::uuid")));
        let said = place.run(&["doctor", "--deep"]).out;
        assert!(said.contains("service: stop_request: 1 about a sheet that is not there"), "{said}");
        place.sql(&format!("delete from stop_request where id = x'{nowhere}'"), &format!("delete from stop_request where id = '{nowhere}'"));
        // The name of a file that was taken back cannot be put back.
        let victim = Victim::new(&clerk, &receiver);
        let files = format!("{}/attachments", victim.path());
        let named = [("content-type", "application/octet-stream"), ("content-disposition", "attachment; filename*=UTF-8''mihon.png"), ("idempotency-key", "file")];
        let file = clerk.raw("POST", &format!("{files}?kind=other"), &named, Some(PNG)).ok()["id"].as_str().unwrap().to_owned();
        let words = place.sql("select hex(sealed) from attachment", "select encode(sealed, 'hex') from attachment");
        clerk.post(&format!("/api/v1/attachments/{file}/withdrawal"), &json!({"reason": "別の人の書類のため"})).ok();
        assert_eq!(clerk.get(&files).ok()["items"][0]["withdrawal_reason"], "別の人の書類のため");
        place.sql(&format!("update attachment set sealed = x'{words}'"), &format!("update attachment set sealed = decode('{words}', 'hex')"));
        clerk.get(&files).problem(503, "state-diverged");
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), ["attachment: 0 missing, 0 too many, 1 changed"]);
        let victim = Victim::new(&clerk, &receiver);
        let of_relay = format!("/api/v1/relays/{}", victim.relay);
        let report = json!({"result": "support_started"});
        receiver.step(&format!("{of_relay}/report"), &report, &receiver.get(&of_relay).etag()).ok();
        clerk.step(&format!("{of_relay}/confirm"), &json!({}), &clerk.get(&of_relay).etag()).ok();
        let closure = json!({"reason": "転居したため", "outcome": {"reason_code": "moved"}});
        receiver.step(&format!("{}/closure", victim.path()), &closure, &receiver.get(&victim.path()).etag()).ok();
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), Vec::<String>::new());
        write(&place, &victim, "update closure set sealed = (select document from sheet where id = @id) where sheet_id = @id");
        clerk.get(&victim.path()).problem(503, "state-diverged");
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), ["closure: one of them was changed"]);
        write(&place, &victim, "delete from closure where sheet_id = @id");
        assert_eq!(told_of(&place, &victim, &["doctor", "--deep"]), ["closure: 1 missing, 0 too many, 0 changed"]);
        serving.stop();
    }

    fn a_row_of_access_that_somebody_else_has_written_shows_nothing(place) {
        place.run(&["demo"]).ok();
        let serving = place.serve();
        let (clerk, receiver) = (serving.client("madoguchi"), serving.client("kurashi"));
        let victim = Victim::new(&clerk, &receiver);
        let listed = |login: &str| serving.client(login).get("/api/v1/sheets").ok()["items"].as_array().unwrap().len();
        assert_eq!((listed("kurashi"), listed("zei")), (1, 0));
        let copied = "insert into access select municipality_id, (select id from agency where code = 'nozei'), sheet_id, is_origin,
                      identity_until, topics_until, contact_until, seen_revision, seen_at, assigned_staff_id, mac from access where sheet_id = @id and not is_origin";
        write(&place, &victim, copied);
        write(&place, &victim, "update access set topics_until = '2031-01-01' where sheet_id = @id and not is_origin and agency_id <> (select id from agency where code = 'nozei')");
        assert_eq!((listed("kurashi"), listed("zei")), (0, 0));
        let told = told_of(&place, &victim, &["doctor", "--deep", "--repair"]);
        assert_eq!(told, ["access: 0 missing, 1 too many, 1 changed; written again"]);
        assert_eq!((listed("kurashi"), listed("zei")), (1, 0));
        serving.stop();
    }
}

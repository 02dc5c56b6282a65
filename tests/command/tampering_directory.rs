//! Somebody writes into the directory who has no key of the service: roles, names, passwords, agreements, posts and sessions. What decides
//! is refused at the next use; rows for searches let nobody in, and are found and mended; everybody else works on.

use crate::program::{Place, Serving, on_each};
use serde_json::json;

/// Runs statements that are the same on both databases.
fn write(place: &Place, statements: &str) {
    for statement in statements.split(';') {
        // A superuser of PostgreSQL writes past foreign keys.
        place.sql(statement, &format!("set session_replication_role = replica; {statement}"));
    }
}

/// An id as the trail writes it.
fn id(place: &Place, of: &str) -> String {
    let hex = place.sql(&format!("select lower(hex({of}))"), &format!("select replace(({of})::text, '-', '')"));
    uuid(&hex)
}

fn uuid(hex: &str) -> String {
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn person(place: &Place, login: &str) -> String {
    format!("person:{}", id(place, &format!("(select id from staff where login = '{login}')")))
}

fn agency(place: &Place, code: &str) -> String {
    format!("agency:{}", id(place, &format!("(select id from agency where code = '{code}')")))
}

/// The lines of `doctor --deep` about the thing.
fn told_of(place: &Place, thing: &str, arguments: &[&str]) -> Vec<String> {
    let said = place.run(arguments).out;
    let prefix = format!("{thing}: ");
    said.lines().filter_map(|line| line.get(7..)?.strip_prefix(&prefix)).map(str::to_owned).collect()
}

const DEEP: &[&str] = &["doctor", "--deep"];
const REPAIR: &[&str] = &["doctor", "--deep", "--repair"];

fn alarm(serving: &mut Serving, thing: &str) {
    let alarm = format!("state diverged: {thing} is not what the service wrote");
    assert!(serving.log().contains(&alarm), "{}", serving.log());
}

fn log_in(serving: &Serving, login: &str) -> (u16, String) {
    serving.ask("POST", "/api/v1/session", None, Some(json!({"login": login, "password": "tsunagu-demo"})))
}

/// What is done to 納税課's clerk, whom the document or the head names.
const PERSON: &[&str] = &[
    // The name, role and password of another person.
    "update staff set document = (select document from staff where login = 'admin') where login = 'zei'",
    "update staff set (data_key, document) = (select data_key, document from staff where login = 'admin') where login = 'zei'",
    "update stream set state = (select state from stream where name = (select stream from staff where login = 'admin'))
     where name = (select stream from staff where login = 'zei')",
    "update staff set stream = 'person:none' where login = 'zei'",
    "update staff set municipality_id = (select id from agency limit 1) where login = 'zei'",
    "delete from stream where name = (select stream from staff where login = 'zei')",
];

/// Rows for searches about a person: each statement, and the table that the doctor names.
const ROWS: &[(&str, &str)] = &[
    ("update post set role = 'admin' where staff_id = (select id from staff where login = 'zei')", "post"),
    (
        "update post set agency_id = (select id from agency where code = 'hub') where staff_id = (select id from staff where login = 'zei')",
        "post",
    ),
    ("update post set valid_until = '2020-04-02' where staff_id = (select id from staff where login = 'zei')", "post"),
];

on_each! {
    fn a_person_whom_somebody_else_has_written_is_refused(place) {
        place.run(&["demo"]).ok();
        for statement in PERSON {
            let mut serving = place.serve();
            let (clerk, other) = (serving.client("zei"), serving.client("madoguchi"));
            let thing = person(&place, "zei");
            let kept = "create table kept_staff as select * from staff; create table kept_stream as select * from stream";
            write(&place, kept);
            write(&place, statement);
            // Running: neither the open session nor another log-in; everybody else goes on.
            clerk.get("/api/v1/session").problem(503, "state-diverged");
            let (status, said) = log_in(&serving, "zei");
            assert!(status == 503 && said.contains("state-diverged"), "{statement}: {status} {said}");
            other.get("/api/v1/session").ok();
            alarm(&mut serving, &thing);
            serving.stop();
            // Stopped, and found.
            let mut serving = place.serve();
            assert_eq!(log_in(&serving, "zei").0, 503, "{statement}");
            assert_eq!(log_in(&serving, "kurashi").0, 200, "{statement}");
            alarm(&mut serving, &thing);
            let found = [told_of(&place, &thing, DEEP), told_of(&place, "person:none", DEEP)].concat();
            assert!(!found.is_empty(), "{statement}");
            serving.stop();
            let back = "delete from staff where login = 'zei'; insert into staff select * from kept_staff where login = 'zei';
                        delete from stream where name = (select stream from staff where login = 'zei');
                        insert into stream select * from kept_stream where name = (select stream from staff where login = 'zei');
                        drop table kept_staff; drop table kept_stream";
            write(&place, back);
            // The session that was opened in between is in the trail, not in the row that was put back.
            let _ended = place.run(&["staff", "log-out", "zei"]);
        }
    }

    fn a_password_that_was_changed_does_not_come_back(place) {
        place.run(&["demo"]).ok();
        let mut serving = place.serve();
        let clerk = serving.client("zei");
        let thing = person(&place, "zei");
        write(&place, "create table then_staff as select * from staff where login = 'zei'");
        write(&place, "create table then_stream as select * from stream where name = (select stream from staff where login = 'zei')");
        let changed = json!({"old_password": "tsunagu-demo", "new_password": "mihon-no-aikotoba-2"});
        assert_eq!(clerk.put_plain("/api/v1/session/password", &changed).status, 204);
        assert_eq!(log_in(&serving, "zei").0, 401);
        // The row alone does not fit the head; with the head of that time, the trail has gone on.
        write(&place, "update staff set document = (select document from then_staff) where login = 'zei'");
        assert_eq!(log_in(&serving, "zei").0, 503);
        write(&place, "update stream set (seq, hash, state, mac) = (select seq, hash, state, mac from then_stream) where name = (select name from then_stream)");
        assert_eq!(log_in(&serving, "zei").0, 503);
        clerk.get("/api/v1/session").problem(503, "state-diverged");
        alarm(&mut serving, &thing);
        assert_eq!(told_of(&place, &thing, DEEP), ["head: its last event is another one"]);
        serving.stop();
    }

    fn a_row_of_a_post_or_a_session_lets_nobody_in(place) {
        place.run(&["demo"]).ok();
        let mut serving = place.serve();
        let thing = person(&place, "zei");
        for (statement, table) in ROWS {
            let clerk = serving.client("zei");
            write(&place, statement);
            clerk.get("/api/v1/session").ok();
            clerk.get("/api/v1/clients").problem(403, "forbidden");
            let told = told_of(&place, &thing, DEEP);
            assert!(told.len() == 1 && told[0].starts_with(&format!("{table}: ")), "{statement}: {told:?}");
            let told = told_of(&place, &thing, REPAIR);
            assert!(told.len() == 1 && told[0].ends_with("written again"), "{statement}: {told:?}");
            assert_eq!(told_of(&place, &thing, DEEP), Vec::<String>::new(), "{statement}");
        }
        // A post more: the clerk as an administrator.
        let clerk = serving.client("zei");
        let added = "insert into post select @new, municipality_id, (select id from staff where login = 'zei'), agency_id, role, valid_from,
                     valid_until, confirmed_at, ended_at from post where staff_id = (select id from staff where login = 'admin')";
        place.sql(&added.replace("@new", "randomblob(16)"), &added.replace("@new", "gen_random_uuid()"));
        assert_eq!(clerk.get("/api/v1/session").ok()["posts"].as_array().unwrap().len(), 1);
        let told = told_of(&place, &thing, REPAIR);
        assert_eq!(told, ["post: 0 missing, 1 too many, 0 changed; written again"]);
        // A session of the clerk becomes one of the administrator.
        let admin = serving.client("admin");
        let stolen = "update session set staff_id = (select id from staff where login = 'admin'),
                      acting_post_id = (select id from post where staff_id = (select id from staff where login = 'admin')),
                      agency_id = (select id from agency where code = 'admin')
                      where staff_id = (select id from staff where login = 'zei') and ended_at is null";
        write(&place, stolen);
        clerk.get("/api/v1/clients").problem(503, "state-diverged");
        admin.get("/api/v1/clients").ok();
        alarm(&mut serving, &person(&place, "admin"));
        assert!(told_of(&place, &person(&place, "admin"), DEEP)[0].starts_with("session: "));
        // A session that was ended is open again.
        let clerk = serving.client("hoken");
        clerk.delete("/api/v1/session");
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        write(&place, "update session set ended_at = null where staff_id = (select id from staff where login = 'hoken')");
        clerk.get("/api/v1/session").problem(503, "state-diverged");
        alarm(&mut serving, &person(&place, "hoken"));
        serving.client("hoken").get("/api/v1/session").ok();
        serving.stop();
    }

    fn an_agency_that_somebody_else_has_written_is_refused(place) {
        place.run(&["demo"]).ok();
        let mut serving = place.serve();
        let (admin, clerk) = (serving.client("admin"), serving.client("madoguchi"));
        let path = |thing: &str| format!("/api/v1/agencies/{}", thing.trim_start_matches("agency:"));
        // An agreement in the row gives none.
        let hospital = agency(&place, "byoin");
        write(&place, "update agency set agreement_from = '2026-01-01', agreement_until = '2031-01-01' where code = 'byoin'");
        assert!(admin.get(&path(&hospital)).ok()["agreement"].is_null());
        assert_eq!(told_of(&place, &hospital, REPAIR), ["agency: 0 missing, 0 too many, 1 changed; written again"]);
        assert_eq!(told_of(&place, &hospital, DEEP), Vec::<String>::new());
        // The document of the agency that has one is refused in its place, and so is its trail without the document.
        write(&place, "update agency set document = (select document from agency where code = 'npo-safetynet') where code = 'byoin'");
        admin.get(&path(&hospital)).problem(503, "state-diverged");
        alarm(&mut serving, &hospital);
        let (status, _) = serving.ask("GET", "/api/v1/session", Some(&clerk.token()), None);
        assert_eq!(status, 200);
        let listed = admin.get("/api/v1/agencies?limit=200").ok()["items"].as_array().unwrap().len();
        assert_eq!(listed, 9);
        assert!(told_of(&place, &hospital, DEEP)[0].starts_with("document: "));
        // Those who act for it are refused with it.
        let npo = agency(&place, "npo-safetynet");
        let worker = serving.client("npo");
        write(&place, "delete from stream where name = (select stream from agency where code = 'npo-safetynet')");
        worker.get("/api/v1/session").problem(503, "state-diverged");
        alarm(&mut serving, &npo);
        clerk.get("/api/v1/session").ok();
        assert!(told_of(&place, &npo, DEEP).iter().any(|it| it.contains("trail")));
        serving.stop();
    }
}

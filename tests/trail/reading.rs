//! The trail as an auditor reads it: pages, filters and tables. It tells nothing about the person.

use crate::forms::sheet;
use crate::{a_round, at_once, events, whole};
use serde_json::{Value, json};
use tests::{Client, on_both};

const EVENTS: &str = "/api/v1/audit/events";

/// A table (RFC 4180) as rows of cells.
fn rows(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '"' if quoted && signs.peek() == Some(&'"') => cell.extend(signs.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(signs.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\n' if !quoted => panic!("a bare line feed"),
            _ => cell.push(sign),
        }
    }
    assert!(row.is_empty() && cell.is_empty(), "the last line ends, too");
    rows
}

fn cells(event: &Value) -> Vec<String> {
    let shown = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let actor = &event["actor"];
    let cells = [
        &event["id"],
        &event["stream"],
        &event["seq"],
        &event["kind"],
        &event["at"],
        &event["sheet_id"],
        &actor["staff_id"],
        &actor["client_id"],
        &actor["post_id"],
        &actor["agency_id"],
        &event["prev"],
        &event["hash"],
        &event["body"],
    ];
    cells.into_iter().map(shown).collect()
}

/// All pages, one after the other.
fn paged(auditor: &Client, query: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = auditor.get(&format!("{EVENTS}?limit={limit}{query}{after}")).ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        all.extend(items.iter().cloned());
        match page["next"].as_str() {
            Some(next) => {
                assert_eq!(items.len(), limit, "only the last page is short");
                after = format!("&after={next}");
            }
            None => return all,
        }
    }
}

fn exported(auditor: &Client, query: &str) -> Vec<Value> {
    let answer = auditor.get_as(&format!("{EVENTS}?{query}"), "application/x-ndjson");
    assert_eq!(answer.status, 200, "{}", answer.text);
    events(&answer.text)
}

fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|e| e["id"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    fn the_table_the_lines_and_the_pages_tell_the_same(service) {
        a_round(&service);
        let auditor = service.login("kansa");
        let lines = exported(&auditor, "");
        assert_eq!(lines.last().unwrap()["kind"], "audit.exported", "the export itself is the last event of it");

        let answer = auditor.get_as(EVENTS, "text/csv");
        assert!(answer.header("content-type").starts_with("text/csv"));
        let table = rows(&answer.text);
        let head = "id,stream,seq,kind,at,sheet_id,staff_id,client_id,post_id,agency_id,prev,hash,body";
        assert_eq!(table[0].join(","), head);
        let expected: Vec<Vec<String>> = lines.iter().map(cells).collect();
        assert_eq!(table[1..table.len() - 1], expected, "all rows but that of the second export");
        assert_eq!(table.last().unwrap()[3], "audit.exported");

        // The pages show the newest first, nothing twice, and leave nothing out; reading them adds events only before the first page.
        let pages = paged(&auditor, "", 7);
        assert_eq!(pages[0]["kind"], "audit.read");
        let mut oldest_first = ids(&pages);
        oldest_first.reverse();
        assert_eq!(oldest_first[..lines.len()], ids(&lines));
        assert_eq!(oldest_first.len(), lines.len() + 2);
        assert_eq!(pages.iter().rev().take(lines.len()).collect::<Vec<_>>(), lines.iter().collect::<Vec<_>>());
    }

    fn a_filter_gives_what_fits_and_nothing_else(service) {
        let first = a_round(&service);
        service.advance_seconds(600);
        let between = service.now();
        let second = a_round(&service);
        service.advance_seconds(1);
        let end = service.now();
        let auditor = service.login("kansa");
        let all = exported(&auditor, "");
        let agency = service.agency("kurashi-shigoto");
        let (between_url, end_url) = (between.replace('+', "%2B"), end.replace('+', "%2B"));
        let before = |e: &Value, than: &str| e["at"].as_str().unwrap().parse::<domain::time::Instant>().unwrap() < than.parse().unwrap();
        type Fits<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
        let filters: Vec<(String, Fits<'_>)> = vec![
            (format!("sheet_id={first}"), Box::new(|e| e["sheet_id"] == json!(first))),
            (format!("sheet_id={second}&kind=relay.accepted"), Box::new(|e| e["sheet_id"] == json!(second) && e["kind"] == "relay.accepted")),
            ("kind=sheet.created".to_owned(), Box::new(|e| e["kind"] == "sheet.created")),
            (format!("agency_id={agency}"), Box::new(|e| e["actor"]["agency_id"] == json!(agency))),
            (format!("until={between_url}"), Box::new(|e| before(e, &between))),
            (format!("from={between_url}&until={end_url}"), Box::new(|e| !before(e, &between) && before(e, &end))),
            (format!("from={between_url}&until={between_url}"), Box::new(|_| false)),
        ];
        for (query, fits) in &filters {
            let expected: Vec<Value> = all.iter().filter(|e| fits(e)).cloned().collect();
            let lines = exported(&auditor, query);
            assert_eq!(ids(&lines), ids(&expected), "{query}");
            let mut pages = paged(&auditor, &format!("&{query}"), 2);
            pages.reverse();
            assert_eq!(ids(&pages), ids(&expected), "{query}");
            assert!(expected.len() > 1 || query.contains("accepted") || query.ends_with(&format!("until={between_url}")), "{query} is a test of nothing");
        }
        for bad in ["kind=relay.eaten", "from=yesterday", "sheet_id=1", "colour=red", "limit=0", "limit=201"] {
            let answer = auditor.get(&format!("{EVENTS}?{bad}"));
            assert!((400..500).contains(&answer.status), "{bad} {}", answer.status);
        }
        // The cursor of one list is not valid for another.
        let page = auditor.get(&format!("{EVENTS}?limit=1")).ok();
        let next = page["next"].as_str().unwrap();
        let answer = auditor.get(&format!("{EVENTS}?limit=1&kind=sheet.created&after={next}"));
        assert!((400..500).contains(&answer.status), "{}", answer.status);
    }

    fn nothing_of_the_person_is_in_the_trail(service) {
        let sheet_id = a_round(&service);
        let madoguchi = service.login("madoguchi");
        madoguchi.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミホン"})).ok();
        madoguchi.post("/api/v1/sheets/search", &json!({"birth_date": "1986-04-01"})).ok();
        let entry = json!({"occurred_at": service.now(), "method": "phone", "text": "ひみつの経過", "section": "statement"});
        madoguchi.post(&format!("/api/v1/sheets/{sheet_id}/entries"), &entry).ok();
        let consents = madoguchi.get(&format!("/api/v1/sheets/{sheet_id}/consents")).ok();
        let consent = consents["items"][0]["id"].as_str().unwrap().to_owned();
        let withdrawal = json!({"by": "self", "method": "phone", "reason": "ひみつの理由"});
        madoguchi.post(&format!("/api/v1/consents/{consent}/withdrawal"), &withdrawal).ok();
        let failed = json!({"login": "himitsu-login", "password": "himitsu-password"});
        service.anonymous().post("/api/v1/session", &failed).problem(401, "unauthenticated");

        let auditor = service.login("kansa");
        let lines = service.audit_export();
        let table = auditor.get_as(EVENTS, "text/csv").text;
        let page = auditor.get(&format!("{EVENTS}?limit=200")).text;
        for kind in ["sheet.searched", "session.failed", "entry.added", "consent.withdrawn"] {
            assert!(lines.contains(kind), "{kind} is not in the trail");
        }
        let secrets = ["見本", "花子", "ミホン", "ハナコ", "090-0000", "1986-04-01", "家賃", "住民税", "仕事", "家計", "ひみつ", "himitsu",
            "madoguchi", "tsunagu-demo", "\\u"];
        for secret in secrets {
            for text in [&lines, &table, &page] {
                assert!(!text.contains(secret), "{secret} is in the trail");
            }
        }
    }

    fn an_export_while_others_write_is_whole(service) {
        use std::sync::atomic::{AtomicBool, Ordering};
        let clerk = service.login("madoguchi");
        let auditor = service.login("kansa");
        let body = sheet(&service);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writers = scope.spawn(|| {
                at_once(6, |_| {
                    let mut last = clerk.post("/api/v1/sheets", &body);
                    for _ in 0..45 {
                        last = clerk.post("/api/v1/sheets", &body);
                        assert_eq!(last.status, 201, "{}", last.text);
                    }
                    last
                });
                done.store(true, Ordering::SeqCst);
            });
            let mut sizes = Vec::new();
            while !done.load(Ordering::SeqCst) || sizes.is_empty() {
                let answer = auditor.get_as(EVENTS, "application/x-ndjson");
                assert_eq!(answer.status, 200, "{}", answer.text);
                let verified = server::verify(answer.text.as_bytes());
                assert_eq!(verified.code, 0, "{}", verified.message);
                sizes.push(answer.text.lines().count());
                if writers.is_finished() {
                    break;
                }
            }
            assert!(sizes.is_sorted() && sizes.len() > 1, "{sizes:?}");
            writers.join().unwrap();
        });
        assert!(service.audit_export().lines().count() > 500, "more than one page of the export");
        whole(&service);
    }
}

#[test]
fn the_table_of_this_test_reads_what_is_quoted() {
    assert_eq!(rows("\u{feff}a,\"b,\"\"c\"\"\"\r\n,\r\n"), [vec!["a", "b,\"c\""], vec!["", ""]]);
}

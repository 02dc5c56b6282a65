//! Two municipalities on one service: neither sees the other, except for a relay that crosses by consent.

use crate::forms::{consent, consented, etag, id, moved, registered, relay, relay_path, sheet};
use crate::program::Place;
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const NOBODYS: &str = "01980000-0000-7000-8000-000000000000";
const PASSWORD: &str = "tonari-no-aikotoba";
const AGENCIES: &str = "code,name,kana,class,active_from\n\
                        fukushi-marugoto,隣の福祉課,トナリノフクシカ,ward,2020-04-01\n\
                        tonari-kosodate,隣の子育て課,トナリノコソダテカ,ward,2020-04-01\n";
const PEOPLE: [(&str, &str, &str); 5] = [
    ("tonari-fukushi", "fukushi-marugoto", "counter"),
    ("tonari-kosodate", "tonari-kosodate", "counter"),
    ("tonari-hub", "tonari-kosodate", "hub"),
    ("tonari-kansa", "tonari-kosodate", "auditor"),
    ("tonari-admin", "tonari-kosodate", "admin"),
];

/// The command line on the database of `service`.
fn place(service: &Service) -> Place {
    Place::empty()
        .with("TSUNAGU_DATABASE_URL", &service.config.database_url)
        .with("TSUNAGU_MASTER_KEY_FILE", service.config.master_key_file.to_str().unwrap())
}

/// 隣市 beside the demonstration's 見本区, by the command line.
fn neighbours(service: &Service) -> Place {
    let place = place(service);
    place.write("agencies.csv", AGENCIES);
    let import = ["agency", "import", "agencies.csv", "--municipality-code", "131229"];
    let said = place.run(&import).failed();
    assert!(said.contains("--municipality-name"), "{said}");
    place.run(&[import.as_slice(), &["--municipality-name", "隣市"]].concat()).ok();
    for (login, agency, role) in PEOPLE {
        let arguments = ["staff", "add", "--login", login, "--name", "隣 人", "--agency", agency, "--role", role];
        let said = place.tell(&arguments, PASSWORD).failed();
        assert!(said.contains("several municipalities") && said.contains("131211, 131229"), "{said}");
        place.tell(&[arguments.as_slice(), &["--municipality", "131229"]].concat(), PASSWORD).ok();
    }
    // The posts begin on the system's day, so the clock is set to it.
    service.set_clock_to_system();
    place
}

fn neighbour(service: &Service, login: &str) -> Client {
    service.login_with(login, PASSWORD)
}

fn items(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).ok()["items"].as_array().unwrap().clone()
}

fn found(client: &Client, search: Value) -> usize {
    let answer = client.post("/api/v1/sheets/search", &search).ok();
    answer["items"].as_array().unwrap().len()
}

fn agency_of(client: &Client, code: &str) -> String {
    let agencies = items(client, "/api/v1/agencies?limit=200");
    agencies.iter().find(|a| a["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
}

/// The number of a registered sheet.
fn number(client: &Client, sheet_id: &str) -> Value {
    client.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["number"].clone()
}

on_both! {
    fn commands_ask_which_municipality_where_there_are_several(service) {
        let place = neighbours(&service);
        let import = |more: &[&str]| place.run(&[["agency", "import", "agencies.csv"].as_slice(), more].concat()).failed();
        assert!(import(&[]).contains("several municipalities"));
        assert!(import(&["--municipality", "131229"]).contains("row 2: code: この機関コードはすでに使われています。"));
        assert!(import(&["--municipality", "131229", "--municipality-name", "別の市"]).contains("another name: 隣市"));
        assert!(import(&["--municipality", "13 12", "--municipality-name", "別の市"]).contains("the municipality's code"));

        let client = ["client", "add", "--name", "x", "--agency", "tonari-kosodate", "--scope", "sheets:read"];
        let client = |more: &[&str]| place.run(&[client.as_slice(), more].concat());
        assert!(client(&[]).failed().contains("several municipalities"));
        assert!(client(&["--municipality", "131211"]).failed().contains("no agency \"tonari-kosodate\" in 131211"));
        assert!(client(&["--municipality", "nowhere"]).failed().contains("no such municipality; there are: 131211, 131229"));
        client(&["--municipality", "131229"]).ok();

        assert!(place.run(&["audit", "export"]).failed().contains("several municipalities"));
        for (code, event) in [("131211", "session.opened"), ("131229", "client.created")] {
            service.login("madoguchi");
            let export = place.run(&["audit", "export", "--municipality", code]).ok();
            assert!(export.contains(event), "{export}");
            assert_eq!(place.tell(&["audit", "verify", "-"], &export).code, 0);
        }
    }

    fn nobody_sees_across_municipalities(service) {
        neighbours(&service);
        let madoguchi = service.login("madoguchi");
        let sheet_id = registered(&service, &madoguchi);
        let to = service.agency("kurashi-shigoto");
        let own = service.agency("fukushi-marugoto");
        let consent_id = consented(&madoguchi, &sheet_id, &consent(&service, &[&to], &["identity", "statement"]));
        let sent = relay(&madoguchi, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        let sheet_path = format!("/api/v1/sheets/{sheet_id}");

        // Each municipality has its own numbers, and both may use the same agency code.
        let fukushi = neighbour(&service, "tonari-fukushi");
        let theirs = registered(&service, &fukushi);
        assert_eq!(number(&madoguchi, &sheet_id), "R8-000001");
        assert_eq!(number(&fukushi, &theirs), "R8-000001");
        assert_eq!(number(&madoguchi, &registered(&service, &madoguchi)), "R8-000002");

        for (login, agency, role) in PEOPLE {
            let client = neighbour(&service, login);
            let paths = ["", "/timeline", "/consents", "/entries", "/revisions/1"].map(|below| format!("{sheet_path}{below}"));
            for path in paths.into_iter().chain([relay_path(&sent), format!("/api/v1/consents/{consent_id}")]) {
                let answer = client.get(&path);
                // The answer is that to an id that nothing has: 404, or 403 for roles that may not ask at all.
                let nobodys = path.split('/').map(|part| if part.len() == 36 { NOBODYS } else { part });
                let unknown = client.get(&nobodys.collect::<Vec<_>>().join("/"));
                assert_eq!(answer.status, unknown.status, "{login} {path}");
                assert!(answer.status == 404 || (answer.status == 403 && role != "counter"), "{login} {path}: {}", answer.text);
            }
            // Roles that may list sheets and relays see only those of their own municipality.
            if role != "admin" {
                assert!(items(&client, "/api/v1/sheets").iter().all(|s| s["id"] == json!(theirs)), "{login}");
                assert_eq!(items(&client, "/api/v1/relays?box=inbox"), [] as [Value; 0], "{login}");
                assert_eq!(items(&client, "/api/v1/relays?box=outbox"), [] as [Value; 0], "{login}");
            }
            let agencies = items(&client, "/api/v1/agencies?limit=200");
            assert_eq!(agencies.len(), 2, "{login}");
            client.get(&format!("/api/v1/agencies/{own}")).problem(404, "not-found");
            // A reader sees the names of their own agency; administrator, auditor and hub see those of all agencies of the municipality.
            let everybody = ["admin", "auditor", "hub"].contains(&role);
            let known = PEOPLE.iter().filter(|(_, of, _)| everybody || *of == agency).count();
            assert_eq!(items(&client, "/api/v1/staff?limit=200").len(), known, "{login}");
            assert_eq!(items(&client, "/api/v1/notices"), [] as [Value; 0], "{login}");
        }
        let name = json!({"kana_prefix": "ミホン"});
        let birth = json!({"birth_date": "1986-04-01"});
        for search in [name, birth, json!({"number": "R8-000001"})] {
            // Both have such a sheet; each finds its own.
            assert_eq!(found(&fukushi, search.clone()), 1, "{search}");
            assert_eq!(found(&neighbour(&service, "tonari-kosodate"), search.clone()), 0, "{search}");
        }
        assert_eq!(found(&fukushi, json!({"number": "R8-000002"})), 0);

        // Nobody may act in the other municipality either.
        let theirs_consent = consent(&service, &[&own], &["identity"]);
        fukushi.post(&format!("{sheet_path}/consents"), &theirs_consent).problem(404, "not-found");
        fukushi.step(&format!("{}/receive", relay_path(&sent)), &json!({}), "\"1\"").problem(404, "not-found");
        let admin = neighbour(&service, "tonari-admin");
        let kacho = items(&service.login("admin"), "/api/v1/staff?limit=200");
        let kacho = kacho.iter().find(|s| s["login"] == "kacho").unwrap()["id"].as_str().unwrap().to_owned();
        let here = agency_of(&admin, "tonari-kosodate");
        let post = |agency: &str| json!({"agency_id": agency, "role": "manager", "valid_from": "2020-04-01", "valid_until": null});
        admin.post(&format!("/api/v1/staff/{kacho}/posts"), &post(&here)).problem(404, "not-found");
        let spy = json!({"login": "spy", "name": "隣 影", "posts": [post(&own)]});
        admin.post("/api/v1/staff", &spy).problem(422, "invalid-input");
        let child = json!({"code": "child", "name": "子", "kana": "コ", "parent_id": own, "class": "ward", "active_from": "2020-04-01"});
        admin.post("/api/v1/agencies", &child).problem(422, "invalid-input");

        // The trail of one municipality names nothing of the other.
        let kansa = neighbour(&service, "tonari-kansa");
        let trail = kansa.get_as("/api/v1/audit/events", "application/x-ndjson");
        assert_eq!(trail.status, 200, "{}", trail.text);
        assert!(trail.text.contains(&theirs));
        let ours = items(&service.login("admin"), "/api/v1/agencies?limit=200");
        let ours = ours.iter().map(|a| a["id"].as_str().unwrap());
        for foreign in ours.chain([sheet_id.as_str(), sent["id"].as_str().unwrap(), consent_id.as_str()]) {
            // Their trail holds their own attempts, and with them only the id of the foreign agency that they asked for.
            assert!(foreign == own || !trail.text.contains(foreign), "{foreign}");
        }
        assert_eq!(items(&kansa, &format!("/api/v1/audit/events?sheet_id={sheet_id}")), [] as [Value; 0]);
        // Numbers begin anew in each municipality, so this number finds the sheet of the caller's municipality.
        let numbered = |by: &Client| items(by, "/api/v1/audit/events?number=R8-000001");
        for (by, sheet) in [(&kansa, &theirs), (&service.login("kansa"), &sheet_id)] {
            let events = numbered(by);
            assert!(!events.is_empty() && events.iter().all(|event| event["sheet_id"] == json!(sheet)), "{events:?}");
        }
        kansa.get("/api/v1/audit/events?number=R8-000002").problem(422, "invalid-input");
        assert_eq!(server::verify(trail.text.as_bytes()).code, 0);
        let trail = service.audit_export();
        assert!(trail.contains(&sheet_id) && !trail.contains(&theirs) && !trail.contains(&here));
        assert_eq!(server::verify(trail.as_bytes()).code, 0);
    }

    fn a_relay_crosses_to_the_one_agency_that_the_consent_names(service) {
        neighbours(&service);
        let madoguchi = service.login("madoguchi");
        let fukushi = neighbour(&service, "tonari-fukushi");
        let to = agency_of(&fukushi, "fukushi-marugoto");
        let other = agency_of(&fukushi, "tonari-kosodate");
        // They register a sheet with the same number, so that a wrong hit would show.
        registered(&service, &fukushi);
        let mut about = sheet(&service);
        about["content"]["identity"]["kana_family"] = json!("コエル");
        let sheet_id = id(madoguchi.post("/api/v1/sheets", &about));
        let sheet_path = format!("/api/v1/sheets/{sheet_id}");
        let sections = ["identity", "statement"];
        let consent_id = consented(&madoguchi, &sheet_id, &consent(&service, &[&to], &sections));
        assert_eq!(relay(&madoguchi, &sheet_id, &consent_id, &other, &sections, None).clauses(), ["recipient_not_covered"]);
        let sent = relay(&madoguchi, &sheet_id, &consent_id, &to, &sections, None).ok();
        assert_eq!(service.send_mail().len(), 0, "the neighbours have no mailbox");

        let inbox = items(&fukushi, "/api/v1/relays?box=inbox");
        assert_eq!((inbox.len(), &inbox[0]["id"]), (1, &sent["id"]));
        assert_eq!(fukushi.get(&relay_path(&sent)).ok()["content"], Value::Null);
        let opened = moved(&fukushi, &sent, "receive", &json!({}));
        assert_eq!(opened["content"]["identity"]["kana_family"], "コエル");
        let accepted = moved(&fukushi, &sent, "accept", &json!({}));
        assert_eq!(accepted["state"], "accepted");
        let shown = fukushi.get(&sheet_path).ok();
        assert_eq!((&shown["number"], &shown["holder_agency_id"]), (&json!("R8-000001"), &json!(to)));
        assert!(shown["content"].get("arrears").is_none());
        assert!(items(&fukushi, "/api/v1/sheets").iter().any(|s| s["id"] == json!(sheet_id)));
        for search in [json!({"kana_prefix": "コエル"}), json!({"number": "R8-000001", "kana_prefix": "コエル", "birth_date": "1986-04-01"})] {
            assert_eq!(found(&fukushi, search.clone()), 1, "{search}");
        }
        assert_eq!(found(&fukushi, json!({"number": "R8-000001"})), 2);
        moved(&fukushi, &sent, "report", &json!({"result": "support_started", "text": "始めました。"}));
        assert_eq!(madoguchi.get(&relay_path(&sent)).ok()["report"]["text"], "始めました。");

        moved(&madoguchi, &sent, "confirm", &json!({}));

        // Nobody else in either municipality sees it, whatever the role.
        let strangers = [("tonari-kosodate", true), ("tonari-hub", true), ("tonari-kansa", true), ("zei", false), ("kurashi", false), ("npo", false)];
        for (login, neighbouring) in strangers {
            let client = if neighbouring { neighbour(&service, login) } else { service.login(login) };
            client.get(&sheet_path).problem(404, "not-found");
            client.get(&relay_path(&sent)).problem(404, "not-found");
            assert!(items(&client, "/api/v1/sheets").iter().all(|s| s["id"] != json!(sheet_id)), "{login}");
            assert!(items(&client, "/api/v1/relays?box=inbox").iter().all(|r| r["id"] != sent["id"]), "{login}");
        }
        // The auditor of the sheet's municipality sees, as always, that there is a sheet.
        assert_eq!(service.login("kansa").get(&sheet_path).ok()["content"], Value::Null);

        // The receiver closes it; everything stands in the trail of the sheet's municipality, and both trails verify.
        let now = fukushi.get(&sheet_path).ok();
        fukushi.step(&format!("{sheet_path}/closure"), &json!({"reason": "支援につながったため"}), &etag(&now)).ok();
        let kinds = service.audit_kinds(&sheet_id);
        for kind in ["relay.received", "relay.accepted", "relay.reported", "sheet.closed"] {
            assert!(kinds.iter().any(|k| k == kind), "{kind} is not in {kinds:?}");
        }
        assert_eq!(server::verify(service.audit_export().as_bytes()).code, 0);
        let trail = neighbour(&service, "tonari-kansa").get_as("/api/v1/audit/events", "application/x-ndjson");
        assert_eq!(server::verify(trail.text.as_bytes()).code, 0);
    }

    fn a_class_of_recipients_reaches_no_agency_of_another_municipality(service) {
        neighbours(&service);
        let (madoguchi, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let abroad = agency_of(&neighbour(&service, "tonari-fukushi"), "fukushi-marugoto");
        let (here, third) = (service.agency("kurashi-shigoto"), service.agency("hoken"));
        let sheet_id = registered(&service, &madoguchi);
        let wards = |named: &[&str]| {
            let mut form = consent(&service, named, &["identity", "address"]);
            form["recipients"]["classes"] = json!(["ward"]);
            form["allow_onward"] = json!("classes");
            consented(&madoguchi, &sheet_id, &form)
        };
        let tell = |clerk: &Client, consent: &str, to: &str, parent: Option<&str>| {
            relay(clerk, &sheet_id, consent, to, &["identity", "address"], parent)
        };
        let by_class = wards(&[]);
        let first = tell(&madoguchi, &by_class, &here, None).ok();
        moved(&kurashi, &first, "accept", &json!({}));
        let parent = first["id"].as_str();
        assert_eq!(tell(&madoguchi, &by_class, &abroad, None).clauses(), ["other_municipality"]);
        // The agency that passes the sheet on does not learn whom the person named.
        assert_eq!(tell(&kurashi, &by_class, &abroad, parent).clauses(), ["onward_not_allowed"]);
        assert_eq!(tell(&kurashi, &by_class, &third, parent).status, 201);
        // An agency that is named may be told, onward as well.
        let by_name = wards(&[&abroad]);
        assert_eq!(tell(&kurashi, &by_name, &abroad, parent).status, 201);
        let crossed = tell(&madoguchi, &by_name, &abroad, None).ok();
        let fukushi = neighbour(&service, "tonari-fukushi");
        assert_eq!(moved(&fukushi, &crossed, "accept", &json!({}))["content"]["identity"]["given_name"], "花子");

        // Access that rests on the name ends with that consent: a later consent for the class does not prolong it.
        let last_day = consent(&service, &[&abroad], &["identity"]);
        let again = registered(&service, &madoguchi);
        let today = service.now()[..10].to_owned();
        let mut short = last_day.clone();
        short["effective_until"] = json!(today);
        let short = consented(&madoguchi, &again, &short);
        let crossed = relay(&madoguchi, &again, &short, &abroad, &["identity"], None).ok();
        moved(&fukushi, &crossed, "accept", &json!({}));
        let mut class = last_day;
        class["recipients"] = json!({"agency_ids": [], "classes": ["ward"]});
        class.as_object_mut().unwrap().remove("effective_until");
        consented(&madoguchi, &again, &class);
        service.advance_seconds(24 * 3600);
        let fukushi = neighbour(&service, "tonari-fukushi");
        let path = format!("/api/v1/sheets/{again}");
        assert_eq!(fukushi.get(&path).ok()["content"], json!({}));
        assert_eq!(found(&fukushi, json!({"kana_prefix": "ミホン"})), 1, "only the sheet that was told by a consent that stands");
    }
}

//! Every consent story × every relay story × every caller × every operation on the sheet, its consent or its relays: the answers of HTTP are
//! compared with the rule written by hand (`rule.rs`) and with the functions of the domain (`twin.rs`).

use crate::calls::{Call, NOBODY, OLD, Things, call};
use crate::expectation::rows;
use crate::people::{SCOPES, abroad, staffed, token};
use crate::rule::{Hop, Part, Question, Rule, Says, Who};
use crate::stories::Plot;
use crate::told::{entry, shown};
use crate::twin::{Twin, agency};
use crate::worlds::{World, worlds};
use domain::agency::Agency;
use domain::time::Day;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::{Answer, Client, Service, on_both};

/// Operations on the sheet and its newest consent.
const OF_SHEET: [&str; 14] = [
    "show_sheet",
    "list_entries",
    "list_consents",
    "show_consent",
    "show_timeline",
    "show_revision",
    "revise_sheet",
    "discard_sheet",
    "close_sheet",
    "reopen_sheet",
    "void_sheet",
    "add_entry",
    "give_consent",
    "withdraw_consent",
];
const OF_CONSENT: [&str; 3] = ["show_consent", "withdraw_consent", "witness_consent"];
/// Operations on a relay.
const OF_RELAY: [&str; 9] = [
    "show_relay",
    "receive_relay",
    "accept_relay",
    "decline_relay",
    "return_relay",
    "report_relay",
    "resend_relay",
    "cancel_relay",
    "confirm_relay",
];

struct Asker {
    who: Who,
    client: Client,
    agency: Agency,
}

/// Everybody who asks.
struct Cast {
    askers: Vec<Asker>,
    /// The ids of the agencies of the parts.
    receiver: String,
    onward: String,
    other: String,
}

impl Cast {
    fn new(service: &Service, basics: [&str; 2], abroad: (&str, Client)) -> Self {
        let admin = service.login("admin");
        let directory = admin.get("/api/v1/agencies?limit=200").ok();
        let find =
            |code: &str| directory["items"].as_array().unwrap().iter().find(|agency| agency["code"] == code).unwrap();
        let person = |login: &'static str, code: &str, part: Part, role: &'static str| Asker {
            who: Who { name: login, part, role: Some(role), scopes: Vec::new() },
            client: service.login(login),
            agency: agency(find(code), false),
        };
        let system = |name: &'static str, basic: &str, code: &str, part: Part, scopes: &[&'static str]| Asker {
            who: Who { name, part, role: None, scopes: scopes.to_vec() },
            client: token(service, basic, scopes),
            agency: agency(find(code), false),
        };
        let mut stranger = agency(find("nozei"), true);
        stranger.id = abroad.0.parse().unwrap();
        let [own, theirs] = basics;
        let kurashi = "kurashi-shigoto";
        let askers = vec![
            person("madoguchi", "fukushi-marugoto", Part::Origin, "counter"),
            person("kurashi", kurashi, Part::Receiver, "counter"),
            person("hoken", "hoken", Part::Onward, "counter"),
            person("kacho", "fukushi-marugoto", Part::Origin, "manager"),
            person("zei", "nozei", Part::Other, "counter"),
            person("npo", "npo-safetynet", Part::Other, "counter"),
            person("hub", "hub", Part::Other, "hub"),
            person("hogo", "hogo", Part::Other, "privacy_officer"),
            person("kansa", "kansa", Part::Other, "auditor"),
            person("admin", "admin", Part::Other, "admin"),
            Asker {
                who: Who { name: "abroad", part: Part::Abroad, role: Some("counter"), scopes: Vec::new() },
                client: abroad.1,
                agency: stranger,
            },
            system("the origin's system", own, "fukushi-marugoto", Part::Origin, &SCOPES),
            system("the receiver's system", theirs, kurashi, Part::Receiver, &SCOPES),
            system("sheets:read alone", theirs, kurashi, Part::Receiver, &["sheets:read"]),
            system("sheets:write alone", theirs, kurashi, Part::Receiver, &["sheets:write"]),
            system("relays:read alone", theirs, kurashi, Part::Receiver, &["relays:read"]),
            system("relays:write alone", theirs, kurashi, Part::Receiver, &["relays:write"]),
            system("no scope of cases", theirs, kurashi, Part::Receiver, &["audit:read", "directory:write"]),
        ];
        let id = |code: &str| find(code)["id"].as_str().unwrap().to_owned();
        Self { askers, receiver: id(kurashi), onward: id("hoken"), other: id("nozei") }
    }

    fn client(&self, part: Part) -> &Client {
        &self.askers.iter().find(|asker| asker.who.part == part).unwrap().client
    }

    fn id(&self, part: Part) -> &str {
        match part {
            Part::Receiver => &self.receiver,
            Part::Onward => &self.onward,
            _ => &self.other,
        }
    }
}

/// All questions that are asked in a world.
fn questions(plot: Plot) -> Vec<Question> {
    let of_sheet = OF_SHEET.into_iter().chain(["witness_consent"]);
    let of_sheet = of_sheet.filter(|operation| !plot.consent.line.is_empty() || !OF_CONSENT.contains(operation));
    let hops = [Hop::Asked, Hop::Child].into_iter().filter(|hop| plot.state(*hop).is_some());
    let of_relay = hops.flat_map(|hop| OF_RELAY.map(|operation| Question::Relay(operation, hop)));
    let tell = |to, onward| ["preview_relay", "send_relay"].map(|operation| Question::Tell { operation, to, onward });
    let asked = plot.relay.asked.is_some();
    let tells = tell(Part::Receiver, false).into_iter().chain(tell(Part::Other, false));
    let tells = tells.chain(tell(Part::Onward, true).into_iter().filter(|_| asked));
    of_sheet.map(Question::Sheet).chain(of_relay).chain(tells).chain(asked.then_some(Question::InWords)).collect()
}

/// Agencies with a part in the story ask these questions in every world. The other questions do not depend on the consent, and the answers to
/// outsiders depend on little: they take turns, so that each is asked in a quarter of the worlds, and by outsiders in one of thirty-two.
fn depends_on_consent(question: Question) -> bool {
    match question {
        Question::Sheet(operation) => {
            operation.starts_with("show") || operation.starts_with("list") || operation == "witness_consent"
        }
        Question::Relay(operation, _) => ["show_relay", "resend_relay"].contains(&operation),
        Question::InWords | Question::Tell { .. } => true,
    }
}

fn keys(value: &Value) -> Vec<String> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// The answer to a question, in the terms of the rule.
fn heard(question: Question, answer: &Answer) -> Says {
    let body = if answer.text.is_empty() { Value::Null } else { answer.json() };
    let name = body["type"].as_str().unwrap_or_default().trim_start_matches("urn:tsunagu:problem:");
    let words = |list: &Value, field: &str| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|item| item[field].as_str().unwrap().to_owned()).collect()
    };
    match (answer.status, name) {
        (403, "forbidden") => return Says::Forbidden,
        (404, "not-found") => return Says::Hidden,
        (412, "stale-revision") => return Says::Stale,
        (409, "invalid-transition") => return Says::State(body["state"].as_str().unwrap().to_owned()),
        (403, "consent-refused") => return Says::Refused(words(&body["refusals"], "clause")),
        (409, "preview-outdated") => return Says::PreviewOutdated,
        (422, "invalid-input") => return Says::Invalid(words(&body["errors"], "pointer").join(" ").leak()),
        (200, _) => {}
        _ => return Says::Strange(format!("{} {}", answer.status, answer.text)),
    }
    let items = || body["items"].as_array().unwrap().iter();
    let consent = |it: &Value| format!("{} {}", it["version"], it["state"].as_str().unwrap());
    let words_of = |it: &Value| (!it["given_by"]["capacity_note"].is_null()).then(|| "words".to_owned());
    Says::Shows(match question {
        Question::Sheet("list_entries") => items().map(|it| it["text"].as_str().unwrap().to_owned()).collect(),
        Question::Sheet("list_consents") => items().map(consent).chain(items().filter_map(words_of)).collect(),
        Question::Sheet("show_consent") => [consent(&body)].into_iter().chain(words_of(&body)).collect(),
        Question::Sheet("show_timeline") => BTreeSet::new(),
        Question::Sheet("show_sheet" | "show_revision") | Question::Relay("show_relay", _) => {
            let withheld = body["withheld"].as_array().unwrap().iter();
            let withheld =
                withheld.map(|it| format!("{} {}", it["section"].as_str().unwrap(), it["reason"].as_str().unwrap()));
            let there =
                ["address_secret", "visitor", "request", "note"].into_iter().filter(|field| !body[*field].is_null());
            let mut shown: BTreeSet<String> =
                withheld.chain(keys(&body["content"])).chain(there.map(str::to_owned)).collect();
            shown.insert(format!("state {}", body["state"].as_str().unwrap()));
            if body["content"].is_null() {
                shown.insert("no content".to_owned());
            }
            if !body["report"]["text"].is_null() {
                shown.insert("report".to_owned());
            }
            shown
        }
        Question::Tell { .. } => {
            let refused = words(&body["refusals"], "clause").into_iter().map(|clause| format!("refused: {clause}"));
            assert_eq!(body["allowed"], json!(body["refusals"] == json!([])), "{body}");
            refused.chain(keys(&body["disclosure"])).collect()
        }
        _ => return Says::Strange(format!("{} {}", answer.status, answer.text)),
    })
}

/// The markers that may stand in such an answer.
fn may_show(says: &Says) -> BTreeSet<&'static str> {
    let Says::Shows(words) = says else {
        return BTreeSet::new();
    };
    let markers = |word: &String| -> &'static [&'static str] {
        match word.as_str() {
            "identity" => &["印藤", "インドウ", "しるす子", "シルスコ", "1971-03-09"],
            "contact" => &["080-7777-1234"],
            "address" => &["秘密区番地町九丁目"],
            "statement" => &["話した言葉のしるし", "願いのしるし"],
            "arrears" => &["滞納のしるし"],
            "visitor" => &["来談者のしるし"],
            "words" => &["判断能力のしるし"],
            "request" => &["依頼のしるし"],
            "note" => &["辞退のしるし"],
            "report" | "history" => &["報告のしるし"],
            text if text.starts_with("経過のしるし") => &["経過のしるし"],
            _ => &[],
        }
    };
    words.iter().flat_map(markers).copied().collect()
}

struct Trial<'a> {
    service: &'a Service,
    rule: Rule,
    cast: Cast,
    today: Day,
    asked: usize,
    /// How many entries of lists and boxes were checked.
    listed: usize,
    shows: usize,
    wrong: Vec<String>,
}

impl Trial<'_> {
    /// The request of a question. If the rule says that it would go through, it comes with an old ETag, so that the world does not move.
    fn call(&self, world: &World, part: Part, question: Question, expected: &Says) -> Call {
        let relay = |hop| if hop == Hop::Asked { &world.asked } else { &world.child };
        let things = |relay: &str| Things {
            sheet: world.sheet.clone(),
            sheet_etag: if *expected == Says::Stale { OLD } else { world.etags.of(part) }.to_owned(),
            consent: world.versions.last().cloned().unwrap_or_default(),
            deferral: String::new(),
            stop: String::new(),
            release: String::new(),
            relay: relay.to_owned(),
            exception: String::new(),
            agency: String::new(),
            staff: String::new(),
        };
        let of_relay = |operation: &str, hop| {
            let relay = relay(hop).as_ref().unwrap();
            let call = call(self.service, operation, &things(&relay.id)).unwrap();
            if *expected == Says::Stale || operation == "show_relay" { call } else { call.at(relay.etags.of(part)) }
        };
        match question {
            Question::Sheet("add_entry") => {
                let mut read_only = entry(self.service);
                read_only["section"] = json!("history");
                Call { body: Some(read_only), ..call(self.service, "add_entry", &things("")).unwrap() }
            }
            Question::Sheet(operation) => call(self.service, operation, &things("")).unwrap(),
            Question::Relay(operation, hop) => of_relay(operation, hop),
            Question::InWords => {
                let report = json!({"result": "advice_given", "text": "報告のしるし"});
                Call { body: Some(report), ..of_relay("report_relay", Hop::Asked) }
            }
            Question::Tell { operation, to, onward } => {
                let mut call = call(self.service, operation, &things("")).unwrap();
                let body = call.body.as_mut().unwrap();
                body["to_agency_id"] = json!(self.cast.id(to));
                body["sections"] = json!(world.plot.consent.told);
                // The version in force, or else the newest, as the service chooses when the request names none.
                let line = &world.plot.consent.line;
                let judged = line.iter().position(|state| *state == "effective").map_or(0, |at| at);
                let judged = world.versions.iter().rev().nth(judged);
                body["basis"] = json!({"consent_id": judged.map_or(NOBODY, String::as_str)});
                if operation == "preview_relay" {
                    body.as_object_mut().unwrap().remove("basis");
                }
                if onward {
                    body["parent_relay_id"] = json!(world.asked.as_ref().unwrap().id);
                }
                call
            }
        }
    }

    fn ask(&mut self, world: &World, twin: &Twin, asker: usize, question: Question) {
        let Asker { who, client, agency } = &self.cast.askers[asker];
        // The named witness would be let through and change the world, so this is not asked here.
        if question == Question::Sheet("witness_consent")
            && who.name == "kacho"
            && matches!(world.plot.consent.story, "oral_waits" | "renewed_orally")
        {
            return;
        }
        let expected = self.rule.says(world.plot, who, question);
        let answer = self.call(world, who.part, question, &expected).send(client);
        let says = heard(question, &answer);
        self.asked += 1;
        self.shows += usize::from(matches!(says, Says::Shows(_)));
        let mut wrong = Vec::new();
        if says != expected {
            wrong.push(format!("{says:?}, not {expected:?}"));
        }
        let may = may_show(&expected);
        let markers: Vec<_> = shown(&answer.text).into_iter().filter(|marker| !may.contains(marker)).collect();
        if !markers.is_empty() {
            wrong.push(format!("it shows {markers:?}"));
        }
        wrong.extend(twin.objects(who, agency, question, &says, self.today));
        let place = format!("{}: {question:?} by {}", world.name(), who.name);
        self.wrong.extend(wrong.into_iter().map(|what| format!("{place}: {what}")));
    }

    /// The case for the domain's functions, as the origin and the auditor know it.
    fn twin(&self, world: &World) -> Twin {
        let origin = self.cast.client(Part::Origin);
        let sheet = origin.get(&format!("/api/v1/sheets/{}", world.sheet)).ok();
        let consents = origin.get(&format!("/api/v1/sheets/{}/consents", world.sheet)).ok();
        let hops = [&world.asked, &world.child].map(|hop| hop.as_ref().map(|hop| hop.id.as_str()));
        let relays = [world.first.as_deref(), hops[0], hops[1]].into_iter().flatten();
        let relays: Vec<Value> = relays.map(|id| origin.get(&format!("/api/v1/relays/{id}")).ok()).collect();
        Twin::new(&sheet, consents["items"].as_array().unwrap(), &relays, hops[0], hops[1])
    }

    /// Checks which worlds stand in whose list, search and boxes.
    fn lists(&mut self, worlds: &[World]) {
        let kana = json!({"kana_prefix": "インドウ"});
        let searched = |client: &Client, path: &str| {
            client.raw("POST", path, &[("content-type", "application/json")], Some(kana.to_string().as_bytes()))
        };
        let relays = |parts: &dyn Fn(&World) -> Vec<Option<String>>| -> BTreeSet<String> {
            worlds.iter().flat_map(parts).flatten().collect()
        };
        let hop = |hop: &Option<crate::worlds::Hop>| hop.as_ref().map(|hop| hop.id.clone());
        let received = relays(&|world| vec![world.first.clone(), hop(&world.asked)]);
        let passed_on = relays(&|world| vec![hop(&world.child)]);
        let open =
            |state: Option<&str>| matches!(state, Some("sent" | "received" | "accepted" | "returned" | "reported"));
        let open = relays(&|world| {
            let of = |which, hop: &Option<crate::worlds::Hop>| {
                hop.as_ref().filter(|_| open(world.plot.state(which))).map(|hop| hop.id.clone())
            };
            let first = world.first.clone().filter(|_| world.plot.relay.first == Some("accepted"));
            vec![first, of(Hop::Asked, &world.asked), of(Hop::Child, &world.child)]
        });
        for asker in &self.cast.askers {
            let (who, client) = (&asker.who, &asker.client);
            if !matches!(who.role, Some("counter" | "manager" | "hub")) {
                continue;
            }
            let sheets = |holds: &dyn Fn(&World) -> bool| -> BTreeSet<String> {
                worlds.iter().filter(|world| holds(world)).map(|world| world.sheet.clone()).collect()
            };
            let all = |get: &dyn Fn(&str) -> Answer, path: &str| everything(get, path);
            let get = |path: &str| client.get(path);
            let search = |path: &str| searched(client, path);
            let is_hub = who.role == Some("hub");
            let (inbox, outbox) = match who.part {
                Part::Origin => (BTreeSet::new(), received.clone()),
                Part::Receiver => (received.clone(), passed_on.clone()),
                Part::Onward => (passed_on.clone(), BTreeSet::new()),
                _ => (BTreeSet::new(), BTreeSet::new()),
            };
            let found = [
                ("list_sheets", all(&get, "/api/v1/sheets"), sheets(&|world| world.plot.lists(who.part))),
                ("search_sheets", all(&search, "/api/v1/sheets/search"), sheets(&|world| world.plot.finds(who.part))),
                ("inbox", all(&get, "/api/v1/relays?box=inbox"), inbox.clone()),
                ("outbox", all(&get, "/api/v1/relays?box=outbox"), outbox),
                ("list_relays", all(&get, "/api/v1/relays"), if is_hub { open.clone() } else { inbox }),
            ];
            for (what, found, expected) in found {
                self.listed += worlds.len();
                let which = |id: &String| {
                    let mine = |world: &&World| {
                        [&Some(world.sheet.clone()), &world.first, &hop(&world.asked), &hop(&world.child)]
                            .contains(&&Some(id.clone()))
                    };
                    worlds.iter().find(mine).map_or_else(|| id.clone(), World::name)
                };
                let more: Vec<_> = found.difference(&expected).map(which).collect();
                let less: Vec<_> = expected.difference(&found).map(which).collect();
                if !more.is_empty() || !less.is_empty() {
                    self.wrong.push(format!("{what} by {}: {more:?} too many, {less:?} missing", who.name));
                }
            }
        }
    }

    /// Makes one move that each world still allows, a different one from world to world.
    fn move_on(&mut self, worlds: &[World]) {
        let mut done = BTreeMap::new();
        for (place, world) in worlds.iter().enumerate() {
            let moves = Rule::moves(world.plot);
            let Some((operation, hop, by)) = moves.get(place % moves.len().max(1)).copied() else {
                continue;
            };
            let answer = self
                .call(world, by, Question::Relay(operation, hop), &Says::PreviewOutdated)
                .send(self.cast.client(by));
            let expected = match operation {
                "receive_relay" => "received",
                "accept_relay" => "accepted",
                "decline_relay" => "declined",
                "return_relay" => "returned",
                "report_relay" => "reported",
                "cancel_relay" => "cancelled",
                "confirm_relay" => "closed",
                other => panic!("{other}"),
            };
            self.asked += 1;
            if answer.status != 200 || answer.json()["state"] != expected {
                self.wrong.push(format!("{}: {operation} of {hop:?}: {} {}", world.name(), answer.status, answer.text));
            }
            *done.entry(operation).or_insert(0) += 1;
        }
        assert_eq!(done.len(), 7, "{done:?}");
    }
}

/// The ids on every page of a list.
fn everything(get: &dyn Fn(&str) -> Answer, path: &str) -> BTreeSet<String> {
    let (mut ids, mut after) = (BTreeSet::new(), String::new());
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = get(&format!("{path}{separator}limit=200{after}")).ok();
        ids.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return ids,
        }
    }
}

on_both! {
    fn what_is_answered_follows_consent_and_relay_and_who_asks(service) {
        let systems = ["fukushi-marugoto", "kurashi-shigoto"].map(|code| staffed(&service, code, &[]).system.basic);
        let abroad_id = abroad(&service).0;
        let worlds = worlds(&service);
        let abroad = service.login_with("tonari", "tonari-no-aikotoba");
        let cast = Cast::new(&service, [&systems[0], &systems[1]], (&abroad_id, abroad));
        let today: Day = "2026-11-21".parse().unwrap();
        let mut trial = Trial { service: &service, rule: Rule { rows: rows() }, cast, today, asked: 0, listed: 0, shows: 0, wrong: Vec::new() };

        for (place, world) in worlds.iter().enumerate() {
            let twin = trial.twin(world);
            for (number, question) in questions(world.plot).into_iter().enumerate() {
                for asker in 0..trial.cast.askers.len() {
                    let has_a_part = asker < 2 || asker == 2 && world.child.is_some();
                    let turn = if has_a_part { 4 } else { 32 };
                    if has_a_part && depends_on_consent(question) || (place + number + asker) % turn == 0 {
                        trial.ask(world, &twin, asker, question);
                    }
                }
            }
        }
        trial.lists(&worlds);
        trial.move_on(&worlds);
        println!(
            "{} worlds, {} cells, of which {} are views, and {} places in lists",
            worlds.len(), trial.asked, trial.shows, trial.listed
        );
        let first: Vec<_> = trial.wrong.iter().take(60).cloned().collect();
        assert!(trial.wrong.is_empty(), "{} of {} are wrong:\n{}", trial.wrong.len(), trial.asked, first.join("\n"));
        assert!(trial.asked > 15_000 && trial.shows > 4_000, "only {} cells", trial.asked);
    }
}

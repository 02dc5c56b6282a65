//! Makes the worlds of `stories.rs` over HTTP: each is a separate sheet about the same person.

use crate::forms::{consent, consented, etag, id, moved, relay, relay_path};
use crate::rule::Part;
use crate::stories::{Plot, plots};
use crate::told::{entry, marked, marked_consent};
use serde_json::{Value, json};
use tests::{Client, Service};

/// The day on which everything is told. It is the last day of the consents that must have expired when the questions are asked.
const FIRST_DAY: &str = "2026-11-20";
/// The instant at which the questions are asked.
const SECOND_DAY: &str = "2026-11-21T12:00:00+09:00";

/// The ETags as the origin, the receiver and the onward receiver are told them.
#[derive(Default)]
pub struct Etags([String; 3]);

impl Etags {
    /// The ETag for an agency, or else the origin's, which counts every change.
    pub fn of(&self, part: Part) -> &str {
        let [origin, receiver, onward] = &self.0;
        match part {
            Part::Receiver => receiver,
            Part::Onward => onward,
            _ => origin,
        }
    }
}

/// A relay of a world.
pub struct Hop {
    /// Its id.
    pub id: String,
    /// Its ETags on the day of the questions.
    pub etags: Etags,
}

/// A sheet with its story.
pub struct World {
    /// The story.
    pub plot: Plot,
    /// The sheet.
    pub sheet: String,
    /// Its ETags on the day of the questions.
    pub etags: Etags,
    /// Its consents, oldest first.
    pub versions: Vec<String>,
    /// The relay that is asked about.
    pub asked: Option<Hop>,
    /// The one that its receiver sent on.
    pub child: Option<Hop>,
    /// An earlier one to the same receiver.
    pub first: Option<String>,
}

impl World {
    /// A name for messages.
    pub fn name(&self) -> String {
        format!("{} × {}", self.plot.consent.story, self.plot.relay.story)
    }
}

/// The words of entries in the progress record, by the section to which they belong; the last is the receiver's own.
pub const ENTRIES: [(&str, &str); 3] =
    [("statement", "経過のしるし"), ("address", "経過のしるし 住所"), ("arrears", "経過のしるし 滞納")];
/// The entry that the receiver wrote itself.
pub const OWN_ENTRY: &str = "受けた側の覚え";

/// The clients and agencies that make the worlds.
struct Makers<'a> {
    service: &'a Service,
    origin: Client,
    witness: Client,
    witness_id: String,
    receiver: Client,
    onward: Client,
    /// くらしとしごとの相談センター, 保健センター, 納税課.
    agencies: [String; 3],
}

impl<'a> Makers<'a> {
    fn new(service: &'a Service) -> Self {
        let [origin, witness, receiver, onward] =
            ["madoguchi", "kacho", "kurashi", "hoken"].map(|login| service.login(login));
        let witness_id = witness.get("/api/v1/session").ok()["staff"]["id"].as_str().unwrap().to_owned();
        let agencies = ["kurashi-shigoto", "hoken", "nozei"].map(|code| service.agency(code));
        Self { service, origin, witness, witness_id, receiver, onward, agencies }
    }

    /// The terms of a consent to `sections` for the receiver and the onward receiver by name.
    fn named(&self, sections: &[&str]) -> Value {
        let mut terms = marked_consent(self.service, &[&self.agencies[0], &self.agencies[1]]);
        terms["sections"] = json!(sections);
        terms
    }

    /// The same by class.
    fn wards(&self, sections: &[&str], but: &str) -> Value {
        let mut terms = self.named(sections);
        terms["recipients"] = json!({"agency_ids": [], "classes": ["ward"]});
        terms["allow_onward"] = json!("classes");
        terms["exclusions"] = if but.is_empty() { json!([]) } else { json!([but]) };
        terms
    }

    /// The same for 納税課 alone.
    fn others(&self, sections: &[&str]) -> Value {
        let mut terms = consent(self.service, &[&self.agencies[2]], sections);
        terms["given_by"]["capacity_note"] = json!("判断能力のしるし");
        terms
    }

    fn orally(&self, sections: &[&str]) -> Value {
        let mut terms = self.named(sections);
        terms["method"] = json!("oral");
        terms["witness_staff_id"] = json!(self.witness_id);
        terms
    }

    fn decided(&self, decision: &str) -> Value {
        json!({
            "decision": decision, "given_by": {"kind": "self", "capacity_note": "判断能力のしるし"}, "identity_check": "known",
            "method": "signature_paper", "obtained_at": self.service.now()
        })
    }

    /// Version 1.
    fn first_version(&self, plot: Plot) -> Value {
        let told = &plot.consent.told;
        let mut terms = match plot.consent.story {
            "by_class" => self.wards(told, &self.agencies[2]),
            _ => self.named(told),
        };
        match plot.consent.story {
            "few" => {
                terms["decision"] = json!("partial");
                terms["allow_onward"] = json!("no");
                terms["allow_report_back"] = json!(false);
            }
            story if story.starts_with("expired") || story.starts_with("renewed") => {
                terms["effective_until"] = json!(FIRST_DAY)
            }
            _ => {}
        }
        terms
    }

    /// The relay story.
    fn relayed(&self, world: &mut World) {
        let (sheet, told) = (world.sheet.clone(), &world.plot.consent.told);
        let version = world.versions[0].clone();
        let [receiver, onward, _] = &self.agencies;
        let send = |by: &Client, to: &str, parent: Option<&str>| relay(by, &sheet, &version, to, told, parent).ok();
        let step = |by: &Client, it: &Value, name: &str| {
            let body = match name {
                "decline" => json!({"reason": "no_capacity", "note": "辞退のしるし"}),
                "return" => json!({"missing": ["電話"], "note": "辞退のしるし"}),
                "cancel" => json!({"reason": "辞退のしるし"}),
                // This consent does not allow words in a report, so there are none.
                "report" if world.plot.consent.story == "few" => json!({"result": "support_started"}),
                "report" => json!({"result": "support_started", "text": "報告のしるし"}),
                _ => json!({}),
            };
            moved(by, it, name, &body);
        };
        let resend = |it: &Value| {
            let asked = json!({"to_agency_id": receiver, "sections": told, "purpose": "support_referral"});
            let preview = self.origin.post(&format!("/api/v1/sheets/{sheet}/relays/preview"), &asked).ok();
            moved(&self.origin, it, "resend", &json!({"disclosure_digest": preview["disclosure_digest"]}));
        };
        let moves: &[&str] = match world.plot.relay.story {
            "none" => return,
            "sent" => &[],
            "received" => &["receive"],
            "accepted_unopened" => &["accept"],
            "taken" | "passed_on" | "passed_on_taken" | "passed_on_opened" | "passed_on_declined"
            | "passed_on_returned" => &["receive", "accept"],
            "declined" | "second_chance" => &["decline"],
            "declined_opened" => &["receive", "decline"],
            "returned" => &["return"],
            "returned_opened" => &["receive", "return"],
            "resent" => &["return", "resend"],
            "resent_opened" => &["receive", "return", "resend", "receive"],
            "resent_taken" => &["receive", "return", "resend", "receive", "accept"],
            "cancelled" => &["cancel"],
            "cancelled_opened" => &["receive", "cancel"],
            "cancelled_returned" => &["return", "cancel"],
            "reported" => &["receive", "accept", "report"],
            "confirmed" => &["receive", "accept", "report", "confirm"],
            "second_beside" => &["accept"],
            other => panic!("nobody has written down how {other} is made"),
        };
        let mut asked = send(&self.origin, receiver, None);
        for name in moves {
            match *name {
                "resend" => resend(&asked),
                "cancel" | "confirm" => step(&self.origin, &asked, name),
                _ => step(&self.receiver, &asked, name),
            }
        }
        let path = format!("/api/v1/sheets/{sheet}/entries");
        if moves.contains(&"accept") {
            let mut own = entry(self.service);
            own["text"] = json!(OWN_ENTRY);
            self.receiver.post(&path, &own).ok();
        }
        let id = |relay: &Value| relay["id"].as_str().unwrap().to_owned();
        if world.plot.relay.first.is_some() {
            world.first = Some(id(&asked));
            asked = send(&self.origin, receiver, None);
        }
        let parent = id(&asked);
        if let Some(state) = world.plot.relay.child {
            let child = send(&self.receiver, onward, Some(&parent));
            let moves: &[&str] = match state {
                "sent" => &[],
                "received" => &["receive"],
                "accepted" => &["receive", "accept"],
                "declined" => &["decline"],
                "returned" => &["return"],
                other => panic!("{other}"),
            };
            moves.iter().for_each(|name| step(&self.onward, &child, name));
            world.child = Some(Hop { id: id(&child), etags: Etags::default() });
        }
        world.asked = Some(Hop { id: parent, etags: Etags::default() });
    }

    fn give(&self, world: &mut World, terms: &Value) {
        let given = consented(&self.origin, &world.sheet, terms);
        world.versions.push(given);
    }

    fn withdraw(&self, world: &World, version: usize, what: Value) {
        let mut body = what;
        body["by"] = json!("self");
        body["method"] = json!("oral");
        self.origin.post(&format!("/api/v1/consents/{}/withdrawal", world.versions[version]), &body).ok();
    }

    fn witnessed(&self, world: &World, confirmed: bool) {
        let path = format!("/api/v1/consents/{}/witness", world.versions.last().unwrap());
        self.witness.post(&path, &json!({"confirmed": confirmed})).ok();
    }

    /// The rest of the story that happens on the first day.
    fn first_day(&self, world: &mut World) {
        let story = world.plot.consent.story;
        let told: &[&str] = &world.plot.consent.told;
        let few: &[&str] = &["identity", "topics"];
        let [receiver, _, other] = &self.agencies;
        let sheet = format!("/api/v1/sheets/{}", world.sheet);
        let at = || etag(&self.origin.get(&sheet).ok());
        match story {
            "refused" => self.give(world, &self.decided("refused")),
            "deferred" => self.give(world, &self.decided("pending")),
            "oral_waits" => self.give(world, &self.orally(few)),
            "oral_confirmed" | "oral_denied" => {
                self.give(world, &self.orally(few));
                self.witnessed(world, story == "oral_confirmed");
            }
            "replaced" => self.give(world, &self.others(told)),
            "withdrawn" => self.withdraw(world, 0, json!({})),
            "withdrawn_receiver" => self.withdraw(world, 0, json!({"agency_ids": [receiver]})),
            "withdrawn_other" => self.withdraw(world, 0, json!({"agency_ids": [other]})),
            "withdrawn_sections" => self.withdraw(world, 0, json!({"sections": ["identity", "contact"]})),
            "withdrawn_both" => self.withdraw(world, 0, json!({"agency_ids": [receiver], "sections": ["identity"]})),
            "withdrawn_piecemeal" => self.withdraw(world, 0, json!({"sections": told})),
            "old_withdrawn" | "both_withdrawn" => {
                self.give(world, &self.named(told));
                self.withdraw(world, usize::from(story == "both_withdrawn"), json!({}));
            }
            "given_anew" => {
                self.withdraw(world, 0, json!({}));
                self.give(world, &self.named(told));
            }
            "renewed_for_later" => {
                let mut later = self.named(told);
                later["effective_from"] = json!("2026-12-01");
                self.give(world, &later);
            }
            "secret_address" => {
                let mut secret = marked(self.service);
                secret["address_secret"] = json!("dv_measure");
                self.origin.put(&sheet, &secret, &at()).ok();
            }
            "voided" => {
                self.witness.step(&format!("{sheet}/void"), &json!({"reason": "経過のしるし 取消"}), &at()).ok();
            }
            "closed" => {
                let holder = if world.plot.relay.story == "confirmed" { &self.receiver } else { &self.origin };
                let at = etag(&holder.get(&sheet).ok());
                holder.step(&format!("{sheet}/closure"), &json!({"reason": "経過のしるし 終結"}), &at).ok();
            }
            _ => {}
        }
    }

    /// The part of the story on the second day, when the first version may have expired.
    fn second_day(&self, world: &mut World) {
        let told: &[&str] = &world.plot.consent.told;
        let terms = match world.plot.consent.story {
            "expired_refused" => self.decided("refused"),
            "expired_deferred" => self.decided("pending"),
            "renewed" => self.named(told),
            "renewed_by_class" => self.wards(told, ""),
            "renewed_few" => self.named(&["identity", "topics"]),
            "renewed_for_others" => self.others(told),
            "renewed_excluding" => self.wards(told, &self.agencies[0]),
            "renewed_orally" => self.orally(told),
            "renewed_unchecked" => {
                let mut unchecked = self.named(told);
                unchecked["identity_check"] = json!("none");
                unchecked
            }
            _ => return,
        };
        self.give(world, &terms);
    }

    fn made(&self, plot: Plot) -> World {
        let sheet = id(self.origin.post("/api/v1/sheets", &marked(self.service)));
        let mut world =
            World { plot, sheet, etags: Etags::default(), versions: Vec::new(), asked: None, child: None, first: None };
        for (section, text) in ENTRIES {
            let mut entry = entry(self.service);
            entry["section"] = json!(section);
            entry["text"] = json!(text);
            self.origin.post(&format!("/api/v1/sheets/{}/entries", world.sheet), &entry).ok();
        }
        if plot.consent.story != "none" {
            self.give(&mut world, &self.first_version(plot));
            self.relayed(&mut world);
        }
        self.first_day(&mut world);
        world
    }

    /// Notes the ETags as they are now.
    fn settle(&self, world: &mut World) {
        let etags = |path: &str| {
            let whole = etag(&self.origin.get(path).ok());
            let seen = |by: &Client| Some(by.get(path)).filter(|it| it.status == 200).map(|it| it.etag());
            let own = [&self.receiver, &self.onward].map(|by| seen(by).unwrap_or_else(|| whole.clone()));
            let [receiver, onward] = own;
            Etags([whole, receiver, onward])
        };
        world.etags = etags(&format!("/api/v1/sheets/{}", world.sheet));
        for hop in [&mut world.asked, &mut world.child].into_iter().flatten() {
            hop.etags = etags(&relay_path(&json!({"id": hop.id})));
        }
    }
}

/// Makes every world, and lets the night pass in which consents expire. After that the log-ins of the first day have ended.
pub fn worlds(service: &Service) -> Vec<World> {
    let makers = Makers::new(service);
    let mut worlds: Vec<World> = plots().into_iter().map(|plot| makers.made(plot)).collect();
    service.set_clock(SECOND_DAY);
    let makers = Makers::new(service);
    for world in &mut worlds {
        makers.second_day(world);
        makers.settle(world);
    }
    worlds
}

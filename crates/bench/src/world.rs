//! An invented ward: agencies, clerks, and any number of finished cases, made by the domain's own transitions. Case `n` always has the same
//! ids, so that a reader, and the floor's statements, can find it by its number.

use crate::Result;
use crate::chance::Seeded;
use domain::account::{PasswordHash, Person, Post, Role};
use domain::agency::{Actor, Agency, AgencyClass, AgencyRecord, Principal};
use domain::audit::EventDraft;
use domain::calendar::fiscal_year;
use domain::case::consent::{
    AllowOnward, CommitKey, ConsentMethod, Decision, GivenBy, GivenByKind, IdentityCheck, Purpose, Recipients, Terms,
};
use domain::case::relay::{Basis, Handover};
use domain::case::sheet::{Document, Reception, SheetNumber, Written};
use domain::case::{Case, ConsentInput, Move, RelayRequest, SheetInput};
use domain::codes::Tables;
use domain::content::{AddressSecret, Channel, Content, Route, Section, Sections, UncheckedContent, Urgency};
use domain::ids::{AgencyId, ConsentId, MunicipalityId, PostId, RelayId, SessionId, SheetId, StaffId};
use domain::personal::Personal;
use domain::time::{Day, Instant};
use storage::{Finished, MunicipalityRecord};
use uuid::Uuid;

/// The number of agencies that write sheets and answer relays.
pub(crate) const AGENCIES: usize = 32;
/// The number of clerks; clerk `i` works in agency `i % AGENCIES`.
pub(crate) const CLERKS: usize = 64;
/// The password of everybody, and its hash with the service's own parameters.
pub(crate) const PASSWORD: &str = "tsunagu-demo";
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$l5r2Y1hJ+tMwODxNJ2MqFw$CUBh3pf3F3tSBmKcR3O8gS2FdN16MKmPeZeRGI7cE+M";
/// The sections of every relay here.
pub(crate) const SECTIONS: [Section; 3] = [Section::Identity, Section::Topics, Section::Statement];
/// The microseconds between two stored cases: a million of them fit into a day, and none is overdue.
const APART: i64 = 50_000;

/// The ward.
pub(crate) struct World {
    pub(crate) municipality: MunicipalityRecord,
    /// The agencies of the clerks, then that of the auditor.
    pub(crate) agencies: Vec<AgencyRecord>,
    /// The clerks, then the auditor.
    pub(crate) staff: Vec<Person>,
    pub(crate) now: Instant,
    /// The number of versions of a consent that each stored case has; the relay rests on the last.
    versions: u32,
    chance: Seeded,
    tables: Tables,
}

/// The login of a clerk.
pub(crate) fn login(clerk: usize) -> String {
    format!("mihon-{clerk:02}")
}

/// The auditor's login.
pub(crate) const AUDITOR: &str = "mihon-kansa";

/// The agency where case `n` was recorded, and the one to which it was relayed.
pub(crate) fn agencies_of(n: u32) -> (usize, usize) {
    let (all, n) = (AGENCIES as u32, n);
    let origin = n % all;
    let receiver = (origin + 1 + (n / all) % (all - 1)) % all;
    (origin as usize, receiver as usize)
}

/// The id of sheet, consent and relay `n`, and of agency `n`. They may be the same, because each is in a table of its own.
pub(crate) fn id_of(n: u32) -> Uuid {
    // A UUIDv7 with a millisecond of its own. The number is repeated at the end, because the last bits choose the lane.
    Uuid::from_u128(((MILLIS + u128::from(n)) << 80) | 0x7000_8000_0000_0000_0000 | u128::from(n))
}

/// A time before anything that the service makes.
pub(crate) const MILLIS: u128 = 1_700_000_000_000;

/// The kana of the person of case `n`: four million names before one is repeated.
pub(crate) fn kana_of(n: u32) -> (String, String) {
    // Mixes the numbers, so that neighbours have nothing in common.
    let spread = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    (name((spread % 2000) as usize, 3), name((spread / 2000 % 2000) as usize, 2))
}

fn name(mut index: usize, tail: usize) -> String {
    const SYLLABLES: [&str; 20] = [
        "ミ", "ホ", "ン", "タ", "カ", "サ", "ナ", "マ", "ヤ", "ラ", "キ", "シ", "チ", "ニ", "リ", "コ", "ト", "ノ",
        "モ", "ロ",
    ];
    let mut syllable = || {
        let found = SYLLABLES.get(index % SYLLABLES.len()).copied().unwrap_or_default();
        index /= SYLLABLES.len();
        found
    };
    // The ア in front, because no name begins with ン.
    let begin: String = (0..tail).map(|_| syllable()).collect();
    format!("ア{begin}{}", syllable())
}

impl World {
    pub(crate) fn new(now: Instant, versions: u32) -> Self {
        let chance = Seeded::new(8);
        let of = MunicipalityId::new(now, &chance);
        let began = Day(jiff::civil::date(2020, 4, 1));
        let agencies: Vec<_> = (0..=AGENCIES).map(|number| agency(number, of, now, began)).collect();
        let municipality = MunicipalityRecord { id: of, code: "999999".to_owned(), name: "見本区".to_owned() };
        let mut world =
            Self { municipality, agencies, staff: Vec::new(), now, versions, chance, tables: Tables::default() };
        for clerk in 0..CLERKS {
            world.staff.extend(world.person(login(clerk), clerk % AGENCIES, Role::Counter, began));
        }
        world.staff.extend(world.person(AUDITOR.to_owned(), AGENCIES, Role::Auditor, began));
        world
    }

    fn person(&self, login: String, agency: usize, role: Role, began: Day) -> Option<Person> {
        let id = StaffId::new(self.now, &self.chance);
        let agency_id = self.agency(agency)?.id;
        let post = Post::confirmed(PostId::new(self.now, &self.chance), id, agency_id, role, began, self.now);
        Some(Person {
            id,
            municipality_id: self.municipality.id,
            name: format!("見本 {login}"),
            login,
            password_hash: Some(PasswordHash(HASH.to_owned())),
            code: None,
            code_from: None,
            disabled_at: None,
            posts: vec![post],
            sessions: Vec::new(),
        })
    }

    fn agency(&self, number: usize) -> Option<&Agency> {
        self.agencies.get(number).map(|record| &record.agency)
    }

    /// When case `n` of `stored` was recorded.
    fn at(&self, n: u32, stored: u32) -> Instant {
        Instant::from_micros(self.now.as_micros() - i64::from(stored - n) * APART)
    }

    /// The clerk of an agency who wrote the stored cases, at an instant.
    fn actor(&self, agency: usize, at: Instant) -> Result<Actor> {
        let person = self.staff.get(agency).ok_or("no such clerk")?;
        let post = person.posts.first().ok_or("no post")?;
        let session_id = SessionId(person.id.0);
        let principal = Principal::Staff { staff_id: person.id, session_id, post_id: post.id, role: post.role };
        Ok(Actor { principal, agency_id: post.agency_id, municipality_id: self.municipality.id, at })
    }

    /// Case `n` of `stored`: recorded, consented, relayed and received; every other one accepted, too.
    pub(crate) fn case(&self, n: u32, stored: u32) -> Result<Finished> {
        let (origin, receiver) = agencies_of(n);
        let at = self.at(n, stored);
        let (writer, reader) = (self.actor(origin, at)?, self.actor(receiver, at)?);
        let from = self.agency(origin).ok_or("no such agency")?;
        let to = self.agency(receiver).ok_or("no such agency")?;
        let content = self.check(&content(n), at)?;
        let reception = Reception {
            received_at: Some(at),
            channel: Some(Channel::Visit),
            route: Some(Route::SelfVisit),
            urgency: Some(Urgency::Normal),
            address_secret: AddressSecret::None,
        };
        let document = Document { visitor: None, content: content.clone(), reception: None, written: None };
        let input = SheetInput { reception: reception.clone(), document: document.clone() };
        let document =
            Document { reception: Some(reception), written: Some(Written { at, by: writer.staff_id() }), ..document };
        let number = SheetNumber { fiscal_year: fiscal_year(self.now.date()), serial: n + 1 };
        let (sheet_id, consent_id, relay_id) = (SheetId(id_of(n)), ConsentId(id_of(n)), RelayId(id_of(n)));
        let mut events: Vec<(EventDraft, Actor)> = Vec::new();
        let mut note = |drafts: Vec<EventDraft>, actor: &Actor| {
            events.extend(drafts.into_iter().map(|draft| (draft, actor.clone())));
        };

        let created = Case::create(sheet_id, input, Some(number), &writer)?;
        note(created.events, &writer);
        let mut case = created.thing;
        let given = |id| ConsentInput { id, terms: terms(at, to.id), lifted: Vec::new(), heard_by: None };
        for version in 1..self.versions {
            let earlier = ConsentId(Uuid::from_u128(id_of(n).as_u128() | u128::from(version) << 32));
            let earlier = case.give_consent(given(earlier), &content, from, &writer)?;
            note(earlier.events, &writer);
            case = earlier.thing;
        }
        let consented = case.give_consent(given(consent_id), &content, from, &writer)?;
        note(consented.events, &writer);
        let sections: Sections = SECTIONS.into_iter().collect();
        // In the service, each sheet has its own key for the digest; here nothing looks at the digest again.
        let key = CommitKey::new(&[0; 32]);
        let purpose = Purpose::SupportReferral;
        let judged = consented.thing.judge(
            to,
            &sections,
            purpose,
            None,
            Some(Basis::Consent(consent_id)),
            None,
            from,
            &content,
            &[],
            &key,
            &writer,
        )?;
        let disclosure = judged.disclosure.ok_or("the covering test refused a case of the bench")?;
        let request = RelayRequest {
            request: Personal::new("家計と仕事の相談をお願いします。".to_owned()),
            urgency: Urgency::Normal,
            handover: Handover::Accompanied,
            reply_due: None,
        };
        let sent = consented.thing.send(relay_id, disclosure, request, &writer)?;
        note(sent.events, &writer);
        let mut last = sent.thing.move_relay(relay_id, Move::Receive, to, &reader)?;
        note(std::mem::take(&mut last.events), &reader);
        if n.is_multiple_of(2) {
            let accept = Move::Accept { assigned_staff_id: reader.staff_id(), contact_by: None };
            last = last.thing.move_relay(relay_id, accept, to, &reader)?;
            note(last.events, &reader);
        }
        Ok(Finished { case: last.thing, document, events })
    }

    /// A content from its JSON, as it comes in a request.
    pub(crate) fn check(&self, json: &str, at: Instant) -> Result<Content> {
        let unchecked: UncheckedContent = serde_json::from_str(json)?;
        let checked = unchecked.check(&self.tables, Day(at.date()));
        Ok(checked.map_err(|wrong| format!("the bench's own content is refused: {wrong:?}"))?)
    }
}

/// The record of the person of case `n`, as JSON: about 1.5 KB, like a real one.
pub(crate) fn content(n: u32) -> String {
    let (family, given) = kana_of(n);
    let (year, month, day) = (1930 + n % 80, 1 + n / 80 % 12, 1 + n / 960 % 28);
    let topics = ["01", "03", "05", "08"];
    let main = topics.get(n as usize % topics.len()).copied().unwrap_or("01");
    let words = "収入が減って、家賃と税金が払えない。眠れない日が続いている。どこに相談すればよいか分からず、まず区の窓口に来た。";
    serde_json::json!({
        "identity": {
            "family_name": "見本", "given_name": "花子", "kana_family": family, "kana_given": given,
            "birth_date": format!("{year}-{month:02}-{day:02}"), "identity_level": "verified",
        },
        "topics": {"codes": topics, "main": main},
        "statement": {
            "subject_words": words.repeat(3), "done_here": "収支を聞き取り、家計の表を一緒に作った。".repeat(3),
        },
        "arrears": {"kinds": ["tax", "rent"]},
        "risk": {"flags": []},
    })
    .to_string()
}

/// As much as a counter could ever record about one person: 64 KiB.
pub(crate) fn large_content() -> String {
    let text = |characters: usize| "見本の文です。".chars().cycle().take(characters).collect::<String>();
    let member =
        |_| serde_json::json!({"relation": "見本の親族", "name": text(50), "own_consent": "given", "note": text(100)});
    let source = |_| serde_json::json!({"source": "見本病院", "text": text(1000)});
    serde_json::json!({
        "identity": {"family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ"},
        "topics": {"codes": ["01"], "main": "01"},
        "household": (0..20).map(member).collect::<Vec<_>>(),
        "statement": {"subject_words": text(4000), "wish": text(1000), "done_here": text(2000)},
        "life": {"note": text(1000)},
        "arrears": {"kinds": ["tax"], "note": text(1000)},
        "health": {"note": text(2000)},
        "risk": {"flags": [], "note": text(1000)},
        "opinion": {"text": text(2000)},
        "third_party": (0..4).map(source).collect::<Vec<_>>(),
    })
    .to_string()
}

fn terms(at: Instant, to: AgencyId) -> Terms {
    let today = Day(at.date());
    Terms {
        decision: Decision::Granted,
        given_by: GivenBy {
            kind: GivenByKind::Oneself,
            name: None,
            relation: None,
            authority_document: None,
            capacity_note: None,
            subject_intent: None,
        },
        identity_check: IdentityCheck::Document,
        method: ConsentMethod::SignaturePaper,
        proxy_writer: None,
        witness_staff_id: None,
        notice_id: None,
        purpose: Purpose::SupportReferral,
        sections: SECTIONS.into_iter().collect(),
        recipients: Recipients { agency_ids: [to].into(), classes: Default::default() },
        exclusions: Default::default(),
        allow_onward: AllowOnward::No,
        allow_report_back: true,
        obtained_at: at,
        effective_from: today,
        effective_until: Day(jiff::civil::date(2099, 3, 31)),
        follow_up_on: None,
        circumstances: Default::default(),
    }
}

fn agency(number: usize, of: MunicipalityId, now: Instant, began: Day) -> AgencyRecord {
    let code = format!("mihon-{number:02}");
    AgencyRecord {
        agency: Agency {
            id: AgencyId(id_of(number as u32)),
            municipality_id: of,
            class: AgencyClass::Ward,
            active_from: began,
            active_until: None,
            agreement: None,
            confirmed: true,
        },
        name: format!("見本第{number}課"),
        kana: format!("ミホンダイ{number}カ"),
        earlier_names: Vec::new(),
        parent_id: None,
        successor_id: None,
        topics: vec!["01".to_owned()],
        mailbox: Some(format!("{code}@example.jp")),
        phone: None,
        hub: false,
        is_named: false,
        pending: None,
        ended_at: None,
        mail_failed_at: None,
        revision: 1,
        updated_at: now,
        code,
    }
}

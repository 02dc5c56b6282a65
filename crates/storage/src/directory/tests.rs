use super::*;
use crate::tests::{Db, block, both};
use crate::{Settings, Store, Stored};
use diesel::connection::SimpleConnection;
use domain::account::{Client, NextSecret, PasswordHash, Person, Post, Role};
use domain::agency::{Agency, AgencyClass, AgencyRecord, Agreement, Scope};
use domain::ids::{AgencyId, ClientId, PostId, StaffId};
use std::collections::BTreeSet;
use std::sync::Barrier;

/// Ids that differ and grow with the number.
pub(crate) fn id(number: u32) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number))
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> Instant {
    "2026-11-21T09:00:00+09:00".parse::<Instant>().unwrap().plus_seconds(seconds)
}

pub(crate) fn few() -> Settings {
    Settings { readers: 2, ..Settings::default() }
}

pub(crate) fn write<T: Send + 'static>(
    store: &Store,
    work: impl Fn(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    block(store.write(id(0), work))
}

pub(crate) fn read<T: Send + 'static>(
    store: &Store,
    query: impl Fn(&mut ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    block(store.read(query)).unwrap()
}

pub(crate) fn municipality(number: u32) -> MunicipalityRecord {
    MunicipalityRecord { id: MunicipalityId(id(number)), code: format!("13121{number}"), name: "足立区".to_owned() }
}

pub(crate) fn agency(number: u32, of: u32) -> AgencyRecord {
    AgencyRecord {
        agency: Agency {
            id: AgencyId(id(number)),
            municipality_id: MunicipalityId(id(of)),
            class: AgencyClass::Ward,
            active_from: day("2024-04-01"),
            active_until: None,
            agreement: None,
            confirmed: true,
        },
        code: format!("agency-{number}"),
        name: "福祉まるごと相談課".to_owned(),
        kana: "フクシマルゴトソウダンカ".to_owned(),
        earlier_names: Vec::new(),
        parent_id: None,
        successor_id: None,
        topics: Vec::new(),
        mailbox: None,
        phone: None,
        hub: false,
        is_named: false,
        pending: None,
        ended_at: None,
        mail_failed_at: None,
        revision: 1,
        updated_at: at(0),
    }
}

pub(crate) fn post(number: u32, staff: u32, agency: u32) -> Post {
    let (post, staff, agency) = (PostId(id(number)), StaffId(id(staff)), AgencyId(id(agency)));
    Post::confirmed(post, staff, agency, Role::Counter, day("2026-04-01"), at(0))
}

pub(crate) fn staff(number: u32, of: u32, posts: Vec<Post>) -> Person {
    Person {
        id: StaffId(id(number)),
        municipality_id: MunicipalityId(id(of)),
        login: format!("login-{number}"),
        name: "足立 花子".to_owned(),
        password_hash: Some(PasswordHash("$argon2id$…".to_owned())),
        code: None,
        code_from: None,
        disabled_at: None,
        posts,
        sessions: Vec::new(),
    }
}

pub(crate) fn add_agency(tx: &mut WriteTx<'_>, record: &AgencyRecord) -> Result<(), StoreError> {
    tx.apply_new(record.clone().create(), None, at(0)).map(drop)
}

pub(crate) fn add_person(tx: &mut WriteTx<'_>, person: &Person) -> Result<(), StoreError> {
    tx.apply_new(person.clone().create(), None, at(0)).map(drop)
}

fn add_client(tx: &mut WriteTx<'_>, client: &Client) -> Result<(), StoreError> {
    tx.apply_new(client.clone().create(), None, at(0)).map(drop)
}

/// Puts the record in the place of the one with its id.
fn replace(tx: &mut WriteTx<'_>, record: &AgencyRecord) -> Result<(), StoreError> {
    let locked = tx.lock_agency(record.agency.id)?.ok_or(StoreError::Missing)?;
    let outcome = record.clone().create();
    tx.apply(locked, outcome, None, at(1)).map(drop)
}

/// Municipality 1 with agencies 11 and 12, municipality 2 with agency 21.
pub(crate) fn town(db: &Db) -> Store {
    crate::migrate::run(&db.url).unwrap();
    let store = db.store_with(&few());
    write(&store, |tx| {
        for number in [1, 2] {
            tx.insert_municipality(&municipality(number), at(0))?;
        }
        [(11, 1), (12, 1), (21, 2)].into_iter().try_for_each(|(number, of)| add_agency(tx, &agency(number, of)))
    })
    .unwrap();
    store
}

fn is_conflict<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict(_)))
}

fn is_missing<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Missing))
}

fn an_agency_comes_back_as_it_was_written(db: &Db) {
    let store = town(db);
    let mut full = agency(13, 1);
    full.agency.class = AgencyClass::Npo;
    full.agency.active_until = Some(day("2027-03-31"));
    full.agency.agreement =
        Some(Agreement {
            number: "協第7号".to_owned(), valid_from: day("2026-04-01"), valid_until: day("2027-03-31")
        });
    full.name = "𠮷田葛\u{E0100}の会".to_owned();
    full.parent_id = Some(AgencyId(id(11)));
    full.topics = vec!["03".to_owned(), "13".to_owned()];
    full.mailbox = Some("npo@example.jp".to_owned());
    full.phone = Some("03-3880-5111".to_owned());
    full.hub = true;
    let stored = full.clone();
    write(&store, move |tx| add_agency(tx, &stored)).unwrap();
    let of = MunicipalityId(id(1));
    assert_eq!(read(&store, |tx| tx.find_agency(AgencyId(id(13)))), Some(full.clone()));
    assert_eq!(read(&store, move |tx| tx.find_agency_by_code(of, "agency-13")), Some(full.clone()));
    assert_eq!(read(&store, move |tx| tx.find_agency_by_code(of, "agency-21")), None);
    let ids = [21, 13, 99, 13].map(|number| AgencyId(id(number)));
    assert_eq!(read(&store, move |tx| tx.find_agencies(&ids)), [full.clone(), agency(21, 2)]);
    assert_eq!(read(&store, |tx| tx.find_agencies(&[])), []);

    // A field that the record leaves out is cleared.
    let bare = AgencyRecord { revision: 2, updated_at: at(9), ..agency(13, 1) };
    let stored = bare.clone();
    write(&store, move |tx| replace(tx, &stored)).unwrap();
    assert_eq!(read(&store, |tx| tx.find_agency(AgencyId(id(13)))), Some(bare));
    assert_eq!(read(&store, |tx| tx.find_agency(AgencyId(id(11)))), Some(agency(11, 1)));
}

fn a_taken_code_or_login_is_a_conflict(db: &Db) {
    let store = town(db);
    assert!(is_conflict(write(&store, |tx| tx
        .insert_municipality(&MunicipalityRecord { code: municipality(1).code, ..municipality(3) }, at(0)))));
    let taken = AgencyRecord { code: "agency-11".to_owned(), ..agency(13, 1) };
    assert!(is_conflict(write(&store, move |tx| add_agency(tx, &taken))));
    assert!(is_conflict(write(&store, |tx| {
        let there = tx.lock_agency(AgencyId(id(12)))?.unwrap().thing;
        replace(tx, &AgencyRecord { code: "agency-11".to_owned(), ..there })
    })));
    let elsewhere = AgencyRecord { code: "agency-11".to_owned(), ..agency(22, 2) };
    write(&store, move |tx| add_agency(tx, &elsewhere)).unwrap();

    write(&store, |tx| add_person(tx, &staff(31, 1, vec![post(41, 31, 11)]))).unwrap();
    let taken = Person { login: "login-31".to_owned(), ..staff(32, 2, Vec::new()) };
    assert!(is_conflict(write(&store, move |tx| add_person(tx, &taken))));
    assert!(read(&store, |tx| tx.find_person(StaffId(id(32)))).is_none());
}

fn nothing_refers_to_another_municipality(db: &Db) {
    let store = town(db);
    let below = AgencyRecord { parent_id: Some(AgencyId(id(21))), ..agency(13, 1) };
    assert!(is_missing(write(&store, move |tx| add_agency(tx, &below))));
    let below = AgencyRecord { parent_id: Some(AgencyId(id(21))), ..agency(12, 1) };
    assert!(is_missing(write(&store, move |tx| replace(tx, &below))));
    assert!(is_missing(write(&store, |tx| replace(tx, &agency(99, 1)))));
    assert!(is_missing(write(&store, |tx| add_person(tx, &staff(31, 1, vec![post(41, 31, 21)])))));
    assert!(read(&store, |tx| tx.find_person_by_login("login-31")).is_none());
    assert!(is_missing(write(&store, |tx| add_client(tx, &client(1, 21)))));
    assert!(is_missing(write(&store, |tx| tx.insert_notice(&text(51, 3, "2026-04-01"), at(0)))));
}

fn client(of: u32, agency: u32) -> Client {
    Client {
        id: ClientId(id(61)),
        municipality_id: MunicipalityId(id(of)),
        agency_id: AgencyId(id(agency)),
        name: "住民記録".to_owned(),
        secret_hash: [7; 32],
        scopes: BTreeSet::from([Scope::SheetsRead, Scope::RelaysWrite]),
        earlier_secret: Some(([8; 32], at(3600))),
        next_secret: Some(NextSecret { hash: [9; 32], overlap_seconds: 7200, asked_by: None }),
        created_at: at(0),
        made_by: None,
        confirmed_at: Some(at(60)),
        revoked_at: None,
    }
}

fn text(number: u32, of: u32, from: &str) -> NewNotice {
    NewNotice {
        id: NoticeId(id(number)),
        municipality_id: MunicipalityId(id(of)),
        title: "説明文".to_owned(),
        body: "本文".to_owned(),
        in_force_from: day(from),
        purpose: None,
        variants: Vec::new(),
    }
}

fn people_come_with_their_posts(db: &Db) {
    let store = town(db);
    let ended = Post { valid_until: Some(day("2026-06-30")), role: Role::PrivacyOfficer, ..post(41, 31, 11) };
    let posts = vec![ended, post(42, 31, 12)];
    let stored = posts.clone();
    write(&store, move |tx| {
        add_person(tx, &staff(31, 1, stored.clone()))?;
        add_person(tx, &staff(32, 1, vec![post(43, 32, 11)]))?;
        add_person(tx, &staff(33, 1, Vec::new()))?;
        add_person(tx, &staff(34, 2, vec![post(44, 34, 21)]))
    })
    .unwrap();
    let found = read(&store, |tx| tx.find_person_by_login("login-31")).unwrap();
    assert_eq!(
        (found.id.0, found.name.as_str(), found.password_hash.as_ref().map(|hash| hash.0.as_str())),
        (id(31), "足立 花子", Some("$argon2id$…"))
    );
    assert_eq!(found.posts, posts);
    assert_eq!(posts.iter().map(|post| post.is_valid(day("2026-06-30"))).collect::<Vec<_>>(), [true, true]);
    assert_eq!(posts.iter().map(|post| post.is_valid(day("2026-07-01"))).collect::<Vec<_>>(), [false, true]);
    assert!(!posts[1].is_valid(day("2026-03-31")));
    assert!(read(&store, |tx| tx.find_person_by_login("login-99")).is_none());

    let list = |agency: Option<u32>, after: Option<u32>, limit| {
        let query = move |tx: &mut ReadTx<'_>| {
            tx.list_people(MunicipalityId(id(1)), agency.map(|n| AgencyId(id(n))), after.map(|n| StaffId(id(n))), limit)
        };
        let found = read(&store, query);
        found.iter().map(|person| (person.id.0, person.posts.len())).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, 2), [(id(33), 0), (id(32), 1)]);
    assert_eq!(list(None, Some(32), 2), [(id(31), 2)]);
    assert_eq!(list(Some(11), None, 9), [(id(32), 1), (id(31), 2)]);
    assert_eq!(list(Some(21), None, 9), []);
}

fn agencies_page_newest_first_within_their_municipality(db: &Db) {
    let store = town(db);
    write(&store, |tx| add_agency(tx, &agency(13, 1))).unwrap();
    let list = |after: Option<u32>, limit| {
        let found =
            read(&store, move |tx| tx.list_agencies(MunicipalityId(id(1)), after.map(|n| AgencyId(id(n))), limit));
        found.into_iter().map(|record| record.agency.id.0).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 2), [id(13), id(12)]);
    assert_eq!(list(Some(12), 2), [id(11)]);
}

fn a_revision_is_given_to_one_of_many_who_change_the_agency(db: &Db) {
    let store = town(db);
    // Two stores, like two processes.
    let stores = [store.clone(), db.store_with(&few())];
    let start = Barrier::new(8);
    let won = std::thread::scope(|scope| {
        let writer = |number: usize| {
            let (store, start) = (&stores[number % 2], &start);
            move || {
                start.wait();
                write(store, move |tx| {
                    let there = tx.lock_agency(AgencyId(id(11)))?.unwrap().thing;
                    if there.revision != 1 {
                        return Ok(false);
                    }
                    // Long enough for the others to read the same revision, if they could.
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    let name = format!("{number}");
                    replace(tx, &AgencyRecord { name, revision: there.revision + 1, ..there })?;
                    Ok(true)
                })
                .unwrap()
            }
        };
        let writers: Vec<_> = (0..8).map(|number| scope.spawn(writer(number))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
    assert_eq!(read(&store, |tx| tx.find_agency(AgencyId(id(11)))).unwrap().revision, 2);
}

fn versions_of_the_notice_have_no_gaps_and_no_doubles(db: &Db) {
    let store = town(db);
    let stores = [store.clone(), db.store_with(&few())];
    let start = Barrier::new(8);
    let mut versions: Vec<_> = std::thread::scope(|scope| {
        let writer = |number: u32| {
            let (store, start) = (&stores[number as usize % 2], &start);
            move || {
                start.wait();
                write(store, move |tx| {
                    let notice = tx.insert_notice(&text(50 + number, 1, "2026-04-01"), at(0));
                    // Long enough for the others to count the versions without this one, if they could.
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    notice
                })
                .unwrap()
                .version
            }
        };
        let writers: Vec<_> = (0..8).map(|number| scope.spawn(writer(number))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8]);
    let other = write(&store, |tx| tx.insert_notice(&text(60, 2, "2026-04-01"), at(0))).unwrap();
    assert_eq!(other.version, 1);
}

fn the_notice_in_force_is_the_one_that_began_last(db: &Db) {
    let store = town(db);
    write(&store, |tx| {
        for (number, from) in
            [(51, "2026-04-01"), (52, "2026-10-01"), (53, "2026-10-01"), (54, "2027-04-01"), (55, "2026-09-01")]
        {
            tx.insert_notice(&text(number, 1, from), at(0))?;
        }
        tx.insert_notice(&text(56, 2, "2026-11-01"), at(0))
    })
    .unwrap();
    let in_force = |today| {
        read(&store, move |tx| tx.find_notice_in_force(MunicipalityId(id(1)), day(today))).map(|notice| notice.version)
    };
    assert_eq!(in_force("2026-03-31"), None);
    assert_eq!(in_force("2026-04-01"), Some(1));
    assert_eq!(in_force("2026-09-30"), Some(5));
    assert_eq!(in_force("2026-11-21"), Some(3));
    assert_eq!(in_force("2027-04-01"), Some(4));
    let list = |after: Option<u32>| {
        let found = read(&store, move |tx| tx.list_notices(MunicipalityId(id(1)), after.map(|n| NoticeId(id(n))), 3));
        found.into_iter().map(|notice| notice.version).collect::<Vec<_>>()
    };
    assert_eq!(list(None), [5, 4, 3]);
    assert_eq!(list(Some(53)), [2, 1]);
    assert_eq!(read(&store, |tx| tx.find_notice(NoticeId(id(56)))).unwrap().municipality_id.0, id(2));
}

fn a_department_system_comes_back_as_it_was_written(db: &Db) {
    let store = town(db);
    write(&store, |tx| add_client(tx, &client(1, 11))).unwrap();
    let find = || block(store.read(|tx| tx.find_client(ClientId(id(61)), day("2026-11-20"))));
    assert!(find().unwrap() == Some(client(1, 11)));
    // Somebody else puts it at another agency, or gives it the secret of another system.
    let other = Client { id: ClientId(id(62)), ..client(1, 11) };
    write(&store, move |tx| add_client(tx, &other)).unwrap();
    let moved = |code: &str| format!("update client set agency_id = (select id from agency where code = '{code}')");
    db.conn().batch_execute(&moved("agency-12")).unwrap();
    assert!(matches!(find(), Err(StoreError::Diverged(_))));
    db.conn().batch_execute(&moved("agency-11")).unwrap();
    assert!(find().is_ok());
    let swap = "update client set document = (select document from client order by id desc limit 1)";
    db.conn().batch_execute(swap).unwrap();
    assert!(matches!(find(), Err(StoreError::Diverged(_))));
}

fn what_somebody_else_has_written_is_left_out_of_lists_and_refused(db: &Db) {
    let store = town(db);
    write(&store, |tx| {
        add_person(tx, &staff(31, 1, vec![post(41, 31, 11)]))?;
        add_person(tx, &staff(32, 1, vec![post(42, 32, 11)]))
    })
    .unwrap();
    // The code of one agency is given to another, and a log-in name to another person.
    let mut conn = db.conn();
    let swap = "update agency set code = 'x' where code = 'agency-11'; update agency set code = 'agency-11' where code = 'agency-12';
                update staff set login = 'x' where login = 'login-31'; update staff set login = 'login-31' where login = 'login-32'";
    conn.batch_execute(swap).unwrap();
    let of = MunicipalityId(id(1));
    let found: Result<_, StoreError> = block(store.read(move |tx| tx.find_agency_by_code(of, "agency-11")));
    assert!(matches!(found, Err(StoreError::Diverged(_))));
    let found: Result<_, StoreError> = block(store.read(|tx| tx.find_person_by_login("login-31")));
    assert!(matches!(found, Err(StoreError::Diverged(_))));
    // The documents of two people are exchanged: neither is shown, and nobody else is missed.
    conn.batch_execute(
        "update staff set document = (select document from staff where login = 'x') where login = 'login-31'",
    )
    .unwrap();
    assert_eq!(read(&store, move |tx| tx.list_people(of, None, None, 9)).len(), 1);
    conn.batch_execute(
        "update agency set document = (select document from agency where code = 'x') where code = 'agency-11'",
    )
    .unwrap();
    assert_eq!(read(&store, move |tx| tx.list_agencies(of, None, 9)).len(), 1);
    let found: Result<_, StoreError> = block(store.read(|tx| tx.find_agency(AgencyId(id(12)))));
    assert!(matches!(found, Err(StoreError::Diverged(_))));
}

fn a_round_asks_the_document_and_a_page_stays_whole(db: &Db) {
    let store = town(db);
    write(&store, |tx| {
        add_agency(tx, &agency(13, 1))?;
        add_person(tx, &staff(31, 1, vec![post(41, 31, 11)]))?;
        add_client(tx, &client(1, 11))
    })
    .unwrap();
    // Somebody else says that an agency is no more, and who succeeds it.
    let ended =
        "update agency set ended_at = (select created_at from municipality limit 1), active_until = '2026-04-01',
                 successor_id = (select id from agency where code = 'agency-13') where code = 'agency-11'";
    db.conn().batch_execute(ended).unwrap();
    assert_eq!(read(&store, |tx| tx.list_people_to_leave(9)), []);
    assert_eq!(read(&store, |tx| tx.list_clients_to_revoke(9)), []);
    assert_eq!(read(&store, |tx| tx.list_to_hand_over(day("2026-11-21"), 9)).len(), 0);
    // An agency in the middle of a page is left out, and the page is as long as any other.
    db.conn().batch_execute("update agency set data_key = document where code = 'agency-12'").unwrap();
    let listed = read(&store, |tx| tx.list_agencies(MunicipalityId(id(1)), None, 2));
    assert_eq!(listed.into_iter().map(|it| it.agency.id.0).collect::<Vec<_>>(), [id(13), id(11)]);
    // A person whose post is at the agency by its row alone is not listed there.
    let moved = "update post set agency_id = (select id from agency where code = 'agency-13')";
    db.conn().batch_execute(moved).unwrap();
    let of = MunicipalityId(id(1));
    assert_eq!(read(&store, move |tx| tx.list_people(of, Some(AgencyId(id(13))), None, 9)).len(), 0);
}

fn what_was_revoked_does_not_come_back_with_its_old_head(db: &Db) {
    let store = town(db);
    write(&store, |tx| add_client(tx, &client(1, 11))).unwrap();
    let find = || block(store.read(|tx| tx.find_client(ClientId(id(61)), day("2026-11-20"))));
    let kept = "create table then_client as select * from client;
                create table then_stream as select * from stream where name like 'client:%'";
    db.conn().batch_execute(kept).unwrap();
    write(&store, |tx| {
        let locked = Client::lock(tx, id(61))?.ok_or(StoreError::Missing)?;
        let outcome = locked.thing.clone().revoke(at(1)).map_err(|_| StoreError::Missing)?;
        tx.apply(locked, outcome, None, at(1)).map(drop)
    })
    .unwrap();
    assert!(find().unwrap().is_some_and(|client| !client.counts()));
    let back = "update client set document = (select document from then_client), revoked_at = null;
                update stream set (seq, hash, state, mac) = (select seq, hash, state, mac from then_stream) where name like 'client:%'";
    db.conn().batch_execute(back).unwrap();
    assert!(matches!(find(), Err(StoreError::Diverged(_))));
}

fn municipalities_are_listed_oldest_first(db: &Db) {
    crate::migrate::run(&db.url).unwrap();
    let store = db.store_with(&few());
    let all = || read(&store, |tx| tx.list_municipalities());
    assert_eq!(all(), []);
    write(&store, |tx| tx.insert_municipality(&municipality(1), at(0))).unwrap();
    assert_eq!(all(), [municipality(1)]);
    assert_eq!(read(&store, |tx| tx.find_municipality_by_code("131211")), Some(municipality(1)));
    assert_eq!(read(&store, |tx| tx.find_municipality(MunicipalityId(id(1)))), Some(municipality(1)));
    write(&store, |tx| tx.insert_municipality(&municipality(2), at(0))).unwrap();
    assert_eq!(all(), [municipality(1), municipality(2)]);
}

both! {
    an_agency_comes_back_as_it_was_written
    a_taken_code_or_login_is_a_conflict
    nothing_refers_to_another_municipality
    people_come_with_their_posts
    agencies_page_newest_first_within_their_municipality
    a_revision_is_given_to_one_of_many_who_change_the_agency
    versions_of_the_notice_have_no_gaps_and_no_doubles
    the_notice_in_force_is_the_one_that_began_last
    a_department_system_comes_back_as_it_was_written
    what_somebody_else_has_written_is_left_out_of_lists_and_refused
    a_round_asks_the_document_and_a_page_stays_whole
    what_was_revoked_does_not_come_back_with_its_old_head
    municipalities_are_listed_oldest_first
}

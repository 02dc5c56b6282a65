use super::*;
use crate::Store;
use crate::directory::tests::{add_agency, agency, at, few, id, read, town, write};
use crate::tests::{Db, both};
use diesel::connection::SimpleConnection;
use domain::agency::AgencyRecord;
use domain::ids::{RelayId, SheetId};
use domain::mail::MailKind;
use std::collections::BTreeSet;
use std::sync::Barrier;

const MUNICIPALITY: u32 = 1;

fn mail(serial: u32) -> Mail {
    Mail {
        kind: MailKind::RelaySent,
        agency_id: AgencyId(id(13)),
        sheet_id: Some(SheetId(id(71))),
        relay_id: Some(RelayId(id(72))),
        exception_id: None,
        number: Some(format!("R8-{serial:06}")),
        due: Some("2026-12-04".parse().unwrap()),
        gathered: BTreeMap::new(),
    }
}

fn enqueue(store: &Store, mails: Vec<Mail>, seconds: i64) {
    write(store, move |tx| tx.enqueue(&mails, MunicipalityId(id(MUNICIPALITY)), at(seconds))).unwrap();
}

fn claim(store: &Store, limit: u32, seconds: i64) -> Vec<Claimed> {
    write(store, move |tx| tx.claim(limit, at(seconds), 60)).unwrap()
}

fn numbers(claimed: &[Claimed]) -> Vec<String> {
    let mut numbers: Vec<_> = claimed.iter().map(|mail| mail.mail.as_ref().unwrap().number.clone().unwrap()).collect();
    numbers.sort();
    numbers
}

fn finish(store: &Store, mail: &Claimed, seconds: i64) -> bool {
    let (mail_id, claim) = (mail.mail_id, mail.claim);
    write(store, move |tx| tx.finish(mail_id, claim, at(seconds))).unwrap()
}

fn fail(store: &Store, mail: &Claimed, seconds: i64, retry: Option<i64>) -> bool {
    let (mail_id, claim) = (mail.mail_id, mail.claim);
    write(store, move |tx| tx.fail(mail_id, claim, at(seconds), retry.map(at), "smtp_451")).unwrap()
}

fn health(store: &Store, seconds: i64) -> (u64, u64, u64) {
    let health = read(store, move |tx| tx.outbox_health(at(seconds)));
    (health.waiting, health.oldest_age_seconds, health.dead)
}

/// A town whose agency 13 has a mailbox.
fn office(db: &Db) -> Store {
    let store = town(db);
    let with_mailbox = AgencyRecord { mailbox: Some("npo@example.jp".to_owned()), ..agency(13, MUNICIPALITY) };
    write(&store, move |tx| add_agency(tx, &with_mailbox)).unwrap();
    store
}

fn a_notice_is_claimed_as_it_was_written(db: &Db) {
    let store = office(db);
    let without_mailbox = Mail { agency_id: AgencyId(id(11)), relay_id: None, due: None, ..mail(2) };
    enqueue(&store, vec![mail(1), without_mailbox.clone()], 0);
    assert_eq!(health(&store, 30), (2, 30, 0));
    let mut mails = claim(&store, 9, 30);
    mails.sort_by_key(|mail| mail.mail.as_ref().unwrap().number.clone());
    assert_eq!(mails[0].mail, Some(mail(1)));
    assert_eq!(mails[0].mailbox.as_deref(), Some("npo@example.jp"));
    assert_eq!(mails[1].mail, Some(without_mailbox));
    assert_eq!(mails[1].mailbox, None);
    assert_eq!(mails.iter().map(|mail| mail.attempts).collect::<Vec<_>>(), [1, 1]);
    assert!(finish(&store, &mails[0], 31));
    assert_eq!(health(&store, 31), (1, 31, 0));
    assert!(claim(&store, 9, 31).is_empty());
}

fn a_write_that_fails_leaves_no_mail(db: &Db) {
    let store = office(db);
    let refused: Result<(), _> = write(&store, |tx| {
        tx.enqueue(&[mail(1)], MunicipalityId(id(MUNICIPALITY)), at(0))?;
        Err(StoreError::Missing)
    });
    assert!(refused.is_err());
    enqueue(&store, Vec::new(), 0);
    assert_eq!(health(&store, 9), (0, 0, 0));
    assert!(claim(&store, 9, 9).is_empty());
}

fn the_oldest_that_are_due_are_claimed_first(db: &Db) {
    let store = office(db);
    for (serial, seconds) in [(3, 30), (1, 10), (4, 40), (2, 20)] {
        enqueue(&store, vec![mail(serial)], seconds);
    }
    assert!(claim(&store, 9, 9).is_empty());
    assert_eq!(numbers(&claim(&store, 2, 35)), ["R8-000001", "R8-000002"]);
    assert_eq!(numbers(&claim(&store, 9, 35)), ["R8-000003"]);
    // A mail that failed is ordered by its new due time, not by its age.
    let fourth = claim(&store, 9, 40);
    assert_eq!(numbers(&fourth), ["R8-000004"]);
    enqueue(&store, vec![mail(5), mail(6)], 41);
    assert!(fail(&store, &fourth[0], 41, Some(42)));
    assert_eq!(numbers(&claim(&store, 2, 43)), ["R8-000005", "R8-000006"]);
    assert_eq!(numbers(&claim(&store, 2, 43)), ["R8-000004"]);
}

fn workers_share_the_mails_and_never_have_the_same_one(db: &Db) {
    const WORKERS: u32 = 4;
    const MAILS: u32 = 120;
    let store = office(db);
    enqueue(&store, (0..MAILS).map(mail).collect(), 0);
    // Each worker has a store of its own, like a process of its own.
    let stores: Vec<_> = (0..WORKERS).map(|_| db.store_with(&few())).collect();
    let start = Barrier::new(WORKERS as usize);
    let claimed: Vec<Claimed> = std::thread::scope(|scope| {
        let worker = |store| {
            let start = &start;
            move || {
                start.wait();
                let mut mine = Vec::new();
                loop {
                    let mails = claim(store, 3, 1);
                    if mails.is_empty() {
                        return mine;
                    }
                    mine.extend(mails);
                }
            }
        };
        let workers: Vec<_> = stores.iter().map(|store| scope.spawn(worker(store))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(claimed.len(), MAILS as usize);
    assert_eq!(claimed.iter().map(|mail| mail.mail_id).collect::<BTreeSet<_>>().len(), MAILS as usize);
}

fn a_lease_that_ran_out_hands_the_mail_over(db: &Db) {
    let store = office(db);
    enqueue(&store, vec![mail(1)], 0);
    let slow = claim(&store, 9, 0).remove(0);
    assert!(claim(&store, 9, 59).is_empty());
    let quick = claim(&store, 9, 60).remove(0);
    assert_eq!((quick.mail_id, quick.attempts), (slow.mail_id, 2));
    assert_ne!(quick.claim, slow.claim);
    // The slow one can settle nothing.
    assert!(!finish(&store, &slow, 61));
    assert!(!fail(&store, &slow, 61, None));
    assert!(!fail(&store, &slow, 61, Some(61)));
    assert_eq!(health(&store, 61), (1, 61, 0));
    assert!(claim(&store, 9, 62).is_empty());
    assert!(finish(&store, &quick, 63));
    assert_eq!(health(&store, 63), (0, 0, 0));
    // The quick one cannot settle the mail twice, either.
    assert!(!finish(&store, &quick, 64));
    assert!(!fail(&store, &quick, 64, None));
    assert!(claim(&store, 9, 9999).is_empty());
}

fn a_late_finish_counts_while_nobody_else_has_the_mail(db: &Db) {
    let store = office(db);
    enqueue(&store, vec![mail(1)], 0);
    let late = claim(&store, 9, 0).remove(0);
    assert!(finish(&store, &late, 600));
    assert!(claim(&store, 9, 601).is_empty());
}

fn a_mail_that_failed_comes_back_when_it_is_time(db: &Db) {
    let store = office(db);
    enqueue(&store, vec![mail(1)], 0);
    let first = claim(&store, 9, 0).remove(0);
    assert!(fail(&store, &first, 1, Some(31)));
    assert_eq!(health(&store, 30), (1, 30, 0));
    assert!(claim(&store, 9, 30).is_empty());
    let second = claim(&store, 9, 31).remove(0);
    assert_eq!((second.mail_id, second.attempts), (first.mail_id, 2));
    assert!(!finish(&store, &first, 32));
    // Given up.
    assert!(fail(&store, &second, 32, None));
    assert_eq!(health(&store, 33), (0, 0, 1));
    assert!(claim(&store, 9, 9999).is_empty());
    assert!(!finish(&store, &second, 34));
    // Its agency counts as out of reach until a mail gets through.
    let failed = || read(&store, |tx| tx.find_agency(AgencyId(id(13)))).unwrap().mail_failed_at;
    assert_eq!(failed(), Some(at(32)));
    enqueue(&store, vec![mail(2)], 40);
    let next = claim(&store, 9, 40).remove(0);
    assert_eq!(failed(), Some(at(32)));
    assert!(finish(&store, &next, 41));
    assert_eq!(failed(), None);
}

fn a_notice_that_this_version_cannot_read_stops_no_other(db: &Db) {
    let store = office(db);
    enqueue(&store, vec![mail(1)], 0);
    let unreadable = if db.url.is_sqlite() {
        "update outbox set mail = json_set(mail, '$.kind', 'news')"
    } else {
        r#"update outbox set mail = mail || '{"kind": "news"}'"#
    };
    db.conn().batch_execute(unreadable).unwrap();
    enqueue(&store, vec![mail(2)], 1);
    let read: Vec<_> = claim(&store, 9, 1).into_iter().map(|mail| mail.mail.and_then(|mail| mail.number)).collect();
    assert_eq!(read, [None, Some("R8-000002".to_owned())]);
}

fn what_waits_for_a_future_that_was_taken_back_is_recalled(db: &Db) {
    const DAY: i64 = 24 * 3600;
    let store = office(db);
    enqueue(&store, vec![mail(1)], DAY);
    let leased = claim(&store, 9, DAY).remove(0);
    enqueue(&store, vec![mail(2)], DAY);
    enqueue(&store, vec![mail(3)], 0);
    let failed = claim(&store, 9, 0).remove(0);
    assert!(fail(&store, &failed, 0, Some(3600)));
    // The clock goes back by a day: two mails would wait for that long; the third has its ordinary wait left.
    let recall = || write(&store, |tx| tx.recall(at(60), 7200)).unwrap();
    assert_eq!((recall(), recall()), (2, 0));
    let claimed = claim(&store, 9, 60);
    assert_eq!(numbers(&claimed), ["R8-000001", "R8-000002"]);
    assert!(!finish(&store, &leased, 61), "the lease is somebody else's");
    assert!(claimed.iter().all(|mail| finish(&store, mail, 61)));
    assert_eq!(write(&store, |tx| tx.recall(at(61), 0)).unwrap(), 1, "what was sent stays");
}

fn a_round_puts_what_is_for_one_mailbox_into_one_mail(db: &Db) {
    let store = office(db);
    // Two agencies share one mailbox, one has another, one has none.
    for (number, mailbox) in [(31, Some("npo@example.jp")), (32, Some("other@example.jp")), (33, None)] {
        let more = AgencyRecord { mailbox: mailbox.map(str::to_owned), ..agency(number, MUNICIPALITY) };
        write(&store, move |tx| add_agency(tx, &more)).unwrap();
    }
    let of = |agency: u32, serial: u32| Mail { agency_id: AgencyId(id(agency)), ..mail(serial) };
    let mails = vec![of(13, 1), of(31, 2), of(32, 3), of(33, 4), of(33, 5), of(13, 6)];
    write(&store, move |tx| tx.enqueue_for_round(&mails, MunicipalityId(id(MUNICIPALITY)), at(0))).unwrap();
    // A mail that failed waits for its own time, and no other mail waits with it.
    enqueue(&store, vec![mail(7)], 0);
    let failed = claim(&store, 9, 0).remove(0);
    assert!(fail(&store, &failed, 0, Some(900)));
    assert!(claim(&store, 9, 599).is_empty(), "the round is not over");
    for _ in 0..2 {
        write(&store, |tx| tx.gather(at(1))).unwrap();
    }
    let mails = claim(&store, 9, 1);
    let mut told: Vec<_> = mails
        .iter()
        .map(|mail| (mail.mailbox.clone(), mail.mail.as_ref().unwrap().gathered.values().sum::<u64>()))
        .collect();
    told.sort();
    let to = |mailbox: &str| Some(mailbox.to_owned());
    assert_eq!(told, [(None, 0), (None, 0), (to("npo@example.jp"), 3), (to("other@example.jp"), 0)]);
    assert!(mails.iter().all(|mail| finish(&store, mail, 2)));
    assert_eq!(numbers(&claim(&store, 9, 900)), ["R8-000007"]);
}

fn a_round_that_breaks_off_keeps_no_mail_for_good(db: &Db) {
    let store = office(db);
    write(&store, move |tx| tx.enqueue_for_round(&[mail(1), mail(2)], MunicipalityId(id(MUNICIPALITY)), at(0)))
        .unwrap();
    assert!(claim(&store, 9, 599).is_empty());
    assert_eq!(numbers(&claim(&store, 9, 600)), ["R8-000001", "R8-000002"]);
}

both! {
    a_round_puts_what_is_for_one_mailbox_into_one_mail
    a_round_that_breaks_off_keeps_no_mail_for_good
    a_notice_is_claimed_as_it_was_written
    a_write_that_fails_leaves_no_mail
    the_oldest_that_are_due_are_claimed_first
    workers_share_the_mails_and_never_have_the_same_one
    a_lease_that_ran_out_hands_the_mail_over
    a_late_finish_counts_while_nobody_else_has_the_mail
    a_mail_that_failed_comes_back_when_it_is_time
    a_notice_that_this_version_cannot_read_stops_no_other
    what_waits_for_a_future_that_was_taken_back_is_recalled
}

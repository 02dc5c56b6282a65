use super::*;
use crate::Store;
use crate::directory::tests::{add_person, at, id, post, read, staff, town, write};
use crate::tests::{Db, both};
use domain::account::{PasswordHash, Session};
use domain::ids::{PostId, SessionId};

fn session(number: u32, post: u32) -> Session {
    Session {
        id: SessionId(id(number)),
        acting_post_id: PostId(id(post)),
        created_at: at(0),
        expires_at: at(12 * 3600),
    }
}

fn change(
    store: &Store,
    number: u32,
    step: impl Fn(Person) -> Option<Outcome<Person>> + Send + 'static,
) -> Result<bool, StoreError> {
    write(store, move |tx| {
        let locked = tx.lock_person(StaffId(id(number)))?.ok_or(StoreError::Missing)?;
        let Some(outcome) = step(locked.thing.clone()) else { return Ok(false) };
        tx.apply(locked, outcome, None, at(0)).map(|_| true)
    })
}

/// 31 holds posts 41 (agency 11) and 42 (agency 12), 32 holds 43 (agency 11); sessions 51 and 52 of 31, 53 of 32.
fn logged_in(db: &Db) -> Store {
    let store = town(db);
    write(&store, |tx| {
        add_person(tx, &staff(31, 1, vec![post(41, 31, 11), post(42, 31, 12)]))?;
        add_person(tx, &staff(32, 1, vec![post(43, 32, 11)]))
    })
    .unwrap();
    for (number, person, post) in [(51, 31, 41), (52, 31, 42), (53, 32, 43)] {
        let password = PasswordHash("$argon2id$…".to_owned());
        let opened = change(&store, person, move |it| it.open_session(session(number, post), &password, None).ok());
        assert!(opened.unwrap());
    }
    store
}

fn find(store: &Store, number: u32) -> Option<SessionWithPost> {
    read(store, move |tx| tx.find_session_with_post(SessionId(id(number))))
}

fn open(store: &Store) -> Vec<bool> {
    [51, 52, 53].map(|number| find(store, number).is_some()).to_vec()
}

fn a_session_comes_with_its_acting_post(db: &Db) {
    let store = logged_in(db);
    let expected = SessionWithPost {
        session: SessionRecord::of(StaffId(id(31)), session(52, 42), at(0)),
        post: post(42, 31, 12),
        municipality_id: MunicipalityId(id(1)),
        staff_name: "足立 花子".to_owned(),
    };
    assert_eq!(find(&store, 52), Some(expected));
    assert_eq!(find(&store, 99), None);
}

fn using_a_session_moves_its_clock_forward_only(db: &Db) {
    let store = logged_in(db);
    let touch = |seconds| write(&store, move |tx| tx.touch_session(SessionId(id(51)), at(seconds))).unwrap();
    let used = || find(&store, 51).unwrap().session.last_used_at;
    assert!(touch(60));
    assert_eq!(used(), at(60));
    // Two simultaneous requests may write in the reverse order.
    assert!(touch(30));
    assert_eq!(used(), at(60));
    assert_eq!(find(&store, 52).unwrap().session.last_used_at, at(0));
    assert!(change(&store, 31, |it| it.end_session(SessionId(id(51))).ok()).unwrap());
    assert!(!touch(80));
}

fn a_session_ends_once_and_no_other_with_it(db: &Db) {
    let store = logged_in(db);
    let end = || change(&store, 31, |it| it.end_session(SessionId(id(51))).ok()).unwrap();
    assert!(end());
    assert!(!end());
    assert_eq!(open(&store), [false, true, true]);
    assert!(change(&store, 31, |it| Some(it.end_sessions(at(5)).0)).unwrap());
    assert_eq!(open(&store), [false, false, true]);
}

fn the_acting_post_is_another_one_after_it_was_chosen(db: &Db) {
    let store = logged_in(db);
    let held = [post(42, 31, 12)];
    assert!(change(&store, 31, move |it| it.choose_post(SessionId(id(51)), PostId(id(42)), &held).ok()).unwrap());
    assert_eq!(find(&store, 51).unwrap().post.id.0, id(42));
    assert!(!change(&store, 31, |it| it.choose_post(SessionId(id(51)), PostId(id(43)), &[]).ok()).unwrap());
    assert_eq!(find(&store, 51).unwrap().post.id.0, id(42));
}

both! {
    a_session_comes_with_its_acting_post
    using_a_session_moves_its_clock_forward_only
    a_session_ends_once_and_no_other_with_it
    the_acting_post_is_another_one_after_it_was_chosen
}

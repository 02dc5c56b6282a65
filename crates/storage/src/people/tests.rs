use super::*;
use crate::Store;
use crate::directory::tests::{at, id, post, read, staff, town, write};
use crate::tests::{Db, both};

fn session(number: u32, staff: u32, post: u32) -> SessionRecord {
    SessionRecord {
        id: SessionId(id(number)),
        staff_id: StaffId(id(staff)),
        acting_post_id: PostId(id(post)),
        created_at: at(0),
        last_used_at: at(0),
        expires_at: at(12 * 3600),
        ended_at: None,
    }
}

/// 31 holds posts 41 (agency 11) and 42 (agency 12), 32 holds 43 (agency 11); sessions 51 and 52 of 31, 53 of 32.
fn logged_in(db: &Db) -> Store {
    let store = town(db);
    write(&store, |tx| {
        tx.insert_staff(&staff(31, 1, vec![post(41, 31, 11), post(42, 31, 12)]), at(0))?;
        tx.insert_staff(&staff(32, 1, vec![post(43, 32, 11)]), at(0))?;
        [(51, 31, 41), (52, 31, 42), (53, 32, 43)]
            .into_iter()
            .try_for_each(|(n, staff, post)| tx.insert_session(&session(n, staff, post)))
    })
    .unwrap();
    store
}

fn find(store: &Store, number: u32) -> Option<SessionWithPost> {
    read(store, move |tx| tx.find_session_with_post(SessionId(id(number))))
}

fn ended(store: &Store) -> Vec<bool> {
    [51, 52, 53].map(|number| find(store, number).unwrap().session.ended_at.is_some()).to_vec()
}

fn a_session_comes_with_its_acting_post(db: &Db) {
    let store = logged_in(db);
    let expected = SessionWithPost {
        session: session(52, 31, 42),
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
    write(&store, |tx| tx.end_session(SessionId(id(51)), at(70))).unwrap();
    assert!(!touch(80));
    assert_eq!(used(), at(60));
}

fn a_session_ends_once(db: &Db) {
    let store = logged_in(db);
    let end = |seconds| write(&store, move |tx| tx.end_session(SessionId(id(51)), at(seconds))).unwrap();
    assert!(end(1));
    assert!(!end(2));
    assert_eq!(find(&store, 51).unwrap().session.ended_at, Some(at(1)));
    assert_eq!(ended(&store), [true, false, false]);
}

fn only_an_own_post_can_be_chosen(db: &Db) {
    let store = logged_in(db);
    let choose = |number| write(&store, move |tx| tx.choose_post(SessionId(id(51)), PostId(id(number)))).unwrap();
    let acting = || find(&store, 51).unwrap().post.id.0;
    assert!(choose(42));
    assert_eq!(acting(), id(42));
    assert!(!choose(43));
    assert!(!choose(99));
    assert_eq!(acting(), id(42));
    write(&store, |tx| tx.end_session(SessionId(id(51)), at(1))).unwrap();
    assert!(!choose(41));
}

fn all_sessions_of_a_person_end_and_no_others(db: &Db) {
    let store = logged_in(db);
    let end = |seconds| write(&store, move |tx| tx.end_sessions_of_staff(StaffId(id(31)), at(seconds))).unwrap();
    assert_eq!(end(12 * 3600), 0);
    assert_eq!(ended(&store), [false, false, false]);
    assert_eq!(end(5), 2);
    assert_eq!(ended(&store), [true, true, false]);
    assert_eq!(end(6), 0);
    assert_eq!(find(&store, 51).unwrap().session.ended_at, Some(at(5)));
}

both! {
    a_session_comes_with_its_acting_post
    using_a_session_moves_its_clock_forward_only
    a_session_ends_once
    only_an_own_post_can_be_chosen
    all_sessions_of_a_person_end_and_no_others
}

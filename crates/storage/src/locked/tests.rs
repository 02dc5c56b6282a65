use super::{open_document, state_place, wrapped};
use crate::directory::tests::{add_agency, agency, at, few, id, municipality, write};
use crate::schema::sheet;
use crate::sql_types::Uid;
use crate::tests::{Db, both};
use crate::{Locked, Store, StoreError};
use diesel::prelude::*;
use domain::account::Role;
use domain::agency::{Actor, Principal};
use domain::audit::Stream;
use domain::case::sheet::{Document, Reception};
use domain::case::{Case, SheetInput};
use domain::content::AddressSecret;
use domain::ids::{AgencyId, MunicipalityId, PostId, SessionId, SheetId, StaffId};

const SHEET: SheetId = SheetId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0099));

fn actor() -> Actor {
    let principal = Principal::Staff {
        staff_id: StaffId(id(3)),
        session_id: SessionId(id(4)),
        post_id: PostId(id(5)),
        role: Role::Counter,
    };
    Actor { principal, agency_id: AgencyId(id(2)), municipality_id: MunicipalityId(id(1)), at: at(0) }
}

/// A store with one draft of agency 2.
fn with_draft(db: &Db) -> Store {
    crate::migrate::run(&db.url).unwrap();
    let store = db.store_with(&few());
    write(&store, |tx| {
        tx.insert_municipality(&municipality(1), at(0))?;
        add_agency(tx, &agency(2, 1))?;
        add_agency(tx, &agency(6, 1))?;
        let reception = Reception {
            received_at: None,
            channel: None,
            route: None,
            urgency: None,
            address_secret: AddressSecret::None,
        };
        let input = SheetInput { reception, document: Document::default() };
        let outcome = Case::create(SHEET, input, None, &actor()).map_err(|_| StoreError::Missing)?;
        tx.apply_new(outcome, Some(&actor()), at(0))?;
        Ok(())
    })
    .unwrap();
    store
}

fn holder(store: &Store) -> Result<AgencyId, StoreError> {
    write(store, |tx| {
        let Locked { thing: case, .. } = tx.lock_case(SHEET)?.ok_or(StoreError::Missing)?;
        Ok(case.sheet.holder_agency_id)
    })
}

fn a_key_of_the_sheet_does_not_make_a_document_that_is_believed(db: &Db) {
    let store = with_draft(db);
    assert_eq!(holder(&store).unwrap(), AgencyId(id(2)));
    let write_as_thief = |from: u32, to: u32| {
        write(&store, move |tx| {
            // The thief has the database and the data key, and seals another document for the same place.
            let columns = (sheet::data_key, sheet::document);
            let (data_key, sealed): (Vec<u8>, Vec<u8>) =
                sheet::table.find(Uid(SHEET)).select(columns).first(tx.conn)?;
            let key = tx.keys.unwrap_key(&data_key, &wrapped::<Case>(SHEET.0))?;
            let words = String::from_utf8(key.open(&state_place::<Case>(SHEET.0), &sealed)?.to_vec()).unwrap();
            let holder = |number: u32| format!("\"holder_agency_id\":\"{}\"", id(number));
            let other = words.replace(&holder(from), &holder(to));
            assert_ne!(other, words);
            let sealed = key.seal(&state_place::<Case>(SHEET.0), other.as_bytes(), tx.chance)?;
            diesel::update(sheet::table.find(Uid(SHEET))).set(sheet::document.eq(sealed)).execute(tx.conn)?;
            // It opens, and only the digest in the trail tells that it is another one.
            let digest = tx.keys.vouch("state", &[SHEET.0.as_bytes(), other.as_bytes()])?;
            let document: Vec<u8> = sheet::table.find(Uid(SHEET)).select(sheet::document).first(tx.conn)?;
            let stream = Stream::Sheet(SHEET);
            let opened = open_document::<Case>(tx.keys, &key, stream, SHEET.0, &digest, &document);
            assert!(opened.is_ok());
            Ok(())
        })
        .unwrap();
    };
    write_as_thief(2, 6);
    assert!(matches!(holder(&store), Err(StoreError::Diverged(_))));
    // The same words sealed anew are the same document.
    write_as_thief(6, 2);
    assert_eq!(holder(&store).unwrap(), AgencyId(id(2)));
}

both! { a_key_of_the_sheet_does_not_make_a_document_that_is_believed }

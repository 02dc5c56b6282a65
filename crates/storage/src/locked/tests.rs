use super::{open_case, state_place, wrapped};
use crate::directory::tests::{agency, at, few, id, municipality, write};
use crate::schema::sheet;
use crate::sql_types::Uid;
use crate::tests::{Db, both};
use crate::{Locked, Store, StoreError};
use diesel::prelude::*;
use domain::agency::{Actor, Principal};
use domain::case::{Case, SheetInput};
use domain::codes::{AddressSecret, Role};
use domain::ids::{AgencyId, MunicipalityId, PostId, SessionId, SheetId, StaffId};
use domain::sheet::{Document, Reception};

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
        tx.insert_agency(&agency(2, 1))?;
        tx.insert_agency(&agency(6, 1))?;
        let reception = Reception {
            received_at: None,
            channel: None,
            route: None,
            urgency: None,
            address_secret: AddressSecret::None,
        };
        let input = SheetInput { reception, document: Document::default() };
        let outcome = Case::create(SHEET, input, None, &actor()).map_err(|_| StoreError::Missing)?;
        tx.apply_new(outcome, &actor())?;
        Ok(())
    })
    .unwrap();
    store
}

fn holder(store: &Store) -> Result<AgencyId, StoreError> {
    write(store, |tx| {
        let Locked { case, .. } = tx.lock_case(SHEET)?.ok_or(StoreError::Missing)?;
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
            let key = tx.keys.unwrap_key(&data_key, &wrapped(SHEET))?;
            let words = String::from_utf8(key.open(&state_place(SHEET), &sealed)?.to_vec()).unwrap();
            let holder = |number: u32| format!("\"holder_agency_id\":\"{}\"", id(number));
            let other = words.replace(&holder(from), &holder(to));
            assert_ne!(other, words);
            let sealed = key.seal(&state_place(SHEET), other.as_bytes(), tx.chance)?;
            diesel::update(sheet::table.find(Uid(SHEET))).set(sheet::document.eq(sealed)).execute(tx.conn)?;
            // It opens, and only the digest in the trail tells that it is another one.
            let digest = tx.keys.vouch("state", &[SHEET.0.as_bytes(), other.as_bytes()])?;
            let document: Vec<u8> = sheet::table.find(Uid(SHEET)).select(sheet::document).first(tx.conn)?;
            assert!(open_case(tx.keys, &key, SHEET, &digest, &document).is_ok());
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

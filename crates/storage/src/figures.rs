//! Facts for figures: one row for each, written with the change that they count, and never changed.

use crate::connection::Conn;
use crate::keys::{Aad, DataKey, Keyring};
use crate::lane::WriteTx;
use crate::prepared::put_all;
use crate::schema::{figure_fact, figure_salt};
use crate::sql_types::{OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use aws_lc_rs::hmac;
use diesel::prelude::*;
use domain::figure::{Counting, FigureFact, TakeBack};
use domain::ids::{AgencyId, MunicipalityId};
use domain::time::Day;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// A municipality and a fiscal year.
type Year = (MunicipalityId, i32);

/// A salt that a transaction has read or made, for [`Salts::keep`].
pub(crate) type Salt = (Year, DataKey);

/// The salts that this process knows to be in the database, so that steady work reads none.
#[derive(Default)]
pub(crate) struct Salts(Mutex<BTreeMap<Year, DataKey>>);

impl Salts {
    fn get(&self, year: Year) -> Option<DataKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&year).map(DataKey::copy)
    }

    /// Keeps what a transaction has read or made, once it is committed.
    pub(crate) fn keep(&self, salts: Vec<Salt>) {
        if !salts.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(salts);
        }
    }
}

#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = figure_fact, treat_none_as_default_value = false)]
pub(crate) struct FactRow {
    id: Uid,
    municipality_id: Uid<MunicipalityId>,
    kind: String,
    on_day: OnDay,
    sheet_ref: Vec<u8>,
    person_key: Vec<u8>,
    agency_id: Uid<AgencyId>,
    other_agency_id: Option<Uid<AgencyId>>,
    marks: String,
    n: i32,
    corrects: Option<Uid>,
    mac: Vec<u8>,
}

/// What a MAC of a fact is about.
const FACT: &str = "figure_fact";

impl FactRow {
    fn said(&self) -> Vec<u8> {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let plain = format!(
            "{} {} {} {} {} {} {} {} {} {} {}",
            self.id.0,
            self.municipality_id.0,
            self.kind,
            self.on_day.0,
            hex::encode(&self.sheet_ref),
            hex::encode(&self.person_key),
            self.agency_id.0,
            id(self.other_agency_id.map(|it| it.0.0)),
            self.n,
            id(self.corrects.map(|it| it.0)),
            self.marks,
        );
        plain.into_bytes()
    }

    fn vouched(self, keys: &Keyring) -> Result<Self, StoreError> {
        Ok(Self { mac: keys.vouch(FACT, &[&self.said()])?, ..self })
    }

    fn is_vouched_for(&self, keys: &Keyring) -> bool {
        keys.vouches(FACT, &[&self.said()], &self.mac)
    }
}

impl WriteTx<'_> {
    /// Writes what is counted of a change of the sheet `id`.
    pub(crate) fn write_facts(
        &mut self,
        municipality: MunicipalityId,
        id: Uuid,
        counting: &Counting,
    ) -> Result<(), StoreError> {
        let sheet_ref = self.keys.index_token(municipality, "figure_sheet", &id.to_string()).to_vec();
        let taken_back = self.standing_facts(&sheet_ref, counting.take_back)?.into_iter().map(|fact| {
            let (id, corrects) = (Uid(self.random_id()), Some(fact.id));
            FactRow { id, on_day: OnDay(counting.on), n: -fact.n, corrects, ..fact }.vouched(self.keys)
        });
        let mut rows = taken_back.collect::<Result<Vec<_>, _>>()?;
        let person = counting.person.as_ref().map(|it| it.expose().as_str());
        let mut person_keys: BTreeMap<i16, Vec<u8>> = BTreeMap::new();
        for fact in &counting.facts {
            let person_key = match person_keys.entry(fact.fiscal_year) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.person_key(municipality, fact.fiscal_year, person, id)?),
            };
            rows.push(self.fact_row(municipality, counting.on, &sheet_ref, person_key, fact)?);
        }
        put_all!(self, figure_fact::table, rows);
        Ok(())
    }

    fn fact_row(
        &self,
        municipality: MunicipalityId,
        on: Day,
        sheet_ref: &[u8],
        person_key: &[u8],
        fact: &FigureFact,
    ) -> Result<FactRow, StoreError> {
        let row = FactRow {
            id: Uid(self.random_id()),
            municipality_id: Uid(municipality),
            kind: fact.kind.as_str().to_owned(),
            on_day: OnDay(on),
            sheet_ref: sheet_ref.to_vec(),
            person_key: person_key.to_vec(),
            agency_id: Uid(fact.agency_id),
            other_agency_id: fact.other_agency_id.map(Uid),
            marks: serde_json::to_string(&fact.marks).map_err(|_| StoreError::Missing)?,
            n: 1,
            corrects: None,
            mac: Vec::new(),
        };
        row.vouched(self.keys)
    }

    /// The facts of a sheet that `what` covers and that still count.
    fn standing_facts(&mut self, sheet_ref: &[u8], what: TakeBack) -> Result<Vec<FactRow>, StoreError> {
        if what == TakeBack::Nothing {
            return Ok(Vec::new());
        }
        let query = figure_fact::table.filter(figure_fact::sheet_ref.eq(sheet_ref)).select(FactRow::as_select());
        let facts: Vec<FactRow> = query.load(self.conn)?;
        let corrected: BTreeSet<Uid> = facts.iter().filter_map(|fact| fact.corrects).collect();
        let stands = |fact: &FactRow| fact.corrects.is_none() && !corrected.contains(&fact.id);
        let covered = |fact: &FactRow| fact.kind.parse().is_ok_and(|kind| what.covers(kind));
        Ok(facts.into_iter().filter(|fact| stands(fact) && covered(fact)).collect())
    }

    /// By its time, an id from [`domain::ids::uuid_v7`] would lead from a fact to its event.
    fn random_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.chance.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// By what a person counts once within a fiscal year. The same person has another key in every year.
    fn person_key(
        &mut self,
        municipality: MunicipalityId,
        fiscal_year: i16,
        person: Option<&str>,
        sheet: Uuid,
    ) -> Result<Vec<u8>, StoreError> {
        let salt = match self.salt((municipality, i32::from(fiscal_year))) {
            Ok(salt) => salt,
            // Somebody else has written it. Nothing that is only counted may hold up a withdrawal; `doctor --deep` names it.
            Err(StoreError::Key(_)) => {
                return Ok(self.keys.index_token(municipality, "figure_person", &sheet.to_string()).to_vec());
            }
            Err(error) => return Err(error),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, salt.commit_key()?.as_ref());
        // A sheet of which neither is known counts as one person.
        let said = person.map_or_else(|| format!("sheet {sheet}"), |person| format!("person {person}"));
        Ok(hmac::sign(&key, said.as_bytes()).as_ref().iter().take(16).copied().collect())
    }

    fn salt(&mut self, year: Year) -> Result<DataKey, StoreError> {
        if let Some(salt) = self.salts.get(year) {
            return Ok(salt);
        }
        let salt = match self.read_salt(year)? {
            Some(salt) => salt,
            None => {
                self.add_salt(year)?;
                // Another lane may have been first.
                self.read_salt(year)?.ok_or(StoreError::Missing)?
            }
        };
        self.new_salts.push((year, salt.copy()));
        Ok(salt)
    }

    fn read_salt(&mut self, year: Year) -> Result<Option<DataKey>, StoreError> {
        let row = figure_salt::table.find((Uid(year.0), year.1)).select(figure_salt::sealed);
        let sealed: Option<Vec<u8>> = row.first(self.conn).optional()?;
        Ok(sealed.map(|sealed| self.keys.unwrap_key(&sealed, &salt_place(year))).transpose()?)
    }

    fn add_salt(&mut self, year: Year) -> Result<(), StoreError> {
        let sealed = self.keys.wrap(&DataKey::new(self.chance), &salt_place(year), self.chance)?;
        let row = (
            figure_salt::municipality_id.eq(Uid(year.0)),
            figure_salt::fiscal_year.eq(year.1),
            figure_salt::sealed.eq(sealed),
        );
        let insert = diesel::insert_into(figure_salt::table).values(row).on_conflict_do_nothing();
        match &mut *self.conn {
            Conn::Postgres(conn) => insert.execute(conn)?,
            Conn::Sqlite(conn) => insert.execute(conn)?,
        };
        Ok(())
    }
}

fn salt_place((municipality, year): Year) -> Aad {
    Aad::new("figure_salt", municipality.0, "sealed", u64::from(year.unsigned_abs()))
}

/// Facts that one read compares.
const AT_ONCE: i64 = 1000;

impl ReadTx<'_> {
    /// The salts that do not open.
    pub(crate) fn examine_salts(&mut self) -> Result<usize, StoreError> {
        let rows: Vec<(Uid<MunicipalityId>, i32, Vec<u8>)> = figure_salt::table
            .select((figure_salt::municipality_id, figure_salt::fiscal_year, figure_salt::sealed))
            .load(self.conn)?;
        let opens = |(municipality, year, sealed): &(Uid<MunicipalityId>, i32, Vec<u8>)| {
            self.keys.unwrap_key(sealed, &salt_place((municipality.0, *year))).is_ok()
        };
        Ok(rows.iter().filter(|row| !opens(row)).count())
    }

    /// The number of facts after `after` that the service has not written so, and the last that was looked at; none at the end.
    pub(crate) fn examine_facts(&mut self, after: Uuid) -> Result<(usize, Option<Uuid>), StoreError> {
        let rows: Vec<FactRow> = figure_fact::table
            .filter(figure_fact::id.gt(Uid(after)))
            .order(figure_fact::id.asc())
            .limit(AT_ONCE)
            .select(FactRow::as_select())
            .load(self.conn)?;
        let changed = rows.iter().filter(|row| !row.is_vouched_for(self.keys)).count();
        Ok((changed, rows.last().map(|row| row.id.0)))
    }
}

//! Tasks in the database: rows beside the sheet that [`WriteTx::apply`] keeps in step with [`Case::tasks`], so that a work list is one
//! ordered read however large the sheets are.

use crate::case::rows::AccessRow;
use crate::case::{LabelColumns, Labelled, its_access, labelled, post_of_assignee};
use crate::connection::MultiBackend;
use crate::keys::Keyring;
use crate::lane::WriteTx;
use crate::locked::Locked;
use crate::prepared::{ByText, execute, put_all};
use crate::schema::{access, sheet, task};
use crate::sql_types::{Coded, OnDay, Uid, coded};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use domain::account::Role;
use domain::case::{About, Case, Task, TaskKind};
use domain::ids::{AgencyId, MunicipalityId, SheetId, StaffId};
use domain::time::{Day, Instant};
use uuid::Uuid;

coded!(TaskKind);

/// A task in a list.
#[derive(Clone)]
pub struct TaskSummary {
    /// The id of the row, for cursors.
    pub id: Uuid,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The sheet's number.
    pub number: String,
    /// What must be done.
    pub kind: TaskKind,
    /// The thing that the task is about.
    pub about: About,
    /// The agency that is to do it.
    pub agency_id: AgencyId,
    /// The person, when only one can do it.
    pub staff_id: Option<StaffId>,
    /// The first day on which it shows.
    pub from: Day,
    /// The last day on which it is in time.
    pub due: Day,
    /// The label of its sheet, for a reader whose agency has the sheet.
    pub labelled: Option<Labelled>,
}

/// Whose tasks are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskReader {
    /// The tasks of an agency, and of one person or role in it.
    Worker {
        /// The agency.
        agency_id: AgencyId,
        /// The person; none for a department system.
        staff_id: Option<StaffId>,
        /// The acting role.
        role: Option<Role>,
        /// The municipality.
        municipality_id: MunicipalityId,
    },
    /// Every task of a municipality.
    All(MunicipalityId),
}

/// Which tasks a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Of this kind.
    pub kind: Option<TaskKind>,
    /// Due on this day or earlier.
    pub due_until: Option<Day>,
    /// Whether to leave out the tasks of sheets that a colleague with a post works on, unless they are for a person or a role.
    pub mine: bool,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq)]
#[diesel(table_name = task, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct TaskRow {
    pub(crate) id: Uid,
    municipality_id: Uid<MunicipalityId>,
    sheet_id: Uid<SheetId>,
    number: String,
    kind: Coded<TaskKind>,
    subject_id: Uid,
    waits_for: Uid,
    agency_id: Uid<AgencyId>,
    staff_id: Option<Uid<StaffId>>,
    but_staff_id: Option<Uid<StaffId>>,
    role: Option<Coded<Role>>,
    from_day: OnDay,
    due_day: OnDay,
    shows: bool,
    wakes_on: Option<OnDay>,
}

impl TaskRow {
    pub(crate) fn of(case: &Case, it: &Task, today: Day) -> Self {
        let municipality = case.sheet.municipality_id;
        let shows = it.from <= today;
        Self {
            id: Uid(it.id(municipality)),
            municipality_id: Uid(municipality),
            sheet_id: Uid(case.sheet.id),
            number: case.sheet.number.map(|n| n.to_string()).unwrap_or_default(),
            kind: it.kind.into(),
            subject_id: Uid(it.about.id()),
            waits_for: Uid(it.waits_for(municipality)),
            agency_id: Uid(it.agency_id),
            staff_id: it.staff_id.map(Uid),
            but_staff_id: it.but_staff_id.map(Uid),
            role: it.role.map(Into::into),
            from_day: OnDay(it.from),
            due_day: OnDay(it.due),
            shows,
            wakes_on: Some(OnDay(it.from)).filter(|_| !shows || it.kind.mail().is_some()),
        }
    }
}

impl TaskRow {
    /// The same row, shown or waiting as it is in `kept`: a round wakes a task on its day.
    pub(crate) fn shown_as_in(self, kept: &[Self]) -> Self {
        match kept.iter().find(|row| row.id == self.id) {
            Some(row) => Self { shows: row.shows, wakes_on: row.wakes_on, ..self },
            None => self,
        }
    }
}

type TaskColumns = (Uid, Uid<SheetId>, String, Coded<TaskKind>, Uid, Uid<AgencyId>, Option<Uid<StaffId>>, OnDay, OnDay);

fn summary((row, label): (TaskColumns, LabelColumns), keys: &Keyring) -> Result<TaskSummary, StoreError> {
    let (id, sheet_id, number, kind, subject, agency_id, staff_id, from, due) = row;
    let kind = kind.known("task", "kind", id)?;
    Ok(TaskSummary {
        id: id.0,
        sheet_id: sheet_id.0,
        number,
        kind,
        about: kind.about(subject.0),
        agency_id: agency_id.0,
        staff_id: staff_id.map(|id| id.0),
        from: from.0,
        due: due.0,
        labelled: labelled(keys, label),
    })
}

impl WriteTx<'_> {
    /// Brings the rows from the tasks of `before` to those of `case`. Tasks in both stay untouched, so nobody is told of them twice.
    pub(crate) fn write_tasks(&mut self, before: &Case, case: &Case, today: Day) -> Result<(), StoreError> {
        let (old, new) = (before.tasks(), case.tasks());
        let gone = old.iter().filter(|task| !new.contains(task));
        let gone: Vec<_> = gone.map(|task| Uid(task.id(case.sheet.municipality_id))).collect();
        if !gone.is_empty() {
            let rows = diesel::delete(task::table.filter(task::id.eq_any(gone)));
            execute::<ByText, _, _>(rows, self.conn)?;
        }
        let rows: Vec<_> =
            new.iter().filter(|task| !old.contains(task)).map(|task| TaskRow::of(case, task, today)).collect();
        put_all!(self, task::table, rows);
        Ok(())
    }

    /// Makes the tasks of a case show whose first day has come, and puts their mails into the outbox; returns how many mails.
    pub fn wake_tasks(&mut self, locked: &Locked, today: Day, now: Instant) -> Result<usize, StoreError> {
        let case = &locked.thing;
        let municipality = case.sheet.municipality_id;
        let (mut ids, mut mails) = (Vec::new(), Vec::new());
        let begun: Vec<Task> = case.tasks().into_iter().filter(|task| task.from <= today).collect();
        let mine: Vec<Uid> = begun.iter().map(|task| Uid(task.id(municipality))).collect();
        let waking: Vec<Uid> = task::table
            .filter(task::id.eq_any(mine).and(task::wakes_on.is_not_null()))
            .select(task::id)
            .load(self.conn)?;
        for task in &begun {
            let id = Uid(task.id(municipality));
            if waking.contains(&id) {
                ids.push(id);
                mails.extend(case.mail_of_task(task));
            }
        }
        let woken = diesel::update(task::table.filter(task::id.eq_any(ids)));
        let woken = woken.set((task::shows.eq(true), task::wakes_on.eq(None::<OnDay>)));
        execute::<ByText, _, _>(woken, self.conn)?;
        if !mails.is_empty() {
            self.enqueue_for_round(&mails, municipality, now)?;
        }
        Ok(mails.len())
    }
}

impl ReadTx<'_> {
    /// The tasks of a reader, by due date, with what the agency `of` has of their sheets.
    pub fn list_tasks(
        &mut self,
        of: AgencyId,
        reader: &TaskReader,
        filter: &TaskFilter,
        after: Option<(Day, Uuid)>,
        limit: i64,
        today: Day,
    ) -> Result<Vec<TaskSummary>, StoreError> {
        let mut found = Vec::new();
        // Each id has an ordered range in the index; there are three ids at most.
        for waits_for in reader.looks_under() {
            let columns = (
                task::id,
                task::sheet_id,
                task::number,
                task::kind,
                task::subject_id,
                task::agency_id,
                task::staff_id,
                task::from_day,
                task::due_day,
            );
            let label = (Option::<AccessRow>::as_select(), sheet::data_key, sheet::label);
            let mut query = task::table
                .inner_join(sheet::table.on(sheet::id.eq(task::sheet_id)))
                .left_join(access::table.on(its_access!(task::sheet_id, of)))
                .filter(task::shows.eq(true))
                .order((task::due_day.asc(), task::id.asc()))
                .limit(limit)
                .select((columns, label))
                .into_boxed::<MultiBackend>();
            query = match reader {
                TaskReader::All(of) => query.filter(task::municipality_id.eq(Uid(*of))),
                TaskReader::Worker { staff_id, role, .. } => {
                    let for_role = task::role.eq(role.map(Role::as_str).unwrap_or_default()).assume_not_null();
                    let query = query.filter(task::waits_for.eq(Uid(waits_for)));
                    let query = query.filter(task::role.is_null().or(for_role));
                    match staff_id {
                        Some(id) => query
                            .filter(task::but_staff_id.is_null().or(task::but_staff_id.ne(Uid(*id)).assume_not_null())),
                        None => query,
                    }
                }
            };
            if let (true, TaskReader::Worker { staff_id: Some(person), .. }) = (filter.mine, reader) {
                let mine = access::assigned_staff_id.eq(Uid(*person)).assume_not_null();
                // What one person, one role or anybody but one person must do waits whoever works on the sheet.
                let own =
                    task::staff_id.is_not_null().or(task::role.is_not_null()).or(task::but_staff_id.is_not_null());
                let nobody = access::assigned_staff_id.is_null().or(not(exists(post_of_assignee!(of, today))));
                query = query.filter(own.or(nobody).or(mine));
            }
            if let Some(kind) = filter.kind {
                query = query.filter(task::kind.eq(kind.as_str()));
            }
            if let Some(until) = filter.due_until {
                query = query.filter(task::due_day.le(OnDay(until)));
            }
            if let Some((day, id)) = after {
                // This form lets both databases start in the middle of the index.
                query = query
                    .filter(task::due_day.ge(OnDay(day)).and(task::due_day.gt(OnDay(day)).or(task::id.gt(Uid(id)))));
            }
            for row in query.load::<(TaskColumns, LabelColumns)>(self.conn)? {
                found.push(summary(row, self.keys)?);
            }
        }
        found.sort_by_key(|task| (task.due, task.id));
        found.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(found)
    }

    /// The sheets of the tasks that begin to show, at most `limit` tasks, the earliest first; the answer is in the order of the sheets'
    /// ids.
    pub fn list_waking(&mut self, today: Day, limit: i64) -> Result<Vec<SheetId>, StoreError> {
        let rows: Vec<Uid<SheetId>> = task::table
            .filter(task::wakes_on.le(OnDay(today)).assume_not_null())
            .order(task::wakes_on.asc())
            .limit(limit)
            .select(task::sheet_id)
            .load(self.conn)?;
        let mut sheets: Vec<SheetId> = rows.into_iter().map(|id| id.0).collect();
        sheets.sort();
        sheets.dedup();
        Ok(sheets)
    }
}

impl TaskReader {
    /// The ids under which the reader's tasks are found.
    fn looks_under(&self) -> Vec<Uuid> {
        match self {
            Self::All(municipality) => vec![municipality.0],
            Self::Worker { agency_id, staff_id, role, municipality_id } => {
                let officer = role.filter(|role| *role == Role::PrivacyOfficer).map(|_| municipality_id.0);
                [Some(agency_id.0), staff_id.map(|id| id.0), officer].into_iter().flatten().collect()
            }
        }
    }
}

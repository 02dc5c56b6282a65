use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::execute::note_list;
use crate::page::{Limit, List, Page, bad_cursor};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::agency::Principal;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::calendar;
use domain::case::sheet::SheetLabel;
use domain::case::{About, TaskKind};
use domain::ids::{AddressReleaseId, AgencyId, ConsentId, ExceptionId, RelayId, SheetId, StaffId, StopRequestId};
use domain::permit::Permit;
use domain::time::Day;
use serde::{Deserialize, Serialize};
use storage::{Labels, ReadTx, TaskFilter, TaskReader, TaskSummary};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TasksQuery {
    /// 種類
    kind: Option<TaskKind>,
    /// この日までに期限が来るもの
    due_until: Option<Day>,
    /// 同じ部署のほかの人が担当するシートのものを除く(自分や自分の役割が行うものは除かない)
    mine: Option<bool>,
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// Something that waits: no words, and of the content no more than the label of the sheet.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskItem {
    kind: TaskKind,
    sheet_id: SheetId,
    /// シートの番号
    #[schema(example = "R8-000123")]
    number: String,
    /// 相談者と主な相談内容。どちらの共有も受けていなければ null
    label: Option<SheetLabel>,
    /// 行う機関
    agency_id: AgencyId,
    /// 行う人(決まっているとき)
    staff_id: Option<StaffId>,
    /// 自分の部署でシートを担当する職員
    assigned_staff_id: Option<StaffId>,
    /// どのつなぎについてか
    relay_id: Option<RelayId>,
    /// どの同意についてか
    consent_id: Option<ConsentId>,
    /// どの例外についてか
    exception_id: Option<ExceptionId>,
    /// どの停止の通知についてか
    stop_notice_id: Option<StopRequestId>,
    /// どの住所の申請についてか
    address_release_id: Option<AddressReleaseId>,
    /// いつから待っているか
    from: Day,
    /// 期限
    due: Day,
    /// 期限まであと何開庁日か(今日が期限なら 0、過ぎていれば負)
    open_days_left: i64,
}

impl TaskItem {
    fn of(task: TaskSummary, labels: &Labels, today: Day) -> Self {
        let (mut relay_id, mut consent_id, mut exception_id) = (None, None, None);
        let (mut stop_notice_id, mut address_release_id) = (None, None);
        match task.about {
            About::Relay(id) => relay_id = Some(id),
            About::Consent(id) => consent_id = Some(id),
            About::Exception(id) => exception_id = Some(id),
            About::StopRequest(id) => stop_notice_id = Some(id),
            About::Release(id) => address_release_id = Some(id),
        }
        Self {
            kind: task.kind,
            sheet_id: task.sheet_id,
            number: task.number,
            label: labels.of(task.sheet_id),
            agency_id: task.agency_id,
            staff_id: task.staff_id,
            assigned_staff_id: labels.assignee(task.sheet_id),
            relay_id,
            consent_id,
            exception_id,
            stop_notice_id,
            address_release_id,
            from: task.from,
            due: task.due,
            open_days_left: calendar::open_days_left(today.0, task.due.0),
        }
    }
}

/// What waits for the caller's agency, or for the caller in person, by due date.
#[utoipa::path(
    tag = "tasks",
    summary = "やることの一覧",
    description = "自分の部署、または自分を待っているものを、期限の早い順に返します。監査では、自治体のすべてです。内容のうち、氏名・年齢と主な相談内容だけを、見てよい範囲で含みます。",
    params(TasksQuery),
    responses((status = 200, description = "やることの一覧", body = Page<TaskItem>))
)]
#[get("/api/v1/tasks")]
pub(super) async fn list_tasks(
    guard: Guard<op::ListTasks>,
    query: Query<TasksQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let actor = guard.actor();
    let TasksQuery { kind, due_until, mine, limit, after } = query.0;
    let today = actor.today();
    let role = match &actor.principal {
        Principal::Staff { role, .. } => Some(*role),
        Principal::Client { .. } => None,
    };
    let (agency_id, municipality_id) = (actor.agency_id, actor.municipality_id);
    let reader = match permit {
        Permit::Allowed => TaskReader::Worker { agency_id, staff_id: actor.staff_id(), role, municipality_id },
        _ => TaskReader::All(municipality_id),
    };
    let filter = TaskFilter { kind, due_until, mine: mine == Some(true) };
    let limit = Limit::of(limit);
    let list = List::new(&app, "tasks", agency_id, &(&reader, &filter));
    let after = list.position(after.as_deref())?.map(|position| read_position(&position)).transpose()?;
    let read = move |tx: &mut ReadTx<'_>| Ok(tx.list_tasks(agency_id, &reader, &filter, after, limit + 1, today)?);
    let tasks = app.store.read::<_, Problem, _>(read).await?;
    let shown = tasks.iter().take(usize::try_from(limit).unwrap_or(0)).map(|task| task.about.id());
    let event = EventDraft::new(EventKind::TaskListed, Stream::Agency(agency_id)).with("shown", Fact::ids(shown));
    let page = list.page(tasks, limit, |task| format!("{} {}", task.due, task.id))?;
    let of = page.items.iter().filter_map(|task| task.labelled.clone()).collect();
    let labels = note_list(&app, actor, event, of).await?;
    page.map(|task| TaskItem::of(task, &labels, today)).respond(&request)
}

fn read_position(position: &str) -> Result<(Day, Uuid), Problem> {
    let (day, id) = position.split_once(' ').ok_or_else(bad_cursor)?;
    Ok((day.parse().map_err(|_| bad_cursor())?, id.parse().map_err(|_| bad_cursor())?))
}

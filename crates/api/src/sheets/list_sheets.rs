use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Query, query_instant};
use crate::execute::note_list;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::sheet::{SheetLabel, SheetState};
use domain::content::{Channel, Route, Urgency};
use domain::door::FieldError;
use domain::ids::{AgencyId, SheetId, StaffId};
use domain::permit::Permit;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use storage::{Labels, SheetFilter, SheetSummary};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SheetsQuery {
    /// 状態
    state: Option<SheetState>,
    /// 相談内容の区分(見てよいシートだけ)
    #[param(max_length = 20)]
    topic: Option<String>,
    /// 受付日がこの日以降
    received_from: Option<Day>,
    /// 受付日がこの日以前
    received_until: Option<Day>,
    /// この日時以降に変わったもの
    #[serde(default, deserialize_with = "query_instant")]
    updated_since: Option<Instant>,
    /// 対応中のもの(受付済から終結まで)だけ
    open: Option<bool>,
    /// 自分の部署で、この職員が担当するもの
    assigned_staff_id: Option<StaffId>,
    /// 自分の部署に担当者がいないもの(担当者の職が終わったものを含む)だけ
    unassigned: Option<bool>,
    /// このシート(自分の部署で受け付けたもの)と同じ世帯のシートだけ。このシート自身も含む
    household_of: Option<SheetId>,
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// A sheet in a list: of its content no more than the label.
#[derive(Serialize, ToSchema)]
pub(crate) struct SheetItem {
    id: SheetId,
    /// 番号
    #[schema(example = "R8-000123")]
    number: Option<String>,
    /// 相談者と主な相談内容。どちらの共有も受けていなければ null
    label: Option<SheetLabel>,
    revision: u32,
    state: SheetState,
    origin_agency_id: AgencyId,
    holder_agency_id: AgencyId,
    /// 自分の部署で担当する職員
    assigned_staff_id: Option<StaffId>,
    received_at: Option<Instant>,
    channel: Option<Channel>,
    route: Option<Route>,
    urgency: Option<Urgency>,
    created_at: Instant,
    updated_at: Instant,
}

impl SheetItem {
    pub(super) fn of(summary: SheetSummary, labels: &Labels) -> Self {
        let sheet = summary.sheet;
        Self {
            id: sheet.id,
            number: sheet.number.map(|n| n.to_string()),
            label: labels.of(sheet.id),
            revision: sheet.revision,
            state: summary.state,
            origin_agency_id: sheet.origin_agency_id,
            holder_agency_id: sheet.holder_agency_id,
            assigned_staff_id: labels.assignee(sheet.id),
            received_at: sheet.reception.received_at,
            channel: sheet.reception.channel,
            route: sheet.reception.route,
            urgency: sheet.reception.urgency,
            created_at: sheet.created_at,
            updated_at: sheet.updated_at,
        }
    }
}

/// The sheets that the caller's agency recorded or works on, newest first.
#[utoipa::path(
    tag = "sheets",
    summary = "シートの一覧",
    description = "自分の部署で受け付けたシートと、受理して関わっているシートです。内容のうち、氏名・年齢と主な相談内容だけを、見てよい範囲で含みます。氏名などを示したことは記録されます。",
    params(SheetsQuery),
    responses((status = 200, description = "シートの一覧", body = Page<SheetItem>))
)]
#[get("/api/v1/sheets")]
pub(super) async fn list_sheets(
    guard: Guard<op::ListSheets>,
    query: Query<SheetsQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let actor = guard.actor();
    let (agency, municipality, today) = (actor.agency_id, actor.municipality_id, actor.today());
    let SheetsQuery { state, topic, received_from, received_until, updated_since, limit, after, .. } = query.0;
    let SheetsQuery { open, assigned_staff_id, unassigned, household_of, .. } = query.0;
    let (open, unassigned) = (open == Some(true), unassigned == Some(true));
    // What stands in the content, or belongs to one agency alone, is nothing for a reader of metadata.
    let closed = [
        (topic.is_some(), "/topic", "相談内容では絞り込めません。"),
        (unassigned, "/unassigned", "担当者では絞り込めません。"),
        (assigned_staff_id.is_some(), "/assigned_staff_id", "担当者では絞り込めません。"),
        (household_of.is_some(), "/household_of", "世帯では絞り込めません。"),
    ];
    if let (Permit::MetadataOnly, Some((_, pointer, detail))) = (permit, closed.iter().find(|(asked, ..)| *asked)) {
        return Err(Problem::invalid(pointer, "not_allowed", detail));
    }
    if topic.as_deref().is_some_and(|topic| !app.tables.is_topic(topic)) {
        return Err(Problem::InvalidInput(vec![FieldError::unknown_code("/topic", app.tables.topics())]));
    }
    let filter = SheetFilter {
        state,
        topic,
        received_from,
        received_until,
        updated_since,
        open,
        assigned_staff_id,
        unassigned,
        household_of,
    };
    let limit = Limit::of(limit);
    let list = List::new(&app, "sheets", agency, &filter);
    let after = list.after(after.as_deref())?;
    let read = move |tx: &mut storage::ReadTx<'_>| {
        Ok(match permit {
            Permit::Allowed => tx.list_sheets(agency, &filter, after, limit + 1, today)?,
            _ => tx.list_all_sheets(municipality, &filter, after, limit + 1, today)?,
        })
    };
    let page = list.page(app.store.read::<_, Problem, _>(read).await?, limit, |s| s.sheet.id.to_string())?;
    let event = EventDraft::new(EventKind::SheetListed, Stream::Agency(agency))
        .with("shown", Fact::ids(page.items.iter().map(|item| item.sheet.id.0)));
    let of = page.items.iter().filter_map(|item| item.labelled.clone()).collect();
    let labels = note_list(&app, actor, event, of).await?;
    page.map(|item| SheetItem::of(item, &labels)).respond(&request)
}

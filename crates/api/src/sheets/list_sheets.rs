use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Query, query_instant};
use crate::execute::note_reading;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::sheet::SheetState;
use domain::content::{Channel, Route, Urgency};
use domain::door::FieldError;
use domain::ids::{AgencyId, SheetId};
use domain::permit::Permit;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use storage::{SheetFilter, SheetSummary};
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
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// A sheet in a list: no name, no content.
#[derive(Serialize, ToSchema)]
pub(crate) struct SheetItem {
    id: SheetId,
    /// 番号
    #[schema(example = "R8-000123")]
    number: Option<String>,
    revision: u32,
    state: SheetState,
    origin_agency_id: AgencyId,
    holder_agency_id: AgencyId,
    received_at: Option<Instant>,
    channel: Option<Channel>,
    route: Option<Route>,
    urgency: Option<Urgency>,
    created_at: Instant,
    updated_at: Instant,
}

impl From<SheetSummary> for SheetItem {
    fn from(summary: SheetSummary) -> Self {
        let sheet = summary.sheet;
        Self {
            id: sheet.id,
            number: sheet.number.map(|n| n.to_string()),
            revision: sheet.revision,
            state: summary.state,
            origin_agency_id: sheet.origin_agency_id,
            holder_agency_id: sheet.holder_agency_id,
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
    description = "自分の部署で受け付けたシートと、受理して関わっているシートです。氏名や内容は含みません。",
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
    let SheetsQuery { state, topic, received_from, received_until, updated_since, limit, after } = query.0;
    if topic.is_some() && permit == Permit::MetadataOnly {
        return Err(Problem::invalid("/topic", "not_allowed", "相談内容では絞り込めません。"));
    }
    if topic.as_deref().is_some_and(|topic| !app.tables.is_topic(topic)) {
        return Err(Problem::InvalidInput(vec![FieldError::unknown_code("/topic", app.tables.topics())]));
    }
    let filter = SheetFilter { state, topic, received_from, received_until, updated_since };
    let limit = Limit::of(limit);
    let list = List::new(&app, "sheets", agency, &filter);
    let after = list.after(after.as_deref())?;
    let read = move |tx: &mut storage::ReadTx<'_>| {
        Ok(match permit {
            Permit::Allowed => tx.list_sheets(agency, &filter, after, limit + 1, today)?,
            _ => tx.list_all_sheets(municipality, &filter, after, limit + 1, today)?,
        })
    };
    let page = list
        .page(app.store.read::<_, Problem, _>(read).await?, limit, |s| s.sheet.id.to_string())?
        .map(SheetItem::from);
    let event = EventDraft::new(EventKind::SheetListed, Stream::Agency(agency))
        .with("shown", Fact::ids(page.items.iter().map(|item| item.id.0)));
    note_reading(&app, actor, event).await?;
    page.respond(&request)
}

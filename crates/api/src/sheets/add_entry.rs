use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::beside::entry::{Entry, EntryMethod};
use domain::content::{Section, Warning, warnings};
use domain::ids::{AgencyId, EntryId, SheetId, StaffId};
use domain::personal::Personal;
use domain::text;
use domain::time::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// 支援経過(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryRequest {
    /// いつのことか(未来は不可)
    occurred_at: Instant,
    /// 方法
    method: EntryMethod,
    /// 内容
    #[validate(length(max = 4000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// どの共有項目に属するか
    section: Section,
}

/// 支援経過.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryResponse {
    id: EntryId,
    /// 書いた機関
    agency_id: AgencyId,
    /// 書いた職員
    staff_id: Option<StaffId>,
    occurred_at: Instant,
    method: EntryMethod,
    section: Section,
    /// 内容
    #[schema(value_type = String)]
    text: Personal<String>,
    recorded_at: Instant,
    /// 記録したが、確かめてほしいこと
    warnings: Vec<Warning>,
}

impl From<Entry> for EntryResponse {
    fn from(entry: Entry) -> Self {
        let Entry { id, agency_id, staff_id, occurred_at, method, section, text, recorded_at, .. } = entry;
        let warnings = warnings("/text", text.expose());
        Self { warnings, id, agency_id, staff_id, occurred_at, method, section, text, recorded_at }
    }
}

/// Adds an entry to the progress record. Entries are never changed or deleted: a correction is a new entry.
#[utoipa::path(
    tag = "sheets",
    summary = "支援経過を記録する",
    description = "あとから変更や削除はできません。訂正は新しい記録として追加します。",
    request_body = EntryRequest,
    responses((status = 201, description = "記録しました", body = EntryResponse))
)]
#[post("/api/v1/sheets/{id}/entries")]
pub(super) async fn add_entry(
    change: Change<op::AddEntry, SheetId, Body<EntryRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor();
    let EntryRequest { occurred_at, method, text, section } = body;
    let entry = Entry {
        id: EntryId::new(actor.at, order.app.chance.as_ref()),
        sheet_id: order.id,
        agency_id: actor.agency_id,
        staff_id: actor.staff_id(),
        occurred_at,
        method,
        section,
        text: Personal::new(text),
        recorded_at: actor.at,
    };
    change_sheet(order, move |scene| {
        let outcome = scene.locked.thing.clone().add_entry(entry.clone(), scene.actor)?;
        scene.apply(outcome)?;
        let location = format!("/api/v1/sheets/{}/entries", entry.sheet_id);
        Ok(Answer::created(&EntryResponse::from(entry.clone()), location)?)
    })
    .await
}

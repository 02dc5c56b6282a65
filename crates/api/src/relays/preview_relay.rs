use super::shape::BasisRequest;
use super::steps::{Asked, Weighed, judge};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id};
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::codes::Purpose;
use domain::consent::RefusedClause;
use domain::content::{Content, Section};
use domain::door::FieldError;
use domain::ids::{AgencyId, RelayId, SheetId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What would be relayed.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewRequest {
    /// つなぎ先
    to_agency_id: AgencyId,
    /// 伝える共有項目
    #[validate(length(max = 14))]
    #[schema(min_items = 1, max_items = 14)]
    sections: Vec<Section>,
    /// 利用目的
    purpose: Purpose,
    /// どのつなぎの続きか(受け付けた機関以外は必須)
    parent_relay_id: Option<RelayId>,
    /// 根拠(省略すると、有効な同意。なければ最新の同意)
    #[validate(nested)]
    basis: Option<BasisRequest>,
}

/// Exactly what the recipient would see, or every reason why it may not.
#[derive(Serialize, ToSchema)]
pub(super) struct PreviewResponse {
    /// つないでよいか
    allowed: bool,
    /// つなげない理由(すべて)
    refusals: Vec<RefusedClause>,
    /// 送る前に記入が必要な項目
    missing: Vec<FieldError>,
    /// つなぎ先に見える内容(つないでよいときだけ)
    disclosure: Option<Content>,
    /// 確認した内容の指紋。送るときに付けます
    disclosure_digest: String,
}

/// Judges without sending.
#[utoipa::path(
    tag = "relays",
    summary = "つなぐ内容を確かめる",
    description = "つなぎ先に見える内容をそのまま示します。つなげないときは、理由をすべて示します。",
    request_body = PreviewRequest,
    responses((status = 200, description = "確かめた結果", body = PreviewResponse))
)]
#[post("/api/v1/sheets/{id}/relays/preview")]
pub(super) async fn preview_relay(
    guard: Guard<op::PreviewRelay>,
    id: Id<SheetId>,
    body: Body<PreviewRequest>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let PreviewRequest { to_agency_id, sections, purpose, parent_relay_id, basis } = body.value;
    let sections = sections.into_iter().collect();
    let asked = Asked { to_agency_id, sections, purpose, parent_relay_id, basis, may_be_resent: true };
    on_sheet(&app, &guard, Target::Sheet(id.0), None, None, move |mut scene| {
        let Weighed { judgement, missing, .. } = judge(&mut scene, &asked)?;
        let (tx, mut locked, actor) = (scene.tx, scene.locked, scene.actor);
        let event = EventDraft::new(EventKind::RelayPreviewed, Stream::Sheet(locked.case.sheet.id))
            .with("to_agency_id", Fact::Id(asked.to_agency_id.0))
            .with("sections", Fact::sections(&asked.sections))
            .with("clauses", Fact::List(judgement.failed.iter().map(|c| Fact::Code(c.as_str())).collect()));
        tx.note(&mut locked, &[event], actor)?;
        Ok(Answer::ok(&PreviewResponse {
            allowed: judgement.disclosure.is_some(),
            missing,
            refusals: judgement.failed.into_iter().map(Into::into).collect(),
            disclosure: judgement.content,
            disclosure_digest: judgement.digest,
        })?)
    })
    .await
}

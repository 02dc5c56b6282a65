use super::agency::{check_parent, taken};
use super::shape::{AgencyRequest, AgencyResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, IdempotencyKey};
use crate::execute::{Answer, claim, on_agency};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::AgencyId;

/// Adds an agency to the directory of the caller's municipality.
#[utoipa::path(
    tag = "directory",
    summary = "機関を登録する",
    description = "部署や関係機関を加えます。機関コードは自治体の中で一つだけです。",
    request_body = AgencyRequest,
    responses((status = 201, description = "登録しました", body = AgencyResponse))
)]
#[post("/api/v1/agencies")]
pub(super) async fn create_agency(
    guard: Guard<op::CreateAgency>,
    key: IdempotencyKey,
    body: Body<AgencyRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let claim = claim(&app, actor, key, &request, &body.bytes);
    let id = AgencyId::new(actor.at, app.chance.as_ref());
    let record = body.value.check(id, &app.tables, actor.municipality_id, actor.at)?;
    on_agency(&app, actor, Some(claim), move |tx, actor| {
        check_parent(tx, &record)?;
        let detail = "この機関コードはすでに使われています。別のコードにしてください。";
        tx.insert_agency(&record).map_err(|error| taken(error, "/code", detail))?;
        let event = EventDraft::new(EventKind::AgencyCreated, Stream::Agency(actor.agency_id))
            .with("agency_id", Fact::Id(id.0));
        let shown = AgencyResponse::from(record.clone());
        let answer = Answer::created(&shown, format!("/api/v1/agencies/{id}"))?.with_etag(record.revision);
        Ok((answer, vec![event]))
    })
    .await
}

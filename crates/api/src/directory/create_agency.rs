use super::agency::{check_parent, check_successor, taken};
use super::pending::{event, hold_new, with_asked, with_standing};
use super::shape::{AgencyRequest, AgencyResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, IdempotencyKey};
use crate::execute::{Answer, claim, on_agency};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::audit::EventKind;
use domain::ids::AgencyId;

/// Adds an agency to the directory of the caller's municipality.
#[utoipa::path(
    tag = "directory",
    summary = "機関を登録する",
    description = "部署や関係機関を加えます。機関コードは自治体の中で一つだけです。協定がなくても伝えられる区分の機関と、協定のある機関は、別の人が確認するまで使えません(pending)。",
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
    let mut record = body.value.check(id, &app.tables, actor.municipality_id, actor.at)?;
    hold_new(&mut record, actor);
    let directory = app.directory.clone();
    on_agency(&app, actor, Some(claim), move |tx, actor| {
        check_parent(tx, &record)?;
        check_successor(tx, &record)?;
        let detail = "この機関コードはすでに使われています。別のコードにしてください。";
        tx.insert_agency(&record).map_err(|error| taken(error, "/code", detail))?;
        let created = with_standing(event(EventKind::AgencyCreated, &record, actor), &record);
        let mut events = vec![created];
        if record.pending.is_some() {
            events.push(with_asked(
                event(EventKind::AgencyChangeAsked, &record, actor),
                record.pending.as_ref(),
                &directory,
            ));
        }
        let shown = AgencyResponse::of(record.clone(), actor.at);
        let answer = Answer::created(&shown, format!("/api/v1/agencies/{id}"))?.with_etag(record.revision);
        Ok((answer, events))
    })
    .await
}

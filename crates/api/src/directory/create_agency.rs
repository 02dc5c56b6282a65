use super::agency::{check_parent, check_successor, taken};
use super::shape::{AgencyRequest, AgencyResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, add_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
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
    change: Change<op::CreateAgency, (), Body<AgencyRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor();
    let id = AgencyId::new(actor.at, order.app.chance.as_ref());
    let record = body.check(id, &order.app.tables, actor.municipality_id, actor.at)?;
    let directory = order.app.directory.clone();
    add_thing(order, move |tx, actor| {
        check_parent(tx, &record)?;
        check_successor(tx, &record)?;
        let detail = "この機関コードはすでに使われています。別のコードにしてください。";
        let added = tx.apply_new(record.clone().create_by(actor, &directory), Some(actor), actor.at);
        let record = added.map_err(|error| taken(error, "/code", detail))?.thing;
        let revision = record.revision;
        let shown = AgencyResponse::of(record, actor.at);
        Ok(Answer::created(&shown, format!("/api/v1/agencies/{id}"))?.with_etag(revision))
    })
    .await
}

use super::shape::AgencyResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::ids::AgencyId;

/// An agency of the caller's municipality; one of another is not there.
#[utoipa::path(
    tag = "directory",
    summary = "機関を見る",
    description = "同じ自治体の機関を一つ返します。変更するときは、ETag を If-Match に入れて送ります。",
    responses((status = 200, description = "機関", body = AgencyResponse))
)]
#[get("/api/v1/agencies/{id}")]
pub(super) async fn show_agency(
    guard: Guard<op::ShowAgency>,
    id: Id<AgencyId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let municipality = guard.actor().municipality_id;
    let found = app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_agency(id.0)?)).await?;
    let record = found.filter(|record| record.agency.municipality_id == municipality).ok_or(Problem::NotFound)?;
    let revision = record.revision;
    Ok(Answer::ok(&AgencyResponse::from(record))?.with_etag(revision).respond(false))
}

use super::shape::AgencyResponse;
use crate::app::App;
use crate::auth::{Guard, Op, allow, op};
use crate::door::Id;
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::ids::AgencyId;
use domain::permit::Relation;

/// An agency of the caller's municipality; one of another municipality is not found.
#[utoipa::path(
    tag = "directory",
    summary = "機関を見る",
    description = "同じ自治体の機関を一つ返します。変更するときは、ETag を If-Match に入れて送ります。変更できる人には、手元に残っているものの数(open)も示します。",
    responses((status = 200, description = "機関", body = AgencyResponse))
)]
#[get("/api/v1/agencies/{id}")]
pub(super) async fn show_agency(
    guard: Guard<op::ShowAgency>,
    id: Id<AgencyId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let (municipality, at) = (guard.actor().municipality_id, guard.actor().at);
    // A person who may end an agency must know what it still holds; nobody else may count the sheets of another agency.
    let changes = allow(guard.actor(), op::ChangeAgency::OPERATION, Relation::Collection).is_ok();
    let read = move |tx: &mut storage::ReadTx<'_>| {
        let found = tx.find_agency(id.0)?.filter(|record| record.agency.municipality_id == municipality);
        let record = found.ok_or(Problem::NotFound)?;
        let open = changes.then(|| tx.count_open(id.0)).transpose()?;
        Ok((record, open))
    };
    let (record, open) = app.store.read::<_, Problem, _>(read).await?;
    let revision = record.revision;
    let shown = AgencyResponse::of(record, at);
    let shown = match open {
        Some(open) => shown.with_open(open),
        None => shown,
    };
    Ok(Answer::ok(&shown)?.with_etag(revision).respond(false))
}

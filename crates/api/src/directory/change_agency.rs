use super::agency::{check_parent, taken};
use super::shape::{AgencyRequest, AgencyResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IfMatch};
use crate::execute::{Answer, on_agency};
use crate::problem::Problem;
use actix_web::{HttpResponse, put, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::AgencyId;
use storage::AgencyRecord;

/// Replaces an agency as a whole.
#[utoipa::path(
    tag = "directory",
    summary = "機関を変更する",
    description = "全体を送ります。読み込んだときの ETag を If-Match に入れてください。",
    request_body = AgencyRequest,
    responses((status = 200, description = "変更しました", body = AgencyResponse))
)]
#[put("/api/v1/agencies/{id}")]
pub(super) async fn change_agency(
    guard: Guard<op::ChangeAgency>,
    id: Id<AgencyId>,
    if_match: IfMatch,
    body: Body<AgencyRequest>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let id = id.0;
    let wanted = body.value.check(id, &app.tables, guard.actor().municipality_id, guard.actor().at)?;
    on_agency(&app, guard.actor(), None, move |tx, actor| {
        let found = tx.lock_agency(id)?;
        let found = found.filter(|found| found.agency.municipality_id == actor.municipality_id);
        let revision = found.ok_or(Problem::NotFound)?.revision;
        if_match.check(revision)?;
        let revision = revision.saturating_add(1);
        let record = AgencyRecord { revision, ..wanted.clone() };
        check_parent(tx, &record)?;
        let detail = "この機関コードはすでに使われています。別のコードにしてください。";
        tx.update_agency(&record).map_err(|error| taken(error, "/code", detail))?;
        let event = EventDraft::new(EventKind::AgencyChanged, Stream::Agency(actor.agency_id))
            .with("agency_id", Fact::Id(id.0))
            .with("revision", Fact::Count(u64::from(revision)))
            .with("class", Fact::Code(record.agency.class.as_str()));
        // What decides whether the agency may be told anything is on record, by day.
        let agreed_until = record.agency.agreement.as_ref().map(|a| a.valid_until);
        let days = [("active_until", record.agency.active_until), ("agreement_until", agreed_until)];
        let event = days.into_iter().fold(event, |event, (key, day)| match day {
            Some(day) => event.with(key, Fact::Day(day)),
            None => event,
        });
        Ok((Answer::ok(&AgencyResponse::from(record))?.with_etag(revision), vec![event]))
    })
    .await
}

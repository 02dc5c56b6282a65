use super::agency::{check_parent, check_successor, taken};
use super::pending::{event, hold_new, with_asked, with_standing};
use super::shape::{AgencyRequest, AgencyResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
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
    change: Change<op::CreateAgency, (), Body<AgencyRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor();
    let id = AgencyId::new(actor.at, order.app.chance.as_ref());
    let mut record = body.check(id, &order.app.tables, actor.municipality_id, actor.at)?;
    hold_new(&mut record, actor);
    let directory = order.app.directory.clone();
    change_directory(order, move |tx, actor| {
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

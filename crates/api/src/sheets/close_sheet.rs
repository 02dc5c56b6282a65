use super::ending::{answer, only_holder, reason};
use super::shape::{ClosureRequest, SheetResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IdempotencyKey, IfMatch};
use crate::execute::{Scene, Stop, Target, claim, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::case::Refusal;
use domain::exception::Exception;
use domain::ids::{AgencyId, SheetId};
use domain::permit::Relation;
use domain::relay::{InvalidTransition, Relay};
use domain::sheet::Standing;

/// See `Case::close`.
#[utoipa::path(
    tag = "sheets",
    summary = "終結する",
    description = "主担当の機関が、すべてのつなぎが終わってから終結します。",
    request_body = ClosureRequest,
    responses((status = 200, description = "シート", body = SheetResponse))
)]
#[post("/api/v1/sheets/{id}/closure")]
pub(super) async fn close_sheet(
    guard: Guard<op::CloseSheet>,
    id: Id<SheetId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: Body<ClosureRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let claim = claim(&app, guard.actor(), key, &request, &body.bytes);
    let reason = reason(&app, id.0, body.value.text(), guard.actor());
    on_sheet(&app, &guard, Target::Sheet(id.0), Some(claim), Some(if_match), move |scene| {
        only_holder(&scene)?;
        match scene.locked.case.clone().close(reason.clone(), scene.actor) {
            Ok(outcome) => answer(scene, outcome),
            Err(refusal) => Err(refused(scene, refusal)?),
        }
    })
    .await
}

/// How many of the relays that hold up the closing are named.
const NAMED: usize = 5;

/// Says what holds up the closing: of other agencies' relays that there are some, to whoever does not follow the whole way.
fn refused(scene: Scene<'_, '_>, refusal: Refusal) -> Result<Stop, Problem> {
    let Refusal::Transition(InvalidTransition { state }) = refusal else { return Ok(refusal.into()) };
    let (case, reader) = (&scene.locked.case, scene.actor.agency_id);
    if case.sheet.standing != Standing::Open {
        return Ok(refusal.into());
    }
    let open: Vec<&Relay> = case.relays.iter().filter(|relay| !relay.is_over()).collect();
    let seen = |relay: &&&Relay| case.relay_relation(relay, reader) != Relation::Neighbour;
    let named: Vec<&&Relay> = open.iter().filter(seen).take(NAMED).collect();
    let ids: Vec<AgencyId> = named.iter().map(|relay| relay.to_agency_id).collect();
    let agencies = scene.tx.find_agencies(&ids)?;
    let name = |id| agencies.iter().find(|it| it.agency.id == id).map_or("", |it| it.name.as_str());
    let mut waits: Vec<String> =
        named.iter().map(|relay| format!("{}({})", name(relay.to_agency_id), relay.state().label())).collect();
    if open.len() > named.len() {
        waits.push(format!("ほかに{}件", open.len() - named.len()));
    }
    let mut why = Vec::new();
    if !waits.is_empty() {
        why.push(format!(
            "まだ終わっていないつなぎがあります:{}。それぞれの報告を確認するか、取り下げてから、終結してください。",
            waits.join("、")
        ));
    }
    if case.exceptions.iter().any(Exception::holds_up_closing) {
        why.push("緊急の例外の事後対応が記録されていません。記録してから、終結してください。".to_owned());
    }
    Ok(Stop::RefusedFor(refusal, Problem::HeldUp(state, why.concat())))
}

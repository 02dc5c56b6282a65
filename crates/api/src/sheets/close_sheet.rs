use super::ending::{answer, reason};
use super::shape::{ClosureRequest, SheetResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Change, Stop, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::{HeldUp, Refusal};
use domain::ids::{AgencyId, SheetId};
use domain::time::Instant;
use storage::WriteTx;

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
    change: Change<op::CloseSheet, SheetId, Body<ClosureRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let reason = reason(&order.app, order.id, body.text(), order.actor());
    let closure = body.outcome.map(|it| it.read(order.id, reason.id, order.actor())).transpose();
    change_sheet(order, move |scene| {
        let closure = closure.clone().map_err(Refusal::Invalid)?;
        match scene.locked.thing.clone().close(reason.clone(), closure, scene.actor) {
            Ok(outcome) => answer(scene, outcome),
            Err(Refusal::HeldUp(held)) => {
                let why = why(scene.tx, &held, scene.actor.at)?;
                Err(Stop::HeldUp(held, why))
            }
            Err(refusal) => Err(refusal.into()),
        }
    })
    .await
}

/// The most relays that are named among those that hold up the closing.
const NAMED: usize = 5;

/// What must be done before the sheet can be closed.
fn why(tx: &mut WriteTx<'_>, held: &HeldUp, now: Instant) -> Result<String, Problem> {
    let named: Vec<_> = held.relays.iter().take(NAMED).collect();
    let ids: Vec<AgencyId> = named.iter().map(|(to, _)| *to).collect();
    let agencies = tx.find_agencies(&ids)?;
    let name = |id: AgencyId| agencies.iter().find(|it| it.agency.id == id).map_or("", |it| it.called(now).0);
    let mut waits: Vec<String> = named.iter().map(|(to, state)| format!("{}({})", name(*to), state.label())).collect();
    let rest = held.relays.len() - named.len() + held.others;
    if rest > 0 {
        waits.push(format!("ほかに{rest}件"));
    }
    let mut why = String::new();
    if !waits.is_empty() {
        let waits = waits.join("、");
        why = format!(
            "まだ終わっていないつなぎがあります:{waits}。それぞれの報告を確認するか、取り下げてから、終結してください。"
        );
    }
    if held.follow_up {
        why.push_str("緊急の例外の事後対応が記録されていません。記録してから、終結してください。");
    }
    Ok(why)
}

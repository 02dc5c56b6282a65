use super::shape::ConsentResponse;
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Insight;
use domain::ids::{ConsentId, StopRequestId};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use validator::Validate;

/// What the witness says.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WitnessRequest {
    /// 本人の同意を、自分も確認したか
    confirmed: bool,
}

/// The witness confirms or denies the consent, logged in as themselves.
#[utoipa::path(
    tag = "consents",
    summary = "立会人として確認する",
    description = "口頭・電話・代筆の同意と、連携システムだけで記録した同意を、記録した人とは別の職員が、自分のログインで確認します。連携システムが聞いた職員を示して記録した同意では、その職員が確かめます。聞いていないと答えると、その同意は初めから無効になります。",
    request_body = WitnessRequest,
    responses((status = 200, description = "同意", body = ConsentResponse))
)]
#[post("/api/v1/consents/{id}/witness")]
pub(super) async fn witness_consent(
    change: Change<op::WitnessConsent, ConsentId, Body<WitnessRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let chance = Arc::clone(&order.app.chance);
    let (id, confirmed) = (order.id, body.confirmed);
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let target = scene.locked.thing.consent(id).ok_or(Problem::NotFound)?;
        // A person who was not there cannot confirm. Staff of another agency may answer only if the recorder named them, or if their agency
        // may see the consent anyway.
        let is_named = actor.staff_id().is_some() && target.terms.witness_staff_id == actor.staff_id();
        if !is_named && scene.locked.thing.insight_of(target, permit, actor).is_none() {
            return Err(Problem::NotFound.into());
        }
        let receivers = scene.tx.find_receivers(&scene.locked.thing)?;
        let mut new_stop = || StopRequestId::new(actor.at, chance.as_ref());
        let outcome = scene.locked.thing.clone().witness(id, confirmed, &receivers, &mut new_stop, actor)?;
        let locked = scene.apply(outcome)?;
        let consent = locked.thing.consent(id).ok_or(Problem::NotFound)?;
        let insight = locked.thing.insight_of(consent, permit, actor).unwrap_or(Insight::Own(actor.agency_id));
        Ok(Answer::ok(&ConsentResponse::from(locked.thing.consent_view(consent, insight, permit, actor)))?)
    })
    .await
}

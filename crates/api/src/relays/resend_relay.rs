use super::members::{MemberChoiceRequest, choices};
use super::shape::{BasisRequest, RelayResponse};
use super::steps::{Asked, step, weigh};
use crate::auth::op;
use crate::door::Body;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::relay::{InvalidTransition, RelayState};
use domain::case::{Move, Refusal};
use domain::ids::RelayId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 再送(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResendRequest {
    /// 確かめ直した内容の指紋(preview の答え)
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    disclosure_digest: String,
    /// 同意がなくても、理由があって伝える世帯員
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    household_members: Vec<MemberChoiceRequest>,
}

/// See `Move::Resend`.
#[utoipa::path(
    tag = "relays",
    summary = "再び送る",
    description = "差し戻されたつなぎを、確かめ直してもう一度送ります。例外に基づくつなぎは、同じ例外(basis の exception_id)で確かめ直します。",
    request_body = ResendRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/resend")]
pub(super) async fn resend_relay(
    change: Change<op::ResendRelay, RelayId, Body<ResendRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let ResendRequest { disclosure_digest: digest, household_members } = body;
    let members = choices(&household_members);
    let id = order.id;
    step(order, move |scene| {
        let relay = scene.locked.thing.relay(id).ok_or(Problem::NotFound)?;
        if relay.state() != RelayState::Returned {
            return Err(Refusal::from(InvalidTransition { state: relay.state().as_str() }).into());
        }
        // The consent in force is judged: the one under which the relay was sent may have been renewed since. An exception covers its relay again.
        let basis = relay.basis.exception_id().map(|_| BasisRequest::from(relay.basis));
        let asked = Asked {
            to_agency_id: relay.to_agency_id,
            sections: relay.sections.clone(),
            purpose: relay.purpose,
            parent_relay_id: relay.parent_relay_id,
            basis,
            members: members.clone(),
            may_be_resent: true,
        };
        let (disclosure, ..) = weigh(scene, &asked)?.disclosure(&digest)?;
        Ok(Move::Resend(Box::new(disclosure)))
    })
    .await
}

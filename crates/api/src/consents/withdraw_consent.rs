use super::shape::{ConsentResponse, all_known};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::WithdrawalRequest as Withdraw;
use domain::case::consent::{WithdrawalMethod, WithdrawnBy};
use domain::content::Section;
use domain::door::FieldError;
use domain::ids::{AgencyId, ConsentId, StopRequestId, WithdrawalId};
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use validator::Validate;

/// 撤回(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawalRequest {
    /// 誰が
    by: WithdrawnBy,
    /// どの方法で
    method: WithdrawalMethod,
    /// 理由(なくてよい)
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// この相手だけ(省略すると、すべての相手)
    #[validate(length(max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    agency_ids: Option<Vec<AgencyId>>,
    /// この項目だけ(省略すると、すべての項目)
    #[validate(length(max = 14))]
    #[schema(min_items = 1, max_items = 14)]
    sections: Option<Vec<Section>>,
}

impl WithdrawalRequest {
    /// Refuses an empty list of agencies or sections: it does not mean all, for that would withdraw everything for good.
    fn check(&self) -> Result<(), Problem> {
        let detail = "やめる相手か項目を、一つ以上選んでください。すべてをやめるときは、どちらも省いてください。";
        let none = |pointer| FieldError::new(pointer, "length", detail);
        let agencies = self.agency_ids.as_ref().filter(|named| named.is_empty()).map(|_| none("/agency_ids"));
        let sections = self.sections.as_ref().filter(|named| named.is_empty()).map(|_| none("/sections"));
        let wrong: Vec<FieldError> = agencies.into_iter().chain(sections).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Problem::InvalidInput(wrong)) }
    }

    fn agencies(&self) -> Vec<(String, AgencyId)> {
        self.agency_ids.iter().flatten().enumerate().map(|(i, id)| (format!("/agency_ids/{i}"), *id)).collect()
    }

    fn withdraw(&self) -> Withdraw {
        Withdraw {
            by: self.by,
            method: self.method,
            reason: self.reason.clone().map(Personal::new),
            agency_ids: self.agency_ids.iter().flatten().copied().collect(),
            sections: self.sections.iter().flatten().copied().collect(),
        }
    }
}

/// Withdraws a consent. This takes effect at once: with the commit the sections close to every recipient.
#[utoipa::path(
    tag = "consents",
    summary = "同意を撤回する",
    description = "相手と項目を省略すると、すべてを撤回します。すぐに効き、まだ受理されていないつなぎは停止します。この版より前の版にも及びます。内容を開いていた機関は、写しの扱いを回答します。",
    request_body = WithdrawalRequest,
    responses((status = 200, description = "同意", body = ConsentResponse))
)]
#[post("/api/v1/consents/{id}/withdrawal")]
pub(super) async fn withdraw_consent(
    change: Change<op::WithdrawConsent, ConsentId, Body<WithdrawalRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let withdrawal_id = WithdrawalId::new(order.actor().at, order.app.chance.as_ref());
    let chance = Arc::clone(&order.app.chance);
    let (id, asked) = (order.id, body);
    asked.check()?;
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let target = scene.locked.thing.consent(id).ok_or(Problem::NotFound)?;
        // Read before the withdrawal: after it the version is no longer in force for an agency that works under an earlier one.
        let insight = scene.locked.thing.insight_of(target, permit, actor).ok_or(Problem::NotFound)?;
        all_known(scene.tx, &asked.agencies())?;
        let mut new_stop = || StopRequestId::new(actor.at, chance.as_ref());
        let case = scene.locked.thing.clone();
        let outcome = case.withdraw(id, withdrawal_id, asked.withdraw(), &mut new_stop, actor)?;
        let locked = scene.apply(outcome)?;
        let consent = locked.thing.consent(id).ok_or(Problem::NotFound)?;
        Ok(Answer::ok(&ConsentResponse::from(locked.thing.consent_view(consent, insight, permit, actor)))?)
    })
    .await
}

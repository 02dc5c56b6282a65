use super::shape::ConsentResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::ConsentId;

/// Reads one version.
#[utoipa::path(
    tag = "consents",
    summary = "同意を読む",
    description = "同意の一つの版を返します。",
    responses((status = 200, description = "同意", body = ConsentResponse))
)]
#[get("/api/v1/consents/{id}")]
pub(super) async fn show_consent(
    guard: Guard<op::ShowConsent>,
    id: Id<ConsentId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    on_sheet(&app, &guard, Target::Consent(id), None, None, move |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        let consent = locked.thing.consent(id).cloned().ok_or(Problem::NotFound)?;
        let insight = locked.thing.insight_of(&consent, permit, actor).ok_or(Problem::NotFound)?;
        let event = EventDraft::new(EventKind::ConsentRead, Stream::Sheet(locked.thing.sheet.id))
            .with("consent_id", Fact::Id(id.0));
        tx.note(&mut locked, &[event], actor)?;
        Ok(Answer::ok(&ConsentResponse::from(locked.thing.consent_view(&consent, insight, permit, actor)))?)
    })
    .await
}

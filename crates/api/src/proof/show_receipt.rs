use super::list_statuses::address;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, Query};
use crate::execute::{Target, read_target};
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use domain::agency::AgencyRecord;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::consent::ConsentState;
use domain::case::relay::InvalidTransition;
use domain::case::{Insight, Refusal};
use domain::ids::{AgencyId, ConsentId};
use domain::permit::Permit;
use domain::receipt::{Particulars, Party};
use domain::time::Instant;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

/// The media type of a compact JWS (RFC 7515 §9.2.1).
const JOSE: &str = "application/jose";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReceiptQuery {
    /// どの相手への同意の控えか
    agency_id: AgencyId,
}

/// The signed receipt of a consent, for one recipient.
#[utoipa::path(
    tag = "consents",
    summary = "同意の控え(署名つき)",
    description = "同意のうち、一つの相手にかかわる部分の控えです。個人は仮名で示し、今も有効かは状態一覧で確かめます。",
    params(ReceiptQuery),
    responses((status = 200, description = "署名つきの控え(JWS)", body = String, content_type = "application/jose"))
)]
#[get("/api/v1/consents/{id}/receipt")]
pub(super) async fn show_receipt(
    guard: Guard<op::ShowReceipt>,
    id: Id<ConsentId>,
    query: Query<ReceiptQuery>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let (id, recipient) = (id.0, query.0.agency_id);
    let issuer = app.public_url.clone();
    let claims: Value = read_target(&app, &guard, Target::Consent(id), move |scene| {
        let (tx, mut locked, actor) = (scene.tx, scene.locked, scene.actor);
        let case = &locked.thing;
        let consent = case.consent(id).ok_or(Problem::NotFound)?;
        let insight = match scene.permit {
            Permit::Allowed => case.insight(consent, actor.agency_id, actor.today()).ok_or(Problem::NotFound)?,
            _ => Insight::Whole,
        };
        if insight != Insight::Whole && insight != Insight::Own(recipient) {
            return Err(Problem::NotFound);
        }
        let agencies = tx.find_agencies(&[recipient, case.sheet.origin_agency_id])?;
        let find = |id: AgencyId| agencies.iter().find(|record| record.agency.id == id).ok_or(Problem::NotFound);
        let (to, holder) = (find(recipient)?, find(case.sheet.origin_agency_id)?);
        if !consent.has_receipt_for(&to.agency) {
            return Err(Problem::NotFound);
        }
        let state = consent.state(actor.today());
        if state == ConsentState::Pending {
            // The witness has not answered yet, so there is nothing to prove.
            return Err(Refusal::Transition(InvalidTransition { state: state.as_str() }).into());
        }
        let municipality = tx.find_municipality(case.sheet.municipality_id)?.ok_or(Problem::NotFound)?;
        let place = tx.place_of_receipt(case, consent, recipient)?;
        let (uri, index) = address(&issuer, place);
        let pseudonym = locked.commit_key()?.pseudonym(recipient);
        let (then, now) = (consent.terms.obtained_at, actor.at);
        let claims = consent.receipt(&Particulars {
            issuer: &issuer,
            municipality: &municipality.name,
            holder: party(holder, then, now),
            recipient: party(to, then, now),
            pseudonym: &pseudonym,
            status: (&uri, index),
            at: actor.at,
        });
        let event = EventDraft::new(EventKind::ReceiptIssued, Stream::Sheet(case.sheet.id))
            .with("consent_id", Fact::Id(id.0))
            .with("to_agency_id", Fact::Id(recipient.0));
        tx.note(&mut locked, &[event], actor)?;
        Ok(claims)
    })
    .await?;
    let token =
        app.signer.sign("consent-receipt+jwt", &claims).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).content_type(JOSE).body(token))
}

/// The agency with the name that it had then, and with its current name if that is another.
fn party(record: &AgencyRecord, then: Instant, now: Instant) -> Party<'_> {
    let (name, current) = (record.called(then).0, record.called(now).0);
    Party { id: record.agency.id, name, name_now: Some(current).filter(|current| *current != name) }
}

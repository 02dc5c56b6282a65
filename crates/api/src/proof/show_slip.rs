use super::slip::{Slip, render, security_policy};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::read_sheet;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Stream};
use domain::ids::{AgencyId, SheetId};
use domain::permit::Relation;
use std::collections::{BTreeMap, BTreeSet};

/// The slip that the resident takes home, as a page to print.
#[utoipa::path(
    tag = "sheets",
    summary = "本人に渡す控え",
    description = "どこに、何を、いつ伝えたか、いまどこにあるか、だれが見たか、取り消すにはどうするか。A4 で印刷します。\
                   内容、所見、第三者からの情報は載りません。氏名も載せません(落としたときのため)。",
    responses((status = 200, description = "印刷用のページ", body = String, content_type = "text/html"))
)]
#[get("/api/v1/sheets/{id}/slip")]
pub(super) async fn show_slip(
    guard: Guard<op::ShowSlip>,
    id: Id<SheetId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    let page = read_sheet(&app, &guard, id, move |scene| {
        let (tx, mut locked, actor) = (scene.tx, scene.locked, scene.actor);
        let reader = actor.agency_id;
        let case = locked.thing.clone();
        let is_origin = case.relation(reader) == Relation::Origin;
        let relays = case.relays.iter();
        let relays: Vec<_> =
            relays.filter(|r| is_origin || r.from_agency_id == reader || r.to_agency_id == reader).collect();
        let readings = if is_origin { tx.list_readings(id)? } else { Vec::new() };
        let consent = case.consents.iter().find(|c| c.is_in_force(actor.today()));
        let mut named: BTreeSet<AgencyId> = [case.sheet.origin_agency_id, case.sheet.holder_agency_id, reader].into();
        named.extend(relays.iter().flat_map(|r| [r.from_agency_id, r.to_agency_id]));
        named.extend(readings.iter().filter_map(|reading| reading.agency_id));
        if is_origin {
            named.extend(consent.iter().flat_map(|c| &c.terms.recipients.agency_ids));
        }
        let ids: Vec<_> = named.into_iter().collect();
        let found = tx.find_agencies(&ids)?;
        let agencies: BTreeMap<_, _> = found.iter().map(|record| (record.agency.id, record)).collect();
        let slip = Slip { case: &case, relays, consent, readings, agencies, is_origin, reader, at: actor.at };
        let page = render(&slip).into_string();
        tx.note(&mut locked, &[EventDraft::new(EventKind::SlipPrinted, Stream::Sheet(id))], actor)?;
        Ok(page)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, security_policy()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/html; charset=utf-8")
        .body(page))
}

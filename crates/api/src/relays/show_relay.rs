use super::shape::RelayResponse;
use super::steps::Documents;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, Scene, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::RelayId;

/// Reads a relay. Reading never moves it.
#[utoipa::path(
    tag = "relays",
    summary = "つなぎを読む",
    description = "読んでも状態は変わりません。つなぎ先は、受領するまで内容(content)を見られません。",
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[get("/api/v1/relays/{id}")]
pub(super) async fn show_relay(
    guard: Guard<op::ShowRelay>,
    id: Id<RelayId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    on_sheet(&app, &guard, Target::Relay(id), None, None, move |scene| {
        let Scene { tx, mut locked, actor, permit } = scene;
        let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let relay = locked.thing.relay(id).ok_or(Problem::NotFound)?;
        let documents = Documents::of(tx, &locked, relay)?;
        let view = locked.thing.relay_view(relay, documents.texts(), &reader, permit, actor);
        let event = EventDraft::new(EventKind::RelayRead, Stream::Sheet(relay.sheet_id))
            .with("relay_id", Fact::Id(id.0))
            .with("sections", Fact::sections(&view.sections));
        let shown = RelayResponse::from(view);
        tx.note(&mut locked, &[event], actor)?;
        Ok(Answer::ok(&shown)?.with_etag(shown.revision()))
    })
    .await
}

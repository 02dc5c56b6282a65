use super::shape::{AddressReleaseResponse, release_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::AddressReleaseId;

/// Reads a release.
#[utoipa::path(
    tag = "address-releases",
    summary = "住所秘匿の解除を読む",
    description = "受け付けた機関と個人情報保護管理者が読みます。",
    responses((status = 200, description = "住所秘匿の解除", body = AddressReleaseResponse))
)]
#[get("/api/v1/address-releases/{id}")]
pub(super) async fn show_address_release(
    guard: Guard<op::ShowAddressRelease>,
    id: Id<AddressReleaseId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    on_sheet(&app, &guard, Target::Release(id), None, None, move |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        let event = EventDraft::new(EventKind::ReleaseRead, Stream::Sheet(locked.thing.sheet.id))
            .with("address_release_id", Fact::Id(id.0));
        tx.note(&mut locked, &[event], actor)?;
        let release = locked.thing.release(id).ok_or(Problem::NotFound)?;
        Ok(Answer::ok(&release_response(&locked.thing, release, permit, actor))?)
    })
    .await
}

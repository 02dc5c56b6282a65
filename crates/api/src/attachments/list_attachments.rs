use super::shape::{AttachmentResponse, attachment_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::read_sheet;
use crate::page::Page;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Stream};
use domain::ids::SheetId;
use domain::permit::Permit;
use std::collections::BTreeMap;

/// The attachments of a sheet that the reader may see, oldest first. There are ten at most, so there is one page.
#[utoipa::path(
    tag = "attachments",
    summary = "添付の一覧",
    description = "受け付けた部署にはすべて、ほかの機関には、自分で添付したものと、共有項目「添付」に同意があるときのすべてを返します。",
    responses((status = 200, description = "添付の一覧", body = Page<AttachmentResponse>))
)]
#[get("/api/v1/sheets/{id}/attachments")]
pub(super) async fn list_attachments(
    guard: Guard<op::ListAttachments>,
    id: Id<SheetId>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let items = read_sheet(&app, &guard, id.0, move |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let (seen, mut words) = match permit {
            Permit::Allowed => {
                let seen = locked.thing.attachments_listed(&reader, actor.today());
                (seen.into_iter().cloned().collect(), tx.list_file_words(&locked)?)
            }
            _ => (locked.thing.attachments.clone(), BTreeMap::new()),
        };
        let event = EventDraft::new(EventKind::AttachmentListed, Stream::Sheet(locked.thing.sheet.id));
        tx.note(&mut locked, &[event], actor)?;
        let can = |it| locked.thing.can_with_file(it, actor);
        Ok(seen.iter().map(|it| attachment_response(it, words.remove(&it.id), can(it))).collect::<Vec<_>>())
    })
    .await?;
    Page { items, next: None }.respond(&request)
}

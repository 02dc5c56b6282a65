use super::agency::{check_ending, check_parent, check_successor, taken};
use super::shape::{AgencyRequest, AgencyResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IfMatch};
use crate::execute::{Answer, on_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, put, web};
use domain::agency::AgencyRecord;
use domain::ids::AgencyId;

/// Replaces an agency as a whole.
#[utoipa::path(
    tag = "directory",
    summary = "機関を変更する",
    description = "全体を送ります。読み込んだときの ETag を If-Match に入れてください。区分と協定の変更は、別の人が確認するまで pending に置かれ、元の値のままです(協定をやめるときと期間を縮めるときは、すぐに変わります)。後を引き継ぐ機関と、その機関があるときの廃止の日も、確認を待ちます。廃止の日の翌日から、自分のシートと主担当は後を引き継ぐ機関に移り、届いていたつなぎは止まって送った機関に知らされます。手元に何か残っている機関(答えの open)は、後を引き継ぐ機関なしには終えられません。",
    request_body = AgencyRequest,
    responses((status = 200, description = "変更しました", body = AgencyResponse))
)]
#[put("/api/v1/agencies/{id}")]
pub(super) async fn change_agency(
    guard: Guard<op::ChangeAgency>,
    id: Id<AgencyId>,
    if_match: IfMatch,
    body: Body<AgencyRequest>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let id = id.0;
    let directory = app.directory.clone();
    let name_from = body.value.name_from(guard.actor().at);
    let wanted = body.value.check(id, &app.tables, guard.actor().municipality_id, guard.actor().at)?;
    on_thing::<AgencyRecord, _>(&app, guard.actor(), permit, id.0, None, move |scene| {
        let (actor, found) = (scene.actor, scene.locked.thing.clone());
        if_match.check(found.revision)?;
        let outcome = found.clone().replace(wanted.clone(), name_from, actor, &directory)?;
        check_parent(scene.tx, &wanted)?;
        check_successor(scene.tx, &wanted)?;
        let open = check_ending(scene.tx, &found, &wanted)?;
        let detail = "この機関コードはすでに使われています。別のコードにしてください。";
        let changed = scene.tx.apply(scene.locked, outcome, Some(actor), actor.at);
        let record = changed.map_err(|error| taken(error, "/code", detail))?.thing;
        let revision = record.revision;
        Ok(Answer::ok(&AgencyResponse::of(record, actor.at).with_open(open))?.with_etag(revision))
    })
    .await
}

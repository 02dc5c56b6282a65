use super::agency::{check_class, check_ending, check_parent, check_successor, rename, taken};
use super::pending::{event, hold, hold_ending, with_asked, with_changes, with_standing};
use super::shape::{AgencyRequest, AgencyResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IfMatch};
use crate::execute::{Answer, on_agency};
use crate::problem::Problem;
use actix_web::{HttpResponse, put, web};
use domain::audit::EventKind;
use domain::ids::AgencyId;
use storage::AgencyRecord;

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
    guard.on_collection()?;
    let id = id.0;
    let directory = app.directory.clone();
    let name_from = body.value.name_from(guard.actor().at);
    let wanted = body.value.check(id, &app.tables, guard.actor().municipality_id, guard.actor().at)?;
    on_agency(&app, guard.actor(), None, move |tx, actor| {
        let found = tx.lock_agency(id)?;
        let found = found.filter(|found| found.agency.municipality_id == actor.municipality_id);
        let found = found.ok_or(Problem::NotFound)?;
        if_match.check(found.revision)?;
        let revision = found.revision.saturating_add(1);
        // A new mailbox has not failed yet.
        let mail_failed_at = found.mail_failed_at.filter(|_| found.mailbox == wanted.mailbox);
        let mut record = AgencyRecord {
            revision,
            is_named: found.is_named,
            ended_at: found.ended_at,
            mail_failed_at,
            ..wanted.clone()
        };
        rename(&found, &mut record, name_from, actor.at)?;
        check_class(&found, &record)?;
        check_parent(tx, &record)?;
        check_successor(tx, &record)?;
        let open = check_ending(tx, &found, &record)?;
        hold(&found, &mut record, actor);
        hold_ending(&found, &mut record, actor);
        let detail = "この機関コードはすでに使われています。別のコードにしてください。";
        tx.update_agency(&record).map_err(|error| taken(error, "/code", detail))?;
        let changed = event(EventKind::AgencyChanged, &record, actor);
        let mut events = vec![with_standing(with_changes(changed, &found, &record, &directory, actor.at), &record)];
        if record.pending != found.pending && record.pending.is_some() {
            events.push(with_asked(
                event(EventKind::AgencyChangeAsked, &record, actor),
                record.pending.as_ref(),
                &directory,
            ));
        }
        Ok((Answer::ok(&AgencyResponse::of(record, actor.at).with_open(open))?.with_etag(revision), events))
    })
    .await
}

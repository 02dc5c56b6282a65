use super::posts::find_other;
use super::shape::CodeResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::code::Code;
use crate::door::{Id, IdempotencyKey};
use crate::execute::{Answer, claim, on_agency, shown_once};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::StaffId;
use serde_json::json;

/// A code with which a person sets a new password: an invitation once more, or a reset. Never for oneself.
#[utoipa::path(
    tag = "directory",
    summary = "パスワードを決めるためのコードを発行する",
    description = "本人に直接渡す、一度だけ使えるコードです(パスワードを忘れた人は1時間、まだ決めていない人は7日間)。前のコードは使えなくなります。コードはこの応答だけに示し、同じ Idempotency-Key で送り直しても示しません。自分には発行できません。使われると、その人の機関のメールボックスに知らせます。使った人の職は、発行した人でも本人でもない人が改めて確認するまで使えません。",
    responses((status = 201, description = "発行しました。Location は職員の一覧です", body = CodeResponse))
)]
#[post("/api/v1/staff/{id}/code")]
pub(super) async fn issue_code(
    guard: Guard<op::IssueCode>,
    id: Id<StaffId>,
    key: IdempotencyKey,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let claim = claim(&app, guard.actor(), key, &request, &[]);
    let id = id.0;
    let actor = guard.actor().clone();
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_staff(id)?);
    let staff = app.store.read::<_, Problem, _>(find).await?.ok_or(Problem::NotFound)?;
    let code = Code::new(&staff, actor.at, app.chance.as_ref());
    let record = code.record;
    let answered = on_agency(&app, &actor, Some(claim), move |tx, actor| {
        let staff = find_other(tx, actor, id)?;
        if !tx.keep_code(id, record, actor.staff_id())? {
            return Err(Problem::InvalidTransition("disabled"));
        }
        let event = EventDraft::new(EventKind::CodeIssued, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(id.0))
            .with("invitation", Fact::Flag(staff.password_hash.is_none()));
        // What is kept for a replay does not hold the code.
        Ok((Answer::created(&json!({}), "/api/v1/staff".to_owned())?, vec![event]))
    })
    .await?;
    shown_once(answered, &CodeResponse::from(&code))
}

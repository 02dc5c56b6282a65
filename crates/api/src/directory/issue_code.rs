use super::posts::find_other;
use super::shape::CodeResponse;
use crate::auth::op;
use crate::code::Code;
use crate::execute::{Answer, Change, change_directory, shown_once};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::StaffId;
use serde_json::json;

/// Issues a code with which a person sets a new password: the invitation again, or a reset. Nobody can issue one for themselves.
#[utoipa::path(
    tag = "directory",
    summary = "パスワードを決めるためのコードを発行する",
    description = "本人に直接渡す、一度だけ使えるコードです(パスワードを忘れた人は1時間、まだ決めていない人は7日間)。前のコードは使えなくなります。コードはこの応答だけに示し、同じ Idempotency-Key で送り直しても示しません。自分には発行できません。使われると、その人の機関のメールボックスに知らせます。使った人の職は、発行した人でも本人でもない人が改めて確認するまで使えません。",
    responses((status = 201, description = "発行しました。Location は職員の一覧です", body = CodeResponse))
)]
#[post("/api/v1/staff/{id}/code")]
pub(super) async fn issue_code(change: Change<op::IssueCode, StaffId>) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let id = order.id;
    let actor = order.actor().clone();
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_staff(id)?);
    let staff = order.app.store.read::<_, Problem, _>(find).await?.ok_or(Problem::NotFound)?;
    let code = Code::new(&staff, actor.at, order.app.chance.as_ref());
    let record = code.record;
    let answered = change_directory(order, move |tx, actor| {
        let staff = find_other(tx, actor, id)?;
        if !tx.keep_code(id, record, actor.staff_id())? {
            return Err(Problem::InvalidTransition("disabled"));
        }
        let event = EventDraft::new(EventKind::CodeIssued, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(id.0))
            .with("invitation", Fact::Flag(staff.password_hash.is_none()));
        // The answer that is kept for a replay does not contain the code.
        Ok((Answer::created(&json!({}), "/api/v1/staff".to_owned())?, vec![event]))
    })
    .await?;
    shown_once(answered, &CodeResponse::from(&code))
}

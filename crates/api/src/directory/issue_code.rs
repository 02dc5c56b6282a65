use super::shape::CodeResponse;
use crate::auth::op;
use crate::code::Code;
use crate::execute::{Answer, Change, change_thing, shown_once};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Person;
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
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_person(id)?);
    let staff = order.app.store.read::<_, Problem, _>(find).await?.ok_or(Problem::NotFound)?;
    let code = Code::new(&staff, order.actor().at, order.app.chance.as_ref());
    let kept = code.record;
    let answered = change_thing::<Person, _, _, _>(order, id.0, move |scene| {
        let outcome = scene.locked.thing.clone().issue_code(kept, Some(scene.actor))?;
        scene.apply(outcome)?;
        // The answer that is kept for a replay does not contain the code.
        Ok(Answer::created(&json!({}), "/api/v1/staff".to_owned())?)
    })
    .await?;
    shown_once(answered, &CodeResponse::from(&code))
}

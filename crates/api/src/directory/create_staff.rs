use super::agency::{check_agencies, taken};
use super::shape::{CodeResponse, StaffRequest, StaffResponse, staff_response};
use crate::auth::op;
use crate::code::Code;
use crate::door::Body;
use crate::execute::{Answer, Change, add_thing, shown_once};
use crate::login::folded;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Person;
use domain::ids::{AgencyId, PostId, StaffId};

/// Adds a person with their posts. They choose their password themselves, with the invitation that is shown here once.
#[utoipa::path(
    tag = "directory",
    summary = "職員を登録する",
    description = "職員を、職とともに加えます。ログイン名はサービス全体で一つだけです(大文字と小文字は区別しません)。職は別の人が確認するまで使えません。invitation のコードはこの応答だけに示すので、本人に直接渡してください。職の確認は、本人がコードでパスワードを決めたあとに行います。",
    request_body = StaffRequest,
    responses((status = 201, description = "登録しました。Location は職員の一覧です", body = StaffResponse))
)]
#[post("/api/v1/staff")]
pub(super) async fn create_staff(
    change: Change<op::CreateStaff, (), Body<StaffRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor();
    let id = StaffId::new(actor.at, order.app.chance.as_ref());
    let posts = body.posts(id, actor.staff_id(), || PostId::new(actor.at, order.app.chance.as_ref()))?;
    let StaffRequest { login, name, .. } = body;
    let mut person = Person {
        id,
        municipality_id: actor.municipality_id,
        login: folded(&login),
        name,
        password_hash: None,
        code: None,
        code_from: actor.staff_id(),
        disabled_at: None,
        posts,
        sessions: Vec::new(),
    };
    let code = Code::new(&person, actor.at, order.app.chance.as_ref());
    person.code = Some(code.record);
    let mut shown = staff_response(person.clone(), actor);
    shown.invitation = Some(CodeResponse::from(&code));
    let answered = add_thing(order, move |tx, actor| {
        let agencies: Vec<AgencyId> = person.posts.iter().map(|post| post.agency_id).collect();
        check_agencies(tx, actor.municipality_id, &agencies, |index| format!("/posts/{index}/agency_id"))?;
        let detail = "このログイン名はすでに使われています。別のものにしてください。";
        let added = tx.apply_new(person.clone().create(), Some(actor), actor.at);
        let added = added.map_err(|error| taken(error, "/login", detail))?;
        Answer::created(&staff_response(added.thing, actor), "/api/v1/staff".to_owned())
    })
    .await?;
    shown_once(answered, &shown)
}

use super::SheetItem;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Query};
use crate::execute::note_list;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aws_lc_rs::hmac;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::sheet::SheetNumber;
use domain::kana;
use domain::time::Day;
use serde::Deserialize;
use storage::{ReadTx, Search};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// What is searched for; all that is given must fit.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchRequest {
    /// 番号(小文字・全角・どのハイフンでもよい)
    #[validate(custom(function = "is_number"))]
    #[schema(min_length = 1, max_length = 20, example = "R8-000123")]
    number: Option<String>,
    /// 氏名(始めの部分。異体字は同じとみなす)
    #[validate(length(max = 50), custom(function = "says_a_name"))]
    #[schema(min_length = 1, max_length = 50, example = "見本")]
    name_prefix: Option<String>,
    /// カナ(氏名の始めの部分。ひらがなも可)
    #[validate(length(max = 50), custom(function = "begins_a_name"))]
    #[schema(min_length = 1, max_length = 50, example = "ミホ")]
    kana_prefix: Option<String>,
    /// 生年月日
    birth_date: Option<Day>,
    /// 電話番号の下4けた(氏名、カナ、生年月日のどれかと一緒に)
    #[validate(custom(function = "is_phone_end"))]
    #[schema(min_length = 4, max_length = 4, pattern = "^[0-9]{4}$", example = "0142")]
    phone_end: Option<String>,
}

fn is_number(value: &str) -> Result<(), ValidationError> {
    let read = value.parse::<SheetNumber>().map(|_| ());
    read.map_err(|error| ValidationError::new("sheet_number").with_message(error.to_string().into()))
}

fn begins_a_name(value: &str) -> Result<(), ValidationError> {
    let fits = kana::katakana(value).is_ok() && !kana::search_key(value).is_empty();
    let message = "カタカナ(ひらがなも可)で、氏から入力してください。";
    if fits { Ok(()) } else { Err(ValidationError::new("not_kana").with_message(message.into())) }
}

fn says_a_name(value: &str) -> Result<(), ValidationError> {
    let message = "氏名の始めの部分を、氏から入力してください。";
    if kana::search_key(value).is_empty() {
        Err(ValidationError::new("blank").with_message(message.into()))
    } else {
        Ok(())
    }
}

fn is_phone_end(value: &str) -> Result<(), ValidationError> {
    let fits = value.len() == 4 && value.bytes().all(|b| b.is_ascii_digit());
    let message = "電話番号の下4けたを、半角の数字で入力してください。";
    if fits { Ok(()) } else { Err(ValidationError::new("not_four_digits").with_message(message.into())) }
}

/// Finds sheets of the caller's agency and those disclosed to it. The search is recorded even when it finds nothing.
#[utoipa::path(
    tag = "sheets",
    summary = "シートを探す",
    description = "自分の部署のシートと、氏名の共有を受けているシートから探します。見つからなくても、検索したことは記録されます。",
    params(PageQuery),
    request_body = SearchRequest,
    responses((status = 200, description = "見つかったシート", body = Page<SheetItem>))
)]
#[post("/api/v1/sheets/search")]
pub(super) async fn search_sheets(
    guard: Guard<op::SearchSheets>,
    query: Query<PageQuery>,
    body: Body<SearchRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let (agency, today) = (actor.agency_id, actor.today());
    let SearchRequest { number, name_prefix, kana_prefix, birth_date, phone_end } = body.value;
    let by_person = name_prefix.is_some() || kana_prefix.is_some() || birth_date.is_some();
    if phone_end.is_some() && !by_person {
        let detail = "電話番号は、氏名、カナ、生年月日のどれかと一緒に入力してください。";
        return Err(Problem::invalid("/phone_end", "alone", detail));
    }
    let by = [
        (number.is_some(), "number"),
        (name_prefix.is_some(), "name_prefix"),
        (kana_prefix.is_some(), "kana_prefix"),
        (birth_date.is_some(), "birth_date"),
        (phone_end.is_some(), "phone_end"),
    ];
    let by: Vec<_> = by.into_iter().filter(|(given, _)| *given).map(|(_, name)| Fact::Code(name)).collect();
    if by.is_empty() {
        return Err(Problem::invalid("", "required", "番号、氏名、カナ、生年月日のどれかを入力してください。"));
    }
    let limit = Limit::of(query.0.limit);
    // A keyed digest binds the cursor to the searched words; the words themselves are stored nowhere.
    let asked = hex::encode(hmac::sign(&app.fingerprint, &body.bytes));
    let list = List::new(&app, "search", agency, &asked);
    let after = list.after(query.0.after.as_deref())?;
    let number = number.and_then(|number| number.parse::<SheetNumber>().ok()).map(|number| number.to_string());
    let search = Search { number, name_prefix, kana_prefix, birth_date, phone_end };
    let read = move |tx: &mut ReadTx<'_>| Ok(tx.search_sheets(agency, &search, after, limit + 1, today)?);
    let page = list.page(app.store.read::<_, Problem, _>(read).await?, limit, |s| s.sheet.id.to_string())?;
    let event = EventDraft::new(EventKind::SheetSearched, Stream::Agency(agency))
        .with("by", Fact::List(by))
        .with("found", Fact::ids(page.items.iter().map(|item| item.sheet.id.0)));
    let of = page.items.iter().filter_map(|item| item.labelled.clone()).collect();
    let labels = note_list(&app, actor, event, of).await?;
    page.map(|item| SheetItem::of(item, &labels)).respond(&request)
}

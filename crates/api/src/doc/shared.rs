//! What many operations have in common, written once under `components` and referred to: refusals, headers, parameters, items of lists.

use crate::problem::ProblemDocument;
use utoipa::ToSchema;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ArrayItems, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// The refusals, each with the name under which operations refer to it.
const REFUSALS: &[(u16, &str, &str)] = &[
    (400, "Malformed", "読み取れない入力です"),
    (401, "Unauthenticated", "ログインが必要です"),
    (403, "Forbidden", "この操作はできません"),
    (404, "NotFound", "見つかりません"),
    (408, "RequestTimeout", "時間内に届きませんでした"),
    (409, "InvalidTransition", "いまの状態ではできません"),
    (412, "StaleRevision", "古い内容に基づいています"),
    (413, "TooLarge", "大きすぎます"),
    (414, "UriTooLong", "アドレスが長すぎます"),
    (415, "UnsupportedMediaType", "API の説明にある形式で、圧縮せずに送ってください"),
    (422, "InvalidInput", "入力に誤りがあります"),
    (428, "PreconditionRequired", "If-Match が必要です"),
    (429, "TooManyRequests", "回数が多すぎます"),
    (431, "HeadersTooLarge", "ヘッダーが大きすぎます"),
    (500, "Internal", "システムの不具合"),
    (503, "Overloaded", "混み合っています"),
];

/// The headers of answers, with what each says.
const HEADERS: &[(&str, &str)] = &[
    ("ETag", "版。次の If-Match に、引用符も含めてそのまま使います。"),
    ("Idempotent-Replayed", "前の答えを返したときは true"),
    ("Link", "続きがあるときの、次のページのアドレス(RFC 8288、rel=\"next\")"),
    ("Location", "作られたものの場所"),
    ("Retry-After", "待つ秒数"),
    ("WWW-Authenticate", "足りないもの(RFC 6750)。error は invalid_token か insufficient_scope、scope は要るスコープ"),
    ("traceresponse", "この要求のログを見つける番号(W3C Trace Context)"),
];

/// The refusal with this status.
pub(super) fn refusal(status: u16) -> RefOr<Response> {
    let name = REFUSALS.iter().find(|(known, ..)| *known == status).map_or("Internal", |(_, name, _)| *name);
    RefOr::Ref(Ref::from_response_name(name))
}

/// A refusal with a description, written out and not referred to.
pub(super) fn own_refusal(status: u16, about: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDocument::name()))).build();
    let mut response = ResponseBuilder::new().description(about).content("application/problem+json", content).build();
    let names: &[&str] = match status {
        401 | 403 => &["WWW-Authenticate", "traceresponse"],
        408 | 429 | 503 => &["Retry-After", "traceresponse"],
        _ => &["traceresponse"],
    };
    response.headers.extend(names.iter().map(|name| ((*name).to_owned(), header(name))));
    response
}

/// The header of this name.
pub(super) fn header(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// Returns a reference to the shared parameter, and adds it if it is missing. A parameter that differs from the shared one of the same name
/// stays where it is.
pub(super) fn parameter(components: &mut Components, parameter: Parameter) -> RefOr<Parameter> {
    let place = components.parameters.entry(parameter.name.clone());
    let reference = Ref::new(format!("#/components/parameters/{}", parameter.name));
    let parameter = RefOr::T(parameter);
    if *place.or_insert_with(|| parameter.clone()) == parameter { RefOr::Ref(reference) } else { parameter }
}

/// Adds the refusals and headers to which the operations refer.
pub(super) fn put(components: &mut Components) {
    let refusals =
        REFUSALS.iter().map(|(status, name, about)| ((*name).to_owned(), own_refusal(*status, about).into()));
    components.responses.extend(refusals);
    for (name, about) in HEADERS {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new().schema(Some(text)).description(Some(*about)).build();
        components.headers.insert((*name).to_owned(), RefOr::T(header));
    }
}

/// Gives the items of pages a name: the schema that utoipa writes into each `Page_Item` moves to `Item`.
pub(super) fn name_items(components: &mut Components) {
    let mut found = Vec::new();
    for (page, schema) in &mut components.schemas {
        let (Some(name), RefOr::T(Schema::Object(object))) = (page.strip_prefix("Page_"), schema) else { continue };
        let Some(RefOr::T(Schema::Array(list))) = object.properties.get_mut("items") else { continue };
        let reference = RefOr::Ref(Ref::from_schema_name(name));
        if let ArrayItems::RefOrSchema(item) =
            std::mem::replace(&mut list.items, ArrayItems::RefOrSchema(Box::new(reference)))
        {
            found.push((name.to_owned(), *item));
        }
    }
    for (name, item) in found {
        components.schemas.entry(name).or_insert(item);
    }
}

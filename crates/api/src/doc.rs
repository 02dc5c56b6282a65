//! openapi.yaml: what the handlers say of themselves, plus what is true of every operation and so is said once, here.

mod links;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContentBuilder, InfoBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::ProblemDocument;
use domain::attachment::AttachmentKind;
use domain::audit::EventKind;
use domain::case::TaskKind;
use domain::codes::{RelayState, SheetState};
use domain::exception::ExceptionState;
use domain::ids::{AgencyId, SheetId};
use domain::time::{Day, Instant};

/// Operations that need nobody to be logged in.
const PUBLIC: &[&str] = &[
    "create_session",
    "issue_token",
    "health_live",
    "health_ready",
    "metrics",
    "openapi_document",
    "documentation",
    "show_keys",
    "list_statuses",
];
/// Operations that whoever watches the service may call as often as they like.
const UNLIMITED: &[&str] = &["health_live", "health_ready", "metrics"];
/// POSTs that need no Idempotency-Key: they make nothing that could be made twice.
const WITHOUT_KEY: &[&str] = &["create_session", "issue_token", "preview_relay", "preview_amendment", "search_sheets"];
/// Operations whose body may be left out.
const WITH_OPTIONAL_BODY: &[&str] = &["accept_relay"];
/// Operations that change a thing at a revision.
const WITH_IF_MATCH: &[&str] = &[
    "change_agency",
    "revise_sheet",
    "close_sheet",
    "reopen_sheet",
    "void_sheet",
    "receive_relay",
    "accept_relay",
    "decline_relay",
    "return_relay",
    "resend_relay",
    "cancel_relay",
    "report_relay",
    "confirm_relay",
    "amend_relay",
    "hand_back_relay",
    "accept_hand_back",
    "decline_hand_back",
    "approve_exception",
    "reject_exception",
    "follow_up_exception",
];

/// Other operations that answer with a thing at a revision.
const WITH_ETAG: &[&str] = &[
    "create_agency",
    "show_agency",
    "create_sheet",
    "show_sheet",
    "send_relay",
    "show_relay",
    "chase_relay",
    "request_exception",
    "show_exception",
];

/// The groups of operations in reading order, with their titles for people.
const TAGS: &[(&str, &str)] = &[
    ("session", "ログイン"),
    ("directory", "機関と職員"),
    ("sheets", "シート"),
    ("attachments", "添付"),
    ("consents", "同意"),
    ("relays", "つなぎ"),
    ("tasks", "待っていること"),
    ("stop-notices", "共有の停止"),
    ("address-releases", "住所を伝える承認"),
    ("exceptions", "同意の例外"),
    ("disclosures", "提供の記録"),
    ("audit", "監査"),
    ("service", "サービス"),
];

/// Completes the document that was collected from the handlers.
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("つなぐ (tsunagu)")
        .version("1")
        .description(Some("つなぐシートの API。相談を記録し、本人の同意を得て、次の機関へつなぎ、結果を返します。"))
        .license(Some(utoipa::openapi::LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    let tag = |(name, title): &(&str, &str)| TagBuilder::new().name(*name).description(Some(*title)).build();
    document.tags = Some(TAGS.iter().map(tag).collect());
    let mut components = document.components.take().unwrap_or_default();
    components.schemas.insert(ProblemDocument::name().into_owned(), ProblemDocument::schema());
    let mut nested = Vec::new();
    ProblemDocument::schemas(&mut nested);
    components.schemas.extend(nested);
    for_queries::<Day>(&mut components);
    for_queries::<Instant>(&mut components);
    for_queries::<EventKind>(&mut components);
    for_queries::<SheetState>(&mut components);
    for_queries::<RelayState>(&mut components);
    for_queries::<AttachmentKind>(&mut components);
    for_queries::<TaskKind>(&mut components);
    for_queries::<ExceptionState>(&mut components);
    for_queries::<AgencyId>(&mut components);
    for_queries::<SheetId>(&mut components);
    components.security_schemes.insert(
        "session".to_owned(),
        RefOr::T(SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            "tsunagu_session",
            "ログインのクッキー。変更には X-CSRF-Token も要ります。",
        )))),
    );
    components.security_schemes.insert(
        "client".to_owned(),
        RefOr::T(SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Basic)
                .description(Some("連携システムの client_id と client_secret。トークンの発行だけに使います。"))
                .build(),
        )),
    );
    components.security_schemes.insert(
        "bearer".to_owned(),
        RefOr::T(SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build())),
    );
    document.components = Some(components);
    for (path, item) in &mut document.paths.paths {
        let operations =
            [("get", &mut item.get), ("post", &mut item.post), ("put", &mut item.put), ("delete", &mut item.delete)];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                complete_operation(path, method, operation);
            }
        }
    }
    links::put(&mut document);
    document
}

/// Types that stand in query strings: utoipa collects the schemas of bodies only.
fn for_queries<T: ToSchema>(components: &mut Components) {
    components.schemas.insert(T::name().into_owned(), T::schema());
}

fn complete_operation(path: &str, method: &str, operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let has_body = operation.request_body.is_some();
    if let (Some(RefOr::T(body)), true) = (&mut operation.request_body, WITH_OPTIONAL_BODY.contains(&id.as_str())) {
        body.required = Some(Required::False);
    }
    let is_public = PUBLIC.contains(&id.as_str());
    let with_key = method == "post" && !WITHOUT_KEY.contains(&id.as_str());
    let with_if_match = WITH_IF_MATCH.contains(&id.as_str());
    let parameters = operation.parameters.get_or_insert_with(Vec::new);
    parameters.retain(|p| !stands_in(p, ParameterIn::Path));
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')).filter_map(|part| part.strip_suffix('}')) {
        parameters.push(RefOr::T(path_parameter(name)));
    }
    if with_key {
        parameters.push(RefOr::T(idempotency_key()));
    }
    if with_if_match {
        parameters.push(RefOr::T(if_match()));
    }
    let has_path = path.contains('{');
    let has_query = operation.parameters.as_ref().is_some_and(|p| p.iter().any(|p| stands_in(p, ParameterIn::Query)));
    let mut problems: Vec<(u16, &str)> = vec![
        (414, "アドレスが長すぎます"),
        (431, "ヘッダーが大きすぎます"),
        (500, "システムの不具合"),
        (503, "混み合っています"),
    ];
    if !UNLIMITED.contains(&id.as_str()) {
        problems.push((429, "回数が多すぎます"));
    }
    if !is_public {
        problems.push((401, "ログインが必要です"));
        problems.push((403, "この操作はできません"));
        operation.security = Some(vec![
            SecurityRequirement::new::<_, [&str; 0], &str>("bearer", []),
            SecurityRequirement::new::<_, [&str; 0], &str>("session", []),
        ]);
    } else {
        operation.security = Some(Vec::new());
    }
    if has_path || has_body || has_query || with_key {
        problems.push((400, "読み取れない入力です"));
    }
    if has_path {
        problems.push((404, "見つかりません"));
    }
    if has_body {
        problems.extend([
            (408, "時間内に届きませんでした"),
            (413, "大きすぎます"),
            (415, "JSON で、圧縮せずに送ってください"),
        ]);
    }
    if has_body || has_query || with_key {
        problems.push((422, "入力に誤りがあります"));
    }
    if with_if_match {
        problems.extend([(412, "古い内容に基づいています"), (428, "If-Match が必要です")]);
    }
    if method != "get" && !is_public {
        problems.push((409, "いまの状態ではできません"));
    }
    if id == "create_session" {
        problems.extend([(401, "ログインできません"), (403, "別のサイトからの要求です")]);
    }
    if id == "issue_token" {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("client", [])]);
        problems.retain(|(status, _)| *status != 415);
        problems.extend([
            (401, "連携システムを確認できません"),
            (415, "フォーム(application/x-www-form-urlencoded)で送ってください"),
        ]);
    }
    for (status, description) in problems {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDocument::name()))).build();
        let response = ResponseBuilder::new().description(description).content("application/problem+json", content);
        operation.responses.responses.entry(status.to_string()).or_insert_with(|| RefOr::T(response.build()));
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let text = |about: &str| {
            HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .description(Some(about))
                .build()
        };
        if matches!(status.as_str(), "408" | "429" | "503") {
            response.headers.insert("Retry-After".to_owned(), RefOr::T(text("待つ秒数")));
        }
        if status == "201" {
            response.headers.insert("Location".to_owned(), RefOr::T(text("作られたものの場所")));
        }
        if (with_if_match || WITH_ETAG.contains(&id.as_str())) && status.starts_with('2') {
            response
                .headers
                .insert("ETag".to_owned(), RefOr::T(text("版。次の If-Match に、引用符も含めてそのまま使います。")));
        }
        if with_key && status.starts_with('2') {
            response.headers.insert("Idempotent-Replayed".to_owned(), RefOr::T(text("前の答えを返したときは true")));
        }
    }
}

fn stands_in(parameter: &RefOr<Parameter>, place: ParameterIn) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == place)
}

fn path_parameter(name: &str) -> Parameter {
    let schema = match name {
        "n" => ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(u32::MAX)).build(),
        "code" => ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{7}$")).build(),
        "list" => ObjectBuilder::new().schema_type(Type::String).build(),
        _ => {
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned()))).build()
        }
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn idempotency_key() -> Parameter {
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128));
    // ASCII that can be seen: what crate::door::IdempotencyKey reads.
    header(
        "Idempotency-Key",
        "二重送信を防ぐ鍵。同じ鍵と同じ内容なら、前の答えをそのまま返します。",
        key.pattern(Some("^[!-~]+$")),
    )
}

fn if_match() -> Parameter {
    let tag = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^\"[0-9]+\"$")).examples(["\"1\""]);
    header("If-Match", "読み込んだときの ETag(引用符も含む)。", tag)
}

fn header(name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.insert(reference.clone());
                }
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document = serde_json::to_value(crate::service::collect()).unwrap();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        let dangling: Vec<_> =
            found.iter().filter(|reference| document.pointer(reference.trim_start_matches('#')).is_none()).collect();
        assert!(found.len() > 50 && dangling.is_empty(), "{dangling:?}");
    }

    #[test]
    fn every_operation_says_what_it_is_in_japanese() {
        let document = crate::service::collect();
        for (path, item) in &document.paths.paths {
            for operation in [&item.get, &item.post, &item.put, &item.delete].into_iter().flatten() {
                let summary = operation.summary.as_deref().unwrap_or_default();
                assert!(summary.chars().any(|c| c > '\u{3000}'), "{path}: {summary}");
            }
        }
    }
}

//! openapi.yaml: what the handlers say about themselves, and what is true of every operation and is therefore added once, here.

mod links;
mod security;
mod shared;

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, RefOr, Required, Server};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::ProblemDocument;
use domain::audit::EventKind;
use domain::beside::attachment::AttachmentKind;
use domain::case::TaskKind;
use domain::case::exception::ExceptionState;
use domain::case::relay::RelayState;
use domain::case::sheet::SheetState;
use domain::ids::{AgencyId, SheetId};
use domain::permit;
use domain::time::{Day, Instant};

/// Operations that anybody may call without logging in.
const PUBLIC: &[&str] = &[
    "create_session",
    "use_code",
    "issue_token",
    "health_live",
    "health_ready",
    "openapi_document",
    "documentation",
    "show_keys",
    "list_statuses",
];
/// Operations without a limit on requests, for the programs that monitor the service.
const UNLIMITED: &[&str] = &["health_live", "health_ready"];
/// POSTs that need no Idempotency-Key: they create nothing that could be created twice.
const WITHOUT_KEY: &[&str] =
    &["create_session", "use_code", "issue_token", "preview_relay", "preview_amendment", "search_sheets"];
/// Operations whose body may be left out.
const WITH_OPTIONAL_BODY: &[&str] = &["accept_relay"];
/// Whether an operation changes a thing at a given revision, and so needs `If-Match`.
fn is_at_revision(id: &str) -> bool {
    permit::Operation::all().any(|row| row.id() == id && row.is_at_revision())
}

/// Other operations that answer with an ETag.
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

/// Parameters that mean the same in every operation.
const SHARED_PARAMETERS: &[&str] = &["id", "limit", "after", "Idempotency-Key", "If-Match"];

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
    let license = LicenseBuilder::new().name("MIT または Apache License 2.0").identifier(Some("MIT OR Apache-2.0"));
    document.info = InfoBuilder::new()
        .title("つなぐ (tsunagu)")
        .version("1")
        .description(Some("つなぐシートの API。相談を記録し、本人の同意を得て、次の機関へつなぎ、結果を返します。"))
        .contact(Some(ContactBuilder::new().name(Some("このサービスを動かしている区市町村の担当")).build()))
        .license(Some(license.build()))
        .build();
    document.servers = Some(vec![Server::new("/")]);
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
    security::put(&mut components);
    shared::put(&mut components);
    for (path, item) in &mut document.paths.paths {
        let operations =
            [("get", &mut item.get), ("post", &mut item.post), ("put", &mut item.put), ("delete", &mut item.delete)];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                complete_operation(path, method, operation, &mut components);
            }
        }
    }
    shared::name_items(&mut components);
    document.components = Some(components);
    links::put(&mut document);
    document
}

/// Adds a type that is used in query strings: utoipa collects the schemas of bodies only.
fn for_queries<T: ToSchema>(components: &mut Components) {
    components.schemas.insert(T::name().into_owned(), T::schema());
}

fn complete_operation(path: &str, method: &str, operation: &mut Operation, components: &mut Components) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let has_body = operation.request_body.is_some();
    if let (Some(RefOr::T(body)), true) = (&mut operation.request_body, WITH_OPTIONAL_BODY.contains(&id.as_str())) {
        body.required = Some(Required::False);
    }
    let is_public = PUBLIC.contains(&id.as_str());
    let is_list = operation.parameters.iter().flatten().any(|p| matches!(p, RefOr::T(p) if p.name == "after"));
    let with_key = method == "post" && !WITHOUT_KEY.contains(&id.as_str());
    let with_if_match = is_at_revision(&id);
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
    let has_query = parameters.iter().any(|p| stands_in(p, ParameterIn::Query));
    for place in parameters.iter_mut() {
        if let RefOr::T(it) = place
            && SHARED_PARAMETERS.contains(&it.name.as_str())
        {
            *place = shared::parameter(components, it.clone());
        }
    }
    let mut refusals: Vec<u16> = vec![414, 431, 500, 503];
    if !UNLIMITED.contains(&id.as_str()) {
        refusals.push(429);
    }
    if !is_public {
        refusals.extend([401, 403]);
    }
    if has_path || has_body || has_query || with_key {
        refusals.push(400);
    }
    if has_path {
        refusals.push(404);
    }
    if has_body {
        refusals.extend([408, 413, 415]);
    }
    if has_body || has_query || with_key {
        refusals.push(422);
    }
    if with_if_match {
        refusals.extend([412, 428]);
    }
    // A consent that waits for its witness has no receipt yet; no other read depends on a state.
    if (method != "get" && !is_public) || id == "show_receipt" {
        refusals.push(409);
    }
    // The operation itself documents these refusals, in the terms of RFC 6749.
    if id == "issue_token" {
        refusals.retain(|status| !matches!(status, 415 | 422));
    }
    operation.security = Some(security::of(&id, is_public));
    let responses = &mut operation.responses.responses;
    let stranger = match id.as_str() {
        "create_session" => Some("ログインできません"),
        "use_code" => Some("コードを確認できません"),
        _ => None,
    };
    for (status, about) in stranger.into_iter().flat_map(|about| [(401, about), (403, "別のサイトからの要求です")])
    {
        responses.insert(status.to_string(), RefOr::T(shared::own_refusal(status, about)));
    }
    for status in refusals {
        responses.entry(status.to_string()).or_insert_with(|| shared::refusal(status));
    }
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        let mut tell = |name: &str| {
            response.headers.insert(name.to_owned(), shared::header(name));
        };
        tell("traceresponse");
        if status == "201" {
            tell("Location");
        }
        if (with_if_match || WITH_ETAG.contains(&id.as_str())) && status.starts_with('2') {
            tell("ETag");
        }
        if with_key && status.starts_with('2') {
            tell("Idempotent-Replayed");
        }
        if is_list && status == "200" {
            tell("Link");
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
    // Visible ASCII, as crate::door::IdempotencyKey reads it.
    header(
        "Idempotency-Key",
        "二重送信を防ぐ鍵。同じ鍵と同じ内容なら、前の答えをそのまま返します。",
        key.pattern(Some("^[!-~]+$")),
    )
}

fn if_match() -> Parameter {
    let tag = ObjectBuilder::new().schema_type(Type::String).examples(["\"1\""]);
    // As crate::door::IfMatch reads it, including what a compressing proxy makes of the tag.
    let tag = tag.pattern(Some("^(W/)?\"[0-9]+(-gzip|-br|-zstd)?\"$"));
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

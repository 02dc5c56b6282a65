//! The API's documentation for people, without resources from other hosts. When the page at the counter was not built, this is the root page.

use super::collect;
use super::operations::Operations;
use actix_web::http::header;
use actix_web::{HttpResponse, get};
use std::fmt::Write as _;
use std::sync::LazyLock;

pub(super) fn configure(operations: &mut Operations<'_>) {
    operations.service(documentation);
}

static PAGE: LazyLock<String> = LazyLock::new(render);

/// Documentation for people.
#[utoipa::path(tag = "service", summary = "API の説明(人が読むページ)", responses((status = 200, description = "HTML", content_type = "text/html", body = String)))]
#[get("/api/v1/docs")]
async fn documentation() -> HttpResponse {
    about()
}

/// The documentation as an answer.
pub(super) fn about() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(PAGE.clone())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn render() -> String {
    let document = collect();
    let mut page = String::from(concat!(
        "<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">",
        "<title>つなぐ API</title><style>body{font:1rem/1.7 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}",
        "code{font-size:1.05em}h2{margin-top:2rem;border-bottom:1px solid}table{border-collapse:collapse;width:100%}",
        "td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc}</style>",
        "<h1>つなぐ API</h1><p>つなぐシートを記録し、本人の同意を得て、次の機関へつなぐためのサービスです。",
        "機械が読む定義は <a href=\"/api/v1/openapi.yaml\">/api/v1/openapi.yaml</a> にあります。</p>",
        "<p>まず <code>POST /api/v1/session</code> でログインします。使い方の一巡は docs/round.md にあります。</p>"
    ));
    for tag in document.tags.iter().flatten() {
        let title = escape(tag.description.as_deref().unwrap_or(&tag.name));
        let _ = write!(page, "<h2>{title}</h2><table><tr><th>操作</th><th>アドレス</th></tr>");
        for (path, item) in &document.paths.paths {
            for (method, operation) in
                [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)]
            {
                let Some(operation) =
                    operation.as_ref().filter(|o| o.tags.as_ref().is_some_and(|t| t.contains(&tag.name)))
                else {
                    continue;
                };
                let summary = escape(operation.summary.as_deref().unwrap_or_default());
                let about = escape(operation.description.as_deref().unwrap_or_default());
                let _ = write!(
                    page,
                    "<tr><td>{summary}<br><small>{about}</small></td><td><code>{method} {}</code></td></tr>",
                    escape(path)
                );
            }
        }
        page.push_str("</table>");
    }
    page
}

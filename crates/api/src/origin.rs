//! Checks whether a request comes from one of our own pages: at log-in, where there is no CSRF token yet, and for every change that is made
//! with a cookie.

use actix_web::http::Uri;
use actix_web::http::header::{self, HeaderMap};

/// Scheme, host and port (RFC 6454 §4).
#[derive(PartialEq, Eq)]
struct Origin(String, String, u16);

fn origin_of(url: &str) -> Option<Origin> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    Some(Origin(scheme, uri.host()?.to_ascii_lowercase(), uri.port_u16().unwrap_or(usual)))
}

/// Whether the browser says that a page of another site sent the request. Programs send no `Origin`.
pub(crate) fn is_foreign(headers: &HeaderMap, public_url: &str) -> bool {
    if !headers.contains_key(header::ORIGIN) {
        return false;
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // An origin that cannot be read, such as `null`, is not ours.
    let Some(origin) = text(header::ORIGIN).and_then(origin_of) else {
        return true;
    };
    if origin_of(public_url).as_ref() == Some(&origin) {
        return false;
    }
    // Without TLS the service is being tried out, under any name that the machine has: localhost, its address, a forwarded port.
    let tried_out = public_url.starts_with("http://");
    let own = text(header::HOST).and_then(|host| origin_of(&format!("http://{host}")));
    !(tried_out && own == Some(origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn foreign(origin: &str, public_url: &str) -> bool {
        let request =
            TestRequest::post().insert_header((header::ORIGIN, origin)).insert_header((header::HOST, "192.0.2.1:8080"));
        is_foreign(request.to_http_request().headers(), public_url)
    }

    #[test]
    fn a_page_of_ours_is_not_foreign() {
        assert!(!foreign("https://tsunagu.example.jp", "https://tsunagu.example.jp"));
        assert!(!foreign("https://Tsunagu.example.jp:443", "https://tsunagu.example.jp/app/"));
        assert!(!foreign("http://192.0.2.1:8080", "http://127.0.0.1:8080"));
        let program = TestRequest::post().to_http_request();
        assert!(!is_foreign(program.headers(), "https://tsunagu.example.jp"));
    }

    #[test]
    fn a_page_of_somebody_else_is_foreign() {
        for origin in [
            "https://evil.example",
            "http://tsunagu.example.jp",
            "https://tsunagu.example.jp:8443",
            "https://192.0.2.1:8080",
            "null",
            "",
        ] {
            assert!(foreign(origin, "https://tsunagu.example.jp"), "{origin}");
        }
        assert!(foreign("http://192.0.2.1:8081", "http://127.0.0.1:8080"));
        assert!(foreign("http://192.0.2.1:8080", "https://tsunagu.example.jp"));
    }
}

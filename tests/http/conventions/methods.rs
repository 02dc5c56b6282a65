use crate::probe::{filled, operations, tcp};
use std::collections::BTreeSet;
use tests::forms::registered;
use tests::on_both;

on_both! {
    fn a_wrong_method_is_told_which_there_are(service) {
        let anyone = service.anonymous();
        assert!(operations(&anyone).len() > 35);
        for (path, methods) in operations(&anyone) {
            let mut there: BTreeSet<&str> = methods.iter().map(String::as_str).collect();
            // Every path that has GET also has HEAD.
            if there.contains("GET") {
                there.insert("HEAD");
            }
            assert!(!there.is_empty(), "{path}");
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
                if there.contains(method) {
                    continue;
                }
                let answer = anyone.raw(method, &filled(&path), &[], None);
                let allowed = answer.header("allow");
                answer.problem(405, "method-not-allowed");
                assert_eq!(allowed.split(", ").collect::<BTreeSet<_>>(), there, "{method} {path}");
            }
        }
        anyone.get("/api/v1/nothing").problem(404, "not-found");
        anyone.raw("POST", "/", &[("content-type", "application/json")], Some(b"{}")).problem(405, "method-not-allowed");
    }

    fn an_address_that_only_looks_like_the_api_is_none(service) {
        let clerk = service.login("madoguchi");
        for path in ["//api/v1/sheets", "///api/v1/sheets", "/api//v1/sheets", "/api/v1//sheets", "/API/v1/sheets", "/Api/v1/sheets", "/api/V1/sheets",
            "/api/v1/Sheets", "/api/v1/sheets/", "/api/v1", "/api/", "/api", "/api/v2/sheets", "/api;x=1/v1/sheets", "/tsunagu/api/v1/sheets",
            "//oauth2/token", "/OAuth2/token", "/oauth2/token/", "//health/live", "/Health/live", "/METRICS", "//metrics", "//", "/%E3%82%B7",
            "/Assets/index.js", "//.well-known/jwks.json", "/openapi.yaml"] {
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
                let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-length: 0\r\n\r\n", clerk.token());
                let answer = tcp(&service, request.as_bytes());
                assert!(answer.starts_with("HTTP/1.1 404 "), "{method} {path}: {answer}");
                assert!(answer.contains("application/problem+json"), "{method} {path}: {answer}");
                assert!(method == "HEAD" || answer.contains("urn:tsunagu:problem:not-found"), "{method} {path}: {answer}");
            }
        }
        for screen in ["/", "/sheets", "/sheets/", "/relays?box=inbox", "/apiary"] {
            let answer = clerk.get(screen);
            assert_eq!((answer.status, answer.header("content-type").as_str()), (200, "text/html; charset=utf-8"), "{screen}");
        }
    }

    fn an_address_is_read_however_it_is_written(service) {
        let clerk = service.login("madoguchi");
        let sheet = registered(&service, &clerk);
        for path in ["/%61pi/v1/sheets/", "/api/v1/%73heets/", "/api/%76%31/s%68eets/"] {
            assert_eq!(clerk.get(&format!("{path}{sheet}")).ok()["id"].as_str(), Some(sheet.as_str()), "{path}");
            assert_eq!(clerk.get(&format!("{path}{sheet}/entries")).status, 200, "{path}");
        }
        // A segment with a slash in it is one segment, and no id.
        clerk.get(&format!("/api/v1/sheets%2F{sheet}")).problem(404, "not-found");
        clerk.get(&format!("/api/v1/sheets/{sheet}%2Fentries")).problem(400, "malformed");
    }

    fn the_documentation_for_people_names_every_operation(service) {
        let anyone = service.anonymous();
        let page = anyone.get("/api/v1/docs").text;
        for (path, methods) in operations(&anyone) {
            for method in methods {
                assert_eq!(page.matches(&format!("<td><code>{method} {path}</code></td>")).count(), 1, "{method} {path}");
            }
        }
    }

    fn a_head_is_a_reading_without_a_body(service) {
        let clerk = service.login("madoguchi");
        let path = format!("/api/v1/sheets/{}", crate::forms::registered(&service, &clerk));
        let whole = clerk.get(&path);
        let head = clerk.raw("HEAD", &path, &[], None);
        assert_eq!((head.status, head.etag(), head.text.as_str()), (200, whole.etag(), ""));
        assert_eq!(head.header("content-length"), whole.text.len().to_string());
        let reads = service.audit_kinds(path.rsplit('/').next().unwrap()).iter().filter(|k| *k == "sheet.read").count();
        assert_eq!(reads, 2);
        service.anonymous().raw("HEAD", &path, &[], None);
        assert_eq!(service.anonymous().raw("HEAD", "/health/live", &[], None).status, 200);
    }

    fn nobody_does_anything_without_a_login(service) {
        let anyone = service.anonymous();
        let open = [
            "/.well-known/jwks.json", "/api/v1/consents/status", "/api/v1/docs", "/api/v1/openapi.yaml", "/health/live", "/health/ready",
            "/oauth2/token",
        ];
        for (path, methods) in operations(&anyone) {
            for method in methods {
                let begins = ["/api/v1/session", "/api/v1/session/password"].contains(&path.as_str()) && method == "POST";
                if open.contains(&path.as_str()) || begins {
                    continue;
                }
                for headers in [&[][..], &[("authorization", "Bearer nonsense")], &[("cookie", "tsunagu_session=nonsense")],
                    &[("authorization", "Basic bWFkb2d1Y2hpOng=")]] {
                    let answer = anyone.raw(&method, &filled(&path), headers, None);
                    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
                    answer.problem(401, "unauthenticated");
                }
            }
        }
        let form = [("content-type", "application/x-www-form-urlencoded")];
        anyone.raw("POST", "/oauth2/token", &form, Some(b"grant_type=client_credentials")).token_refused(401, "invalid_client");
    }
}

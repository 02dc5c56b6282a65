use crate::probe::{filled, operations};
use std::collections::BTreeSet;
use tests::on_both;

on_both! {
    fn a_wrong_method_is_told_which_there_are(service) {
        let anyone = service.anonymous();
        assert!(operations(&anyone).len() > 35);
        for (path, methods) in operations(&anyone) {
            let mut there: BTreeSet<&str> = methods.iter().map(String::as_str).collect();
            // What can be got can be asked for its head.
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
            "/metrics", "/oauth2/token",
        ];
        for (path, methods) in operations(&anyone) {
            for method in methods {
                if open.contains(&path.as_str()) || path == "/api/v1/session" && method == "POST" {
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
        anyone.raw("POST", "/oauth2/token", &[], None).problem(401, "unauthenticated");
    }
}

//! A denied attempt leaves one event, and nothing in the answer.

use crate::probe::{NOBODY, text};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

fn denials(service: &Service) -> Vec<Value> {
    let auditor = service.login("kansa");
    let events = auditor.get("/api/v1/audit/events?kind=access.denied&limit=200").ok();
    let body = |event: &Value| serde_json::from_str::<Value>(event["body"].as_str().unwrap()).unwrap();
    events["items"].as_array().unwrap().iter().rev().map(body).collect()
}

fn id_of(client: &Client) -> String {
    text(&client.get("/api/v1/session").ok()["staff"]["id"])
}

on_both! {
    fn a_denied_attempt_is_noted_and_the_answer_says_nothing_of_it(service) {
        let madoguchi = service.login("madoguchi");
        let sheet_id = crate::forms::registered(&service, &madoguchi);
        let zei = service.login("zei");
        let path = |id: &str| format!("/api/v1/sheets/{id}");
        let (hidden, unknown) = (zei.get(&path(&sheet_id)), zei.get(&path(NOBODY)));
        let without = |answer: tests::Answer| {
            let mut problem = answer.problem(404, "not-found");
            for own in ["trace_id", "instance"] {
                problem.as_object_mut().unwrap().remove(own);
            }
            problem
        };
        assert_eq!(without(hidden), without(unknown));
        zei.get("/api/v1/audit/events").problem(403, "forbidden");
        let noted = denials(&service);
        assert_eq!(noted.len(), 3);
        let data = |n: usize| &noted[n]["data"];
        assert_eq!((&data(0)["target_id"], &data(0)["operation"], &data(0)["status"]), (&json!(sheet_id), &json!("show_sheet"), &json!(404)));
        // An id that nothing has is not noted: the caller could write anything there.
        assert_eq!((data(1).get("target_id"), &data(1)["operation"]), (None, &json!("show_sheet")));
        assert_eq!((&data(2)["status"], &data(2)["operation"]), (&json!(403), &json!("list_audit_events")));
        for event in &noted {
            assert_eq!(event["stream"], json!(format!("agency:{}", service.agency("nozei"))));
            assert_eq!(event["actor"]["staff_id"], json!(id_of(&zei)));
        }
        assert_eq!(server::verify(service.audit_export().as_bytes()).code, 0);
    }

    fn sixty_an_hour_are_noted_and_the_rest_counted(service) {
        let zei = service.login("zei");
        for _ in 0..75 {
            zei.get("/api/v1/audit/events").problem(403, "forbidden");
        }
        // Another person has an hour of their own.
        service.login("hoken").get("/api/v1/audit/events").problem(403, "forbidden");
        assert_eq!(denials(&service).len(), 61);
        service.advance_seconds(3600);
        service.login("madoguchi");
        let noted = denials(&service);
        assert_eq!(noted.len(), 62);
        assert_eq!((&noted[61]["data"]["more"], &noted[61]["stream"]), (&json!(15), &json!(format!("agency:{}", service.agency("nozei")))));
        // And the next hour begins anew.
        service.login("zei").get("/api/v1/audit/events").problem(403, "forbidden");
        assert_eq!(denials(&service).len(), 63);
    }

    fn a_request_that_another_site_made_a_browser_send_is_noted(service) {
        let clerk = service.login("madoguchi");
        let cookie = format!("tsunagu_session={}", clerk.token());
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/json"), ("idempotency-key", "forged")];
        let body = json!({"state": "draft"}).to_string();
        service.anonymous().raw("POST", "/api/v1/sheets", &headers, Some(body.as_bytes())).problem(403, "csrf");
        let noted = denials(&service);
        assert_eq!(noted.len(), 1);
        assert_eq!((&noted[0]["data"]["problem"], &noted[0]["data"]["operation"]), (&json!("csrf"), &json!("create_sheet")));
    }

    fn what_is_only_wrong_input_is_no_denied_attempt(service) {
        let clerk = service.login("madoguchi");
        clerk.post("/api/v1/sheets", &json!({"state": "unknown"}));
        clerk.get("/api/v1/nowhere").problem(404, "not-found");
        clerk.get("/api/v1/sheets/not-an-id");
        service.anonymous().get("/api/v1/sheets").problem(401, "unauthenticated");
        assert_eq!(denials(&service).len(), 0);
    }

    fn a_failed_log_in_says_from_which_network_by_a_key(service) {
        let anyone = service.anonymous();
        for login in ["madoguchi", "kacho", "nobody"] {
            anyone.post("/api/v1/session", &json!({"login": login, "password": "kasa"})).problem(401, "unauthenticated");
        }
        let events = service.login("kansa").get("/api/v1/audit/events?kind=session.failed").ok();
        let body = |event: &Value| serde_json::from_str::<Value>(event["body"].as_str().unwrap()).unwrap();
        let networks: Vec<String> = events["items"].as_array().unwrap().iter().map(|e| text(&body(e)["data"]["network"])).collect();
        assert_eq!(networks.len(), 3);
        assert!(networks.iter().all(|n| *n == networks[0] && n.len() == 32), "{networks:?}");
        assert!(!events.to_string().contains("127.0.0.1"));
    }
}

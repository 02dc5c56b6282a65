use serde_json::{Value, json};
use tests::{Service, on_both};

fn full(service: &Service, code: &str) -> Vec<String> {
    let found = service.login("madoguchi").get(&format!("/api/v1/postal-codes/{code}")).ok();
    assert_eq!(found["code"], code);
    let text =
        |place: &Value| ["prefecture", "city", "town"].map(|part| place[part].as_str().unwrap().to_owned()).concat();
    found["places"].as_array().unwrap().iter().map(text).collect()
}

on_both! {
    fn a_postal_code_tells_where_it_is(service) {
        assert_eq!(full(&service, "1200001"), ["東京都足立区大谷田"]);
        // The first and the last code of the table, one with a leading zero, and one that crosses two prefectures.
        assert_eq!(full(&service, "0010000"), ["北海道札幌市北区"]);
        assert_eq!(full(&service, "9998531"), ["山形県飽海郡遊佐町菅里"]);
        let mut across = full(&service, "4980000");
        across.sort();
        assert_eq!(across, ["三重県桑名郡木曽岬町", "愛知県弥富市"]);

        let clerk = service.login("madoguchi");
        clerk.get("/api/v1/postal-codes/0000000").problem(404, "not-found");
        for wrong in ["120", "120-0001", "12000012", "abcdefg", "%EF%BC%91200001"] {
            clerk.get(&format!("/api/v1/postal-codes/{wrong}")).problem(400, "malformed");
        }
        let nobody = service.anonymous().get("/api/v1/postal-codes/1200001");
        assert_eq!(nobody.problem(401, "unauthenticated")["status"], json!(401));
    }
}

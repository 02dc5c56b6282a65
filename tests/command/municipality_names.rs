//! `tsunagu municipality add | list | rename`.

use crate::program::on_each;

on_each! {
    fn a_municipality_is_added_listed_and_renamed(place) {
        let add = |code: &str, name: &str| place.run(&["municipality", "add", "--code", code, "--name", name]);
        assert!(add("131211", "見本区").ok().starts_with("municipality_id="));
        assert!(add("131211", "二つ目の見本区").failed().contains("with this code already"));
        // A code with a wrong or a swapped digit is refused, and does not make another 見本区.
        for code in ["131210", "131212", "311211"] {
            assert!(add(code, "二つ目の見本区").failed().contains("the check digit is wrong"), "{code}");
        }
        assert!(add("13121", "二つ目の見本区").failed().contains("six digits, with the check digit"));
        assert!(add("131229", "").failed().contains("one line of 1 to 100 characters"));
        add("131229", "隣市").ok();
        assert_eq!(place.run(&["municipality", "list"]).ok(), "131211 見本区\n131229 隣市\n");

        let rename = |code: &str, name: &str| place.run(&["municipality", "rename", "--code", code, "--name", name]);
        assert_eq!(rename("131229", "新しい隣市").ok(), "131229 新しい隣市\n");
        assert!(rename("131237", "どこかの市").failed().contains("no such municipality; there are: 131211, 131229"));
        assert!(rename("131229", "二\n行").failed().contains("one line"));
        assert_eq!(place.run(&["municipality", "list"]).ok(), "131211 見本区\n131229 新しい隣市\n");
        let export = place.run(&["audit", "export", "--municipality", "131229"]).ok();
        assert_eq!(export.matches("\"kind\":\"municipality.created\"").count(), 2, "{export}");
        assert_eq!(export.matches("\"kind\":\"municipality.renamed\"").count(), 1, "{export}");
        assert!(!export.contains("隣市"), "{export}");
        assert_eq!(place.tell(&["audit", "verify", "-"], &export).code, 0);
    }

    fn an_import_verifies_the_check_digit_and_begins_with_a_template(place) {
        let template = place.run(&["agency", "import", "--template"]).ok();
        assert!(template.starts_with('\u{feff}') && template.contains("区の部署"), "{template}");
        assert!(!place.path().join("var").exists(), "it needs no database");
        place.write("agencies.csv", &template);
        let import = |code: &str| {
            place.run(&["agency", "import", "agencies.csv", "--municipality-code", code, "--municipality-name", "見本区"])
        };
        assert!(import("131210").failed().contains("the check digit is wrong"));
        assert_eq!(import("131211").ok(), "1 agencies imported\n");
        assert_eq!(place.run(&["municipality", "list"]).ok(), "131211 見本区\n");
    }
}

//! `tsunagu demo` and `tsunagu migrate`.

use crate::agency::first_import;
use crate::program::on_each;

const LOGINS: [(&str, &str); 11] = [
    ("madoguchi", "counter"),
    ("kacho", "manager"),
    ("kurashi", "counter"),
    ("hoken", "counter"),
    ("zei", "counter"),
    ("npo", "counter"),
    ("byoin", "counter"),
    ("hub", "hub"),
    ("hogo", "privacy_officer"),
    ("kansa", "auditor"),
    ("admin", "admin"),
];

on_each! {
    fn the_demonstration_fills_an_empty_database_and_no_other(place) {
        assert!(place.run(&["demo"]).ok().contains("tsunagu-demo"));
        let serving = place.serve();
        let directory = |token: &str| {
            let agencies = serving.get("/api/v1/agencies?limit=200", token);
            (agencies, serving.get("/api/v1/staff?limit=200", token), serving.get("/api/v1/notices", token))
        };
        let admin = serving.login("admin", "tsunagu-demo").unwrap();
        let before = directory(&admin);
        assert_eq!(before.0["items"].as_array().unwrap().len(), 10);
        assert_eq!(before.2["items"].as_array().unwrap().len(), 1);

        let said = place.run(&["demo"]).failed();
        assert!(said.contains("an empty database only"), "{said}");
        assert_eq!(directory(&admin), before);

        for (login, role) in LOGINS {
            let token = serving.login(login, "tsunagu-demo").unwrap_or_else(|| panic!("{login} cannot log in"));
            assert_eq!(serving.get("/api/v1/session", &token)["posts"][0]["role"], role, "{login}");
        }
        assert_eq!(serving.login("madoguchi", "tsunagu-dem"), None);
    }

    fn the_demonstration_leaves_other_municipalities_alone(place) {
        first_import(&place);
        place.run(&["agency", "import", "agencies.csv", "--municipality-code", "999", "--municipality-name", "見本村"]).ok();
        let said = place.run(&["demo"]).failed();
        assert!(said.contains("an empty database only"), "{said}");
        let serving = place.serve();
        assert_eq!(serving.login("admin", "tsunagu-demo"), None);
    }

    fn a_migration_is_named_when_it_is_applied_and_is_applied_once(place) {
        let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/sqlite");
        let count = std::fs::read_dir(migrations).unwrap().count();
        let said = place.run(&["migrate"]).ok();
        assert_eq!(said.lines().count(), count, "{said}");
        assert!(said.lines().all(|line| line.starts_with("applied 2")), "{said}");
        assert_eq!(place.run(&["migrate"]).ok(), "nothing to do\n");
        assert!(place.run(&["doctor"]).out.contains("schema up to date"));
    }
}

//! An agency with people in the roles that a test needs, and a department system.

use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use tests::{Client, Service};

/// Every scope that there is.
pub const SCOPES: [&str; 6] =
    ["sheets:write", "sheets:read", "relays:write", "relays:read", "audit:read", "directory:write"];

/// An agency, its people and its department system.
pub struct Agency {
    /// Its id.
    pub id: String,
    /// One person for each role.
    pub people: BTreeMap<&'static str, Client>,
    /// The department system.
    pub system: System,
}

/// A department system with all scopes, and tokens of it that lack one.
pub struct System {
    /// `Basic …`
    pub basic: String,
    /// All scopes.
    pub full: Client,
    /// All scopes but this one.
    pub without: BTreeMap<&'static str, Client>,
}

/// The password of everybody here.
const PASSWORD: &str = "tonari-no-aikotoba";

/// Gives the agency a person in each of these roles, through POST /staff by the administrator, and a department system.
pub fn staffed(service: &Service, code: &str, roles: &[&'static str]) -> Agency {
    let id = service.agency(code);
    let (admin, officer) = (service.login("admin"), service.login("hogo"));
    let people = roles.iter().map(|role| {
        let login = format!("{role}.{code}");
        let post = json!({"agency_id": id, "role": role, "valid_from": "2026-04-01"});
        service.hire_by(&admin, &officer, &login, PASSWORD, &post);
        (*role, service.login_with(&login, PASSWORD))
    });
    let people = people.collect();
    Agency { id, people, system: system(service, code) }
}

fn system(service: &Service, code: &str) -> System {
    let (config, agency) = (service.config.clone(), code.to_owned());
    // It runs on a thread of its own, as on the command line.
    let made = std::thread::spawn(move || {
        let scopes = SCOPES.map(str::to_owned);
        server::add_client(&config, format!("試験システム {agency}"), agency, &scopes)
            .map_err(|e| e.to_string())
            .expect("a department system")
    });
    let made = made.join().expect("a department system");
    let basic = format!("Basic {}", base64(&format!("{}:{}", made.id, made.secret)));
    let with = |scopes: &[&str]| token(service, &basic, scopes);
    let all_but = |one: &str| SCOPES.into_iter().filter(|scope| *scope != one).collect::<Vec<_>>();
    System { full: with(&SCOPES), without: SCOPES.map(|scope| (scope, with(&all_but(scope)))).into(), basic }
}

/// A token of a department system with these scopes only.
pub fn token(service: &Service, basic: &str, scopes: &[&str]) -> Client {
    let form = format!("grant_type=client_credentials&scope={}", scopes.join("+"));
    let headers = [("authorization", basic), ("content-type", "application/x-www-form-urlencoded")];
    let anonymous = service.anonymous();
    let answer = anonymous.raw("POST", "/oauth2/token", &headers, Some(form.as_bytes())).ok();
    anonymous.with_token(answer["access_token"].as_str().unwrap())
}

/// A counter clerk of another municipality on the same service. The posts that the commands make begin on the system's day, so the clock is
/// moved there and back, while the first administrator adds the clerk by HTTP.
pub fn abroad(service: &Service) -> (String, Client) {
    let directory = service.directory().join("abroad");
    std::fs::create_dir_all(&directory).unwrap();
    let agencies = "code,name,kana,class,active_from\ntonari,隣の福祉課,トナリノフクシカ,ward,2020-04-01\n";
    std::fs::write(directory.join("agencies.csv"), agencies).unwrap();
    let command = |arguments: &[&str]| {
        // target/debug/deps/access-… → target/debug/tsunagu
        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("tsunagu");
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command.env("TSUNAGU_DATABASE_URL", &service.config.database_url);
        command.env("TSUNAGU_MASTER_KEY_FILE", &service.config.master_key_file);
        let mut child =
            command.spawn().unwrap_or_else(|e| panic!("{}: {e}; `cargo build` makes it", program.display()));
        let _ = child.stdin.take().unwrap().write_all(PASSWORD.as_bytes());
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    command(&["agency", "import", "agencies.csv", "--municipality-code", "131229", "--municipality-name", "隣市"]);
    for (login, role) in [("tonari-admin", "admin"), ("tonari-hogo", "privacy_officer")] {
        let person = ["staff", "add", "--login", login, "--name", "隣 人", "--agency", "tonari", "--role", role];
        command(&[person.as_slice(), &["--municipality", "131229"]].concat());
    }
    let then = service.now();
    service.set_clock_to_system();
    let admin = service.login_with("tonari-admin", PASSWORD);
    let agency = admin.get("/api/v1/agencies").ok()["items"][0]["id"].as_str().unwrap().to_owned();
    let post = json!({"agency_id": agency, "role": "counter", "valid_from": "2026-04-01"});
    service.hire_by(&admin, &service.login_with("tonari-hogo", PASSWORD), "tonari", PASSWORD, &post);
    service.set_clock(&then);
    (agency, service.login_with("tonari", PASSWORD))
}

/// RFC 4648 §4, which HTTP Basic asks for.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let three = |chunk: &[u8]| {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = |i: usize| {
            let index = usize::try_from(bits >> (18 - 6 * i) & 63).unwrap();
            if i <= chunk.len() { char::from(DIGITS[index]) } else { '=' }
        };
        (0..4).map(digit).collect::<String>()
    };
    text.as_bytes().chunks(3).map(three).collect()
}

//! The service itself serves HTTPS.

use crate::program::{Place, until};
use std::path::Path;
use std::process::{Command, Stdio};

/// A self-signed certificate for `localhost`.
fn certificate(directory: &Path, name: &str) {
    let done = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")])
        .current_dir(directory)
        .output()
        .expect("openssl");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn curl(directory: &Path, arguments: &[&str], url: &str) -> (bool, String) {
    let done = Command::new("curl")
        .args(["-sS", "-i", "--cacert", "tls.crt", "-w", "\nHTTP %{http_version}"])
        .args(arguments)
        .arg(url)
        .current_dir(directory)
        .output()
        .expect("curl");
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// The output of `openssl` for a handshake that offers only this protocol.
fn handshake(url: &str, protocol: &str) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", url.strip_prefix("https://").unwrap(), "-alpn", protocol]);
    let done = command.stdin(Stdio::null()).output().expect("openssl");
    String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
}

#[test]
fn the_service_speaks_https_itself() {
    let place = Place::empty();
    certificate(place.path(), "tls");
    place.write("tsunagu.toml", "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n");
    place.run(&["demo"]).ok();
    let place = place.with("TSUNAGU_CONFIG", "tsunagu.toml");
    assert!(place.run(&["doctor"]).ok().contains("certificate and key fit"));
    let serving = place.serve();
    let url = serving.url.replace("https://127.0.0.1:", "https://localhost:");
    assert!(url.starts_with("https://localhost:"), "{}", serving.url);
    let login = r#"{"login":"madoguchi","password":"tsunagu-demo"}"#;
    // A client that prefers HTTP/2 is served in HTTP/1.1.
    for version in ["--http1.1", "--http2"] {
        let arguments = [version, "-H", "content-type: application/json", "-d", login];
        let (done, said) = curl(place.path(), &arguments, &format!("{url}/api/v1/session"));
        assert!(done && said.ends_with("HTTP 1.1"), "{said}");
        let cookie = said.lines().find(|line| line.to_lowercase().starts_with("set-cookie:")).unwrap_or(&said);
        let (_, cookie) = cookie.split_once(": ").unwrap();
        assert!(cookie.starts_with("__Host-tsunagu_session="), "{cookie}");
        for part in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");

        let cookie = format!("cookie: {}", cookie.split(';').next().unwrap());
        let (done, said) = curl(place.path(), &[version, "-H", &cookie], &format!("{url}/api/v1/session"));
        assert!(done && said.contains("見本 窓子"), "{said}");
    }
    // The service refuses old TLS, plain HTTP, and a client that speaks only HTTP/2.
    assert!(!curl(place.path(), &["--tls-max", "1.1"], &url).0);
    assert!(handshake(&url, "http/1.1").contains("ALPN protocol: http/1.1"));
    let refused = handshake(&url, "h2");
    assert!(refused.contains("no application protocol"), "{refused}");
    assert!(!curl(place.path(), &[], &url.replace("https:", "http:")).0);
    serving.stop();
}

#[test]
fn a_renewed_certificate_is_shown_from_the_next_handshake_on_and_hanging_up_ends_nothing() {
    let place = Place::empty();
    certificate(place.path(), "tls");
    certificate(place.path(), "renewed");
    place.write("tsunagu.toml", "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n");
    let place = place.with("TSUNAGU_CONFIG", "tsunagu.toml");
    let mut serving = place.serve();
    let url = format!("{}/health/live", serving.url.replace("https://127.0.0.1:", "https://localhost:"));
    let shows = |name: &str| curl(place.path(), &["--cacert", &format!("{name}.crt")], &url).0;
    assert!(shows("tls") && !shows("renewed"));
    // While only one file of the pair is renewed, the earlier certificate stays in use.
    std::fs::copy(place.path().join("renewed.crt"), place.path().join("tls-new.crt")).unwrap();
    std::fs::copy(place.path().join("tls.crt"), place.path().join("before.crt")).unwrap();
    std::fs::rename(place.path().join("tls-new.crt"), place.path().join("tls.crt")).unwrap();
    serving.signal("HUP");
    until("a word on the pair", || serving.log().contains("cannot be used; the one before stays").then_some(()));
    assert!(shows("before") && !shows("renewed"));
    std::fs::copy(place.path().join("renewed.key"), place.path().join("tls.key")).unwrap();
    serving.signal("HUP");
    until("the renewed certificate", || shows("renewed").then_some(()));
    assert!(!shows("before"));
    serving.stop();
}

#[test]
fn hanging_up_ends_no_service_without_tls() {
    let place = Place::empty();
    let serving = place.serve();
    serving.signal("HUP");
    assert_eq!(serving.ask("GET", "/health/live", None, None).0, 200);
    serving.signal("HUP");
    assert_eq!(serving.ask("GET", "/health/live", None, None).0, 200);
    serving.stop();
}

#[test]
fn a_certificate_that_does_not_fit_its_key_is_refused() {
    let place = Place::empty().with("TSUNAGU_CONFIG", "tsunagu.toml");
    certificate(place.path(), "tls");
    certificate(place.path(), "other");
    place.write("tsunagu.toml", "[tls]\ncertificate = \"tls.crt\"\nkey = \"other.key\"\n");
    let said = place.run(&["doctor"]);
    assert!(said.code == 1 && said.out.contains("WRONG  TLS: "), "{said:?}");
    assert!(place.run(&["serve"]).failed().contains("tls: "));
    place.write(
        "tsunagu.toml",
        "public_url = \"http://localhost:8080\"\n[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n",
    );
    let said = place.run(&["doctor"]);
    assert!(said.code == 1 && said.out.contains("WRONG  public URL: "), "{said:?}");
}

//! HTTPS by the service itself.

use crate::program::Place;
use std::path::Path;
use std::process::Command;

/// A certificate for `localhost`, signed by itself.
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
    for (version, shown) in [("--http1.1", "HTTP 1.1"), ("--http2", "HTTP 2")] {
        let arguments = [version, "-H", "content-type: application/json", "-d", login];
        let (done, said) = curl(place.path(), &arguments, &format!("{url}/api/v1/session"));
        assert!(done && said.ends_with(shown), "{said}");
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
    // Old TLS is not spoken, nor HTTP.
    assert!(!curl(place.path(), &["--tls-max", "1.1"], &url).0);
    assert!(!curl(place.path(), &[], &url.replace("https:", "http:")).0);
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

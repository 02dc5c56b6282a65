//! Runs the round of docs/round.md exactly as it stands there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

use std::process::Command;
use tests::on_both;

/// The shell lines between the two marks.
fn round() -> String {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/round.md")).unwrap();
    let (_, from) = document.split_once("<!-- round: begin -->\n```sh\n").expect("the beginning mark");
    let (lines, _) = from.split_once("```\n<!-- round: end -->").expect("the end mark");
    lines.to_owned()
}

on_both! {
    fn the_lines_of_the_document_take_a_sheet_round(service) {
        // The shell writes the present time into the sheet.
        service.set_clock_to_system();
        // The service's clock stands still while the shell's goes on.
        service.advance_seconds(600);
        let lines = format!("set -euo pipefail\n{}", round());
        let run = Command::new("bash").arg("-c").arg(lines).env("URL", &service.url).current_dir(service.directory()).output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
        let fiscal_year = said.lines().next().unwrap().to_owned();
        assert!(fiscal_year.ends_with("-000001"), "{said}");
        let steps: Vec<&str> = said.lines().skip(1).collect();
        assert_eq!(steps[..6], [fiscal_year.as_str(), "見本", "accepted", "reported", "closed", "closed"], "{said}");
        let export = std::fs::read(service.directory().join("audit.ndjson")).unwrap();
        let verified = server::verify(export.as_slice());
        assert_eq!(verified.code, 0, "{}", verified.message);
    }
}

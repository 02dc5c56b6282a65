use crate::cli::Failure;
use domain::audit::{Finding, Sound, Verifier};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// 0 sound, 1 tampered, 2 incomplete, 4 unusable.
    pub code: u8,
    /// The message for the user.
    pub message: String,
}

/// The most bytes that a line of an export may have.
const LONGEST_LINE: u64 = 1 << 20;

/// Checks the chains of an export, line by line.
pub fn verify(input: impl BufRead) -> Verified {
    let mut verifier = Verifier::default();
    let mut input = input;
    let mut line = String::new();
    loop {
        line.clear();
        let read = (&mut input).take(LONGEST_LINE).read_line(&mut line);
        match read {
            Ok(0) => break,
            Ok(_) if line.trim().is_empty() => {}
            Ok(_) => {
                if let Err(finding) = verifier.feed(line.trim_end()) {
                    return told(&finding);
                }
            }
            Err(error) => {
                return Verified { code: 4, message: format!("unusable: {error}") };
            }
        }
    }
    match verifier.finish() {
        Err(finding) => told(&finding),
        Ok(Sound { events: 0, .. }) => {
            Verified { code: 4, message: "unusable: there is no event in the file".to_owned() }
        }
        Ok(Sound { events, streams, backdated }) => {
            let mut message = format!(
                "sound: {events} events in {streams} streams, each whole from its first event on.\n\
                 Whether a stream goes on after its last event here, or is missing altogether, cannot be seen without a checkpoint."
            );
            if backdated > 0 {
                message.push_str(&format!(
                    "\n{backdated} events are dated minutes before the event before them: a clock was set back, or they were written later."
                ));
            }
            Verified { code: 0, message }
        }
    }
}

fn told(finding: &Finding) -> Verified {
    match finding {
        Finding::Tampered { line, event, why } => {
            Verified { code: 1, message: format!("tampered: event {event} in line {line}: {why}") }
        }
        Finding::Incomplete { line, event } => Verified {
            code: 2,
            message: format!(
                "incomplete: the events before event {event} in line {line} are not in the file; export without a filter"
            ),
        },
        Finding::Unusable { line } => {
            Verified { code: 4, message: format!("unusable: line {line} is no event of an export") }
        }
    }
}

/// `tsunagu audit verify FILE`.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(path: &Path) -> Result<ExitCode, Failure> {
    let verified = if path == Path::new("-") {
        verify(std::io::stdin().lock())
    } else {
        match File::open(path) {
            Ok(file) => verify(BufReader::new(file)),
            Err(error) => Verified { code: 4, message: format!("unusable: {}: {error}", path.display()) },
        }
    };
    println!("{}", verified.message);
    Ok(ExitCode::from(verified.code))
}

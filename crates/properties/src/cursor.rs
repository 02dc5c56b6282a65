//! Cursors: a cursor that was not sealed here cannot be opened.

use crate::{Fixed, forged, text};
use api::cursor::Cursors;

const SCOPE: &str = "relays\0見本";

/// A text, or a forgery of one of our cursors, opens only if it equals that cursor, and only in its scope.
pub(crate) fn cursor(data: &[u8]) {
    let cursors = Cursors::new(&[7; 32]).expect("a key of 32 bytes");
    let position = "2026-11-21/01a1ffec-ca20-759d-823a-055422f6df8f";
    let ours = cursors.seal(SCOPE, position, &Fixed(3)).expect("a short position");
    assert_eq!(cursors.open(SCOPE, &ours).as_deref(), Some(position));
    let forgery = forged(ours.as_bytes(), data);
    for sent in [text(data), text(&forgery)].into_iter().flatten() {
        if sent != ours {
            assert_eq!(cursors.open(SCOPE, sent), None, "a cursor that was not made here opened");
        }
    }
    let Some(elsewhere) = text(data) else { return };
    if elsewhere != SCOPE {
        assert_eq!(cursors.open(elsewhere, &ours), None, "a cursor opened in another scope");
    }
    let any = cursors.seal(elsewhere, elsewhere, &Fixed(5)).expect("a short position");
    assert_eq!(cursors.open(elsewhere, &any).as_deref(), Some(elsewhere));
    assert!(
        any.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
        "a cursor stands in a URL as it is"
    );
}

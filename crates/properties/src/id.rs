//! Ids: one spelling, in paths and in JSON alike.

use crate::text;
use domain::ids::SheetId;

/// A text that is read as an id prints as the same text (but for capitals), in a path and in JSON alike.
pub(crate) fn id(data: &[u8]) {
    let Some(sent) = text(data) else { return };
    let read: Option<SheetId> = sent.parse().ok();
    if let Some(id) = read {
        assert!(id.to_string().eq_ignore_ascii_case(sent));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let in_json = serde_json::to_string(sent).ok().and_then(|json| serde_json::from_str::<SheetId>(&json).ok());
    assert_eq!(in_json, read, "a path and a body read the same ids");
    if let Some(sixteen) = data.first_chunk::<16>() {
        let id = SheetId(uuid::Uuid::from_bytes(*sixteen));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}

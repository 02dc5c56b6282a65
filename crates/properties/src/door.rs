//! The JSON door, and the content of a sheet behind it.

use domain::codes::Tables;
use domain::content::UncheckedContent;
use domain::door::{DoorError, FieldError, from_json};
use domain::my_number::is_my_number;
use domain::personal::Revealed;
use domain::text::visible;
use domain::time::Day;
use jiff::civil::date;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use validator::Validate;

const TODAY: Day = Day(date(2026, 11, 21));

/// A body with every kind of value that the door treats differently: content, a bounded text, a list, a number.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Body {
    content: UncheckedContent,
    #[validate(length(max = 20))]
    note: Option<String>,
    days: Option<Vec<Day>>,
    count: Option<u32>,
}

/// Names that may appear in a pointer: those of `Body` and of the sections, never a name that was sent.
const NAMES: &str = " content note days count identity contact address household topics statement life arrears health risk opinion \
    third_party history attachments family_name given_name kana_family kana_given birth_date birth_precision sex identity_level \
    language interpreter ref_ids system id phones email number kind safe_to_call safe_to_leave_message postal_code full \
    no_fixed_abode name relation lives_together own_consent codes main other subject_words wish done_here employment housing \
    health_insurance pension public_assistance kinds flags text source ";

/// What passes holds no key twice, no section that the service fills, no text that nobody can see, and no individual number among ids; it
/// also passes again unchanged. What does not pass is refused with pointers and words of our own.
pub(crate) fn door(data: &[u8]) {
    let tables = Tables::default();
    let checked = from_json::<Body>(data).and_then(|body| {
        if body.note.is_some_and(|note| note.chars().count() > 20) {
            panic!("a text that is too long passed");
        }
        let _ = (body.days, body.count);
        body.content.check(&tables, TODAY)
    });
    match checked {
        Err(DoorError::Malformed(error)) => speaks_for_itself(&error, data),
        Err(DoorError::Invalid(errors)) => {
            assert!(!errors.is_empty(), "a refusal names what is wrong");
            errors.iter().for_each(|error| speaks_for_itself(error, data));
        }
        Ok(content) => {
            let Unique(mut sent) = serde_json::from_slice(data).expect("a key that stands twice passed");
            let written = serde_json::to_string(&Revealed(&content)).expect("content is JSON");
            let again = from_json::<Body>(format!("{{\"content\":{written}}}").as_bytes())
                .and_then(|body| body.content.check(&tables, TODAY))
                .expect("what passed passes again");
            assert_eq!(serde_json::to_string(&Revealed(&again)).expect("content is JSON"), written);
            can_be_seen(&serde_json::from_str(&written).expect("content is JSON"));
            let ids = sent.pointer_mut("/content/identity/ref_ids").map(Value::take).unwrap_or_default();
            for id in ids.as_array().into_iter().flatten() {
                assert!(!id.get("id").and_then(Value::as_str).is_some_and(is_my_number), "an individual number passed");
            }
            // Outside `Revealed`, nothing is shown.
            let masked = serde_json::to_string(&content).expect("content is JSON");
            assert_eq!(masked, format!("\"{}\"", domain::personal::MASK));
        }
    }
}

fn can_be_seen(value: &Value) {
    match value {
        Value::String(text) => assert!(visible(text) > 0, "a text that nobody can see passed"),
        Value::Array(items) => items.iter().for_each(can_be_seen),
        Value::Object(members) => members.values().for_each(can_be_seen),
        _ => {}
    }
}

fn speaks_for_itself(error: &FieldError, data: &[u8]) {
    assert!(!error.code.is_empty() && !error.detail.is_empty());
    assert!(error.pointer.is_empty() || error.pointer.starts_with('/'));
    for name in error.pointer.split('/').skip(1) {
        let index = name.bytes().all(|b| b.is_ascii_digit());
        assert!(index || NAMES.contains(&format!(" {name} ")), "a pointer holds a name that was sent");
    }
    // A text longer than 12 characters with an ASCII letter in it, sent by the client and found in the error's words, would be an echo.
    if let Ok(Unique(sent)) = serde_json::from_slice(data) {
        echoes(&sent, &error.detail);
    }
}

fn echoes(sent: &Value, detail: &str) {
    match sent {
        // Our own words hold no ASCII letters: a text of ours that is sent to us could come back without being an echo.
        Value::String(text) if text.chars().count() > 12 && text.contains(|c: char| c.is_ascii_alphabetic()) => {
            assert!(!detail.contains(text.as_str()), "an echo");
        }
        Value::Array(list) => list.iter().for_each(|item| echoes(item, detail)),
        Value::Object(map) => map.values().for_each(|item| echoes(item, detail)),
        _ => {}
    }
}

/// JSON in which no key appears twice, except inside `history`, which is dropped unread.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> serde::de::Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value =
                if key == "history" { members.next_value::<Value>()? } else { members.next_value::<Unique>()?.0 };
            if map.insert(key, value).is_some() {
                return Err(serde::de::Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

//! The door: here JSON text becomes a checked value, or a list of what is wrong with it and where. No error echoes what was sent.

mod strict;

use crate::codes::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the place; `""` is the whole body.
    #[schema(example = "/content/identity/birth_date")]
    pub pointer: String,
    /// What is wrong, for programs.
    #[schema(example = "not_a_date")]
    pub code: String,
    /// What to do, for people, in Japanese.
    #[schema(example = "日付は 2026-11-21 の形で入力してください。")]
    pub detail: String,
    /// What may stand there instead: the codes of a list, the fields of an object, the parameters of a query. Ours alone, nothing of what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub allowed: Vec<Allowed>,
}

/// One of the values that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Allowed {
    /// The code, or the name of the field or parameter.
    #[schema(example = "visit")]
    pub value: String,
    /// What a code means, in Japanese.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "来所")]
    pub label: Option<String>,
}

impl FieldError {
    /// An error at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.to_owned(), detail: detail.into(), allowed: Vec::new() }
    }

    /// A code that is in none of `codes`, the codes that are allowed here.
    pub fn unknown_code<'a>(pointer: impl Into<String>, codes: impl IntoIterator<Item = &'a Code>) -> Self {
        let allowed =
            codes.into_iter().map(|code| Allowed { value: code.code.clone(), label: Some(code.label.clone()) });
        Self { allowed: allowed.collect(), ..Self::new(pointer, "unknown_code", UNKNOWN_CODE) }
    }

    /// A field that must be filled.
    pub fn required(pointer: impl Into<String>) -> Self {
        Self::new(pointer, "required", "この項目を入力してください。")
    }
}

/// Why an input did not pass the door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// Not JSON, an unknown field, or a key that appears twice: the meaning is unclear.
    #[error("malformed input")]
    Malformed(FieldError),
    /// JSON of the right shape with values that do not hold.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
}

impl DoorError {
    /// An input with a single invalid value.
    pub fn invalid(pointer: &str, code: &str, detail: &str) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// The same error with `prefix` before every pointer.
    #[must_use]
    pub fn below(self, prefix: &str) -> Self {
        let deeper = |mut e: FieldError| {
            e.pointer.insert_str(0, prefix);
            e
        };
        match self {
            Self::Malformed(e) => Self::Malformed(deeper(e)),
            Self::Invalid(list) => Self::Invalid(list.into_iter().map(deeper).collect()),
        }
    }
}

/// How deep objects and arrays may be nested. Ours need seven levels.
pub const DEPTH: usize = 32;

/// Whether JSON is nested deeper than [`DEPTH`]: counted on the bytes, before any parser descends into it.
fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json {
        match (in_string, *byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return true;
        }
    }
    false
}

/// Reads `T` from JSON and runs its validation rules.
///
/// # Errors
/// [`DoorError`]; its pointers start at the root of `json`.
pub fn from_json<T: DeserializeOwned + Validate>(json: &[u8]) -> Result<T, DoorError> {
    if is_too_deep(json) {
        let detail = "入れ子が深すぎます(32段まで)。送信する側の設定を確認してください。";
        return Err(DoorError::Malformed(FieldError::new("", "too_deep", detail)));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let strict = strict::Strict(&mut deserializer);
    let value: T = serde_path_to_error::deserialize(strict).map_err(|e| refused(&e))?;
    deserializer.end().map_err(|_| not_json())?;
    value.validate().map_err(|errors| DoorError::Invalid(flatten(&errors)))?;
    Ok(value)
}

fn not_json() -> DoorError {
    DoorError::Malformed(FieldError::new("", "not_json", "JSON として読めません。送信する側の設定を確認してください。"))
}

fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> DoorError {
    use serde_json::error::Category;
    let inner = error.inner();
    if !matches!(inner.classify(), Category::Data) {
        return not_json();
    }
    let said = inner.to_string();
    let mut pointer = pointer(error.path());
    // serde puts the field between back-quotes; for `missing` and `duplicate` it is a name of ours and may be shown.
    let named = said.split('`').nth(1).unwrap_or_default();
    if said.starts_with("unknown field") {
        // The name is the sender's, and may hold anything: point to its parent.
        if let Some(serde_path_to_error::Segment::Map { key }) = error.path().iter().next_back()
            && said.starts_with(&format!("unknown field `{key}`"))
        {
            pointer.truncate(pointer.len() - escape(key).len() - 1);
        }
        let detail = "この場所には決められた項目だけを入れてください。";
        let error = FieldError::new(pointer, "unknown_field", detail);
        return DoorError::Malformed(FieldError { allowed: fields(&said), ..error });
    }
    if said.starts_with("duplicate field") {
        return DoorError::Malformed(FieldError::new(
            pointer,
            "duplicate_key",
            "同じ項目が二度書かれています。一つだけにしてください。",
        ));
    }
    if said.starts_with("missing field") {
        return DoorError::Invalid(vec![FieldError::required(format!("{pointer}/{named}"))]);
    }
    DoorError::Invalid(vec![wrong_value(pointer, &said)])
}

const UNKNOWN_CODE: &str = "選択肢にある値を選んでください。";

/// serde's message about a value that does not fit, in our words.
pub fn wrong_value(pointer: String, said: &str) -> FieldError {
    let (code, detail) = if said.starts_with("unknown code") {
        ("unknown_code", UNKNOWN_CODE)
    } else if said.starts_with("not a day") {
        ("not_a_date", "実在する日付を 2026-11-21 の形(西暦)で入力してください。")
    } else if said.starts_with("not an RFC 3339 instant") {
        ("not_an_instant", "日時を 2026-11-21T09:30:00+09:00 の形で入力してください。")
    } else if said.starts_with("UUID") || said.starts_with("not an id") {
        ("not_an_id", "番号の形が正しくありません。一覧から選び直してください。")
    } else {
        ("wrong_type", "値の種類が違います。入力の形を確認してください。")
    };
    let allowed = if said.starts_with("unknown variant") { fields(said) } else { codes(said) };
    FieldError { allowed, ..FieldError::new(pointer, code, detail) }
}

/// The codes that [`crate::codes::UnknownCode`] names: its message holds nothing of what was sent.
fn codes(said: &str) -> Vec<Allowed> {
    let list = said.strip_prefix("unknown code of the list ").and_then(|rest| rest.split_once(": "));
    let pairs = list.and_then(|(_, pairs)| {
        serde_json::Deserializer::from_str(pairs).into_iter::<Vec<(String, String)>>().next()?.ok()
    });
    pairs.unwrap_or_default().into_iter().map(|(value, label)| Allowed { value, label: Some(label) }).collect()
}

/// The names that serde expected, from "unknown field `…`, expected one of `…`, `…`" or the same for a variant. The message also holds what
/// was sent, which may be any text, before our names: ours follow the last "expected", if the message ends with them.
pub fn fields(said: &str) -> Vec<Allowed> {
    let ours = said.rsplit('`').next().is_some_and(|end| end.is_empty() || end.starts_with(" at line "));
    let names = said.rsplit_once("`, expected ").filter(|_| ours).map(|(_, names)| names).unwrap_or_default();
    names.split('`').skip(1).step_by(2).map(|name| Allowed { value: name.to_owned(), label: None }).collect()
}

fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// The JSON pointer of the place to which `path` leads.
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// The errors of `validator` as a flat list with JSON pointers, in a stable order.
pub fn flatten(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut list = Vec::new();
    walk(errors, "", &mut list);
    list.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    list
}

fn walk(errors: &ValidationErrors, at: &str, list: &mut Vec<FieldError>) {
    for (field, kind) in errors.errors() {
        let here = format!("{at}/{field}");
        match kind {
            ValidationErrorsKind::Struct(inner) => walk(inner, &here, list),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    walk(inner, &format!("{here}/{index}"), list);
                }
            }
            ValidationErrorsKind::Field(found) => {
                list.extend(found.iter().map(|error| {
                    let detail = match (&error.message, error.code.as_ref()) {
                        (Some(message), _) => message.to_string(),
                        (None, "length") => {
                            "長さ(または個数)が決まりの範囲を超えています。短くするか、必要な分を入れてください。"
                                .to_owned()
                        }
                        (None, "range") => "値が決まりの範囲を超えています。".to_owned(),
                        (None, "email") => "メールアドレスの形で入力してください。".to_owned(),
                        (None, _) => "入力を確認してください。".to_owned(),
                    };
                    FieldError::new(here.clone(), error.code.as_ref(), detail)
                }));
            }
        }
    }
}

//! Personal data as a type: it does not print, and it serialises only inside [`Revealed`].
//!
//! So a careless derive cannot put a sheet's words into a log line, an audit body or an error text: outside [`Revealed`], a [`Personal`]
//! value writes a mask. Two places reveal: storage when it seals, and the API when it answers a reader whose grant was computed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;

/// Written in place of personal data wherever it was not revealed on purpose.
pub const MASK: &str = "‹personal›";

thread_local! {
    static REVEALING: Cell<u32> = const { Cell::new(0) };
}

struct Open;

impl Open {
    fn enter() -> Self {
        REVEALING.with(|depth| depth.set(depth.get() + 1));
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        REVEALING.with(|depth| depth.set(depth.get() - 1));
    }
}

/// Whether the serialisation that runs on this thread may show personal data.
pub(crate) fn revealing() -> bool {
    REVEALING.with(|depth| depth.get() > 0)
}

/// Serialises `T` with its personal data shown. Serialisation is synchronous, so the permission ends with it.
pub struct Revealed<'a, T: ?Sized>(pub &'a T);

impl<T: Serialize + ?Sized> Serialize for Revealed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let _open = Open::enter();
        self.0.serialize(serializer)
    }
}

/// A value that is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a rule that must look at it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if revealing() { self.0.serialize(serializer) } else { serializer.serialize_str(MASK) }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_masked_unless_revealed() {
        let name = Personal::new("見本 花子".to_owned());
        assert_eq!(format!("{name:?}"), MASK);
        assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{MASK}\""));
        assert_eq!(serde_json::to_string(&Revealed(&name)).unwrap(), "\"見本 花子\"");
        assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{MASK}\""));
    }
}

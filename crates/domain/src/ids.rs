//! Identifiers: UUIDv7 (RFC 9562 §5.7) in one newtype per thing, so that a relay id cannot be used where a sheet id is meant.

use crate::time::Instant;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// The source of randomness. Always an argument, so that a test can fix it.
pub trait Chance: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// A UUIDv7 made from the given instant (milliseconds) and 74 random bits.
pub fn uuid_v7(now: Instant, chance: &dyn Chance) -> Uuid {
    let mut random = [0u8; 10];
    chance.fill(&mut random);
    let millis = u64::try_from(now.as_micros().div_euclid(1000)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The smallest id that can be made in the millisecond of `at`.
fn first_uuid_v7(at: Instant) -> Uuid {
    struct Least;
    impl Chance for Least {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    uuid_v7(at, &Least)
}

/// The text is no UUID in its usual hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $(on the wire $wire:literal)?),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id; see [`uuid_v7`].
            pub fn new(now: Instant, chance: &dyn Chance) -> Self {
                Self(uuid_v7(now, chance))
            }

            /// The smallest id that can be made in the millisecond of `at`: every id that was made before is smaller.
            pub fn first_at(at: Instant) -> Self {
                Self(first_uuid_v7(at))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                // Only the hyphenated form: a second spelling of an id would be a second URL for the same thing.
                if text.len() != 36 {
                    return Err(NotAnId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            /// As in a path: `Uuid` alone would also read the braced, the URN and the bare form.
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                uuid_schema()
            }
        }
        impl utoipa::ToSchema for $name {
            $(fn name() -> std::borrow::Cow<'static, str> {
                $wire.into()
            })?
        }
    )+};
}

fn uuid_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned()))).into()
}

ids! {
    /// A municipality: the boundary of everything that is stored.
    MunicipalityId,
    /// An agency (部署・機関).
    AgencyId,
    /// A person who works with the service.
    StaffId,
    /// A post (職): one person in one agency in one role, for a time.
    PostId,
    /// A session of a person who has logged in.
    SessionId,
    /// A department system (OAuth client).
    ClientId,
    /// A version of the text shown to the resident (説明文).
    NoticeId,
    /// A つなぐシート.
    SheetId,
    /// A household (世帯) to whose members sheets are linked.
    HouseholdId,
    /// One version in a sheet's line of consents.
    ConsentId,
    /// A withdrawal of a consent (撤回).
    WithdrawalId,
    /// A piece of evidence of a consent (a signature).
    EvidenceId,
    /// A file of a sheet.
    AttachmentId,
    /// A stop request (停止の通知).
    StopRequestId on the wire "StopNoticeId",
    /// A release of a secret address (住所秘匿の解除).
    AddressReleaseId,
    /// A legal exception (同意の例外).
    ExceptionId,
    /// One hop of a sheet (つなぎ).
    RelayId,
    /// An entry of the progress record (支援経過).
    EntryId,
    /// An audit event.
    EventId,
    /// A message that waits to be mailed.
    MailId,
}

#[cfg(test)]
mod tests {
    use super::SheetId;

    #[test]
    fn an_id_has_one_form_in_paths_and_in_json() {
        let id = "01a1ffec-ca20-759d-823a-055422f6df8f";
        let in_json = |text: &str| serde_json::from_value::<SheetId>(text.into()).ok().map(|id| id.to_string());
        assert_eq!(in_json(id).as_deref(), Some(id));
        for other in [
            "01a1ffecca20759d823a055422f6df8f",
            "urn:uuid:01a1ffec-ca20-759d-823a-055422f6df8f",
            "{01a1ffec-ca20-759d-823a-055422f6df8f}",
        ] {
            assert_eq!(in_json(other), None, "{other}");
            assert!(other.parse::<SheetId>().is_err(), "{other}");
        }
    }
}

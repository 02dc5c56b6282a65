//! How a code list is made, and all lists together. Each stands with the thing that it is about.
//!
//! A list on which rules depend is an enum made by [`code_list!`]; a list that only describes (topics, relations) is in [`Tables`], and a
//! municipality extends it by configuration. Both are served by `GET /api/v1/codes`.

use crate::account::Role;
use crate::agency::AgencyClass;
use crate::beside::attachment::{AttachmentKind, MediaType};
use crate::beside::closure::{AnsweredHow, ClosureChange, ClosureReason, FamilyRelation, NotAsked, SolvedAnswer};
use crate::beside::entry::EntryMethod;
use crate::case::consent::{
    AllowOnward, ConsentMethod, ConsentState, Decision, GivenByKind, IdentityCheck, Purpose, SubjectIntent,
    WithdrawalMethod, WithdrawnBy,
};
use crate::case::exception::{BasisTerms, ConsentStatus, ExceptionCode, ExceptionState, UsedBy};
use crate::case::relay::{DeclineReason, Handover, RefusedBy, RelayState, ReportKind, ReportOutcome, ReportResult};
use crate::case::sheet::SheetState;
use crate::content::{
    AddressSecret, Arrears, BirthPrecision, Channel, IdentityLevel, OwnConsent, PhoneKind, RiskFlag, Route, Sex,
    Urgency,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes an enum of codes: wire spelling, Japanese label, parsing, serde, OpenAPI schema.
macro_rules! code_list {
    ($(#[$doc:meta])* $vis:vis enum $name:ident ($list:literal, $title:literal) {
        $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the label beside each code says what it is")]
        $vis enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every code of the list, in the order in which it is shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The Japanese label.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            /// The list as it is served.
            pub fn list() -> $crate::codes::CodeList {
                $crate::codes::CodeList {
                    list: $list.to_owned(),
                    title: $title.to_owned(),
                    codes: Self::ALL.iter().map(|c| $crate::codes::Code::new(c.as_str(), c.label())).collect(),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::codes::UnknownCode;
            fn from_str(code: &str) -> Result<Self, $crate::codes::UnknownCode> {
                const ALLOWED: &[(&str, &str)] = &[$(($code, $label)),+];
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::codes::UnknownCode { list: $list, allowed: ALLOWED }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                code.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let meaning: Vec<String> = Self::ALL.iter().map(|c| format!("`{}` {}", c.as_str(), c.label())).collect();
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(format!("{}: {}", $title, meaning.join(" / "))))
                    .enum_values(Some(Self::ALL.iter().map(|c| c.as_str())))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use code_list;

/// The code is in none of the lists that are allowed here. The code itself is not kept: it could be any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown code of the list {list}: {}", serde_json::json!(allowed))]
pub struct UnknownCode {
    /// The list in which it was looked up.
    pub list: &'static str,
    /// The codes of the list, with their labels. They are part of the message, because serde carries nothing else to the door.
    pub allowed: &'static [(&'static str, &'static str)],
}

/// One code with its label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Code {
    /// The code.
    #[schema(example = "13")]
    pub code: String,
    /// The Japanese label.
    #[schema(example = "ひきこもり・不登校")]
    pub label: String,
    /// What a basis other than consent demands (only in the list `exception_code`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<BasisTerms>,
}

impl Code {
    pub(crate) fn new(code: &str, label: &str) -> Self {
        Self { code: code.to_owned(), label: label.to_owned(), basis: None }
    }
}

/// A code list as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeList {
    /// The list's name.
    #[schema(example = "topics")]
    pub list: String,
    /// Its Japanese title.
    #[schema(example = "相談内容")]
    pub title: String,
    /// Its codes, in order.
    pub codes: Vec<Code>,
}

/// The code lists that only describe: rules never depend on a single code of them, and a municipality may add codes or reword them.
#[derive(Debug, Clone)]
pub struct Tables {
    lists: Vec<CodeList>,
}

/// A code that a municipality adds, or an existing one that it rewords.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalCode {
    /// The list: `topics` or `relation`.
    pub list: String,
    /// The code, 1–20 characters of `a–z 0–9 _ -`.
    pub code: String,
    /// The Japanese label.
    pub label: String,
}

const TOPICS: &[(&str, &str)] = &[
    ("01", "病気や健康・障害のこと"),
    ("02", "住まい"),
    ("03", "収入・生活費"),
    ("04", "家賃やローンの支払い"),
    ("05", "税金や公共料金等の支払い"),
    ("06", "債務"),
    ("07", "仕事探し・就職"),
    ("08", "仕事上の不安やトラブル"),
    ("09", "地域との関係"),
    ("10", "家族との関係"),
    ("11", "子育て"),
    ("12", "介護"),
    ("13", "ひきこもり・不登校"),
    ("14", "DV・虐待"),
    ("15", "食べるものがない"),
    ("99", "その他"),
];

impl Default for Tables {
    fn default() -> Self {
        // Source: 相談受付・申込票 (national intake form), list CONSULT.
        let topics = CodeList {
            list: "topics".to_owned(),
            title: "相談内容".to_owned(),
            codes: TOPICS.iter().map(|(code, label)| Code::new(code, label)).collect(),
        };
        Self { lists: vec![topics] }
    }
}

impl Tables {
    /// Adds or rewords codes.
    ///
    /// # Errors
    /// The list is not one that may be extended, or the code is not well formed.
    pub fn extend(&mut self, local: &[LocalCode]) -> Result<(), UnknownCode> {
        for code in local {
            let formed = (1..=20).contains(&code.code.len())
                && code.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
            let list = self.lists.iter_mut().find(|l| l.list == code.list);
            let (Some(list), true) = (list, formed) else {
                return Err(UnknownCode { list: "local codes", allowed: &[] });
            };
            match list.codes.iter_mut().find(|c| c.code == code.code) {
                Some(known) => known.label.clone_from(&code.label),
                None => list.codes.push(Code::new(&code.code, &code.label)),
            }
        }
        Ok(())
    }

    /// Whether `code` is a topic (相談内容).
    pub fn is_topic(&self, code: &str) -> bool {
        self.topics().any(|topic| topic.code == code)
    }

    /// The topics, for the answer to an unknown one.
    pub fn topics(&self) -> impl Iterator<Item = &Code> {
        self.lists.iter().filter(|list| list.list == "topics").flat_map(|list| &list.codes)
    }

    /// The topic with this label.
    pub fn topic_called(&self, label: &str) -> Option<&str> {
        let topics = self.lists.iter().filter(|list| list.list == "topics").flat_map(|list| &list.codes);
        topics.into_iter().find(|topic| topic.label == label).map(|topic| topic.code.as_str())
    }

    /// Every list that the service knows, the extensible ones first.
    pub fn all(&self) -> Vec<CodeList> {
        let mut lists = self.lists.clone();
        lists.extend([
            Channel::list(),
            Route::list(),
            Urgency::list(),
            AddressSecret::list(),
            Sex::list(),
            IdentityLevel::list(),
            BirthPrecision::list(),
            PhoneKind::list(),
            OwnConsent::list(),
            Arrears::list(),
            RiskFlag::list(),
            crate::content::Section::list(),
            Purpose::list(),
            Handover::list(),
            DeclineReason::list(),
            RefusedBy::list(),
            ReportKind::list(),
            ReportResult::list(),
            ReportOutcome::list(),
            AgencyClass::list(),
            Role::list(),
            crate::agency::Scope::list(),
            SheetState::list(),
            crate::case::sheet::AssignmentReason::list(),
            RelayState::list(),
            Decision::list(),
            ConsentState::list(),
            GivenByKind::list(),
            SubjectIntent::list(),
            IdentityCheck::list(),
            ConsentMethod::list(),
            AllowOnward::list(),
            WithdrawnBy::list(),
            WithdrawalMethod::list(),
            EntryMethod::list(),
            ClosureReason::list(),
            ClosureChange::list(),
            SolvedAnswer::list(),
            AnsweredHow::list(),
            NotAsked::list(),
            FamilyRelation::list(),
            ExceptionCode::list_with_terms(),
            UsedBy::list(),
            ConsentStatus::list(),
            ExceptionState::list(),
            crate::case::consent::Clause::list(),
            crate::receipt::ReceiptStanding::list(),
            crate::explained::VariantKind::list(),
            crate::case::consent::EvidenceKind::list(),
            AttachmentKind::list(),
            MediaType::list(),
            crate::case::TaskKind::list(),
            crate::case::relay::HandBackState::list(),
            crate::case::address::ReleaseState::list(),
            crate::case::address::ReleaseEnd::list(),
            crate::case::stop::StopCause::list(),
            crate::case::stop::StopState::list(),
            crate::case::stop::Disposition::list(),
            crate::mail::MailKind::list(),
            crate::audit::EventKind::list(),
        ]);
        lists
    }
}

//! The sheet (つなぐシート) itself: its head data, its document, its number. Its transitions are in [`crate::case`].

mod assign;
mod label;
mod link;
mod moves;

pub use assign::AssignmentReason;
pub use label::{Label, PersonLabel, SheetLabel};
pub use moves::SheetInput;

use crate::calendar;
use crate::case::SheetSeen;
use crate::codes::code_list;
use crate::content::{AddressSecret, Channel, Content, Route, Urgency, Warning, warnings};
use crate::ids::{AgencyId, HouseholdId, MunicipalityId, SheetId, StaffId};
use crate::personal::Personal;
use crate::text::is_hyphen;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// The most revisions of a registered sheet in 24 hours: nobody corrects a sheet by hand more often, and each is kept for good and may hold
/// 1 MiB. A draft keeps no earlier revisions, so its page may save it at any rate.
pub const MOST_REVISIONS_A_DAY: i64 = 100;

/// A sheet's number as people say it: `R8-000123`, fiscal year and a serial without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SheetNumber {
    /// The fiscal year (April–March) by its Gregorian year.
    pub fiscal_year: i16,
    /// From 1 in each municipality and fiscal year.
    pub serial: u32,
}

impl std::fmt::Display for SheetNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:06}", calendar::fiscal_year_label(self.fiscal_year), self.serial)
    }
}

/// The text is no sheet number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("シートの番号の形ではありません。R8-000123 のように、元号の英字、年度、ハイフン、番号の順に入力してください。")]
pub struct NotASheetNumber;

impl std::str::FromStr for SheetNumber {
    type Err = NotASheetNumber;

    /// Reads a number as people type it: in either case, full width, with spaces around it or its parts, any hyphen or `ー`, without
    /// leading zeros.
    fn from_str(text: &str) -> Result<Self, NotASheetNumber> {
        let text: String = text.nfkc().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let (label, serial) = text.split_once(is_hyphen).ok_or(NotASheetNumber)?;
        let digits = (1..=9).contains(&serial.len()) && serial.bytes().all(|b| b.is_ascii_digit());
        let serial = Some(serial).filter(|_| digits).and_then(|digits| digits.parse().ok()).ok_or(NotASheetNumber)?;
        let fiscal_year = calendar::fiscal_year_of_label(label).ok_or(NotASheetNumber)?;
        Ok(Self { fiscal_year, serial })
    }
}

/// 来談者: the visitor, if somebody other than the person came.
#[derive(Clone, Serialize, Deserialize)]
pub struct Visitor {
    /// 氏名.
    pub name: Option<Personal<String>>,
    /// カナ.
    pub kana: Option<Personal<String>>,
    /// 電話.
    pub phone: Option<Personal<String>>,
    /// 続柄・関係.
    pub relation: Option<Personal<String>>,
}

/// The personal part of a sheet, sealed as one.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Document {
    /// The visitor, if somebody other than the person came.
    pub visitor: Option<Visitor>,
    /// The content by share sections.
    pub content: Content,
    /// The head as it stood with this content, so that an earlier revision can be read whole.
    pub reception: Option<Reception>,
    /// When this content was written, and by whom.
    #[serde(default)]
    pub written: Option<Written>,
}

impl Document {
    /// Remarks on what was accepted; see [`warnings`].
    pub fn warnings(&self) -> Vec<Warning> {
        let visitor = self.visitor.iter();
        let said = visitor.flat_map(|it| [("/visitor/name", &it.name), ("/visitor/relation", &it.relation)]);
        let warned = said.filter_map(|(at, text)| Some(warnings(at, text.as_ref()?.expose()))).flatten();
        warned.chain(self.content.warnings()).collect()
    }
}

/// When a content was written, and by whom: a person or a system of the agency that recorded the sheet.
#[derive(Clone, Serialize, Deserialize)]
pub struct Written {
    /// When.
    pub at: Instant,
    /// The person, if it was one.
    pub by: Option<StaffId>,
}

/// 受付: the head of a sheet; holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reception {
    /// 受付日時.
    pub received_at: Option<Instant>,
    /// 相談方法.
    pub channel: Option<Channel>,
    /// 相談経路.
    pub route: Option<Route>,
    /// 緊急度.
    pub urgency: Option<Urgency>,
    /// 住所秘匿.
    pub address_secret: AddressSecret,
}

/// The standing of a sheet apart from consents and relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 下書き.
    Draft,
    /// Registered and open.
    Open,
    /// 終結.
    Closed,
    /// 取消.
    Voided,
}

/// A sheet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sheet {
    /// Its id.
    pub id: SheetId,
    /// Its municipality.
    pub municipality_id: MunicipalityId,
    /// Its number, from registration on.
    pub number: Option<SheetNumber>,
    /// Its standing.
    pub standing: Standing,
    /// Counts every change of state or content, from 1; the ETag.
    pub revision: u32,
    /// The revision at which the content last changed.
    pub content_revision: u32,
    /// The agency where it was recorded, or the one that has taken its place.
    pub origin_agency_id: AgencyId,
    /// 主担当.
    pub holder_agency_id: AgencyId,
    /// 受付.
    pub reception: Reception,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// 世帯: sheets of one origin agency with the same id are about members of one household. A new sheet is in one of its own.
    pub household_id: HouseholdId,
    /// For each agency that works on it, the person who does (担当者), if one is named.
    #[serde(default)]
    pub assignees: BTreeMap<AgencyId, StaffId>,
    /// For each reader other than the origin, the last change that it has seen.
    pub seen: BTreeMap<AgencyId, SheetSeen>,
}

/// The last day on which an answer is in time, by the urgency: open days (開庁日) from `today`.
pub fn reply_due(today: Day, urgency: Urgency) -> Day {
    Day(calendar::add_open_days(today.0, urgency.open_days()))
}

code_list! {
    /// シートの状態.
    pub enum SheetState ("sheet_state", "シートの状態") {
        Draft = "draft", "下書き"; Registered = "registered", "受付済"; ConsentPending = "consent_pending", "同意待ち"; Consented = "consented", "同意済";
        Relaying = "relaying", "つなぎ中"; InSupport = "in_support", "支援中"; Closed = "closed", "終結"; Voided = "voided", "取消";
    }
}

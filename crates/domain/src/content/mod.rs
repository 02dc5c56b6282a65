//! The content of a sheet, by share section (共有項目): the unit in which a resident consents and a receiver sees.
//!
//! A [`Content`] keeps each section as the JSON that passed the door. To restrict it is to drop sections, so no letter of a name can change
//! on the way.

mod lists;

pub use lists::{
    AddressSecret, Arrears, BirthPrecision, Channel, IdentityLevel, OwnConsent, PhoneKind, RiskFlag, Route, Sex,
    Urgency,
};

use crate::codes::{Tables, code_list};
use crate::door::{self, DoorError, FieldError};
use crate::personal;
use crate::time::Day;
use crate::{kana, my_number, text};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use utoipa::ToSchema;
use validator::Validate;

mod household;
mod sections;

pub use household::{Chosen, LeftOut, MemberChoice, Members, ToldMember};
pub(crate) use household::{is_part, weigh};
pub use sections::{
    Address, ArrearsSection, Contact, Health, Identity, Life, Member, Opinion, Phone, RefId, Risk, Statement,
    ThirdParty, Topics,
};

code_list! {
    /// 共有項目.
    pub enum Section ("section", "共有項目") {
        Identity = "identity", "氏名・カナ・生年・性別"; Contact = "contact", "連絡先"; Address = "address", "住所"; Household = "household", "世帯";
        Topics = "topics", "相談内容の区分"; Statement = "statement", "本人の言葉・希望・対応"; Life = "life", "生活の状況"; Arrears = "arrears", "滞納";
        Health = "health", "健康(要配慮)"; Risk = "risk", "リスク"; Opinion = "opinion", "所見"; ThirdParty = "third_party", "第三者からの情報";
        History = "history", "これまでのつなぎと報告"; Attachments = "attachments", "添付";
    }
}

/// A set of share sections, in the order of the list.
pub type Sections = BTreeSet<Section>;

impl Section {
    /// The section to which a JSON pointer into a sheet leads; none when it leads elsewhere.
    pub fn of_pointer(pointer: &str) -> Option<Self> {
        pointer.strip_prefix("/content/")?.split('/').next()?.parse().ok()
    }

    /// Whether the service fills this section itself: nobody else can write it.
    pub fn is_filled_by_service(self) -> bool {
        matches!(self, Self::History | Self::Attachments)
    }
}

/// The sections of a sheet as they were sent in, before the door.
#[derive(Default)]
pub struct UncheckedContent(BTreeMap<Section, Box<RawValue>>);

/// The checked content of a sheet. Serialises only inside [`personal::Revealed`].
#[derive(Clone, Default)]
pub struct Content(BTreeMap<Section, Box<RawValue>>);

/// The sections that clients send; the service fills the others.
static TYPED: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let typed = Section::ALL.iter().filter(|section| !matches!(section, Section::History | Section::Attachments));
    typed.map(|section| section.as_str()).collect()
});

struct SectionMap;

impl<'de> Visitor<'de> for SectionMap {
    type Value = BTreeMap<Section, Box<RawValue>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of share sections")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        use serde::de::Error;
        let mut sections = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let Ok(section) = key.parse::<Section>() else {
                return Err(A::Error::unknown_field(&key, &TYPED));
            };
            let value = map.next_value::<Box<RawValue>>()?;
            if sections.insert(section, value).is_some() {
                return Err(A::Error::duplicate_field(section.as_str()));
            }
        }
        sections.retain(|_, value| value.get() != "null");
        Ok(sections)
    }
}

impl<'de> Deserialize<'de> for UncheckedContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionMap).map(Self)
    }
}

impl<'de> Deserialize<'de> for Content {
    /// Reads what the service itself has sealed; input from outside must go through [`UncheckedContent`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionMap).map(Self)
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !personal::revealing() {
            return serializer.serialize_str(personal::MASK);
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (section, value) in &self.0 {
            map.serialize_entry(section.as_str(), value)?;
        }
        map.end()
    }
}

/// A remark on input that was accepted nevertheless.
pub type Warning = FieldError;

impl UncheckedContent {
    /// Checks every section. `today` bounds the dates of birth.
    ///
    /// # Errors
    /// All that is wrong, with pointers below `/content`.
    pub fn check(self, tables: &Tables, today: Day) -> Result<Content, DoorError> {
        let mut sections = self.0;
        // The service computes these sections for each reader; they are dropped here, so that a client can send a sheet back as it read it.
        sections.retain(|section, _| !section.is_filled_by_service());
        let mut wrong = Vec::new();
        for (section, raw) in &mut sections {
            match check_section(*section, raw, tables, today).and_then(|()| compact(*section, raw)) {
                Ok(rewritten) => *raw = rewritten,
                Err(DoorError::Invalid(errors)) => {
                    wrong.extend(DoorError::Invalid(errors).below(&format!("/content/{section}")).into_errors());
                }
                Err(malformed) => return Err(malformed.below(&format!("/content/{section}"))),
            }
        }
        if wrong.is_empty() { Ok(Content(sections)) } else { Err(DoorError::Invalid(wrong)) }
    }
}

impl DoorError {
    fn into_errors(self) -> Vec<FieldError> {
        match self {
            Self::Malformed(error) => vec![error],
            Self::Invalid(errors) => errors,
        }
    }
}

#[derive(Deserialize, Validate)]
#[serde(transparent)]
struct Items<T: Validate> {
    #[validate(nested)]
    items: Vec<T>,
}

fn list<T: Validate + serde::de::DeserializeOwned>(raw: &RawValue, most: usize) -> Result<Vec<T>, DoorError> {
    let list: Items<T> = door::from_json(raw.get().as_bytes()).map_err(|e| match e {
        // validator names the wrapper's field, which does not exist on the wire.
        DoorError::Invalid(errors) => DoorError::Invalid(
            errors
                .into_iter()
                .map(|mut e| {
                    if let Some(rest) = e.pointer.strip_prefix("/items") {
                        e.pointer = rest.to_owned();
                    }
                    e
                })
                .collect(),
        ),
        malformed => malformed,
    })?;
    at_most(most, list.items.len(), "")?;
    Ok(list.items)
}

fn check_section(section: Section, raw: &RawValue, tables: &Tables, today: Day) -> Result<(), DoorError> {
    let json = raw.get().as_bytes();
    match section {
        Section::Identity => {
            let identity: Identity = door::from_json(json)?;
            born(identity.birth_date, "/birth_date", today)?;
            at_most(10, identity.ref_ids.as_ref().map_or(0, Vec::len), "/ref_ids")?;
        }
        Section::Contact => {
            let contact: Contact = door::from_json(json)?;
            at_most(5, contact.phones.as_ref().map_or(0, Vec::len), "/phones")?;
        }
        Section::Address => drop(door::from_json::<Address>(json)?),
        Section::Household => {
            for (index, member) in list::<Member>(raw, household::MOST_MEMBERS)?.iter().enumerate() {
                born(member.birth_date, &format!("/{index}/birth_date"), today)?;
            }
        }
        Section::Topics => check_topics(&door::from_json(json)?, tables)?,
        Section::Statement => drop(door::from_json::<Statement>(json)?),
        Section::Life => drop(door::from_json::<Life>(json)?),
        Section::Arrears => drop(door::from_json::<ArrearsSection>(json)?),
        Section::Health => drop(door::from_json::<Health>(json)?),
        Section::Risk => drop(door::from_json::<Risk>(json)?),
        Section::Opinion => drop(door::from_json::<Opinion>(json)?),
        Section::ThirdParty => drop(list::<ThirdParty>(raw, 20)?),
        // Removed before; see `UncheckedContent::check`.
        Section::History | Section::Attachments => {}
    }
    Ok(())
}

// validator's own `length` copies the items into its error, and so requires that they serialise; personal data does not.
fn at_most(most: usize, count: usize, pointer: &str) -> Result<(), DoorError> {
    if count > most {
        return Err(DoorError::invalid(pointer, "length", "件数が多すぎます。必要な分だけにしてください。"));
    }
    Ok(())
}

fn born(date: Option<Day>, pointer: &str, today: Day) -> Result<(), DoorError> {
    let Some(Day(date)) = date else { return Ok(()) };
    if date.year() < 1868 || date > today.0 {
        return Err(DoorError::invalid(
            pointer,
            "out_of_range",
            "生年月日は1868年から今日までの日付を入力してください。",
        ));
    }
    Ok(())
}

fn check_topics(topics: &Topics, tables: &Tables) -> Result<(), DoorError> {
    let mut wrong = Vec::new();
    for (index, code) in topics.codes.iter().enumerate() {
        if !tables.is_topic(code) {
            wrong.push(FieldError::unknown_code(format!("/codes/{index}"), tables.topics()));
        } else if topics.codes.iter().take(index).any(|earlier| earlier == code) {
            wrong.push(FieldError::new(
                format!("/codes/{index}"),
                "duplicate",
                "同じ相談内容は一度だけ選んでください。",
            ));
        }
    }
    if topics.main.as_ref().is_some_and(|main| !topics.codes.contains(main)) {
        wrong.push(FieldError::new(
            "/main",
            "not_among_codes",
            "主な相談内容(◎)は、選んだ相談内容(○)の中から一つ選んでください。",
        ));
    }
    if wrong.is_empty() { Ok(()) } else { Err(DoorError::Invalid(wrong)) }
}

/// The section without the white space that the sender put between tokens, and with its kana in full-width katakana. Strings keep every
/// character.
fn compact(section: Section, raw: &RawValue) -> Result<Box<RawValue>, DoorError> {
    let failed = |_| DoorError::invalid("", "wrong_type", "入力の形を確認してください。");
    let mut value: serde_json::Value = serde_json::from_str(raw.get()).map_err(failed)?;
    if section == Section::Identity {
        for key in ["kana_family", "kana_given"] {
            if let Some(serde_json::Value::String(sent)) = value.get_mut(key)
                && let Ok(kana) = kana::katakana(sent)
            {
                *sent = kana;
            }
        }
    }
    serde_json::value::to_raw_value(&value).map_err(failed)
}

impl Content {
    /// The sections that are filled.
    pub fn filled(&self) -> Sections {
        self.0.keys().copied().collect()
    }

    /// The content with only those sections for which `keep` holds.
    pub(crate) fn keep(&self, keep: impl Fn(Section) -> bool) -> Self {
        Self(self.0.iter().filter(|(section, _)| keep(**section)).map(|(s, v)| (*s, v.clone())).collect())
    }

    /// The content with these sections as they stood in an earlier one.
    pub(crate) fn with_earlier(mut self, earlier: &Self, sections: &Sections) -> Self {
        self.0.retain(|section, _| !sections.contains(section));
        self.0.extend(earlier.keep(|section| sections.contains(&section)).0);
        self
    }

    /// The sections in which it differs from another.
    pub fn differs(&self, other: &Self) -> Sections {
        let text = |content: &Self, section: Section| content.0.get(&section).map(|raw| raw.get().to_owned());
        Section::ALL.iter().copied().filter(|section| text(self, *section) != text(other, *section)).collect()
    }

    /// Puts in a section that the service fills itself.
    pub(crate) fn fill(&mut self, section: Section, value: Box<RawValue>) {
        self.0.insert(section, value);
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, section: Section) -> Option<T> {
        self.0.get(&section).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// 本人, for rules and search tokens.
    pub fn identity(&self) -> Option<Identity> {
        self.read(Section::Identity)
    }

    /// The date of birth, if it is known to the day.
    pub fn birth_date(&self) -> Option<Day> {
        let identity = self.identity()?;
        let to_the_day = identity.birth_precision.is_none_or(|precision| precision == BirthPrecision::Day);
        identity.birth_date.filter(|_| to_the_day)
    }

    /// The risks that were ticked.
    pub fn risk_flags(&self) -> Vec<RiskFlag> {
        self.read::<Risk>(Section::Risk).and_then(|risk| risk.flags).unwrap_or_default()
    }

    /// The topic codes (they are also kept in plain columns).
    pub fn topic_codes(&self) -> Vec<String> {
        self.read::<Topics>(Section::Topics).map(|t| t.codes).unwrap_or_default()
    }

    /// The last four digits of each telephone number that has as many.
    pub fn phone_ends(&self) -> BTreeSet<String> {
        let phones = self.read::<Contact>(Section::Contact).map(|contact| contact.phones).unwrap_or_default();
        let end = |digits: String| digits.len().checked_sub(4).map(|start| digits.split_at(start).1.to_owned());
        phones.into_iter().flatten().filter_map(|phone| end(text::phone_digits(&phone.number))).collect()
    }

    /// The main topic, if one was marked.
    pub(crate) fn main_topic(&self) -> Option<String> {
        self.read::<Topics>(Section::Topics).and_then(|topics| topics.main)
    }

    /// The fields of the content that docs/domain.md marks ● and that are empty; none when the sheet may be registered.
    pub(crate) fn missing_to_register(&self) -> Vec<FieldError> {
        let mut missing = Vec::new();
        let mut need = |there: bool, pointer: &str| {
            if !there {
                missing.push(FieldError::required(pointer));
            }
        };
        let identity = self.identity();
        need(identity.is_some_and(|i| i.identity_level.is_some()), "/content/identity/identity_level");
        need(!self.topic_codes().is_empty(), "/content/topics/codes");
        let words = self.read::<Statement>(Section::Statement).and_then(|s| s.subject_words);
        need(words.is_some(), "/content/statement/subject_words");
        need(self.read::<Risk>(Section::Risk).is_some_and(|r| r.flags.is_some()), "/content/risk/flags");
        missing
    }

    /// The fields of the content that docs/domain.md marks ◎ and that are empty; none when the sheet may be relayed.
    pub(crate) fn missing_to_relay(&self) -> Vec<FieldError> {
        let mut missing = self.missing_to_register();
        let mut need = |there: bool, pointer: &str| {
            if !there {
                missing.push(FieldError::required(pointer));
            }
        };
        let identity = self.identity();
        let has = |field: fn(&Identity) -> &Option<String>| identity.as_ref().is_some_and(|i| field(i).is_some());
        need(has(|i| &i.family_name), "/content/identity/family_name");
        need(has(|i| &i.given_name), "/content/identity/given_name");
        need(has(|i| &i.kana_family), "/content/identity/kana_family");
        need(has(|i| &i.kana_given), "/content/identity/kana_given");
        let done = self.read::<Statement>(Section::Statement).and_then(|s| s.done_here);
        need(done.is_some(), "/content/statement/done_here");
        missing
    }

    /// Remarks on what was accepted, section by section; see [`warnings`].
    pub fn warnings(&self) -> Vec<Warning> {
        self.0.iter().flat_map(|(section, raw)| warnings(&format!("/content/{section}"), raw.get())).collect()
    }
}

/// Remarks on a text that is kept as it is: it seems to hold a My Number, which nobody may keep without a legal ground (番号法 20条); or it
/// holds 外字, which others may not be able to read.
pub fn warnings(pointer: &str, text: &str) -> Vec<Warning> {
    const MY_NUMBER: &str = "マイナンバー(個人番号)のような12桁の数字があります。個人番号であれば消してください。";
    const PRIVATE_USE: &str = "外字があります。ほかの機関の画面や印刷では、読めないか、別の字に見えることがあります。ふつうの漢字かカナに直してください。";
    let mut found = Vec::new();
    if my_number::appears_in(text) {
        found.push(FieldError::new(pointer, "my_number", MY_NUMBER));
    }
    if text::has_private_use(text) {
        found.push(FieldError::new(pointer, "private_use", PRIVATE_USE));
    }
    found
}

impl utoipa::PartialSchema for UncheckedContent {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        Content::schema()
    }
}
impl utoipa::ToSchema for UncheckedContent {
    fn name() -> std::borrow::Cow<'static, str> {
        Content::name()
    }
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        Content::schemas(schemas);
    }
}

/// What [`Content`] looks like on the wire; used for the schema only.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Content)]
#[allow(dead_code, reason = "the fields are read by the schema derive")]
struct ContentShape {
    /// 本人
    identity: Option<Identity>,
    /// 連絡先
    contact: Option<Contact>,
    /// 住所
    address: Option<Address>,
    /// 世帯
    #[schema(max_items = 20)]
    household: Option<Vec<Member>>,
    /// 相談内容の区分
    topics: Option<Topics>,
    /// 本人の言葉
    statement: Option<Statement>,
    /// 生活の状況
    life: Option<Life>,
    /// 滞納
    arrears: Option<ArrearsSection>,
    /// 健康(要配慮)
    health: Option<Health>,
    /// リスク
    risk: Option<Risk>,
    /// 所見
    opinion: Option<Opinion>,
    /// 第三者からの情報
    #[schema(max_items = 20)]
    third_party: Option<Vec<ThirdParty>>,
    /// これまでのつなぎと報告(システムが記入します。送られても使いません)
    #[schema(read_only)]
    history: Option<Vec<crate::case::HistoryItem>>,
    /// 添付(システムが記入します。送られても使いません)
    #[schema(read_only)]
    attachments: Option<Vec<crate::beside::attachment::AttachmentItem>>,
}

impl utoipa::PartialSchema for Content {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        ContentShape::schema()
    }
}
impl utoipa::ToSchema for Content {
    fn name() -> std::borrow::Cow<'static, str> {
        "Content".into()
    }
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        ContentShape::schemas(schemas);
    }
}

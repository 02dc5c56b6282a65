//! The label of a sheet: whom it is about, in one line. It repeats a little of the content, so that lists need not open all of it.

use crate::age;
use crate::agency::Agency;
use crate::case::Access;
use crate::case::consent::CommitKey;
use crate::content::{BirthPrecision, Content, Section, Sections};
use crate::ids::SheetId;
use crate::personal::{Personal, Revealed};
use crate::time::Day;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a list may show of a sheet's content. Sealed beside the sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    family_name: Option<Personal<String>>,
    given_name: Option<Personal<String>>,
    kana_family: Option<Personal<String>>,
    kana_given: Option<Personal<String>>,
    birth_date: Option<Personal<Day>>,
    birth_precision: Option<Personal<BirthPrecision>>,
    main_topic: Option<Personal<String>>,
}

/// シートの相談者と主な相談内容。見てよい範囲だけ。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SheetLabel {
    /// 相談者。本人についての共有を受けていなければ null
    pub person: Option<PersonLabel>,
    /// 主な相談内容(コード表 topics)。相談内容の共有を受けていないか、決まっていなければ null
    #[schema(value_type = Option<String>, example = "03")]
    pub main_topic: Option<Personal<String>>,
}

/// 相談者の氏名と年齢。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonLabel {
    /// 氏
    #[schema(value_type = Option<String>, example = "見本")]
    pub family_name: Option<Personal<String>>,
    /// 名
    #[schema(value_type = Option<String>, example = "花子")]
    pub given_name: Option<Personal<String>>,
    /// 氏(カナ)
    #[schema(value_type = Option<String>, example = "ミホン")]
    pub kana_family: Option<Personal<String>>,
    /// 名(カナ)
    #[schema(value_type = Option<String>, example = "ハナコ")]
    pub kana_given: Option<Personal<String>>,
    /// 今日の年齢
    #[schema(value_type = Option<u16>, example = 40)]
    pub age: Option<Personal<u16>>,
    /// 生年月日が日まで分かっていないので、年齢がおよそである
    pub age_is_about: bool,
}

impl Label {
    /// The label of this content.
    pub fn of(content: &Content) -> Self {
        let identity = content.identity();
        let text = |value: Option<String>| value.map(Personal::new);
        let (birth_date, birth_precision) =
            identity.as_ref().map_or((None, None), |it| (it.birth_date, it.birth_precision));
        let (family_name, given_name, kana_family, kana_given) = identity.map_or((None, None, None, None), |it| {
            (text(it.family_name), text(it.given_name), text(it.kana_family), text(it.kana_given))
        });
        Self {
            family_name,
            given_name,
            kana_family,
            kana_given,
            birth_date: birth_date.map(Personal::new),
            birth_precision: birth_precision.map(Personal::new),
            main_topic: content.main_topic().map(Personal::new),
        }
    }

    /// As much of it as a list shows to `reader`, whose access to the sheet is `access`; none when that is nothing.
    pub fn shown_to(&self, reader: &Agency, access: &Access, today: Day) -> Option<SheetLabel> {
        // What the row of access leaves out, because it changes without the sheet.
        let is_told = access.is_origin || reader.is_active(today) && reader.may_be_told(today);
        let lasts = |until: Option<Day>| is_told && until.is_some_and(|until| today <= until);
        self.shown(lasts(access.identity_until), lasts(access.topics_until), today)
    }

    /// As much of the label of `content` as a reader is shown who sees these of its sections.
    pub(crate) fn of_shown(content: &Content, sections: &Sections, today: Day) -> Option<SheetLabel> {
        let shows = |section| sections.contains(&section);
        Self::of(content).shown(shows(Section::Identity), shows(Section::Topics), today)
    }

    fn shown(&self, identity: bool, topics: bool, today: Day) -> Option<SheetLabel> {
        let shown = SheetLabel {
            person: identity.then(|| self.person(today)),
            main_topic: self.main_topic.clone().filter(|_| topics),
        };
        (identity || topics).then_some(shown)
    }

    fn person(&self, today: Day) -> PersonLabel {
        let precision = self.birth_precision.as_ref().map_or(BirthPrecision::Day, |it| *it.expose());
        let birth = self.birth_date.as_ref().filter(|_| precision != BirthPrecision::Unknown);
        PersonLabel {
            family_name: self.family_name.clone(),
            given_name: self.given_name.clone(),
            kana_family: self.kana_family.clone(),
            kana_given: self.kana_given.clone(),
            age: birth.map(|birth| Personal::new(age::on(*birth.expose(), today))),
            age_is_about: birth.is_some() && precision != BirthPrecision::Day,
        }
    }
}

impl SheetLabel {
    /// The commitment to it for the audit trail: whoever has the sheet's key can prove what a list showed, and nobody after the key is gone.
    pub fn commitment(&self, key: &CommitKey, sheet: SheetId) -> String {
        let shown = serde_json::to_vec(&Revealed(self)).unwrap_or_default();
        key.commit(&[b"label\0", sheet.0.as_bytes().as_slice(), shown.as_slice()].concat())
    }
}

//! The members of the household in requests and answers about relays.

use domain::content::{LeftOut, MemberChoice, OwnConsent};
use domain::personal::Personal;
use domain::text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// 同意のない世帯員を伝えるという判断。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChoiceRequest {
    /// 世帯(household)の何番目か。つなぎ元が見ている一覧で、0から数える
    #[validate(range(max = 19))]
    #[schema(minimum = 0, maximum = 19)]
    index: u8,
    /// その人の同意がなくても伝える理由
    #[validate(length(max = 300), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 300, example = "介護の手配に、同居の母の状態を伝える必要があるため")]
    reason: String,
}

pub(super) fn choices(asked: &[MemberChoiceRequest]) -> Vec<MemberChoice> {
    asked
        .iter()
        .map(|it| MemberChoice { index: usize::from(it.index), reason: Personal::new(it.reason.clone()) })
        .collect()
}

/// 同意がないため、伝わらない世帯員。
#[derive(Serialize, ToSchema)]
pub(super) struct LeftOutMember {
    /// 世帯(household)の何番目か。つなぎ元が見ている一覧で、0から数える
    index: usize,
    /// 氏名
    #[schema(value_type = Option<String>)]
    name: Option<Personal<String>>,
    /// 続柄
    #[schema(value_type = String)]
    relation: Personal<String>,
    /// その人の同意(なし、または未確認)
    own_consent: OwnConsent,
}

impl From<LeftOut> for LeftOutMember {
    fn from(it: LeftOut) -> Self {
        Self { index: it.index, name: it.name, relation: it.relation, own_consent: it.own_consent }
    }
}

/// 同意がなくても伝えると決めた世帯員。
#[derive(Serialize, ToSchema)]
pub(super) struct ToldMember {
    /// 世帯(household)の何番目か。読む機関が今のシートで見ている一覧で、0から数える
    index: usize,
    /// 理由
    #[schema(value_type = String)]
    reason: Personal<String>,
}

impl From<MemberChoice> for ToldMember {
    fn from(it: MemberChoice) -> Self {
        Self { index: it.index, reason: it.reason }
    }
}

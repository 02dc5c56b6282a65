//! 世帯員: the person can consent to telling what concerns the person, but for nobody else (個人情報保護法69条2項ただし書). A member of the
//! household who did not consent is left out of what is told, unless the sender decides otherwise and says why.

use super::{Content, Member, Section};
use crate::content::OwnConsent;
use crate::door::FieldError;
use crate::personal::Personal;
use crate::time::Day;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The most members that a household on a sheet may have.
pub(super) const MOST_MEMBERS: usize = 20;

/// A request to tell of a member who did not consent.
#[derive(Clone, Serialize)]
pub struct MemberChoice {
    /// The member's place in the household as the sender sees it.
    pub index: usize,
    /// Why.
    pub reason: Personal<String>,
}

/// The same as it is kept with the relay: bound to the member that it was about, so that no later edit of the list lets another member
/// through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldMember {
    who: Personal<Who>,
    /// Whether the sender knew, when deciding, that the member had said no.
    despite_no: bool,
    /// Why.
    pub reason: Personal<String>,
}

/// The fields by which a member is recognised. For a member without a name, every field counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Who {
    name: Option<String>,
    relation: String,
    birth_date: Option<Day>,
    unnamed: Option<(Option<bool>, Option<String>)>,
}

impl Who {
    fn of(member: &Member) -> Self {
        let unnamed = member.name.is_none().then(|| (member.lives_together, member.note.clone()));
        Self { name: member.name.clone(), relation: member.relation.clone(), birth_date: member.birth_date, unnamed }
    }

    /// Whether both may be the same person. To show a member, all fields must be equal. To hide one, the same name is enough, or the same
    /// relation where a name is missing.
    fn may_be(&self, other: &Self) -> bool {
        match (&self.name, &other.name) {
            (Some(one), Some(other)) => one == other,
            _ => self.relation == other.relation,
        }
    }
}

impl Member {
    /// Whether the member consented; no entry means 未確認.
    pub fn consent(&self) -> OwnConsent {
        self.own_consent.unwrap_or(OwnConsent::Unknown)
    }

    fn needs_decision(&self) -> bool {
        matches!(self.consent(), OwnConsent::No | OwnConsent::Unknown)
    }
}

/// Whether a member who may be this one says no, and this one is nowhere listed with a consent.
fn says_no(household: &[(Box<RawValue>, Member)], who: &Who) -> bool {
    let no = |(_, it): &(_, Member)| it.consent() == OwnConsent::No && Who::of(it).may_be(who);
    let yes = |(_, it): &(_, Member)| !it.needs_decision() && Who::of(it) == *who;
    household.iter().any(no) && !household.iter().any(yes)
}

/// The members of the household that are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// Every member: at the origin.
    All,
    /// The members who consented or need not, and of the others those listed here; but nobody who has said no since the text was written.
    Told(Vec<ToldMember>),
    /// The same as it was sent, whatever was said since: for the agency that is responsible for the sending.
    AsSent(Vec<ToldMember>),
}

impl Members {
    /// The members that were decided on.
    pub fn decided(&self) -> &[ToldMember] {
        match self {
            Self::All => &[],
            Self::Told(decided) | Self::AsSent(decided) => decided,
        }
    }

    /// Whether `member`, one of `all`, is shown; `now` is the household of today.
    fn shows(&self, member: &Member, all: &[(Box<RawValue>, Member)], now: &[(Box<RawValue>, Member)]) -> bool {
        let decided = match self {
            Self::All => return true,
            Self::Told(decided) | Self::AsSent(decided) => decided,
        };
        let who = Who::of(member);
        let no = member.consent() == OwnConsent::No || matches!(self, Self::Told(_)) && says_no(now, &who);
        if !no && !member.needs_decision() {
            return true;
        }
        // When two members cannot be told apart, a decision names neither.
        let alone = all.iter().filter(|(_, other)| Who::of(other) == who).count() == 1;
        alone && decided.iter().any(|it| *it.who.expose() == who && (it.despite_no || !no))
    }
}

/// A member who is left out of what is told, as the sender sees it.
#[derive(Debug, Clone)]
pub struct LeftOut {
    who: Personal<Who>,
    /// The member's place in the household as the sender sees it.
    pub index: usize,
    /// 氏名.
    pub name: Option<Personal<String>>,
    /// 続柄.
    pub relation: Personal<String>,
    /// What the member said.
    pub own_consent: OwnConsent,
}

/// The result of a sender's choices.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// The members to tell of although they did not consent.
    pub told: Vec<ToldMember>,
    /// The members who are left out.
    pub left_out: Vec<LeftOut>,
    /// What is wrong with the choices.
    pub wrong: Vec<FieldError>,
}

impl Chosen {
    /// Whether it leaves out a member whom an earlier decision let through.
    pub(crate) fn leaves_out(&self, before: &[ToldMember]) -> bool {
        self.left_out.iter().any(|it| before.iter().any(|told| told.who == it.who))
    }
}

/// Weighs the choices against `seen`, the household as the sender sees it.
pub(crate) fn weigh(seen: &Content, choices: &[MemberChoice]) -> Chosen {
    let rows = seen.household();
    let mut weighed = Chosen::default();
    if choices.len() > MOST_MEMBERS {
        let detail = "世帯員は20人までです。";
        return Chosen { wrong: vec![FieldError::new("/household_members", "length", detail)], ..weighed };
    }
    for (place, choice) in choices.iter().enumerate() {
        let mut refuse = |field: &str, code: &str, detail: &str| {
            weighed.wrong.push(FieldError::new(format!("/household_members/{place}{field}"), code, detail));
        };
        let Some((_, member)) = rows.get(choice.index) else {
            refuse(
                "/index",
                "unknown_member",
                "この世帯員は、伝える世帯の中にいません。伝わる内容を確かめ直して、選び直してください。",
            );
            continue;
        };
        let who = Who::of(member);
        if choices.iter().take(place).any(|earlier| earlier.index == choice.index) {
            refuse("/index", "duplicate", "同じ世帯員は一度だけ選んでください。");
        } else if !member.needs_decision() {
            refuse("/index", "not_needed", "この世帯員は、選ばなくても伝わります。選択を外してください。");
        } else if rows.iter().filter(|(_, other)| Who::of(other) == who).count() > 1 {
            let detail =
                "同じ氏名・続柄・生年月日の世帯員がいて、区別できません。シートの世帯員を直してから選んでください。";
            refuse("/index", "ambiguous", detail);
        } else {
            let despite_no = member.consent() == OwnConsent::No;
            weighed.told.push(ToldMember { who: Personal::new(who), despite_no, reason: choice.reason.clone() });
        }
    }
    let members = Members::Told(weighed.told.clone());
    let left = rows.iter().enumerate().filter(|(_, (_, member))| !members.shows(member, &rows, &[]));
    let left = left.map(|(index, (_, member))| LeftOut {
        who: Personal::new(Who::of(member)),
        index,
        name: member.name.clone().map(Personal::new),
        relation: Personal::new(member.relation.clone()),
        own_consent: member.consent(),
    });
    weighed.left_out = left.collect();
    weighed
}

impl Content {
    fn household(&self) -> Vec<(Box<RawValue>, Member)> {
        let rows: Vec<Box<RawValue>> = self.read(Section::Household).unwrap_or_default();
        rows.into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok().map(|member| (raw, member))).collect()
    }

    /// The content with only those members of the household that may be shown. `now` is the content of today. When no member is left, the
    /// section is removed, as if nothing had been written.
    pub(crate) fn with_members(mut self, members: &Members, now: &Self) -> Self {
        if *members == Members::All || !self.filled().contains(&Section::Household) {
            return self;
        }
        let (rows, today) = (self.household(), now.household());
        let shown: Vec<&RawValue> =
            rows.iter().filter(|(_, member)| members.shows(member, &rows, &today)).map(|(raw, _)| &**raw).collect();
        match serde_json::value::to_raw_value(&shown) {
            Ok(raw) if !shown.is_empty() => self.fill(Section::Household, raw),
            _ => self = self.keep(|section| section != Section::Household),
        }
        self
    }

    /// The choices that would lead to the same decisions today, for a sender that sees this household.
    pub fn choices(&self, decided: &[ToldMember]) -> Vec<MemberChoice> {
        let rows = self.household();
        let place = |told: &ToldMember| {
            let index = rows.iter().position(|(_, member)| Who::of(member) == *told.who.expose())?;
            let (_, member) = rows.get(index)?;
            let still = member.needs_decision() && (told.despite_no || member.consent() != OwnConsent::No);
            still.then(|| MemberChoice { index, reason: told.reason.clone() })
        };
        decided.iter().filter_map(place).collect()
    }

    /// Whether a member who was shown before, in `earlier`, has said no and is no longer shown. `written` is the whole household of today.
    pub(crate) fn lacks_who_said_no(&self, earlier: &Self, written: &Self) -> bool {
        let (left, today) = (self.household(), written.household());
        let gone = |who: &Who| !left.iter().any(|(_, member)| Who::of(member) == *who);
        earlier.household().iter().map(|(_, member)| Who::of(member)).any(|who| gone(&who) && says_no(&today, &who))
    }
}

/// Whether `now` tells of no member of whom `before` did not tell.
pub(crate) fn is_part(now: &[ToldMember], before: &[ToldMember]) -> bool {
    now.iter().all(|it| before.iter().any(|earlier| earlier.who == it.who && earlier.despite_no >= it.despite_no))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::Revealed;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn content(household: &Value) -> Content {
        serde_json::from_value(json!({"identity": {"family_name": "見本"}, "household": household})).unwrap()
    }

    fn shown(members: &Members, content: &Content, now: &Content) -> Value {
        serde_json::to_value(Revealed(&content.clone().with_members(members, now))).unwrap()["household"].clone()
    }

    fn choice(index: usize) -> MemberChoice {
        MemberChoice { index, reason: Personal::new("介護の手配に要る。".to_owned()) }
    }

    fn mother(own_consent: &str) -> Value {
        json!({"name": "見本 梅", "relation": "母", "birth_date": "1944-01-08", "own_consent": own_consent})
    }

    fn brother() -> Value {
        json!({"name": "見本 次郎", "relation": "弟"})
    }

    #[test]
    fn only_who_consented_or_need_not_is_told_of_without_a_decision() {
        let list = json!([mother("given"), mother("not_needed"), mother("none"), mother("unknown"), brother()]);
        let all = content(&list);
        assert_eq!(shown(&Members::Told(vec![]), &all, &all), json!([list[0], list[1]]));
        assert_eq!(shown(&Members::All, &all, &all), list);
        let nobody = content(&json!([brother()]));
        assert_eq!(
            shown(&Members::Told(vec![]), &nobody, &nobody),
            Value::Null,
            "an empty list tells that there is one"
        );
    }

    #[test]
    fn a_decision_follows_the_member_and_not_the_place() {
        let first = content(&json!([mother("unknown"), brother()]));
        let chosen = weigh(&first, &[choice(0)]);
        assert_eq!(chosen.left_out.iter().map(|it| it.index).collect::<Vec<_>>(), [1]);
        let members = Members::Told(chosen.told.clone());
        assert_eq!(shown(&members, &first, &first), json!([mother("unknown")]));
        let reordered = content(&json!([brother(), mother("unknown")]));
        assert_eq!(shown(&members, &reordered, &reordered), json!([mother("unknown")]));
        assert_eq!(reordered.choices(&chosen.told).iter().map(|it| it.index).collect::<Vec<_>>(), [1]);
        let other = content(&json!([brother(), brother()]));
        assert_eq!(shown(&members, &other, &other), Value::Null);
        // Two members who cannot be told apart: a decision on one names neither.
        let twice = content(&json!([mother("unknown"), mother("unknown")]));
        assert_eq!(shown(&members, &twice, &twice), Value::Null);
    }

    #[test]
    fn who_says_no_is_left_out_of_earlier_texts_too_unless_it_was_decided_knowing_that() {
        let first = content(&json!([mother("given")]));
        let later = content(&json!([mother("none")]));
        assert_eq!(shown(&Members::Told(vec![]), &first, &later), Value::Null);
        assert_eq!(shown(&Members::AsSent(vec![]), &first, &later), json!([mother("given")]));
        let unasked = weigh(&content(&json!([mother("unknown")])), &[choice(0)]).told;
        assert_eq!(shown(&Members::Told(unasked.clone()), &later, &later), Value::Null);
        assert!(later.choices(&unasked).is_empty());
        let knowing = weigh(&later, &[choice(0)]).told;
        assert_eq!(shown(&Members::Told(knowing.clone()), &later, &later), json!([mother("none")]));
        let cleared = content(&json!([mother("unknown")]));
        assert_eq!(shown(&Members::Told(knowing), &cleared, &cleared), json!([mother("unknown")]));
    }

    #[test]
    fn a_choice_that_names_nobody_who_needs_it_is_wrong() {
        let list = content(&json!([mother("given"), brother(), mother("none"), mother("none")]));
        let codes = |choices: &[MemberChoice]| {
            let wrong = weigh(&list, choices).wrong;
            wrong.into_iter().map(|it| (it.pointer, it.code.to_string())).collect::<Vec<_>>()
        };
        let at = |place: usize| format!("/household_members/{place}/index");
        assert_eq!(codes(&[choice(4)]), [(at(0), "unknown_member".to_owned())]);
        assert_eq!(codes(&[choice(0)]), [(at(0), "not_needed".to_owned())]);
        assert_eq!(codes(&[choice(1), choice(1)]), [(at(1), "duplicate".to_owned())]);
        assert_eq!(codes(&[choice(2)]), [(at(0), "ambiguous".to_owned())]);
        assert_eq!(codes(&vec![choice(1); 21]), [("/household_members".to_owned(), "length".to_owned())]);
        assert_eq!(codes(&[choice(1)]), []);
    }

    fn member() -> impl Strategy<Value = Value> {
        let consent = prop_oneof![Just(None), Just(Some("unknown")), Just(Some("none")), Just(Some("given"))];
        (prop_oneof![Just(None), Just(Some("甲")), Just(Some("乙"))], prop_oneof![Just("母"), Just("弟")], consent)
            .prop_map(|(name, relation, consent)| json!({"name": name, "relation": relation, "own_consent": consent}))
    }

    proptest! {
        /// After any later edit of the list, a member without their own consent is shown only if the decision was about that name and
        /// relation.
        #[test]
        fn no_later_edit_lets_somebody_else_through(
            before in prop::collection::vec(member(), 1..4),
            after in prop::collection::vec(member(), 0..5),
            index in 0_usize..4,
        ) {
            let chosen = weigh(&content(&json!(before)), &[choice(index)]);
            let members = Members::Told(chosen.told.clone());
            let now = content(&json!(after));
            let seen = shown(&members, &now, &now);
            for row in seen.as_array().into_iter().flatten() {
                let consented = row["own_consent"] == "given";
                let decided = chosen.wrong.is_empty() && {
                    let about = &before[index];
                    let alone = after.iter().filter(|it| it["name"] == row["name"] && it["relation"] == row["relation"]).count() == 1;
                    let knew = about["own_consent"] == "none" || row["own_consent"] != "none";
                    alone && knew && about["name"] == row["name"] && about["relation"] == row["relation"]
                };
                prop_assert!(consented || decided, "{row} of {after:?} after {before:?}[{index}]");
            }
        }
    }
}

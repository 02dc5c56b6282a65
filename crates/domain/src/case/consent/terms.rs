//! What a person agreed to, refused or left open, and the rules that it must fulfil.

use crate::age;
use crate::agency::AgencyClass;
use crate::case::consent::{AllowOnward, ConsentMethod, Decision, GivenByKind, IdentityCheck, Purpose, SubjectIntent};
use crate::content::{Content, OwnConsent, RiskFlag, Section, Sections};
use crate::door::FieldError;
use crate::explained::Explained;
use crate::floor::Floor;
use crate::ids::{AgencyId, NoticeId, StaffId};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// When a person below this age consents alone, the recorder says why that is enough (docs/domain.md: rule of thumb 12–15).
const YOUNG: i16 = 16;
/// The most members of a household in a consent, as many as a sheet may have.
const MEMBERS: usize = 20;

/// Who gave the consent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GivenBy {
    /// 本人, 法定代理人 or 任意代理人.
    pub kind: GivenByKind,
    /// The representative's name.
    pub name: Option<Personal<String>>,
    /// The representative's relation to the person.
    pub relation: Option<Personal<String>>,
    /// The document that was seen to show the authority.
    pub authority_document: Option<Personal<String>>,
    /// Why the person could not consent, or could in spite of their age.
    pub capacity_note: Option<Personal<String>>,
    /// What the person wants, when a representative consents.
    pub subject_intent: Option<SubjectIntent>,
}

/// The recipients that the person allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// Agencies by name.
    pub agency_ids: BTreeSet<AgencyId>,
    /// Every agency of these classes.
    pub classes: BTreeSet<AgencyClass>,
}

/// What was agreed, refused or left open: immutable once recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Terms {
    /// 同意, 一部同意, 不同意 or 保留.
    pub decision: Decision,
    /// Who gave it.
    pub given_by: GivenBy,
    /// How the giver's identity was checked.
    pub identity_check: IdentityCheck,
    /// How it was given.
    pub method: ConsentMethod,
    /// The person who wrote in the giver's stead (代筆), and why.
    pub proxy_writer: Option<Personal<String>>,
    /// The member of staff who must confirm as witness, if one was named.
    pub witness_staff_id: Option<StaffId>,
    /// The text that was shown.
    pub notice_id: Option<NoticeId>,
    /// 利用目的.
    pub purpose: Purpose,
    /// The sections that may be told.
    pub sections: Sections,
    /// The agencies that may be told.
    pub recipients: Recipients,
    /// The agencies that must not be told.
    pub exclusions: BTreeSet<AgencyId>,
    /// Whether a recipient may pass it on.
    pub allow_onward: AllowOnward,
    /// Whether a recipient may report back in words.
    pub allow_report_back: bool,
    /// When it was given.
    pub obtained_at: Instant,
    /// First day in force.
    pub effective_from: Day,
    /// Last day in force.
    pub effective_until: Day,
    /// When to ask again after a refusal or a deferral.
    pub follow_up_on: Option<Day>,
    /// How it came about.
    #[serde(default)]
    pub circumstances: Circumstances,
}

/// How a consent came about, as far as it was written down.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Circumstances {
    /// 利用目的 in words.
    pub purpose_text: Option<Personal<String>>,
    /// Where it was given.
    pub obtained_place: Option<Personal<String>>,
    /// When the person was given a copy (控え).
    pub copy_given_on: Option<Day>,
    /// Members of the household whose data it should cover, each with their own consent.
    pub household_members: Vec<CoveredMember>,
    /// 伝えてほしくない相手・事項, in words.
    pub exclusion_note: Option<Personal<String>>,
    /// The recorder states that the representative is not the suspected abuser.
    pub representative_not_suspected: bool,
    /// Which text was shown, and its hash.
    pub explained: Option<Explained>,
    /// The names of the agencies in the terms, as they were when it was given.
    #[serde(default)]
    pub agency_names: BTreeMap<AgencyId, String>,
}

/// A member of the household whose data a consent should cover: nobody can consent for another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CoveredMember {
    /// The name.
    pub name: Personal<String>,
    /// Whether that person consented.
    pub own_consent: OwnConsent,
}

impl Terms {
    /// Whether another member of staff must confirm: given orally, by telephone, or written by somebody else (代筆).
    pub fn need_witness(&self) -> bool {
        matches!(self.decision, Decision::Granted | Decision::Partial)
            && (matches!(self.method, ConsentMethod::Oral | ConsentMethod::Phone) || self.proxy_writer.is_some())
    }

    /// What does not hold in these terms, with pointers into the consent's JSON; empty when they may be recorded. `seen` is the part of the
    /// sheet's content that the recorder may see: a rule that looked at more would reveal it.
    pub fn wrong(&self, now: Instant, recorder: Option<StaffId>, seen: &Content, sees: &Sections) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, pointer: &str, code: &str, detail: &str| {
            if !holds {
                wrong.push(FieldError::new(pointer, code, detail));
            }
        };
        must(self.obtained_at <= now, "/obtained_at", "in_future", "同意を得た日時は、今より前にしてください。");
        let order = "終了日は、開始日以降の日付にしてください。";
        must(self.effective_from <= self.effective_until, "/effective_until", "out_of_range", order);
        let named = "立会人は、記録した人とは別の職員にしてください。";
        must(
            self.witness_staff_id.is_none() || self.witness_staff_id != recorder,
            "/witness_staff_id",
            "same_person",
            named,
        );
        let given = self.circumstances.copy_given_on.is_none_or(|day| day.0 <= now.date());
        must(given, "/copy_given_on", "in_future", "控えを渡した日は、今日までの日付にしてください。");
        let few = self.circumstances.household_members.len() <= MEMBERS;
        must(few, "/household_members", "length", "世帯員は20人までです。");
        let grants = matches!(self.decision, Decision::Granted | Decision::Partial);
        if grants {
            let nothing = "伝えてよい項目を一つ以上選んでください。";
            must(!self.sections.is_empty(), "/sections", "required", nothing);
            let nobody = "伝えてよい相手(機関または区分)を一つ以上選んでください。";
            let somebody = !self.recipients.agency_ids.is_empty() || !self.recipients.classes.is_empty();
            must(somebody, "/recipients", "required", nobody);
        }
        let by = &self.given_by;
        let represented = by.kind != GivenByKind::Oneself;
        if represented {
            must(by.name.is_some(), "/given_by/name", "required", "代理人の氏名を入力してください。");
        }
        // A refusal is recorded as it is said, by whomever: asking for papers would only keep it out of the record.
        if represented && grants {
            let seen =
                "代理人であることを示す書類(戸籍、登記事項証明書、委任状など)を確認し、その名前を入力してください。";
            must(by.authority_document.is_some(), "/given_by/authority_document", "required", seen);
            let why = "代理人が同意する理由(本人の判断能力など)を入力してください。";
            must(by.capacity_note.is_some(), "/given_by/capacity_note", "required", why);
            let intent = "本人の意向を選んでください。";
            must(by.subject_intent.is_some(), "/given_by/subject_intent", "required", intent);
        }
        if represented && grants && self.representative_may_be_suspected(seen, sees) {
            let stated = "代理人が、虐待やDVの疑いのある人でないことを確かめ、確かめたことを記録してください。疑いがあるときは、この同意によらず、\
                          所属長と法令に基づく方法を相談してください。";
            let holds = self.circumstances.representative_not_suspected;
            must(holds, "/representative_not_suspected", "required", stated);
        }
        let on = Day(self.obtained_at.date());
        let unborn = "同意を得た日時が、生年月日より前です。どちらかを直してください。";
        let slip = Floor::Deed.wrong("/obtained_at", on);
        let born = slip.is_some() || seen.birth_date().is_none_or(|birth| birth <= on);
        must(born, "/obtained_at", "before_birth", unborn);
        let young = slip.is_none() && seen.birth_date().is_some_and(|birth| age::is_under(birth, YOUNG, on));
        if !represented && grants && young {
            let able = "本人は16歳未満です。説明を理解して同意できると判断した理由を入力してください。";
            must(by.capacity_note.is_some(), "/given_by/capacity_note", "required", able);
        }
        wrong.extend(slip);
        wrong.extend(Floor::Deed.wrong("/effective_from", self.effective_from).filter(|_| self.effective_from != on));
        let later = [("/copy_given_on", self.circumstances.copy_given_on), ("/follow_up_on", self.follow_up_on)];
        wrong.extend(later.iter().filter_map(|(pointer, day)| Floor::Deed.wrong(pointer, (*day)?)));
        wrong
    }

    /// What is wrong when the consent lasts longer than `years` from the day it was given, or from its first day if that is earlier.
    /// Nothing is measured from a day that is before the floor: that day is the one to correct.
    pub fn too_long(&self, years: u8) -> Option<FieldError> {
        let began = self.effective_from.min(Day(self.obtained_at.date()));
        if Floor::Deed.wrong("", began).is_some() {
            return None;
        }
        let latest = began.0.checked_add(jiff::Span::new().years(i16::from(years))).map_or(Day::LAST, Day);
        let detail = format!(
            "同意の期間は、同意を得た日から{years}年までです。終了日をそれより前にしてください。続けるときは、そのときに改めて同意を得てください。"
        );
        (self.effective_until > latest).then(|| FieldError::new("/effective_until", "too_long", detail))
    }

    /// Whether a suspicion is recorded, or the recorder cannot see whether one is: then the statement is required in any case, so requiring
    /// it reveals nothing.
    fn representative_may_be_suspected(&self, seen: &Content, sees: &Sections) -> bool {
        let suspicions = [RiskFlag::ChildAbuse, RiskFlag::ElderAbuse, RiskFlag::DisabilityAbuse, RiskFlag::Dv];
        !sees.contains(&Section::Risk) || seen.risk_flags().iter().any(|flag| suspicions.contains(flag))
    }
}

//! Agencies (部署・機関), the people in them, and who is acting.

mod change;
mod record;

pub use change::Decision;
pub use record::{AgencyRecord, EarlierName, Ending, PendingChange};

use crate::account::Role;
use crate::codes::code_list;
use crate::ids::{AgencyId, ClientId, MunicipalityId, PostId, SessionId, StaffId};
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A confidentiality agreement (守秘義務契約・協定).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Its number.
    pub number: String,
    /// First day in force.
    pub valid_from: Day,
    /// Last day in force.
    pub valid_until: Day,
}

/// An agency as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// The municipality whose directory it stands in.
    pub municipality_id: MunicipalityId,
    /// Its class (also the recipient class of consents).
    pub class: AgencyClass,
    /// First day of its existence.
    pub active_from: Day,
    /// Last day, if it is known.
    pub active_until: Option<Day>,
    /// The agreement with it, if any.
    pub agreement: Option<Agreement>,
    /// Whether a second person has confirmed that it is what it says it is. Until then it does not exist for anybody else.
    pub confirmed: bool,
}

impl Agreement {
    /// Whether it gives no more than `other` does: the same agreement, and no day outside its term.
    pub fn is_within(&self, other: &Self) -> bool {
        self.number == other.number && other.valid_from <= self.valid_from && self.valid_until <= other.valid_until
    }
}

impl Agency {
    /// Whether the agency exists on `today`, and a second person has confirmed it.
    pub fn is_active(&self, today: Day) -> bool {
        self.confirmed && self.active_from <= today && self.active_until.is_none_or(|until| today <= until)
    }

    /// Whether its last day has passed.
    pub fn is_over(&self, today: Day) -> bool {
        self.active_until.is_some_and(|until| until < today)
    }

    /// Whether it needs no agreement, or has one in force.
    pub fn may_be_told(&self, today: Day) -> bool {
        !self.class.needs_agreement()
            || self.agreement.as_ref().is_some_and(|a| a.valid_from <= today && today <= a.valid_until)
    }
}

code_list! {
    /// A scope of a department system (RFC 6749 §3.3).
    pub enum Scope ("scope", "連携システムの権限") {
        SheetsWrite = "sheets:write", "シートの作成・訂正・終結、同意の記録と撤回、経過と添付の追加";
        SheetsRead = "sheets:read", "シート、同意、経過、添付、例外、待っていることの閲覧";
        RelaysWrite = "relays:write", "つなぎの送付、受領、結果の報告、共有の停止への回答";
        RelaysRead = "relays:read", "つなぎの閲覧";
        AuditRead = "audit:read", "監査証跡と提供の記録の閲覧";
        DirectoryWrite = "directory:write", "機関と説明文の登録と変更";
        /// A consent that it records is in force at once, on the word of a person whom it names.
        ConsentsRecord = "consents:record", "職員が本人から聞いた同意の記録(システム管理者と個人情報保護管理者がともに認めたシステムだけ)";
    }
}

/// Who acts: a person in a post, or a department system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person who has logged in.
    Staff {
        /// The person.
        staff_id: StaffId,
        /// The session.
        session_id: SessionId,
        /// The acting post.
        post_id: PostId,
        /// Its role.
        role: Role,
    },
    /// A department system.
    Client {
        /// The client.
        client_id: ClientId,
        /// What its token allows.
        scopes: BTreeSet<Scope>,
    },
}

/// A principal that acts for an agency, at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person or system.
    pub principal: Principal,
    /// For which agency.
    pub agency_id: AgencyId,
    /// In which municipality.
    pub municipality_id: MunicipalityId,
    /// When.
    pub at: Instant,
}

impl Actor {
    /// The acting person, if it is one.
    pub fn staff_id(&self) -> Option<StaffId> {
        match &self.principal {
            Principal::Staff { staff_id, .. } => Some(*staff_id),
            Principal::Client { .. } => None,
        }
    }

    /// Whether it is a department system.
    pub fn is_system(&self) -> bool {
        matches!(self.principal, Principal::Client { .. })
    }

    /// Whether it is a department system whose token has this scope.
    pub fn has_scope(&self, scope: Scope) -> bool {
        matches!(&self.principal, Principal::Client { scopes, .. } if scopes.contains(&scope))
    }

    /// The calendar day on which this happens, in Japan.
    pub fn today(&self) -> Day {
        Day(self.at.date())
    }
}

code_list! {
    /// 機関の区分; also the recipient classes of a consent.
    pub enum AgencyClass ("agency_class", "機関の区分") {
        Ward = "ward", "区の部署"; Contractor = "contractor", "区の委託先"; Council = "council", "社会福祉協議会"; PublicBody = "public_body", "他の官公署";
        Medical = "medical", "医療機関"; School = "school", "学校"; Npo = "npo", "NPO等"; Commissioner = "commissioner", "民生委員"; Other = "other", "その他";
        Prefecture = "prefecture", "都道府県"; OtherMunicipality = "other_municipality", "他の区市町村"; Business = "business", "協力事業者"; Legal = "legal", "弁護士・司法書士等";
    }
}

impl AgencyClass {
    /// Whether a confidentiality agreement (守秘義務契約・協定) must be in force before anything is relayed there.
    pub fn needs_agreement(self) -> bool {
        use AgencyClass::{Business, Contractor, Council, Legal, Medical, Npo, Other, School};
        matches!(self, Contractor | Council | Medical | School | Npo | Other | Business | Legal)
    }
}

//! Agencies (部署・機関), the people in them, and who is acting.

use crate::codes::{AgencyClass, Role};
use crate::ids::{AgencyId, ClientId, MunicipalityId, PostId, SessionId, StaffId};
use crate::time::{Day, Instant};
use std::collections::BTreeSet;

/// A confidentiality agreement (守秘義務契約・協定).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its number.
    pub number: String,
    /// First day in force.
    pub valid_from: Day,
    /// Last day in force.
    pub valid_until: Day,
}

/// An agency as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl Agency {
    /// Whether the agency exists on `today`.
    pub fn is_active(&self, today: Day) -> bool {
        self.active_from <= today && self.active_until.is_none_or(|until| today <= until)
    }

    /// Whether it needs no agreement, or has one in force.
    pub fn may_be_told(&self, today: Day) -> bool {
        !self.class.needs_agreement()
            || self.agreement.as_ref().is_some_and(|a| a.valid_from <= today && today <= a.valid_until)
    }
}

/// A scope of a department system (RFC 6749 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `sheets:write`
    SheetsWrite,
    /// `sheets:read`
    SheetsRead,
    /// `relays:write`
    RelaysWrite,
    /// `relays:read`
    RelaysRead,
    /// `audit:read`
    AuditRead,
    /// `directory:write`
    DirectoryWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::SheetsWrite,
        Self::SheetsRead,
        Self::RelaysWrite,
        Self::RelaysRead,
        Self::AuditRead,
        Self::DirectoryWrite,
    ];

    /// The scope on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SheetsWrite => "sheets:write",
            Self::SheetsRead => "sheets:read",
            Self::RelaysWrite => "relays:write",
            Self::RelaysRead => "relays:read",
            Self::AuditRead => "audit:read",
            Self::DirectoryWrite => "directory:write",
        }
    }

    /// The scope of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
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

/// A principal on behalf of an agency, at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
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

    /// The calendar day on which this happens, in Japan.
    pub fn today(&self) -> Day {
        Day(self.at.date())
    }
}

//! An agency with what the directory says about it.

use super::{Agency, Agreement};
use crate::agency::AgencyClass;
use crate::aggregate::Aggregate;
use crate::audit::Stream;
use crate::ids::{AgencyId, MunicipalityId, StaffId};
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};

/// An agency, with what the directory says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyRecord {
    /// What the rules look at: id, municipality, class, first and last day, agreement.
    pub agency: Agency,
    /// Its code, unique in the municipality.
    pub code: String,
    /// Its name, or the next one when a change of name lies ahead; [`AgencyRecord::called`] gives the name at an instant.
    pub name: String,
    /// The name in kana.
    pub kana: String,
    /// The names before this one, oldest first.
    pub earlier_names: Vec<EarlierName>,
    /// The agency above it.
    pub parent_id: Option<AgencyId>,
    /// The agency that came after it.
    pub successor_id: Option<AgencyId>,
    /// The codes of the topics (相談内容) that it takes.
    pub topics: Vec<String>,
    /// The address for its mail.
    pub mailbox: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Whether it coordinates (調整担当).
    pub hub: bool,
    /// Whether a consent or a relay names it; then it must stay what it is.
    pub is_named: bool,
    /// A change that waits for a second person.
    pub pending: Option<PendingChange>,
    /// When the service noted that the agency is no more; it never comes back.
    pub ended_at: Option<Instant>,
    /// Since when mail to it has been given up. No rule looks at it, so it stands beside the document.
    #[serde(skip)]
    pub mail_failed_at: Option<Instant>,
    /// Counts from 1.
    pub revision: u32,
    /// When it was changed last.
    pub updated_at: Instant,
}

/// What an agency will become when a second person confirms it. Class and agreement both decide who may be told what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingChange {
    /// The class.
    pub class: AgencyClass,
    /// The agreement.
    pub agreement: Option<Agreement>,
    /// The person who asked for it; none = a department system.
    pub asked_by: Option<StaffId>,
    /// When.
    pub asked_at: Instant,
    /// The end of the agency, where that is asked for, too: everything it has goes to another agency.
    #[serde(default)]
    pub ending: Option<Ending>,
}

/// The last day of an agency, and the agency that succeeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The last day, if it is known.
    pub active_until: Option<Day>,
    /// The agency that gets everything of this one.
    pub successor_id: AgencyId,
}

/// A name that an agency had, or that it has until the next one takes effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierName {
    /// The name.
    pub name: String,
    /// The name in kana.
    pub kana: String,
    /// The instant from which it is no longer the name.
    pub until: Instant,
}

impl AgencyRecord {
    /// The name and its kana at an instant. For an instant before the agency was recorded, the first name.
    pub fn called(&self, at: Instant) -> (&str, &str) {
        match self.earlier_names.iter().find(|earlier| at < earlier.until) {
            Some(then) => (&then.name, &then.kana),
            None => (&self.name, &self.kana),
        }
    }

    /// The name at an instant; if it is a different one now, followed by the name of today.
    pub fn called_then(&self, at: Instant, now: Instant) -> String {
        let (then, now) = (self.called(at).0, self.called(now).0);
        if then == now { then.to_owned() } else { format!("{then}(現 {now})") }
    }
}

impl Aggregate for AgencyRecord {
    type Changes = ();

    fn stream(&self) -> Stream {
        Stream::Agency(self.agency.id)
    }

    fn municipality_id(&self) -> MunicipalityId {
        self.agency.municipality_id
    }
}

//! The part of a case that an operation is about, and how an agency stands to it.

use super::Case;
use crate::account::Role;
use crate::agency::{Actor, Principal};
use crate::ids::{AddressReleaseId, ConsentId, ExceptionId, RelayId, SheetId, StopRequestId};
use crate::permit::Relation;

/// The id of a thing whose sheet must be found first.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// The sheet itself.
    Sheet(SheetId),
    /// One of its relays.
    Relay(RelayId),
    /// One of its consents.
    Consent(ConsentId),
    /// One of its exceptions.
    Exception(ExceptionId),
    /// One of its stop requests.
    StopRequest(StopRequestId),
    /// A release of its secret address.
    Release(AddressReleaseId),
}

macro_rules! targets {
    ($($id:ident => $target:ident),+ $(,)?) => {
        $(impl From<$id> for Target {
            fn from(id: $id) -> Self {
                Self::$target(id)
            }
        })+
    };
}

targets! {
    SheetId => Sheet, RelayId => Relay, ConsentId => Consent, ExceptionId => Exception, StopRequestId => StopRequest,
    AddressReleaseId => Release,
}

/// How an actor stands to a target.
#[derive(Debug, Clone, Copy)]
pub struct Footing {
    /// The relation of the actor's agency.
    pub relation: Relation,
    /// The revision of the target, as that agency sees it.
    pub revision: u32,
    /// Whether that agency recorded the sheet or has taken the place of the one that did.
    pub is_own: bool,
    /// Whether the sheet belongs to another municipality.
    pub is_abroad: bool,
}

impl Case {
    /// How `actor` stands to the target; none when this case has no such thing.
    pub fn footing(&self, target: Target, actor: &Actor) -> Option<Footing> {
        let agency = actor.agency_id;
        let is_own = self.sheet.origin_agency_id == agency;
        let is_abroad = self.sheet.municipality_id != actor.municipality_id;
        let (relation, revision) = match target {
            Target::Sheet(_) => (self.relation(agency), self.seen_by(agency).last.revision),
            Target::Consent(id) => {
                self.consent(id)?;
                (self.relation(agency), self.sheet.revision)
            }
            Target::Exception(id) => {
                let exception = self.exception(id)?;
                (self.exception_relation(exception, agency), exception.revision)
            }
            // Nobody but the origin knows that the address is secret.
            Target::Release(id) => {
                self.release(id)?;
                (if is_own { Relation::Origin } else { Relation::Neighbour }, self.sheet.revision)
            }
            Target::StopRequest(id) => (self.stop_relation(self.stop(id)?, agency), self.sheet.revision),
            Target::Relay(id) => {
                let relay = self.relay(id)?;
                let relation = self.relay_relation(relay, agency);
                // 調整担当 sees what still waits for an answer, and nothing that is over.
                let is_hub = matches!(actor.principal, Principal::Staff { role: Role::Hub, .. });
                let over = is_hub && relation == Relation::Neighbour && relay.is_over();
                (if over { Relation::Stranger } else { relation }, relay.seen_by(agency).0)
            }
        };
        let relation = if relation == Relation::Neighbour && is_abroad { Relation::Stranger } else { relation };
        Some(Footing { relation, revision, is_own, is_abroad })
    }
}

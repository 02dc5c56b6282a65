//! Lifted exclusions as a request and as an answer.

use domain::case::LiftedView;
use domain::case::consent::Lifted;
use domain::ids::AgencyId;
use domain::personal::Personal;
use domain::text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// やめる「伝えてほしくない相手」。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LiftedRequest {
    /// 伝えてよいことになった機関
    agency_id: AgencyId,
    /// 本人が、なぜよいと言ったか
    #[validate(length(max = 300), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
}

impl LiftedRequest {
    pub(super) fn lifted(&self) -> Lifted {
        Lifted { agency_id: self.agency_id, reason: Personal::new(self.reason.clone()) }
    }
}

/// やめた「伝えてほしくない相手」.
#[derive(Serialize, ToSchema)]
pub(super) struct LiftedResponse {
    agency_id: AgencyId,
    #[schema(value_type = Option<String>)]
    reason: Option<Personal<String>>,
}

impl From<LiftedView> for LiftedResponse {
    fn from(it: LiftedView) -> Self {
        Self { agency_id: it.agency_id, reason: it.reason }
    }
}

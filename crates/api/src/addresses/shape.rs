//! The release of an address as a request and as an answer.

use crate::execute::{Answer, Scene, Stop};
use crate::problem::Problem;
use domain::agency::Actor;
use domain::case::address::{AddressRelease, ReleaseEnd, ReleaseState};
use domain::case::{self, Case, Outcome, Target};
use domain::ids::{AddressReleaseId, AgencyId, SheetId, StaffId};
use domain::permit::Permit;
use domain::personal::Personal;
use domain::text;
use domain::time::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// 承認・却下・取消(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionRequest {
    /// 理由
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl DecisionRequest {
    pub(super) fn reason(&self) -> Option<Personal<String>> {
        self.reason.clone().map(Personal::new)
    }
}

/// 住所秘匿の解除.
#[derive(Serialize, ToSchema)]
pub(super) struct AddressReleaseResponse {
    id: AddressReleaseId,
    sheet_id: SheetId,
    /// 住所を伝える機関
    to_agency_id: AgencyId,
    /// 住所を伝える職員
    #[schema(value_type = Option<String>)]
    named_staff: Option<Personal<String>>,
    /// 伝える必要がある理由
    #[schema(value_type = Option<String>)]
    reason: Option<Personal<String>>,
    state: ReleaseState,
    /// 申請した職員
    requested_by: Option<StaffId>,
    requested_at: Instant,
    /// 承認・却下した職員
    decided_by: Option<StaffId>,
    decided_at: Option<Instant>,
    /// 承認・却下の理由
    #[schema(value_type = Option<String>)]
    decision_reason: Option<Personal<String>>,
    /// 取り消した、または承認を終わらせる書き直しをした職員
    revoked_by: Option<StaffId>,
    revoked_at: Option<Instant>,
    /// 終わったわけ(秘匿の根拠や住所が変わると、承認も終わります)
    ended_by: Option<ReleaseEnd>,
    /// 取消の理由
    #[schema(value_type = Option<String>)]
    revocation_reason: Option<Personal<String>>,
    /// いま、この人ができる変更(operationId)。入力によっては、断られることもある
    can: Vec<&'static str>,
}

/// The release as `actor` may see it.
pub(super) fn release_response(
    case: &Case,
    release: &AddressRelease,
    permit: Permit,
    actor: &Actor,
) -> AddressReleaseResponse {
    let words = case::reads_reasons(permit, actor);
    let shown = |text: Option<&Personal<String>>| text.filter(|_| words).cloned();
    let (decided, revoked) = (release.decided.as_ref(), release.revoked.as_ref());
    AddressReleaseResponse {
        id: release.id,
        sheet_id: release.sheet_id,
        to_agency_id: release.to_agency_id,
        named_staff: shown(release.named_staff.as_ref()),
        reason: shown(Some(&release.reason)),
        state: release.state,
        requested_by: release.requested_by,
        requested_at: release.requested_at,
        decided_by: decided.and_then(|it| it.staff_id),
        decided_at: decided.map(|it| it.at),
        decision_reason: shown(decided.and_then(|it| it.reason.as_ref())),
        revoked_by: revoked.and_then(|it| it.staff_id),
        revoked_at: revoked.map(|it| it.at),
        ended_by: release.ended_by,
        revocation_reason: shown(revoked.and_then(|it| it.reason.as_ref())),
        can: case.can(Target::Release(release.id), actor),
    }
}

/// Writes the outcome and answers with the release.
pub(super) fn written(scene: Scene<'_, '_>, id: AddressReleaseId, outcome: Outcome) -> Result<Answer, Stop> {
    let (actor, permit) = (scene.actor, scene.permit);
    let locked = scene.apply(outcome)?;
    let release = locked.thing.release(id).ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&release_response(&locked.thing, release, permit, actor))?)
}

//! The stop request as an answer.

use domain::agency::Actor;
use domain::case::stop::{Disposition, StopAnswer, StopCause, StopRequest, StopState};
use domain::case::{self, Case, Target};
use domain::content::Section;
use domain::ids::{AgencyId, RelayId, SheetId, StaffId, StopRequestId};
use domain::permit::Permit;
use domain::personal::Personal;
use domain::time::{Day, Instant};
use serde::Serialize;
use utoipa::ToSchema;

/// 停止の通知への回答.
#[derive(Serialize, ToSchema)]
struct StopAnswerResponse {
    /// 写しの扱い
    disposition: Disposition,
    /// 保有する根拠の法令
    #[schema(value_type = Option<String>)]
    legal_ground: Option<Personal<String>>,
    /// 説明
    #[schema(value_type = Option<String>)]
    note: Option<Personal<String>>,
    /// 回答した職員
    staff_id: Option<StaffId>,
    answered_at: Instant,
}

/// 停止の通知.
#[derive(Serialize, ToSchema)]
pub(super) struct StopNoticeResponse {
    id: StopRequestId,
    sheet_id: SheetId,
    /// 回答する機関
    agency_id: AgencyId,
    state: StopState,
    cause: StopCause,
    /// 使えなくなった共有項目
    sections: Vec<Section>,
    /// どのつなぎで伝えられたものか
    relay_ids: Vec<RelayId>,
    told_at: Instant,
    /// 回答期限
    due: Day,
    /// 督促した日
    overdue_since: Option<Day>,
    /// 個人情報保護管理者に知らせた日
    escalated_on: Option<Day>,
    answer: Option<StopAnswerResponse>,
    /// いま、この人ができる変更(operationId)。入力によっては、断られることもある
    can: Vec<&'static str>,
}

/// The request as `actor` may see it.
pub(super) fn stop_response(case: &Case, stop: &StopRequest, permit: Permit, actor: &Actor) -> StopNoticeResponse {
    let words = case::reads_reasons(permit, actor);
    let answer = |it: &StopAnswer| StopAnswerResponse {
        disposition: it.disposition,
        legal_ground: it.legal_ground.clone().filter(|_| words),
        note: it.note.clone().filter(|_| words),
        staff_id: it.staff_id,
        answered_at: it.at,
    };
    StopNoticeResponse {
        id: stop.id,
        sheet_id: stop.sheet_id,
        agency_id: stop.agency_id,
        state: stop.state(),
        cause: stop.cause,
        sections: stop.sections.iter().copied().collect(),
        relay_ids: stop.relay_ids.clone(),
        told_at: stop.at,
        due: stop.due,
        overdue_since: stop.reminded_on,
        escalated_on: stop.escalated_on,
        answer: stop.answer.as_ref().map(answer),
        can: case.can(Target::StopRequest(stop.id), actor),
    }
}

use super::list_disclosures::label;
use crate::addresses::AddressReleaseItem;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::exceptions::shape::ExceptionItem;
use crate::execute::{Answer, note_reading};
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::calendar::fiscal_year;
use domain::case::exception::ExceptionState;
use domain::case::stop::{Disposition, StopCause};
use domain::ids::{AgencyId, ConsentId, SheetId, StopRequestId};
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use storage::{ExceptionBox, ExceptionSummary, ReadTx, ReleaseSummary, Releases, StoredEvent};
use utoipa::{IntoParams, ToSchema};

/// The longest list in the overview; each of these lists also has an operation of its own, with pages.
const SHOWN: i64 = 50;
/// The most answers that are read for all the sheets in the list together; a single sheet has few stop requests.
const MOST_ANSWERS: i64 = 2_000;
/// The longest range: a leap year, so that what is counted stays bounded.
const LONGEST_DAYS: i32 = 366;

#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OverviewQuery {
    /// 最初の日(省略すると、今年度の4月1日)
    from: Option<Day>,
    /// 最後の日(省略すると、今日)。366日まで
    until: Option<Day>,
}

/// 根拠ごとの件数.
#[derive(Serialize, ToSchema)]
struct DisclosureCount {
    /// consent、または例外のコード
    #[schema(example = "consent")]
    basis: String,
    /// 根拠の名前
    #[schema(example = "本人の同意")]
    label: String,
    count: u64,
}

/// 例外の状態ごとの件数(いま).
#[derive(Serialize, ToSchema)]
struct ExceptionCount {
    state: ExceptionState,
    count: u64,
}

/// 50件まで.
#[derive(Serialize, ToSchema)]
struct Newest<T> {
    items: Vec<T>,
    /// ほかにもあるか
    more: bool,
}

impl<T> Newest<T> {
    fn of<U>(mut found: Vec<U>, make: impl FnMut(U) -> T) -> Self {
        let shown = usize::try_from(SHOWN).unwrap_or(0);
        let more = found.len() > shown;
        found.truncate(shown);
        Self { items: found.into_iter().map(make).collect(), more }
    }
}

/// 同意の撤回.
#[derive(Serialize, ToSchema)]
struct WithdrawalItem {
    at: Instant,
    sheet_id: Option<SheetId>,
    consent_id: Option<ConsentId>,
    /// 撤回を記録した機関
    agency_id: Option<AgencyId>,
}

/// 停止の通知と、それへの回答.
#[derive(Serialize, ToSchema)]
struct StopItem {
    at: Instant,
    sheet_id: Option<SheetId>,
    stop_notice_id: Option<StopRequestId>,
    /// 通知を受けた機関
    agency_id: Option<AgencyId>,
    cause: Option<StopCause>,
    /// 回答期限
    due: Option<Day>,
    /// 写しの扱い。まだ回答がなければ null
    disposition: Option<Disposition>,
    answered_at: Option<Instant>,
}

/// The facts of an event that are shown here. A body that somebody has tampered with is read as empty here; `audit verify` finds it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    consent_id: Option<ConsentId>,
    stop_notice_id: Option<StopRequestId>,
    to_agency_id: Option<AgencyId>,
    cause: Option<StopCause>,
    due: Option<Day>,
    disposition: Option<Disposition>,
}

#[derive(Default, Deserialize)]
struct EventBody {
    #[serde(default)]
    data: Said,
}

fn said(event: &StoredEvent) -> Said {
    serde_json::from_str::<EventBody>(&event.body).unwrap_or_default().data
}

impl From<StoredEvent> for WithdrawalItem {
    fn from(event: StoredEvent) -> Self {
        let consent_id = said(&event).consent_id;
        Self { at: event.at, sheet_id: event.sheet_id, consent_id, agency_id: event.agency_id }
    }
}

impl StopItem {
    fn of(issued: &StoredEvent, answers: &BTreeMap<StopRequestId, (Instant, Option<Disposition>)>) -> Self {
        let Said { stop_notice_id, to_agency_id, cause, due, .. } = said(issued);
        let answer = stop_notice_id.and_then(|id| answers.get(&id));
        Self {
            at: issued.at,
            sheet_id: issued.sheet_id,
            stop_notice_id,
            agency_id: to_agency_id,
            cause,
            due,
            disposition: answer.and_then(|(_, disposition)| *disposition),
            answered_at: answer.map(|(at, _)| *at),
        }
    }
}

/// 個人情報保護管理者のための一覧.
#[derive(Serialize, ToSchema)]
pub(super) struct OverviewResponse {
    from: Day,
    until: Day,
    /// 期間中の提供の件数(根拠ごと、送付と再送)
    disclosures: Vec<DisclosureCount>,
    /// 終わっていない例外の件数
    exceptions: Vec<ExceptionCount>,
    /// 承認を待つ例外
    waiting: Newest<ExceptionItem>,
    /// 緊急に使われ、承認を待つ例外(期限の早い順)
    used_before_approval: Newest<ExceptionItem>,
    /// 承認の期限を過ぎた例外
    overdue: Newest<ExceptionItem>,
    /// 期間中に、不同意が記録されていたのに使われた例外
    refusals_overridden: Newest<ExceptionItem>,
    /// 期間中の同意の撤回
    withdrawals: Newest<WithdrawalItem>,
    /// 期間中の停止の通知と、それへの回答
    stop_notices: Newest<StopItem>,
    /// 住所秘匿の解除(新しい順)
    address_releases: Newest<AddressReleaseItem>,
}

struct Found {
    disclosures: Vec<(String, u64)>,
    exceptions: Vec<(ExceptionState, u64)>,
    waiting: Vec<ExceptionSummary>,
    used_before_approval: Vec<ExceptionSummary>,
    overdue: Vec<ExceptionSummary>,
    overridden: Vec<ExceptionSummary>,
    withdrawals: Vec<StoredEvent>,
    stops: Vec<StoredEvent>,
    releases: Vec<ReleaseSummary>,
    stop_answers: Vec<StoredEvent>,
}

/// Everything that the privacy officer looks after, on one page.
#[utoipa::path(
    tag = "disclosures",
    summary = "個人情報保護の一覧",
    description = "期間中の提供の件数(根拠ごと)、終わっていない例外、期限を過ぎた例外、不同意に反して使われた例外、同意の撤回、停止の通知とそれへの回答、住所秘匿の解除。内容は含みません。閲覧は監査証跡に残ります。",
    params(OverviewQuery),
    responses((status = 200, description = "一覧", body = OverviewResponse))
)]
#[get("/api/v1/privacy/overview")]
pub(super) async fn show_privacy_overview(
    guard: Guard<op::ShowPrivacyOverview>,
    query: Query<OverviewQuery>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let today = actor.today();
    let until = query.0.until.unwrap_or(today);
    let april = jiff::civil::Date::new(fiscal_year(until.0), 4, 1).unwrap_or(until.0);
    let from = query.0.from.unwrap_or(Day(april));
    if until < from {
        return Err(Problem::invalid("/until", "before_start", "最後の日は、最初の日以降にしてください。"));
    }
    if until.0.since(from.0).map_or(i32::MAX, |span| span.get_days()) >= LONGEST_DAYS {
        return Err(Problem::invalid("/until", "out_of_range", "期間は、366日までにしてください。"));
    }
    let event = EventDraft::new(EventKind::DisclosureListed, Stream::Agency(actor.agency_id))
        .with("from", Fact::Day(from))
        .with("until", Fact::Day(until));
    note_reading(&app, actor, event).await?;
    let municipality = actor.municipality_id;
    let (begin, end) = (Instant::at_midnight(from.0), Instant::at_midnight(until.0.tomorrow().unwrap_or(until.0)));
    let read = move |tx: &mut ReadTx<'_>| {
        let all = ExceptionBox::All(municipality);
        let one_more = SHOWN + 1;
        let stops = tx.list_events_of(EventKind::StopIssued, municipality, begin, end, one_more)?;
        let sheets: Vec<SheetId> = stops.iter().filter_map(|stop| stop.sheet_id).collect();
        Ok(Found {
            stop_answers: tx.list_stop_answers(&sheets, MOST_ANSWERS)?,
            stops,
            releases: tx.list_releases(Releases::OfMunicipality(municipality), None, one_more)?,
            disclosures: tx.count_disclosures(municipality, begin, end)?,
            exceptions: tx.count_open_exceptions(municipality)?,
            waiting: tx.list_exceptions(all, Some(ExceptionState::Requested), None, one_more)?,
            used_before_approval: tx.list_used_before_approval(municipality, one_more)?,
            overdue: tx.list_exceptions(all, Some(ExceptionState::Overdue), None, one_more)?,
            overridden: tx.list_overridden_refusals(municipality, begin, end, one_more)?,
            withdrawals: tx.list_events_of(EventKind::ConsentWithdrawn, municipality, begin, end, one_more)?,
        })
    };
    let found = app.store.read::<_, Problem, _>(read).await?;
    let count = |(basis, count): (String, u64)| DisclosureCount { label: label(&basis).to_owned(), basis, count };
    let answers = found.stop_answers.iter().filter_map(|event| {
        let Said { stop_notice_id, disposition, .. } = said(event);
        Some((stop_notice_id?, (event.at, disposition)))
    });
    let answers = answers.collect();
    let shown = OverviewResponse {
        from,
        until,
        disclosures: found.disclosures.into_iter().map(count).collect(),
        exceptions: found.exceptions.into_iter().map(|(state, count)| ExceptionCount { state, count }).collect(),
        waiting: Newest::of(found.waiting, ExceptionItem::from),
        used_before_approval: Newest::of(found.used_before_approval, ExceptionItem::from),
        overdue: Newest::of(found.overdue, ExceptionItem::from),
        refusals_overridden: Newest::of(found.overridden, ExceptionItem::from),
        withdrawals: Newest::of(found.withdrawals, WithdrawalItem::from),
        address_releases: Newest::of(found.releases, AddressReleaseItem::from),
        stop_notices: Newest::of(found.stops, |stop| StopItem::of(&stop, &answers)),
    };
    Ok(Answer::ok(&shown)?.respond(false))
}

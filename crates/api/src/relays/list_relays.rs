use super::shape::BasisResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Query, query_instant};
use crate::execute::note_list;
use crate::page::{Limit, List, Page, bad_cursor};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::account::Role;
use domain::agency::Principal;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::consent::Purpose;
use domain::case::relay::{Handover, RelayState};
use domain::case::sheet::SheetLabel;
use domain::content::{Section, Urgency};
use domain::ids::{AgencyId, RelayId, SheetId, StaffId};
use domain::permit::Permit;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use storage::{Labels, ReadTx, RelayBox, RelayFilter, RelayOrder, RelaySummary};
use utoipa::{IntoParams, ToSchema};

/// Which way the relays went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// 届いたもの
    Inbox,
    /// 送ったもの
    Outbox,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// 回答期限の早い順
    Due,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RelaysQuery {
    /// 届いたもの(inbox)か送ったもの(outbox)か。調整担当と監査では、省略するとすべて
    #[param(inline)]
    r#box: Option<Which>,
    /// 状態
    state: Option<RelayState>,
    /// 並べ方(省略すると、新しい順)
    #[param(inline)]
    sort: Option<Sort>,
    /// この日時以降に変わったもの
    #[serde(default, deserialize_with = "query_instant")]
    updated_since: Option<Instant>,
    /// 返事を待っているもの(送付済、受領済、差戻し)だけ
    open: Option<bool>,
    /// 自分の部署で、この職員が担当するシートのもの
    assigned_staff_id: Option<StaffId>,
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// A relay in a list: no words, and of the content no more than the label of the sheet.
#[derive(Serialize, ToSchema)]
pub(super) struct RelayItem {
    id: RelayId,
    sheet_id: SheetId,
    /// シートの番号
    #[schema(example = "R8-000123")]
    number: String,
    /// 相談者と主な相談内容。どちらの共有も受けていなければ null
    label: Option<SheetLabel>,
    revision: u32,
    state: RelayState,
    from_agency_id: AgencyId,
    to_agency_id: AgencyId,
    parent_relay_id: Option<RelayId>,
    sections: Vec<Section>,
    purpose: Purpose,
    urgency: Urgency,
    handover: Handover,
    basis: BasisResponse,
    /// 自分の部署で担当する職員
    assigned_staff_id: Option<StaffId>,
    sent_at: Instant,
    /// 回答期限
    reply_due: Day,
    /// いつから期限を過ぎているか
    overdue_since: Option<Day>,
    /// 最後に督促した日
    chased_on: Option<Day>,
    updated_at: Instant,
}

impl RelayItem {
    fn of(relay: RelaySummary, labels: &Labels) -> Self {
        Self {
            id: relay.id,
            sheet_id: relay.sheet_id,
            number: relay.number,
            label: labels.of(relay.sheet_id),
            revision: relay.revision,
            state: relay.state,
            from_agency_id: relay.from_agency_id,
            to_agency_id: relay.to_agency_id,
            parent_relay_id: relay.parent_relay_id,
            sections: relay.sections,
            purpose: relay.purpose,
            urgency: relay.urgency,
            handover: relay.handover,
            basis: relay.basis.into(),
            assigned_staff_id: labels.assignee(relay.sheet_id),
            sent_at: relay.sent_at,
            reply_due: relay.reply_due,
            overdue_since: relay.overdue_since,
            chased_on: relay.chased_on,
            updated_at: relay.updated_at,
        }
    }
}

/// The relays that the caller's agency received or sent. The hub may list every open relay of the municipality; a reader of metadata lists
/// every relay.
#[utoipa::path(
    tag = "relays",
    summary = "つなぎの一覧",
    description = "届いたもの、または送ったもの。調整担当は、区内のすべての途中のつなぎを見られます。内容のうち、氏名・年齢と主な相談内容だけを、見てよい範囲で含みます。",
    params(RelaysQuery),
    responses((status = 200, description = "つなぎの一覧", body = Page<RelayItem>))
)]
#[get("/api/v1/relays")]
pub(super) async fn list_relays(
    guard: Guard<op::ListRelays>,
    query: Query<RelaysQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let actor = guard.actor();
    let (agency, municipality) = (actor.agency_id, actor.municipality_id);
    let RelaysQuery { r#box: which, state, sort, updated_since, open, assigned_staff_id, limit, after } = query.0;
    let is_hub = matches!(actor.principal, Principal::Staff { role: Role::Hub, .. });
    let whose = match which {
        _ if permit == Permit::MetadataOnly => RelayBox::All { municipality, open_only: false },
        None if is_hub => RelayBox::All { municipality, open_only: true },
        None | Some(Which::Inbox) => RelayBox::Inbox(agency),
        Some(Which::Outbox) => RelayBox::Outbox(agency),
    };
    if assigned_staff_id.is_some() && permit == Permit::MetadataOnly {
        return Err(Problem::invalid("/assigned_staff_id", "not_allowed", "担当者では絞り込めません。"));
    }
    let filter = RelayFilter { state, updated_since, open: open == Some(true), assigned_staff_id };
    let limit = Limit::of(limit);
    let list = List::new(&app, "relays", agency, &(whose, sort, &filter));
    let by_due = sort == Some(Sort::Due);
    let order = match list.position(after.as_deref())? {
        position if by_due => RelayOrder::Due { after: position.map(|p| due_position(&p)).transpose()? },
        position => RelayOrder::Newest { after: position.map(|p| p.parse().map_err(|_| bad_cursor())).transpose()? },
    };
    let read = move |tx: &mut ReadTx<'_>| {
        let found = tx.list_relays(agency, whose, &filter, order, limit + 1)?;
        match whose {
            // An inbox shows nothing while receivers are shut out.
            RelayBox::Inbox(_) if found.is_empty() && !tx.is_open_to_receivers()? => Err(Problem::Restored),
            _ => Ok(found),
        }
    };
    let relays = app.store.read::<_, Problem, _>(read).await?;
    let position = |r: &RelaySummary| {
        if by_due { format!("{} {}", r.reply_due, r.id) } else { r.id.to_string() }
    };
    let page = list.page(relays, limit, position)?;
    let event = EventDraft::new(EventKind::RelayListed, Stream::Agency(agency))
        .with("shown", Fact::ids(page.items.iter().map(|item| item.id.0)));
    let of = page.items.iter().filter_map(|item| item.labelled.clone()).collect();
    let labels = note_list(&app, actor, event, of).await?;
    page.map(|item| RelayItem::of(item, &labels)).respond(&request)
}

fn due_position(position: &str) -> Result<(Day, RelayId), Problem> {
    let (day, id) = position.split_once(' ').ok_or_else(bad_cursor)?;
    Ok((day.parse().map_err(|_| bad_cursor())?, id.parse().map_err(|_| bad_cursor())?))
}

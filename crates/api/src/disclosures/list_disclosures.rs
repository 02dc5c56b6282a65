use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Query, query_instant};
use crate::execute::note_reading;
use crate::page::{Limit, List, Page, bad_cursor};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::exception::ExceptionCode;
use domain::content::Section;
use domain::door::FieldError;
use domain::ids::{AgencyId, AttachmentId, ClientId, ConsentId, EventId, ExceptionId, RelayId, SheetId, StaffId};
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use storage::{DisclosureFilter, ReadTx, StoredEvent};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DisclosuresQuery {
    /// 根拠: consent(同意)、exception(すべての例外)、または例外のコード
    #[param(example = "e7")]
    basis: Option<String>,
    /// この日時以降
    #[serde(default, deserialize_with = "query_instant")]
    from: Option<Instant>,
    /// この日時より前
    #[serde(default, deserialize_with = "query_instant")]
    until: Option<Instant>,
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// 根拠(どちらか一つ)。
#[derive(Default, Serialize, Deserialize, ToSchema)]
struct DisclosureBasis {
    /// 同意
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent_id: Option<ConsentId>,
    /// 法律上の例外
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exception_id: Option<ExceptionId>,
}

/// 一つの提供: what was told to whom, when, on what basis.
#[derive(Serialize, ToSchema)]
pub(super) struct DisclosureItem {
    /// 監査イベント
    event_id: EventId,
    at: Instant,
    /// 送付(relay.sent)か再送(relay.resent)か
    #[schema(example = "relay.sent")]
    kind: String,
    sheet_id: Option<SheetId>,
    /// シートの番号
    #[schema(example = "R8-000123")]
    number: Option<String>,
    relay_id: Option<RelayId>,
    from_agency_id: Option<AgencyId>,
    /// 送った職員
    staff_id: Option<StaffId>,
    /// 送った連携システム
    client_id: Option<ClientId>,
    to_agency_id: Option<AgencyId>,
    sections: Vec<Section>,
    /// お願いしたいこと(共有項目の外の文章で、受領する前から読める)も伝えたか
    request: bool,
    /// いっしょに伝えたファイルの数
    files: usize,
    /// その人の同意がなくても、理由があって伝えた世帯員の数
    household_members: u64,
    basis: DisclosureBasis,
    /// consent、または例外のコード
    #[schema(example = "consent")]
    basis_code: String,
    /// 根拠の名前
    #[schema(example = "本人の同意")]
    basis_label: String,
    /// 根拠とした同意が、初めから無効だったか
    basis_invalid: bool,
    /// 秘匿されている住所を、承認を得て伝えたか
    address_released: bool,
}

/// The facts of a disclosure as its event says them.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    basis: Option<String>,
    #[serde(default)]
    to_agency_id: Option<AgencyId>,
    #[serde(default)]
    sections: Vec<Section>,
    #[serde(default)]
    request: bool,
    #[serde(default)]
    files: Vec<AttachmentId>,
    #[serde(default)]
    household_members: u64,
    #[serde(flatten)]
    rests_on: DisclosureBasis,
}

#[derive(Default, Deserialize)]
struct EventBody {
    #[serde(default)]
    data: Said,
}

/// The name of a basis, by its code.
pub(super) fn label(code: &str) -> &'static str {
    code.parse::<ExceptionCode>().map_or("本人の同意", ExceptionCode::label)
}

impl From<StoredEvent> for DisclosureItem {
    fn from(event: StoredEvent) -> Self {
        // A body that somebody has tampered with is read as empty here; `audit verify` finds it.
        let said = serde_json::from_str::<EventBody>(&event.body).unwrap_or_default().data;
        // Events that are older than the exceptions name no basis: they rest on consent.
        let basis_code = said.basis.unwrap_or_else(|| CONSENT.to_owned());
        Self {
            event_id: event.id,
            at: event.at,
            kind: event.kind,
            sheet_id: event.sheet_id,
            number: None,
            relay_id: event.relay_id,
            from_agency_id: event.agency_id,
            staff_id: event.staff_id,
            client_id: event.client_id,
            to_agency_id: said.to_agency_id,
            sections: said.sections,
            request: said.request,
            files: said.files.len(),
            household_members: said.household_members,
            basis: said.rests_on,
            basis_label: label(&basis_code).to_owned(),
            basis_code,
            basis_invalid: false,
            address_released: false,
        }
    }
}

const CONSENT: &str = "consent";

/// The bases that a word in the query stands for; none for an unknown word.
fn bases(word: &str) -> Option<Vec<&'static str>> {
    match word {
        CONSENT => Some(vec![CONSENT]),
        "exception" => Some(ExceptionCode::ALL.iter().map(|code| code.as_str()).collect()),
        code => code.parse().ok().map(|code: ExceptionCode| vec![code.as_str()]),
    }
}

/// Every disclosure with its basis, newest first.
#[utoipa::path(
    tag = "disclosures",
    summary = "提供の記録の一覧",
    description = "つなぎの送付と再送を、それぞれの根拠とともに、新しい順に返します。内容は含みません。閲覧は監査証跡に残ります。",
    params(DisclosuresQuery),
    responses((status = 200, description = "提供の記録", body = Page<DisclosureItem>))
)]
#[get("/api/v1/disclosures")]
pub(super) async fn list_disclosures(
    guard: Guard<op::ListDisclosures>,
    query: Query<DisclosuresQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let DisclosuresQuery { basis, from, until, limit, after } = query.0;
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        return Err(Problem::invalid("/until", "before_start", "終わりの日時は、始まりの日時以降にしてください。"));
    }
    let unknown = || {
        let detail = "根拠は、consent、exception、または例外のコードを指定してください。".to_owned();
        let unknown = FieldError::unknown_code("/basis", &ExceptionCode::list().codes);
        Problem::InvalidInput(vec![FieldError { detail, ..unknown }])
    };
    let bases = basis.map(|word| bases(&word).ok_or_else(unknown)).transpose()?.unwrap_or_default();
    let limit = Limit::of(limit);
    let list = List::new(&app, "disclosures", actor.agency_id, &(&bases, from, until));
    let position = list.position(after.as_deref())?;
    let after = position.map(|p| place(&p).ok_or_else(bad_cursor)).transpose()?;
    let day = |at: Instant| Fact::Day(Day(at.date()));
    let facts = [
        ("from", from.map(day)),
        ("until", until.map(day)),
        ("bases", Some(Fact::List(bases.iter().map(|code| Fact::Code(code)).collect()))),
    ];
    let event = EventDraft::new(EventKind::DisclosureListed, Stream::Agency(actor.agency_id));
    let facts = facts.into_iter().filter_map(|(key, fact)| Some((key, fact?)));
    note_reading(&app, actor, facts.fold(event, |event, (key, fact)| event.with(key, fact))).await?;
    let (municipality, filter) = (actor.municipality_id, DisclosureFilter { from, until, bases });
    let read = move |tx: &mut ReadTx<'_>| {
        let found = tx.list_disclosures(municipality, &filter, after, limit + 1)?;
        let found: Vec<_> = found.into_iter().map(|event| (event.position, DisclosureItem::from(event))).collect();
        let consents: Vec<ConsentId> = found.iter().filter_map(|(_, item)| item.basis.consent_id).collect();
        let sheets: Vec<SheetId> = found.iter().filter_map(|(_, item)| item.sheet_id).collect();
        let addresses = found.iter().filter(|(_, item)| item.sections.contains(&Section::Address));
        let addresses: Vec<SheetId> = addresses.filter_map(|(_, item)| item.sheet_id).collect();
        let numbers: BTreeMap<_, _> = tx.list_numbers(&sheets)?.into_iter().collect();
        Ok((found, numbers, tx.list_invalid(&consents)?, tx.list_released(&addresses)?))
    };
    let (found, numbers, invalid, released) = app.store.read::<_, Problem, _>(read).await?;
    let page = list.page(found, limit, |(position, item)| format!("{} {position}", item.at.as_micros()))?;
    let flagged = |(_, item): (i64, DisclosureItem)| {
        let basis_invalid = item.basis.consent_id.is_some_and(|id| invalid.contains(&id));
        let to = item.sheet_id.zip(item.to_agency_id);
        let address_released = item.sections.contains(&Section::Address) && to.is_some_and(|to| released.contains(&to));
        let number = item.sheet_id.and_then(|id| numbers.get(&id).cloned());
        DisclosureItem { number, basis_invalid, address_released, ..item }
    };
    page.map(flagged).respond(&request)
}

fn place(position: &str) -> Option<(Instant, i64)> {
    let (at, position) = position.split_once(' ')?;
    Some((Instant::from_micros(at.parse().ok()?), position.parse().ok()?))
}

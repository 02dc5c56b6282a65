use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::execute::note_reading;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::address::ReleaseState;
use domain::ids::{AddressReleaseId, AgencyId, SheetId};
use domain::permit::Permit;
use domain::time::Instant;
use serde::Serialize;
use storage::{ReadTx, ReleaseSummary, Releases};
use utoipa::ToSchema;

/// A release in a list: no words.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddressReleaseItem {
    id: AddressReleaseId,
    sheet_id: SheetId,
    /// シートの番号
    #[schema(example = "R8-000123")]
    number: Option<String>,
    /// 住所を伝える機関
    to_agency_id: AgencyId,
    state: ReleaseState,
    requested_at: Instant,
}

impl From<ReleaseSummary> for AddressReleaseItem {
    fn from(it: ReleaseSummary) -> Self {
        let ReleaseSummary { id, sheet_id, number, to_agency_id, state, requested_at } = it;
        Self { id, sheet_id, number, to_agency_id, state, requested_at }
    }
}

/// The releases, newest first: for 個人情報保護管理者 all of the municipality, for others those of the sheets that their agency recorded.
#[utoipa::path(
    tag = "address-releases",
    summary = "住所秘匿の解除の一覧",
    description = "個人情報保護管理者には区内のすべてを、ほかの人には自分の機関が受け付けたシートのものを、新しい順に返します。",
    params(PageQuery),
    responses((status = 200, description = "住所秘匿の解除の一覧", body = Page<AddressReleaseItem>))
)]
#[get("/api/v1/address-releases")]
pub(super) async fn list_address_releases(
    guard: Guard<op::ListAddressReleases>,
    query: Query<PageQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let actor = guard.actor();
    let whose = match permit {
        Permit::MetadataOnly => Releases::OfMunicipality(actor.municipality_id),
        _ => Releases::OfOrigin(actor.agency_id),
    };
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "address releases", actor.agency_id, &whose);
    let after: Option<AddressReleaseId> = list.after(query.0.after.as_deref())?;
    let read = move |tx: &mut ReadTx<'_>| Ok(tx.list_releases(whose, after, limit + 1)?);
    let releases = app.store.read::<_, Problem, _>(read).await?;
    let page = list.page(releases, limit, |it| it.id.to_string())?.map(AddressReleaseItem::from);
    let event = EventDraft::new(EventKind::ReleaseListed, Stream::Agency(actor.agency_id))
        .with("shown", Fact::ids(page.items.iter().map(|item| item.id.0)));
    note_reading(&app, actor, event).await?;
    page.respond(&request)
}

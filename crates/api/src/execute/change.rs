//! What a change brings: the caller, the thing, the key, the revision and the body. They are read in this order, so a caller is refused
//! before the body is checked.

use super::{Answer, Scene, Stop, Target, claim, on_agency, on_new, on_sheet, on_thing};
use crate::app::App;
use crate::auth::{Guard, Op};
use crate::door::{Body, IdempotencyKey, IfMatch, OptionalBody, segment};
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use domain::agency::Actor;
use domain::audit::EventDraft;
use domain::ids::{
    AddressReleaseId, AgencyId, AttachmentId, ClientId, ConsentId, ExceptionId, PostId, RelayId, SheetId, StaffId,
    StopRequestId,
};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use storage::{Claim, Stored, WriteTx};
use uuid::Uuid;
use validator::Validate;

/// A change as it was requested: `I` is the thing that the path names (`()`: none), `B` is the body (`()`: none is read).
pub struct Change<O: Op, I, B: Brought = ()> {
    /// The request without the body.
    pub order: Order<O, I>,
    /// The body.
    pub body: B::Value,
}

/// A change without its body, ready to be carried out.
pub struct Order<O: Op, I> {
    /// The application.
    pub app: web::Data<App>,
    /// What the path names.
    pub id: I,
    guard: Guard<O>,
    /// The claim of its Idempotency-Key.
    pub(crate) claim: Claim,
    /// The revision that the thing must have, where the operation requires one.
    pub(crate) if_match: Option<IfMatch>,
}

impl<O: Op, I> Order<O, I> {
    /// The caller.
    pub fn actor(&self) -> &Actor {
        self.guard.actor()
    }
}

/// Carries out a change of a sheet, or of something that belongs to a sheet, which the path names. See [`on_sheet`].
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn change_sheet<O, I, F>(order: Order<O, I>, work: F) -> Result<HttpResponse, Problem>
where
    O: Op,
    I: Into<Target>,
    F: Fn(Scene<'_, '_>) -> Result<Answer, Stop> + Send + 'static,
{
    let Order { app, id, guard, claim, if_match } = order;
    on_sheet(&app, &guard, id.into(), Some(claim), if_match, work).await
}

/// The same for a target other than the one that the path names.
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn change_target<O, I, F>(order: Order<O, I>, target: Target, work: F) -> Result<HttpResponse, Problem>
where
    O: Op,
    F: Fn(Scene<'_, '_>) -> Result<Answer, Stop> + Send + 'static,
{
    on_sheet(&order.app, &order.guard, target, Some(order.claim), order.if_match, work).await
}

/// Carries out a change of an agency, a person or a department system, which `id` names. See [`on_thing`].
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn change_thing<A, O, I, F>(order: Order<O, I>, id: Uuid, work: F) -> Result<HttpResponse, Problem>
where
    A: Stored,
    O: Op,
    F: Fn(Scene<'_, '_, A>) -> Result<Answer, Stop> + Send + 'static,
{
    let permit = order.guard.on_collection()?;
    on_thing(&order.app, order.guard.actor(), permit, id, Some(order.claim), work).await
}

/// Adds an agency, a person or a department system. See [`on_new`].
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn add_thing<O, I, F>(order: Order<O, I>, work: F) -> Result<HttpResponse, Problem>
where
    O: Op,
    F: Fn(&mut WriteTx<'_>, &Actor) -> Result<Answer, Problem> + Send + 'static,
{
    order.guard.on_collection()?;
    on_new(&order.app, order.guard.actor(), order.claim, work).await
}

/// Carries out a change of the directory that belongs to no thing with a stream of its own. See [`on_agency`].
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn change_directory<O, I, F>(order: Order<O, I>, work: F) -> Result<HttpResponse, Problem>
where
    O: Op,
    F: Fn(&mut WriteTx<'_>, &Actor) -> Result<(Answer, Vec<EventDraft>), Problem> + Send + 'static,
{
    order.guard.on_collection()?;
    on_agency(&order.app, order.guard.actor(), Some(order.claim), work).await
}

impl<O: Op, I: Named + 'static, B: Brought + 'static> FromRequest for Change<O, I, B> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let head = head::<O, I>(request, payload);
        let body = B::bring(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let (app, guard, id, key, if_match) = head?;
            let (body, bytes) = body.await?;
            let claim = claim(&app, guard.actor(), key, &request, &bytes);
            Ok(Self { order: Order { app, id, guard, claim, if_match }, body })
        })
    }
}

type Head<O, I> = (web::Data<App>, Guard<O>, I, IdempotencyKey, Option<IfMatch>);

fn head<O: Op, I: Named>(request: &HttpRequest, payload: &mut Payload) -> Result<Head<O, I>, Problem> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(|| Problem::Internal("no app".to_owned()))?;
    let guard = Guard::<O>::from_request(request, payload).into_inner()?;
    let id = I::of(request)?;
    let key = IdempotencyKey::from_request(request, payload).into_inner()?;
    let asks = O::OPERATION.is_at_revision();
    let if_match = asks.then(|| IfMatch::from_request(request, payload).into_inner()).transpose()?;
    Ok((app.clone(), guard, id, key, if_match))
}

/// The thing that a path names.
pub trait Named: Sized {
    /// Reads it from the path.
    ///
    /// # Errors
    /// [`Problem::Malformed`]
    fn of(request: &HttpRequest) -> Result<Self, Problem>;
}

impl Named for () {
    fn of(_: &HttpRequest) -> Result<Self, Problem> {
        Ok(())
    }
}

/// A post of a person.
impl Named for (StaffId, PostId) {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        Ok((segment(request, "id")?, segment(request, "post_id")?))
    }
}

macro_rules! named {
    ($($id:ident),+) => {
        $(impl Named for $id {
            fn of(request: &HttpRequest) -> Result<Self, Problem> {
                segment(request, "id")
            }
        })+
    };
}

named!(
    SheetId,
    RelayId,
    ConsentId,
    ExceptionId,
    StopRequestId,
    AddressReleaseId,
    AttachmentId,
    AgencyId,
    StaffId,
    ClientId
);

/// A kind of body, with the bytes for the fingerprint of an Idempotency-Key.
pub trait Brought: Sized {
    /// What it holds.
    type Value;

    /// Reads it.
    fn bring(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Brings<Self>>;
}

type Brings<B> = Result<(<B as Brought>::Value, web::Bytes), Problem>;

impl Brought for () {
    type Value = ();

    fn bring(_: &HttpRequest, _: &mut Payload) -> LocalBoxFuture<'static, Brings<Self>> {
        Box::pin(async { Ok(((), web::Bytes::new())) })
    }
}

impl<T: DeserializeOwned + Validate + 'static, const LIMIT: usize> Brought for Body<T, LIMIT> {
    type Value = T;

    fn bring(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Brings<Self>> {
        let body = Self::from_request(request, payload);
        Box::pin(async move { body.await.map(|body| (body.value, body.bytes)) })
    }
}

impl<T: DeserializeOwned + Validate + Default + 'static> Brought for OptionalBody<T> {
    type Value = T;

    fn bring(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Brings<Self>> {
        let body = Self::from_request(request, payload);
        Box::pin(async move { body.await.map(|body| (body.value, body.bytes)) })
    }
}

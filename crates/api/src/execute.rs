//! How a handler changes or reads a sheet: lock, ask for access, replay, compare the revision, decide, write, answer. Every handler keeps this order.

mod change;

pub use change::{Change, Order, add_thing, change_directory, change_sheet, change_target, change_thing};

use crate::app::App;
use crate::auth::{Guard, Op, allow, op};
use crate::door::{IdempotencyKey, IfMatch};
use crate::problem::Problem;
use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use aws_lc_rs::hmac;
use domain::agency::{Actor, Principal};
use domain::aggregate::Outcome;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
pub use domain::case::Target;
use domain::case::{Case, HeldUp, Refusal, Shown};
use domain::ids::SheetId;
use domain::permit::{Operation, Permit, reads_content};
use domain::personal::Revealed;
use domain::time::Instant;
use serde::Serialize;
use storage::{Claim, Found, Kept, Labelled, Labels, Locked, Shows, StoreError, Stored, StoredAnswer, WriteTx};
use uuid::Uuid;

/// The header that marks an answer as given before.
const REPLAYED: &str = "Idempotent-Replayed";

/// An answer before it is sent.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    etag: Option<String>,
    location: Option<String>,
    body: Vec<u8>,
    shows: Option<Shows>,
}

impl Answer {
    /// 200 with `body`, which may hold only the personal data that the reader's grant allows.
    ///
    /// # Errors
    /// It does not serialise.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(&Revealed(body)).map_err(|e| Problem::Internal(e.to_string()))?;
        Ok(Self { status: StatusCode::OK.as_u16(), etag: None, location: None, body, shows: None })
    }

    /// 201 with `body` and the address of what was created.
    ///
    /// # Errors
    /// It does not serialise.
    pub fn created(body: &impl Serialize, location: String) -> Result<Self, Problem> {
        Ok(Self { status: StatusCode::CREATED.as_u16(), location: Some(location), ..Self::ok(body)? })
    }

    /// 204.
    pub fn no_content() -> Self {
        let status = StatusCode::NO_CONTENT.as_u16();
        Self { status, etag: None, location: None, body: Vec::new(), shows: None }
    }

    /// The same with an ETag.
    #[must_use]
    pub fn with_etag(self, revision: u32) -> Self {
        Self { etag: Some(format!("\"{revision}\"")), ..self }
    }

    /// Records which content of a sheet the answer shows. A replay shows that content again only if its reader may still see all of it;
    /// otherwise the replay has the body `bare`: the same thing as it is shown to a reader who sees no content.
    ///
    /// # Errors
    /// It does not serialise.
    pub fn showing(self, shown: Shown, bare: &impl Serialize) -> Result<Self, Problem> {
        if shown.is_nothing() {
            return Ok(self);
        }
        Ok(Self { shows: Some(Shows { shown, bare: Self::ok(bare)?.body }), ..self })
    }

    /// The answer as it is stored for replays.
    pub(crate) fn stored(&self) -> StoredAnswer {
        let Self { status, etag, location, body, shows } = self.clone();
        StoredAnswer { status, etag, location, body, shows }
    }

    pub(crate) fn respond(self, replayed: bool) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if replayed {
            response.insert_header((REPLAYED, "true"));
        }
        if self.body.is_empty() {
            return response.finish();
        }
        response.content_type("application/json").body(self.body)
    }
}

/// What a write ends in, inside its transaction: an answer, or a refusal whose event must be committed.
pub enum Verdict {
    /// Done; true when the answer is a replay.
    Done(Answer, bool),
    /// Refused, with an event in the audit trail.
    Refused(Problem),
}

impl Verdict {
    pub(crate) fn respond(self) -> Result<HttpResponse, Problem> {
        match self {
            Self::Done(answer, replayed) => Ok(answer.respond(replayed)),
            Self::Refused(problem) => Err(problem),
        }
    }
}

/// Makes the claim of an Idempotency-Key: the caller, the agency, and a fingerprint of method, path and body.
pub fn claim(app: &App, actor: &Actor, key: IdempotencyKey, request: &HttpRequest, body: &[u8]) -> Claim {
    let mut context = hmac::Context::with_key(&app.fingerprint);
    // A person with posts in two agencies gets no answer that was given for the other agency.
    context.update(actor.agency_id.0.as_bytes());
    context.update(request.method().as_str().as_bytes());
    context.update(b"\0");
    context.update(request.path().as_bytes());
    context.update(b"\0");
    context.update(body);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.sign().as_ref());
    let principal_id = match &actor.principal {
        Principal::Staff { staff_id, .. } => staff_id.0,
        Principal::Client { client_id, .. } => client_id.0,
    };
    Claim { principal_id, agency_id: actor.agency_id, key: key.0, fingerprint }
}

/// What a handler's own step gets.
pub struct Scene<'a, 'b, A: Stored = Case> {
    /// The transaction.
    pub tx: &'a mut WriteTx<'b>,
    /// The thing under lock.
    pub locked: Locked<A>,
    /// Who acts.
    pub actor: &'a Actor,
    /// Whether content may be shown.
    pub permit: Permit,
}

impl<A: Stored> Scene<'_, '_, A> {
    /// Writes the outcome.
    pub fn apply(self, outcome: Outcome<A>) -> Result<Locked<A>, Problem> {
        Ok(self.tx.apply(self.locked, outcome, Some(self.actor), self.actor.at)?)
    }
}

/// Why a handler's own step did not end in an answer.
pub enum Stop {
    /// The domain refused: noted in the audit trail.
    Refused(Refusal),
    /// The domain refused to close a sheet: noted as well, with what must be done first, in words.
    HeldUp(HeldUp, String),
    /// Anything else: nothing is noted.
    Problem(Problem),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

/// Runs `work` on the sheet of `target` under its lock, in one transaction with its audit events.
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn on_sheet<O, F>(
    app: &web::Data<App>,
    guard: &Guard<O>,
    target: Target,
    claim: Option<Claim>,
    if_match: Option<IfMatch>,
    work: F,
) -> Result<HttpResponse, Problem>
where
    O: Op,
    F: Fn(Scene<'_, '_>) -> Result<Answer, Stop> + Send + 'static,
{
    let sheet_id = find_sheet(app, target).await?;
    let actor = guard.actor().clone();
    let verdict = app
        .store
        .write::<_, Problem, _>(sheet_id.0, move |tx| {
            let locked = tx.lock_case(sheet_id)?.ok_or(Problem::NotFound)?;
            tx.will_need([actor.agency_id]);
            let municipality = locked.thing.sheet.municipality_id;
            let (permit, revision) = admit(tx, &locked, target, &actor, O::OPERATION)?;
            // Nearly every key is new. So the work comes first; when it cannot be done, or its answer cannot be kept because the key has one
            // already, the closure is run again and begins with that answer.
            let claim = claim.as_ref();
            if let Some(claim) = claim.filter(|_| tx.is_run_again()) {
                match tx.find_answer(claim)? {
                    Found::Nothing => {}
                    Found::Answer(kept) => return replay(tx, locked, target, *kept, &actor),
                    Found::Reused => return Err(Problem::IdempotencyKeyReused),
                }
            }
            let matches = if_match.map_or(Ok(()), |it| it.check(revision)).map_err(Stop::from);
            let stop = match matches.and_then(|()| work(Scene { tx, locked, actor: &actor, permit })) {
                Ok(answer) => {
                    if let Some(claim) = claim {
                        tx.keep_answer(claim, &answer.stored(), Some(sheet_id), actor.at)?;
                    }
                    return Ok(Verdict::Done(answer, false));
                }
                Err(stop) => stop,
            };
            // Where the store itself has failed, it cannot be asked any more.
            let failed = |it: &Problem| it.status_code().is_server_error() || matches!(it, Problem::Taken);
            let failed = matches!(&stop, Stop::Problem(problem) if failed(problem));
            let claim = claim.filter(|_| !tx.is_run_again() && !tx.is_to_run_again() && !failed);
            if let Some(claim) = claim
                && !matches!(tx.find_answer(claim)?, Found::Nothing)
            {
                return Err(tx.retry().into());
            }
            let event = |refusal: &Refusal| noted(refusal, O::OPERATION, sheet_id, target);
            let (event, problem) = match stop {
                Stop::Problem(problem) => (None, problem),
                Stop::Refused(refusal) => (event(&refusal), refusal.into()),
                Stop::HeldUp(held, why) => {
                    let problem = Problem::HeldUp(held.state, why);
                    (event(&Refusal::HeldUp(held)), problem)
                }
            };
            // There is nothing to note: the transaction is rolled back, and a number that was taken in it is given back.
            let Some(event) = event else { return Err(problem) };
            let mut lock = tx.lock_stream(Stream::Sheet(sheet_id), Some(municipality))?;
            tx.append(&mut lock, &[event], Some(&actor), actor.at)?;
            Ok(Verdict::Refused(problem))
        })
        .await?;
    verdict.respond()
}

/// Gives the stored answer again. If its reader may still see all that it showed, it is shown again, and that is noted as another reading.
pub(crate) fn replay(
    tx: &mut WriteTx<'_>,
    mut locked: Locked,
    target: Target,
    kept: Kept,
    actor: &Actor,
) -> Result<Verdict, Problem> {
    let answer = Answer::from(kept.answer);
    let Some(shows) = &answer.shows else { return Ok(Verdict::Done(answer, true)) };
    let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
    if !locked.thing.still_shows(&shows.shown, &reader, actor.today()) {
        let body = shows.bare.clone();
        return Ok(Verdict::Done(Answer { body, ..answer }, true));
    }
    let sheet_id = locked.thing.sheet.id;
    let event = match target {
        Target::Relay(id) => {
            EventDraft::new(EventKind::RelayRead, Stream::Sheet(sheet_id)).with("relay_id", Fact::Id(id.0))
        }
        Target::Sheet(_) | Target::Consent(_) | Target::Exception(_) | Target::StopRequest(_) | Target::Release(_) => {
            EventDraft::new(EventKind::SheetRead, Stream::Sheet(sheet_id))
        }
    };
    tx.note(&mut locked, &[event.with("replayed", Fact::Flag(true))], actor)?;
    Ok(Verdict::Done(answer, true))
}

async fn find_sheet(app: &App, target: Target) -> Result<SheetId, Problem> {
    let found = match target {
        Target::Sheet(id) => return Ok(id),
        Target::Relay(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_sheet_of_relay(id)?)).await?,
        Target::Consent(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_sheet_of_consent(id)?)).await?,
        Target::Exception(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_sheet_of_exception(id)?)).await?,
        Target::Release(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_sheet_of_release(id)?)).await?,
        Target::StopRequest(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_sheet_of_stop(id)?)).await?,
    };
    found.ok_or(Problem::NotFound)
}

/// Whether the caller may do this to the target, and the target's revision. After a restore, an agency is shut out of the sheets that other
/// agencies recorded.
fn admit(
    tx: &mut WriteTx<'_>,
    locked: &Locked,
    target: Target,
    actor: &Actor,
    operation: Operation,
) -> Result<(Permit, u32), Problem> {
    let footing = locked.thing.footing(target, actor).ok_or(Problem::NotFound)?;
    let permit = match allow(actor, operation, footing.relation) {
        // A thing of another municipality is not even named in the trail of the agency that tried: that it exists would say something.
        Err(Problem::Hidden) if footing.is_abroad => Err(Problem::NotFound),
        allowed => allowed,
    }?;
    if !footing.is_own && permit == Permit::Allowed && !tx.is_open_to_receivers()? {
        return Err(Problem::Restored);
    }
    Ok((permit, footing.revision))
}

/// The event for a refusal; none for invalid input, because that is no attempt to get at anything.
fn noted(refusal: &Refusal, operation: Operation, sheet_id: SheetId, target: Target) -> Option<EventDraft> {
    let kind = match target {
        Target::Relay(_) => EventKind::RelayRefused,
        Target::Consent(_) => EventKind::ConsentRefused,
        Target::Exception(_) => EventKind::ExceptionRefused,
        Target::StopRequest(_) => EventKind::StopRefused,
        Target::Release(_) => EventKind::ReleaseRefused,
        Target::Sheet(_) if operation == op::SendRelay::OPERATION => EventKind::RelayRefused,
        Target::Sheet(_) => EventKind::SheetRefused,
    };
    let event = EventDraft::new(kind, Stream::Sheet(sheet_id)).with("operation", Fact::Code(operation.id()));
    let event = match target {
        Target::Relay(id) => event.with("relay_id", Fact::Id(id.0)),
        Target::Consent(id) => event.with("consent_id", Fact::Id(id.0)),
        Target::Exception(id) => event.with("exception_id", Fact::Id(id.0)),
        Target::Release(id) => event.with("address_release_id", Fact::Id(id.0)),
        Target::StopRequest(id) => event.with("stop_notice_id", Fact::Id(id.0)),
        Target::Sheet(_) => event,
    };
    match refusal {
        Refusal::Transition(invalid) => Some(event.with("state", Fact::Code(invalid.state))),
        Refusal::HeldUp(held) => Some(event.with("state", Fact::Code(held.state))),
        Refusal::Consent(clauses) => {
            Some(event.with("clauses", Fact::List(clauses.iter().map(|c| Fact::Code(c.as_str())).collect())))
        }
        Refusal::SecondPerson => Some(event.with("own_request", Fact::Flag(true))),
        Refusal::PreviewOutdated => Some(event.with("preview_outdated", Fact::Flag(true))),
        Refusal::Invalid(_) | Refusal::NotFound | Refusal::Forbidden => None,
    }
}

/// Runs `work` in one transaction with events of the caller's agency: for changes that concern no sheet.
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn on_agency<F>(
    app: &web::Data<App>,
    actor: &Actor,
    claim: Option<Claim>,
    work: F,
) -> Result<HttpResponse, Problem>
where
    F: Fn(&mut WriteTx<'_>, &Actor) -> Result<(Answer, Vec<EventDraft>), Problem> + Send + 'static,
{
    let actor = actor.clone();
    let verdict = app
        .store
        .write::<_, Problem, _>(actor.agency_id.0, move |tx| {
            let mut lock = tx.lock_stream(Stream::Agency(actor.agency_id), Some(actor.municipality_id))?;
            once(tx, claim.as_ref(), &actor, |tx| {
                let (answer, events) = work(tx, &actor)?;
                tx.append(&mut lock, &events, Some(&actor), actor.at)?;
                Ok(answer)
            })
        })
        .await?;
    verdict.respond()
}

/// Runs `work` on an agency, a person or a department system of the caller's municipality, under its lock, in one transaction with its events.
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn on_thing<A, F>(
    app: &web::Data<App>,
    actor: &Actor,
    permit: Permit,
    id: Uuid,
    claim: Option<Claim>,
    work: F,
) -> Result<HttpResponse, Problem>
where
    A: Stored,
    F: Fn(Scene<'_, '_, A>) -> Result<Answer, Stop> + Send + 'static,
{
    let actor = actor.clone();
    let verdict = app
        .store
        .write::<_, Problem, _>(id, move |tx| {
            let locked = A::lock(tx, id)?;
            let locked = locked.filter(|it| it.thing.municipality_id() == actor.municipality_id);
            let mut locked = Some(locked.ok_or(Problem::NotFound)?);
            once(tx, claim.as_ref(), &actor, |tx| {
                let locked = locked.take().ok_or(Problem::NotFound)?;
                work(Scene { tx, locked, actor: &actor, permit }).map_err(|stop| match stop {
                    // The refusal is noted with the others of the caller.
                    Stop::Refused(Refusal::SecondPerson) => Problem::SecondPerson { noted: false },
                    Stop::Refused(refusal) => refusal.into(),
                    Stop::HeldUp(held, why) => Problem::HeldUp(held.state, why),
                    Stop::Problem(problem) => problem,
                })
            })
        })
        .await?;
    verdict.respond()
}

/// Runs `work`, which makes a new agency, person or department system, in one transaction.
///
/// # Errors
/// Any [`Problem`]; then nothing has changed.
pub async fn on_new<F>(app: &web::Data<App>, actor: &Actor, claim: Claim, work: F) -> Result<HttpResponse, Problem>
where
    F: Fn(&mut WriteTx<'_>, &Actor) -> Result<Answer, Problem> + Send + 'static,
{
    let actor = actor.clone();
    let verdict = app.store.write::<_, Problem, _>(actor.agency_id.0, move |tx| {
        // Two requests with one key take turns.
        let _lock = tx.lock_stream(Stream::Agency(actor.agency_id), Some(actor.municipality_id))?;
        once(tx, Some(&claim), &actor, |tx| work(tx, &actor))
    });
    verdict.await?.respond()
}

/// The answer that is kept under the key, or that of `work`, which is kept from now on.
fn once(
    tx: &mut WriteTx<'_>,
    claim: Option<&Claim>,
    actor: &Actor,
    work: impl FnOnce(&mut WriteTx<'_>) -> Result<Answer, Problem>,
) -> Result<Verdict, Problem> {
    if let Some(claim) = claim {
        match tx.find_answer(claim)? {
            Found::Nothing => {}
            Found::Answer(kept) => return Ok(Verdict::Done(kept.answer.into(), true)),
            Found::Reused => return Err(Problem::IdempotencyKeyReused),
        }
    }
    let answer = work(tx)?;
    if let Some(claim) = claim {
        tx.keep_answer(claim, &answer.stored(), None, actor.at)?;
    }
    Ok(Verdict::Done(answer, false))
}

/// The answer with `body`, which is shown only once, in place of the stored body: a replay answers with the stored one.
///
/// # Errors
/// It does not serialise.
pub(crate) fn shown_once(answered: HttpResponse, body: &impl Serialize) -> Result<HttpResponse, Problem> {
    if answered.headers().contains_key(REPLAYED) {
        return Ok(answered);
    }
    let body = serde_json::to_vec(body).map_err(|e| Problem::Internal(e.to_string()))?;
    Ok(answered.set_body(BoxBody::new(body)))
}

/// Records, as an event of the caller's agency, that a list or a search was shown. Committed before the data leaves.
///
/// # Errors
/// The store refuses; then nothing may be shown.
pub async fn note_reading(app: &App, actor: &Actor, event: EventDraft) -> Result<(), Problem> {
    let actor = actor.clone();
    app.store
        .write::<_, Problem, _>(actor.agency_id.0, move |tx| {
            let mut lock = tx.lock_stream(Stream::Agency(actor.agency_id), Some(actor.municipality_id))?;
            Ok(tx.append(&mut lock, std::slice::from_ref(&event), Some(&actor), actor.at)?)
        })
        .await
}

/// The same for a list with sheets in its rows: the labels of these sheets, as far as the caller may see them. The event commits to what is
/// shown.
///
/// # Errors
/// The store refuses; then nothing may be shown.
pub async fn note_list(app: &App, actor: &Actor, event: EventDraft, of: Vec<Labelled>) -> Result<Labels, Problem> {
    if !reads_content(&actor.principal) {
        note_reading(app, actor, event).await?;
        return Ok(Labels::default());
    }
    let actor = actor.clone();
    app.store
        .write::<_, Problem, _>(actor.agency_id.0, move |tx| {
            let mut locked = tx.lock_agency(actor.agency_id)?.ok_or(Problem::NotFound)?;
            let labels = Labels::shown_to(&locked.thing.agency, &of, actor.today())?;
            tx.note(&mut locked, &[labels.noted(event.clone())], &actor)?;
            Ok(labels)
        })
        .await
}

/// How long answers under an Idempotency-Key are kept, in seconds.
pub const ANSWERS_KEPT_SECONDS: i64 = 24 * 3600;

/// Answers that were kept before this instant may be deleted.
pub fn forget_before(now: Instant) -> Instant {
    now.plus_seconds(-ANSWERS_KEPT_SECONDS)
}

impl From<StoredAnswer> for Answer {
    fn from(stored: StoredAnswer) -> Self {
        let StoredAnswer { status, etag, location, body, shows } = stored;
        Self { status, etag, location, body, shows }
    }
}

/// Reads from a sheet under its lock, together with the read event that `work` notes, and returns the result after the commit.
///
/// # Errors
/// Any [`Problem`]; then nothing may be shown.
pub async fn read_sheet<O, T, F>(app: &App, guard: &Guard<O>, sheet_id: SheetId, work: F) -> Result<T, Problem>
where
    O: Op,
    T: Send + 'static,
    F: Fn(Scene<'_, '_>) -> Result<T, Problem> + Send + 'static,
{
    read_target(app, guard, Target::Sheet(sheet_id), work).await
}

/// [`read_sheet`] for a target that belongs to a sheet, such as a relay: its sheet is found first.
///
/// # Errors
/// Any [`Problem`]; then nothing may be shown.
pub async fn read_target<O, T, F>(app: &App, guard: &Guard<O>, target: Target, work: F) -> Result<T, Problem>
where
    O: Op,
    T: Send + 'static,
    F: Fn(Scene<'_, '_>) -> Result<T, Problem> + Send + 'static,
{
    let sheet_id = find_sheet(app, target).await?;
    let actor = guard.actor().clone();
    app.store
        .write::<_, Problem, _>(sheet_id.0, move |tx| {
            let locked = tx.lock_case(sheet_id)?.ok_or(Problem::NotFound)?;
            tx.will_need([actor.agency_id]);
            let (permit, _) = admit(tx, &locked, target, &actor, O::OPERATION)?;
            work(Scene { tx, locked, actor: &actor, permit })
        })
        .await
}

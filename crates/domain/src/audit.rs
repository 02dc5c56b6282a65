//! The audit trail (監査証跡): events in hash chains, one chain a stream.
//!
//! An event's body is canonical JSON (RFC 8785) and is kept as the exact bytes that are hashed: `hash` = SHA-256(0x00 ‖ body), the leaf
//! hash of RFC 6962 §2.1. The body holds the stream, its place there and the hash before it, so nobody can change, move or remove an event
//! in the middle of a chain unnoticed. It holds no personal data: a [`Fact`] has no room for free text.

use crate::agency::{Actor, Principal};
use crate::codes::code_list;
use crate::content::Sections;
use crate::door;
use crate::ids::{AgencyId, ClientId, EventId, RelayId, SheetId, StaffId};
use crate::time::{Day, Instant};
use aws_lc_rs::digest;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use validator::Validate;

code_list! {
    /// 監査イベントの種類.
    pub enum EventKind ("event_kind", "監査イベントの種類") {
        SheetCreated = "sheet.created", "シートを作成"; SheetRegistered = "sheet.registered", "受付を確定"; SheetRevised = "sheet.revised", "シートを改訂";
        SheetRead = "sheet.read", "シートを閲覧"; SheetListed = "sheet.listed", "シート一覧を閲覧"; SheetSearched = "sheet.searched", "シートを検索";
        SheetDiscarded = "sheet.discarded", "下書きを破棄"; SheetClosed = "sheet.closed", "終結"; SheetReopened = "sheet.reopened", "再開";
        SheetVoided = "sheet.voided", "取消"; SheetRefused = "sheet.refused", "シートの操作を拒否"; SheetAssigned = "sheet.assigned", "担当者を変更"; SheetLinked = "sheet.linked", "世帯のシートを結ぶ"; SheetUnlinked = "sheet.unlinked", "世帯のシートから外す"; TimelineRead = "timeline.read", "経過を閲覧";
        EntryAdded = "entry.added", "支援経過を記録"; EntryRead = "entry.read", "支援経過を閲覧";
        AttachmentAdded = "attachment.added", "ファイルを添付"; AttachmentWithdrawn = "attachment.withdrawn", "添付を取り下げ"; AttachmentListed = "attachment.listed", "添付の一覧を閲覧"; AttachmentRead = "attachment.read", "添付を閲覧";
        ConsentGiven = "consent.given", "同意の意思を記録"; ConsentWitnessed = "consent.witnessed", "立会人が確認"; ConsentRead = "consent.read", "同意を閲覧";
        ConsentWithdrawn = "consent.withdrawn", "同意を撤回"; ReceiptIssued = "receipt.issued", "控えを発行"; SlipPrinted = "slip.printed", "本人用の控えを印刷";
        ExceptionRequested = "exception.requested", "例外を申請"; ExceptionApproved = "exception.approved", "例外を承認";
        ExceptionRejected = "exception.rejected", "例外を不承認"; ExceptionUsed = "exception.used", "例外を使用";
        ExceptionOverdue = "exception.overdue", "例外の承認の期限超過"; ExceptionFollowedUp = "exception.followed_up", "例外の事後対応を記録";
        ExceptionRead = "exception.read", "例外を閲覧"; ExceptionListed = "exception.listed", "例外の一覧を閲覧";
        ExceptionRefused = "exception.operation_refused", "例外の操作を拒否"; DisclosureListed = "disclosure.listed", "提供の記録を閲覧";
        EvidenceAdded = "consent.evidence_added", "同意の証拠を追加"; EvidenceRead = "consent.evidence_read", "同意の証拠を閲覧";
        ConsentRefused = "consent.operation_refused", "同意の操作を拒否";
        SharingKept = "consent.sharing_kept", "前の同意で伝えた機関への共有を続けると記録"; ConsentInvalidated = "consent.invalidated", "同意を初めから無効と記録"; ConsentExpired = "consent.expired", "同意の期限切れ";
        StopIssued = "stop_notice.issued", "停止を通知"; StopAnswered = "stop_notice.answered", "停止の通知に回答";
        StopOverdue = "stop_notice.overdue", "停止の通知の期限超過"; StopEscalated = "stop_notice.escalated", "停止の通知を個人情報保護管理者へ報告";
        StopRead = "stop_notice.read", "停止の通知を閲覧"; StopRefused = "stop_notice.operation_refused", "停止の通知の操作を拒否";
        ReleaseRequested = "address_release.requested", "住所を伝えることを申請"; ReleaseApproved = "address_release.approved", "住所を伝えることを承認";
        ReleaseRejected = "address_release.rejected", "住所を伝えることを却下"; ReleaseRevoked = "address_release.revoked", "住所を伝える承認を取消";
        ReleaseRead = "address_release.read", "住所秘匿の解除を閲覧"; ReleaseListed = "address_release.listed", "住所秘匿の解除の一覧を閲覧";
        ReleaseRefused = "address_release.operation_refused", "住所秘匿の解除の操作を拒否";
        RelayPreviewed = "relay.previewed", "つなぐ内容を確認"; RelaySent = "relay.sent", "つなぎを送付"; RelayResent = "relay.resent", "つなぎを再送";
        RelayRead = "relay.read", "つなぎを閲覧"; RelayListed = "relay.listed", "つなぎ一覧を閲覧"; RelayReceived = "relay.received", "受領";
        RelayAccepted = "relay.accepted", "受理"; RelayDeclined = "relay.declined", "辞退"; RelayReturned = "relay.returned", "差戻し";
        RelayCancelled = "relay.cancelled", "取下げ"; RelayHalted = "relay.halted", "停止"; RelayReported = "relay.reported", "対応結果を報告";
        RelayAmended = "relay.amended", "伝える項目を変更"; HandBackOffered = "relay.hand_back_offered", "主担当を戻す申し出";
        HandBackAccepted = "relay.hand_back_accepted", "主担当を引き受け"; HandBackDeclined = "relay.hand_back_declined", "主担当の引き受けを辞退";
        RelayReportConfirmed = "relay.report_confirmed", "途中の報告を確認"; RelayClosed = "relay.closed", "報告を確認"; RelayOverdue = "relay.overdue", "期限超過"; RelayChased = "relay.chased", "督促"; RelayRefused = "relay.refused", "つなぎの操作を拒否";
        SessionOpened = "session.opened", "ログイン"; SessionFailed = "session.failed", "ログイン失敗"; SessionEnded = "session.ended", "ログアウト";
        SessionPostChosen = "session.post_chosen", "職を切替"; TokenIssued = "token.issued", "システム連携トークンを発行"; TokenFailed = "token.failed", "トークン発行を拒否";
        FailuresCounted = "failure.counted", "記録しきれない失敗の数";
        AgencyCreated = "agency.created", "機関を登録"; AgencyChanged = "agency.changed", "機関を変更"; AgencyChangeAsked = "agency.change_asked", "機関の区分・協定の変更を申請";
        AgencyEnded = "agency.ended", "機関が終了"; SheetHandedOver = "sheet.handed_over", "終わった機関から引継ぎ";
        AgencyChangeConfirmed = "agency.change_confirmed", "機関の区分・協定の変更を確認"; AgencyChangeRejected = "agency.change_rejected", "機関の区分・協定の変更を却下";
        StaffCreated = "staff.created", "職員を登録";
        StaffDisabled = "staff.disabled", "職員の利用を停止"; StaffEnabled = "staff.enabled", "職員の利用を再開";
        PostAdded = "post.added", "職を追加"; PostConfirmed = "post.confirmed", "職を別の人が確認"; PostEnded = "post.ended", "職を終了";
        CodeIssued = "code.issued", "一度だけのコードを発行"; CodeUsed = "code.used", "一度だけのコードでパスワードを設定"; PasswordChanged = "password.changed", "パスワードを変更"; NoticeCreated = "notice.created", "説明文を登録"; MunicipalityCreated = "municipality.created", "自治体を登録"; MunicipalityRenamed = "municipality.renamed", "自治体の名前を変更"; ClientCreated = "client.created", "連携システムを登録";
        ClientConfirmed = "client.confirmed", "連携システムを別の人が確認"; ClientRotationAsked = "client.rotation_asked", "連携システムの新しい秘密を発行(確認待ち)";
        ClientRevoked = "client.revoked", "連携システムを停止"; ClientRotated = "client.rotated", "連携システムの秘密を変更";
        AccessDenied = "access.denied", "認められない操作の試み";
        TaskListed = "task.listed", "やることの一覧を閲覧";
        ServiceReopened = "service.reopened", "復元後に受信機関へ再開";
        AuditRead = "audit.read", "監査証跡を閲覧"; AuditExported = "audit.exported", "監査証跡を出力";
    }
}

/// A chain of events. Its name is in every body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// What concerns one sheet.
    Sheet(SheetId),
    /// What concerns one agency, and what its people do without a sheet: searches, lists.
    Agency(AgencyId),
    /// What concerns one person who works with the service: posts, codes, log-ins.
    Person(StaffId),
    /// What concerns one department system: its secrets, and that it was shut out.
    Client(ClientId),
    /// What belongs to no agency: failed log-ins of unknown people, and how many more there were.
    Service,
}

impl std::fmt::Display for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sheet(id) => write!(f, "sheet:{id}"),
            Self::Agency(id) => write!(f, "agency:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Service => f.write_str("service"),
        }
    }
}

/// A value in an event's data. There is no variant for free text: personal data cannot get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An opaque id.
    Id(uuid::Uuid),
    /// A code from one of our lists.
    Code(&'static str),
    /// A count or revision.
    Count(u64),
    /// A yes or no.
    Flag(bool),
    /// A day.
    Day(Day),
    /// An instant.
    Instant(Instant),
    /// A keyed commitment, hex.
    Commitment(String),
    /// A list of facts.
    List(Vec<Fact>),
}

impl Fact {
    fn value(&self) -> Value {
        match self {
            Self::Id(id) => Value::String(id.hyphenated().to_string()),
            Self::Code(code) => Value::String((*code).to_owned()),
            // RFC 8785 numbers are IEEE doubles: a count that can pass 2^53 is written as a string.
            Self::Count(n) if *n < (1 << 53) => Value::from(*n),
            Self::Count(n) => Value::String(n.to_string()),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Day(day) => Value::String(day.to_string()),
            Self::Instant(at) => Value::String(at.to_string()),
            Self::Commitment(hex) => Value::String(hex.clone()),
            Self::List(list) => Value::Array(list.iter().map(Self::value).collect()),
        }
    }

    /// The sections, as codes.
    pub fn sections(sections: &Sections) -> Self {
        Self::List(sections.iter().map(|s| Self::Code(s.as_str())).collect())
    }

    /// Several ids.
    pub fn ids(ids: impl IntoIterator<Item = uuid::Uuid>) -> Self {
        Self::List(ids.into_iter().map(Self::Id).collect())
    }
}

/// What happened, before it has its place in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// What.
    pub kind: EventKind,
    /// In which stream.
    pub stream: Stream,
    /// Its data.
    pub data: BTreeMap<&'static str, Fact>,
}

impl EventDraft {
    /// An event without data.
    pub fn new(kind: EventKind, stream: Stream) -> Self {
        Self { kind, stream, data: BTreeMap::new() }
    }

    /// The relay that it is about, if one.
    pub fn relay_id(&self) -> Option<RelayId> {
        match self.data.get("relay_id") {
            Some(Fact::Id(id)) => Some(RelayId(*id)),
            _ => None,
        }
    }

    /// The basis of a disclosure, if this is one: `consent`, or the code of an exception.
    pub fn basis(&self) -> Option<&'static str> {
        match self.data.get("basis") {
            Some(Fact::Code(code)) => Some(code),
            _ => None,
        }
    }

    /// The same event with one more fact.
    #[must_use]
    pub fn with(mut self, key: &'static str, fact: Fact) -> Self {
        self.data.insert(key, fact);
        self
    }
}

/// The end of a chain: how many events it has, and the hash of the last (all zero before the first).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of events.
    pub seq: u64,
    /// SHA-256 of the last.
    pub hash: [u8; 32],
}

impl Head {
    /// The end of an empty chain.
    pub const EMPTY: Self = Self { seq: 0, hash: [0; 32] };
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// The stream's name.
    pub stream: String,
    /// Its place in the stream, from 1.
    pub seq: u64,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Instant,
    /// The sheet, if the stream is one.
    pub sheet_id: Option<SheetId>,
    /// Who did it; none = the service itself.
    pub actor: Option<Actor>,
    /// The hash before it.
    pub prev: [u8; 32],
    /// Its hash.
    pub hash: [u8; 32],
    /// The exact bytes that are hashed.
    pub body: String,
}

/// Puts an event at the end of a chain. Without `nonce`, a body that has few possible values could be guessed from its hash.
pub fn chain(
    draft: &EventDraft,
    head: Head,
    actor: Option<&Actor>,
    at: Instant,
    id: EventId,
    nonce: [u8; 16],
) -> Event {
    let seq = head.seq + 1;
    let stream = draft.stream.to_string();
    let sheet_id = match draft.stream {
        Stream::Sheet(id) => Some(id),
        Stream::Agency(_) | Stream::Person(_) | Stream::Client(_) | Stream::Service => None,
    };
    let text = |value: &dyn std::fmt::Display| Value::String(value.to_string());
    let mut who = serde_json::Map::new();
    if let Some(actor) = actor {
        who.insert("agency_id".into(), text(&actor.agency_id));
        who.insert("municipality_id".into(), text(&actor.municipality_id));
        match &actor.principal {
            Principal::Staff { staff_id, post_id, .. } => {
                who.insert("staff_id".into(), text(staff_id));
                who.insert("post_id".into(), text(post_id));
            }
            Principal::Client { client_id, .. } => {
                who.insert("client_id".into(), text(client_id));
            }
        }
    }
    let mut fields = serde_json::Map::new();
    fields.insert("actor".into(), Value::Object(who));
    fields.insert("at".into(), text(&at));
    let data = draft.data.iter().map(|(key, fact)| ((*key).to_owned(), fact.value())).collect();
    fields.insert("data".into(), Value::Object(data));
    fields.insert("id".into(), text(&id));
    fields.insert("kind".into(), text(&draft.kind));
    fields.insert("nonce".into(), Value::String(hex::encode(nonce)));
    fields.insert("prev".into(), Value::String(hex::encode(head.hash)));
    fields.insert("seq".into(), Fact::Count(seq).value());
    if let Some(sheet_id) = sheet_id {
        fields.insert("sheet_id".into(), text(&sheet_id));
    }
    fields.insert("stream".into(), Value::String(stream.clone()));
    let body = canonical(&Value::Object(fields));
    Event {
        id,
        stream,
        seq,
        kind: draft.kind,
        at,
        sheet_id,
        actor: actor.cloned(),
        prev: head.hash,
        hash: hash(&body),
        body,
    }
}

/// SHA-256(0x00 ‖ body): the leaf hash of RFC 6962 §2.1.
pub fn hash(body: &str) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[0]);
    context.update(body.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Canonical JSON (RFC 8785) of a value without fractional numbers, which no event has.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            // RFC 8785 §3.2.3: keys in the order of their UTF-16 code units.
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(map.get(key).unwrap_or(&Value::Null), out);
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        // serde_json escapes strings exactly as RFC 8785 §3.2.2.2 demands.
        plain => out.push_str(&plain.to_string()),
    }
}

/// Whether every number is whole and below 2^53, so that [`canonical`] writes it as RFC 8785 does.
fn has_whole_numbers_only(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() < 1 << 53),
        Value::Array(list) => list.iter().all(has_whole_numbers_only),
        Value::Object(map) => map.values().all(has_whole_numbers_only),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The event, or its place, is not what was written.
    Tampered {
        /// The line, from 1.
        line: u64,
        /// The event's id, as far as it can be read.
        event: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The stream's beginning is not in the file.
    Incomplete {
        /// The line, from 1.
        line: u64,
        /// The event's id.
        event: String,
    },
    /// The line is no event.
    Unusable {
        /// The line, from 1.
        line: u64,
    },
}

/// A line of an export. No member may appear twice, and no other member may appear: otherwise two readers could read two different events
/// from one line.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    stream: Option<Value>,
    seq: Option<Value>,
    kind: Option<Value>,
    at: Option<Value>,
    sheet_id: Option<Value>,
    relay_id: Option<Value>,
    basis: Option<Value>,
    #[serde(default)]
    actor: Who,
    prev: Option<Value>,
    hash: String,
    body: String,
}

/// Who acted, as the line shows it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Who {
    agency_id: Option<String>,
    staff_id: Option<String>,
    post_id: Option<String>,
    client_id: Option<String>,
}

/// The end of a stream so far.
#[derive(Debug)]
struct End {
    seq: u64,
    hash: String,
    at: Option<Instant>,
}

/// The most seconds by which an event may be dated before the one before it: the clocks of two servers differ.
const CLOCKS_DIFFER_SECONDS: i64 = 120;

/// Checks an unfiltered export line by line; memory grows with the number of streams, not of events.
#[derive(Debug, Default)]
pub struct Verifier {
    heads: HashMap<String, End>,
    lines: u64,
    backdated: u64,
    incomplete: Option<Finding>,
}

/// What a sound export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    /// The number of events.
    pub events: u64,
    /// The number of streams.
    pub streams: usize,
    /// The number of events that are dated minutes before the event before them in their stream.
    pub backdated: u64,
}

impl Verifier {
    /// The next line of the export (NDJSON).
    ///
    /// # Errors
    /// The first thing that is wrong. A stream whose beginning is missing is reported only by [`Verifier::finish`]: a worse error may
    /// follow.
    pub fn feed(&mut self, line: &str) -> Result<(), Finding> {
        self.lines += 1;
        let unusable = || Finding::Unusable { line: self.lines };
        let outer: Line = door::from_json(line.as_bytes()).map_err(|_| unusable())?;
        let (id, body, hash_hex) = (&outer.id, outer.body.as_str(), &outer.hash);
        let tampered = |why| Finding::Tampered { line: self.lines, event: id.clone(), why };
        if hex::encode(hash(body)) != *hash_hex {
            return Err(tampered("the body does not have this hash"));
        }
        let inner: Value = serde_json::from_str(body).map_err(|_| tampered("the body is not JSON"))?;
        if canonical(&inner) != body || !has_whole_numbers_only(&inner) {
            return Err(tampered("the body is not canonical JSON"));
        }
        let data = inner.get("data");
        let sides = [
            (Some(&Value::String(id.clone())), inner.get("id")),
            (outer.stream.as_ref(), inner.get("stream")),
            (outer.seq.as_ref(), inner.get("seq")),
            (outer.kind.as_ref(), inner.get("kind")),
            (outer.at.as_ref(), inner.get("at")),
            (outer.prev.as_ref(), inner.get("prev")),
            (outer.sheet_id.as_ref(), inner.get("sheet_id")),
            (outer.relay_id.as_ref(), data.and_then(|data| data.get("relay_id"))),
            (outer.basis.as_ref(), data.and_then(|data| data.get("basis"))),
        ];
        let said = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
        if sides.iter().any(|(shown, meant)| shown != meant && (said(*shown) || said(*meant))) {
            return Err(tampered("the event and its body disagree"));
        }
        let meant = |key: &str| inner.get("actor").and_then(|actor| actor.get(key)).and_then(Value::as_str);
        let Who { agency_id, staff_id, post_id, client_id } = &outer.actor;
        let who = [("agency_id", agency_id), ("staff_id", staff_id), ("post_id", post_id), ("client_id", client_id)];
        if who.iter().any(|(key, shown)| shown.as_deref() != meant(key)) {
            return Err(tampered("the event and its body disagree about who acted"));
        }
        let seq = inner.get("seq").and_then(Value::as_u64);
        let (Some(stream), Some(seq), Some(prev)) =
            (inner.get("stream").and_then(Value::as_str), seq, inner.get("prev").and_then(Value::as_str))
        else {
            return Err(tampered("the body lacks its place in the chain"));
        };
        let at = inner.get("at").and_then(Value::as_str).and_then(|at| at.parse::<Instant>().ok());
        match self.heads.get(stream) {
            Some(last) => {
                if seq != last.seq + 1 {
                    return Err(tampered("events before it are missing or out of order"));
                }
                if prev != last.hash {
                    return Err(tampered("it does not continue the event before it"));
                }
                // A clock may have been set back, so this alone is no tampering.
                let earliest = last.at.map(|at| at.plus_seconds(-CLOCKS_DIFFER_SECONDS));
                self.backdated += u64::from(at.zip(earliest).is_some_and(|(at, earliest)| at < earliest));
            }
            None if seq == 1 => {
                if prev != hex::encode(Head::EMPTY.hash) {
                    return Err(tampered("a first event continues nothing"));
                }
            }
            None => {
                let finding = Finding::Incomplete { line: self.lines, event: id.clone() };
                self.incomplete.get_or_insert(finding);
            }
        }
        self.heads.insert(stream.to_owned(), End { seq, hash: hash_hex.clone(), at });
        Ok(())
    }

    /// After the last line: what the export holds.
    ///
    /// # Errors
    /// A stream whose beginning is not in the file.
    pub fn finish(self) -> Result<Sound, Finding> {
        match self.incomplete {
            Some(finding) => Err(finding),
            None => Ok(Sound { events: self.lines, streams: self.heads.len(), backdated: self.backdated }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What the verifier answers to a first event with the number `n` in its data.
    fn verdict(n: &str) -> Result<(), Finding> {
        let prev = hex::encode(Head::EMPTY.hash);
        let body =
            format!(r#"{{"actor":{{}},"data":{{"n":{n}}},"id":"a","prev":"{prev}","seq":1,"stream":"service"}}"#);
        let hash = hex::encode(hash(&body));
        let line = json!({"id": "a", "stream": "service", "seq": 1, "prev": prev, "hash": hash, "body": body});
        Verifier::default().feed(&line.to_string())
    }

    #[test]
    fn an_event_that_is_dated_minutes_before_the_one_before_it_is_counted() {
        let line = |head: Head, at: Instant| {
            let draft = EventDraft::new(EventKind::AuditRead, Stream::Service);
            let event = chain(&draft, head, None, at, EventId(uuid::Uuid::nil()), [0; 16]);
            let line = json!({
                "id": event.id.to_string(), "stream": event.stream, "seq": event.seq, "kind": event.kind.as_str(),
                "at": at.to_string(), "prev": hex::encode(event.prev), "hash": hex::encode(event.hash), "body": event.body,
            });
            (Head { seq: event.seq, hash: event.hash }, line.to_string())
        };
        let now = "2026-11-29T09:00:00+09:00".parse::<Instant>().unwrap();
        for (seconds, backdated) in [(60, 0), (-100, 0), (-600, 1)] {
            let mut verifier = Verifier::default();
            let (head, first) = line(Head::EMPTY, now);
            assert_eq!(verifier.feed(&first), Ok(()));
            assert_eq!(verifier.feed(&line(head, now.plus_seconds(seconds)).1), Ok(()));
            assert_eq!(verifier.finish(), Ok(Sound { events: 2, streams: 1, backdated }), "{seconds}");
        }
    }

    #[test]
    fn a_number_that_rfc_8785_writes_in_another_way_is_found() {
        assert_eq!(verdict("9007199254740991"), Ok(()));
        // serde_json would write these back unchanged.
        for n in ["1.0", "9007199254740993", "1e+21"] {
            assert!(matches!(verdict(n), Err(Finding::Tampered { .. })), "{n}");
        }
    }
}

//! An event as an answer: exactly what is in the database, so that a person who has the export can check it.

use domain::ids::{AgencyId, ClientId, EventId, PostId, RelayId, SheetId, StaffId};
use domain::time::Instant;
use serde::Serialize;
use storage::StoredEvent;
use utoipa::ToSchema;

/// 行った人・機関・連携システム。サービス自身のとき、だれか分からないときは空
#[derive(Serialize, ToSchema)]
pub(super) struct EventActorResponse {
    /// 職員
    #[serde(skip_serializing_if = "Option::is_none")]
    staff_id: Option<StaffId>,
    /// 連携システム
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    /// 使っていた職
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<PostId>,
    /// 機関
    #[serde(skip_serializing_if = "Option::is_none")]
    agency_id: Option<AgencyId>,
}

/// 監査イベント
#[derive(Serialize, ToSchema)]
pub(super) struct EventResponse {
    id: EventId,
    /// 鎖の名前(シート、機関、またはサービス)
    #[schema(example = "service")]
    stream: String,
    /// 鎖の中の順番(1から)
    #[schema(example = 1)]
    seq: i64,
    /// 種類
    #[schema(example = "sheet.read")]
    kind: String,
    at: Instant,
    /// シート
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet_id: Option<SheetId>,
    /// つなぎ
    #[serde(skip_serializing_if = "Option::is_none")]
    relay_id: Option<RelayId>,
    /// 提供の根拠(同意、または例外のコード)
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<String>,
    actor: EventActorResponse,
    /// 一つ前のハッシュ(16進)
    prev: String,
    /// ハッシュ SHA-256(0x00 ‖ body)(16進)
    hash: String,
    /// ハッシュを計算した文字列そのもの(RFC 8785 の JSON)
    body: String,
}

impl From<StoredEvent> for EventResponse {
    fn from(event: StoredEvent) -> Self {
        Self {
            id: event.id,
            stream: event.stream,
            seq: event.seq,
            kind: event.kind,
            at: event.at,
            sheet_id: event.sheet_id,
            relay_id: event.relay_id,
            basis: event.basis,
            actor: EventActorResponse {
                staff_id: event.staff_id,
                client_id: event.client_id,
                post_id: event.post_id,
                agency_id: event.agency_id,
            },
            prev: event.prev,
            hash: event.hash,
            body: event.body,
        }
    }
}

//! Mails to an agency's mailbox. They never say what the matter is about, only a number, a due date, and that something waits.

use crate::codes::code_list;
use crate::ids::{AgencyId, ExceptionId, RelayId, SheetId};
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

code_list! {
    /// お知らせの種類.
    pub enum MailKind ("notice_kind", "お知らせの種類") {
        RelaySent = "relay_sent", "つなぎが届いています";
        RelayAccepted = "relay_accepted", "つなぎが受理されました";
        RelayDeclined = "relay_declined", "つなぎが辞退されました";
        RelayReturned = "relay_returned", "つなぎが差し戻されました";
        RelayReported = "relay_reported", "対応結果が報告されました";
        ReportWithoutSupport = "report_without_support", "所属長に確認をお願いする報告があります";
        RelayCancelled = "relay_cancelled", "つなぎが取り下げられました";
        RelayAmended = "relay_amended", "つなぎで伝える内容が変わりました";
        HandBackOffered = "hand_back_offered", "主担当を戻したいという申し出があります";
        HandBackAccepted = "hand_back_accepted", "主担当を戻す申し出が引き受けられました";
        HandBackDeclined = "hand_back_declined", "主担当を戻す申し出が断られました";
        ConsentWithdrawn = "consent_withdrawn", "共有の停止をお知らせします";
        StopOverdue = "stop_overdue", "共有の停止への回答の期限を過ぎています";
        StopEscalated = "stop_escalated", "共有の停止への回答がない機関があります";
        RelayOverdue = "relay_overdue", "期限を過ぎたつなぎがあります";
        RelayChased = "relay_chased", "つなぎの対応をお待ちしています";
        SheetCorrected = "sheet_corrected", "受け取った内容が、送られたあとに直されています";
        SheetVoided = "sheet_voided", "シートが取り消されました";
        ConsentRenewal = "consent_renewal", "まもなく期限を迎えるものがあります";
        ConsentOfAge = "consent_of_age", "確かめ直していただきたいものがあります";
        ExceptionRequested = "exception_requested", "承認を待つ申請があります";
        ExceptionDecided = "exception_decided", "申請の結果が出ています";
        ExceptionOverdue = "exception_overdue", "承認の期限を過ぎた申請があります";
        RelayEnded = "relay_ended", "つなぎ先の機関が終わったつなぎがあります";
        SheetHandedOver = "sheet_handed_over", "終わった機関から引き継いだシートがあります";
        SharingStopped = "sharing_stopped", "共有の停止をお知らせします";
        PostWaiting = "post_waiting", "確認を待つ職員の登録があります";
        ClientWaiting = "client_waiting", "確認を待つ連携システムがあります";
        CodeUsed = "code_used", "一度だけのコードでパスワードが決められました";
    }
}

/// One message for one agency's mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The kind.
    pub kind: MailKind,
    /// The agency that gets it.
    pub agency_id: AgencyId,
    /// About which sheet, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet_id: Option<SheetId>,
    /// About which relay, if one.
    pub relay_id: Option<RelayId>,
    /// About which exception, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception_id: Option<ExceptionId>,
    /// The sheet's number, as people say it; none where it is about no sheet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The day by which something must be done, if there is one.
    pub due: Option<Day>,
    /// The number of mails of each kind, where one message stands for several; its other fields are then those of the first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gathered: BTreeMap<MailKind, u64>,
}

impl Mail {
    /// One message in place of several to the same mailbox. None when there is none.
    pub fn gather(mails: Vec<Self>) -> Option<Self> {
        let mut gathered = BTreeMap::new();
        for mail in &mails {
            if mail.gathered.is_empty() {
                *gathered.entry(mail.kind).or_default() += 1;
            }
            for (kind, count) in &mail.gathered {
                *gathered.entry(*kind).or_default() += count;
            }
        }
        let several = mails.len() > 1;
        let first = mails.into_iter().next()?;
        Some(if several { Self { gathered, ..first } } else { first })
    }
}

impl Mail {
    /// A mail about the account of one of the agency's people; the directory says whose account it is.
    pub fn of_account(kind: MailKind, agency_id: AgencyId) -> Self {
        Self {
            kind,
            agency_id,
            sheet_id: None,
            relay_id: None,
            exception_id: None,
            number: None,
            due: None,
            gathered: BTreeMap::new(),
        }
    }
}

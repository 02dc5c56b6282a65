//! How far a sheet has come (つなぎ段数), and whether it is sent from window to window (たらい回し).

use super::Case;
use crate::case::relay::{Progress, Relay, RelayState};
use crate::content::Warning;
use crate::ids::{AgencyId, RelayId};
use crate::time::Instant;
use serde::Serialize;
use utoipa::ToSchema;

/// After this many declined relays, an agency that sends the sheet on is warned.
const MANY_BOUNCES: usize = 2;

/// シートの道のり.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Path {
    /// つなぎ段数: 引き受けた機関が、続けていくつあったか(いちばん長い枝)
    pub hops: u32,
    /// 辞退された回数(差戻しは数えない)
    pub bounces: usize,
    /// 報告のないまま、つないだ機関に戻った回数
    pub loops: usize,
}

/// One relay of the way: who passed the baton to whom, after which one. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Step {
    /// つなぎ
    pub relay_id: RelayId,
    /// どのつなぎの続きか
    pub parent_relay_id: Option<RelayId>,
    /// つなぎ元
    pub from_agency_id: AgencyId,
    /// つなぎ先
    pub to_agency_id: AgencyId,
    /// 状態
    pub state: RelayState,
    /// 送った日時
    pub sent_at: Instant,
}

impl Case {
    /// Every relay of the sheet, in the order in which they were sent.
    pub fn way(&self) -> Vec<Step> {
        let step = |relay: &Relay| Step {
            relay_id: relay.id,
            parent_relay_id: relay.parent_relay_id,
            from_agency_id: relay.from_agency_id,
            to_agency_id: relay.to_agency_id,
            state: relay.state(),
            sent_at: relay.sent_at,
        };
        self.relays.iter().map(step).collect()
    }

    /// The relay that an agency continues when it passes the sheet on: the last one that it took on.
    pub fn taken_on_by(&self, agency: AgencyId) -> Option<&Relay> {
        self.relays.iter().rfind(|relay| relay.to_agency_id == agency && relay.is_taken_on())
    }

    /// The way so far. A return asks for completion and does not count as declined.
    pub fn path(&self) -> Path {
        let declined = |relay: &&Relay| matches!(relay.progress, Progress::Declined { .. });
        let goes_back =
            |relay: &&Relay| self.above(relay.parent_relay_id).any(|it| it.from_agency_id == relay.to_agency_id);
        Path {
            hops: self.relays.iter().filter(|relay| relay.is_taken_on()).map(|relay| relay.hop).max().unwrap_or(0),
            bounces: self.relays.iter().filter(declined).count(),
            loops: self.relays.iter().filter(goes_back).count(),
        }
    }

    /// Warnings before a relay to `to` that continues `parent`: the sheet would go back to an agency that passed it on, with no report in
    /// between (A→B→A); the sheet is there already; relays of it were declined before. A sender that may not see the whole way (`sees_way`)
    /// is warned only about the agency from which it has the sheet itself.
    pub fn cautions(&self, parent: Option<RelayId>, to: AgencyId, sees_way: bool) -> Vec<Warning> {
        let known = if sees_way { usize::MAX } else { 1 };
        let mut cautions = Vec::new();
        if self.above(parent).take(known).any(|relay| relay.from_agency_id == to) {
            let detail = "この機関からつながれたシートを、報告のないまま戻そうとしています。先に対応結果を報告するか、別の機関を選んでください。";
            cautions.push(Warning::new("/to_agency_id", "loop", detail));
        }
        // A sheet that the agency sent back is with the sender, not there.
        let is_there = |relay: &Relay| !relay.is_over() && relay.state() != RelayState::Returned;
        if sees_way && self.relays.iter().any(|relay| relay.to_agency_id == to && is_there(relay)) {
            let detail = "この機関には、まだ終わっていないつなぎがあります。同じお願いを重ねて送ろうとしていないか、確かめてください。";
            cautions.push(Warning::new("/to_agency_id", "already_there", detail));
        }
        let bounces = self.path().bounces;
        if sees_way && bounces >= MANY_BOUNCES {
            let detail = format!(
                "これまでに{bounces}回、辞退されています。送る前に、受けられるかどうかを電話などで確かめてください。"
            );
            cautions.push(Warning::new("", "bounced", detail));
        }
        cautions
    }

    /// The relay and those that it continues, up to the first one that was reported.
    fn above(&self, relay: Option<RelayId>) -> impl Iterator<Item = &Relay> {
        let find = |id: RelayId| self.relay(id);
        std::iter::successors(relay.and_then(find), move |it| it.parent_relay_id.and_then(find))
            .take_while(|it| it.report().is_none())
    }
}

//! The slip on paper: one A4 page in plain words. It has no name and no content: a person who finds it learns only that somebody was helped.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::agency::AgencyRecord;
use domain::case::Case;
use domain::case::consent::Consent;
use domain::case::relay::Relay;
use domain::content::{Section, Sections};
use domain::ids::AgencyId;
use domain::time::Instant;
use domain::wareki;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeMap;
use storage::Reading;

const STYLE: &str = "@page{size:A4;margin:18mm}body{font:11pt/1.7 sans-serif;max-width:180mm;margin:0 auto;color:#000}\
h1{font-size:16pt;margin:0 0 4mm}h2{font-size:12.5pt;margin:6mm 0 1mm;border-bottom:.4mm solid}p{margin:1mm 0}\
table{border-collapse:collapse;width:100%}td,th{border:.2mm solid #555;padding:1mm 2mm;text-align:left;vertical-align:top}\
tr{break-inside:avoid}th{font-weight:600}.number{font-size:13pt}.hand{margin-top:10mm}";

/// The page's own style and nothing else: no script, no picture, no other host.
pub(super) fn security_policy() -> String {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}

/// The contents of the page.
pub(super) struct Slip<'a> {
    pub(super) case: &'a Case,
    pub(super) relays: Vec<&'a Relay>,
    pub(super) consent: Option<&'a Consent>,
    pub(super) readings: Vec<Reading>,
    pub(super) agencies: BTreeMap<AgencyId, &'a AgencyRecord>,
    pub(super) is_origin: bool,
    pub(super) reader: AgencyId,
    pub(super) at: Instant,
}

impl Slip<'_> {
    /// The name of an agency today.
    fn name(&self, id: AgencyId) -> String {
        self.name_then(id, self.at)
    }

    /// The name of an agency at an instant, followed by today's name if that is another.
    fn name_then(&self, id: AgencyId, then: Instant) -> String {
        self.agencies.get(&id).map_or_else(|| "(機関)".to_owned(), |record| record.called_then(then, self.at))
    }

    fn desk(&self, id: AgencyId) -> Markup {
        let phone = self.agencies.get(&id).and_then(|record| record.phone.as_deref());
        html! { (self.name(id)) @if let Some(phone) = phone { "　電話 " (phone) } }
    }
}

/// The names of the sections, without those that would reveal other people, or what staff think.
fn items(sections: &Sections) -> String {
    let told = sections.iter().filter(|s| !matches!(s, Section::Opinion | Section::ThirdParty));
    told.map(|s| s.label()).collect::<Vec<_>>().join("、")
}

fn day(at: Instant) -> String {
    wareki::format(at.date())
}

pub(super) fn render(slip: &Slip<'_>) -> Markup {
    let sheet = &slip.case.sheet;
    let number = sheet.number.map(|number| number.to_string()).unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang="ja" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "つなぐシートの控え " (number) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "つなぐシートの控え" }
                p.number { "番号 " strong { (number) } "　印刷した日 " (day(slip.at)) }
                p { "お問い合わせのときは、この番号をお伝えください。ご相談の内容は、この紙には書いてありません。" }
                h2 { "いま担当しているところ" }
                p { (slip.desk(sheet.holder_agency_id)) }
                h2 { "どこに、何を伝えたか" }
                (relays(slip))
                h2 { "同意していただいたこと" }
                (consent(slip))
                @if slip.is_origin {
                    h2 { "だれが記録を見たか" }
                    (readings(slip))
                }
                h2 { "取り消したいとき" }
                p {
                    "同意は、いつでも取り消せます。全部でも、一部の相手や項目だけでも取り消せます。理由はいりません。"
                    "取り消しても、窓口で不利に扱われることはありません。次のどちらかに、口頭か電話でお伝えください。"
                }
                p { (slip.desk(sheet.origin_agency_id)) }
                @if sheet.holder_agency_id != sheet.origin_agency_id { p { (slip.desk(sheet.holder_agency_id)) } }
                p.hand { "お渡しした窓口 " (slip.name(slip.reader)) "　担当 ＿＿＿＿＿＿＿＿＿＿" }
            }
        }
    }
}

fn relays(slip: &Slip<'_>) -> Markup {
    html! {
        @if slip.relays.is_empty() {
            p { "まだ、どこにも伝えていません。" }
        } @else {
            table {
                tr { th { "伝えた先" } th { "伝えた日" } th { "伝えた項目" } th { "いまの様子" } }
                @for relay in &slip.relays {
                    tr {
                        td { (slip.name_then(relay.to_agency_id, relay.sent_at)) }
                        td { (day(relay.sent_at)) }
                        td { (items(&relay.sections)) }
                        td {
                            (relay.state().label())
                            @if let Some(opened) = relay.opened_at { br; "開いた日 " (day(opened)) }
                        }
                    }
                }
            }
        }
    }
}

fn consent(slip: &Slip<'_>) -> Markup {
    let Some(consent) = slip.consent else {
        return html! { p { "いま有効な同意はありません。" } };
    };
    let terms = &consent.terms;
    let agencies = terms.recipients.agency_ids.iter().filter(|id| slip.is_origin || **id == slip.reader);
    let mut names: Vec<String> = agencies.map(|id| slip.name_then(*id, terms.obtained_at)).collect();
    names.extend(terms.recipients.classes.iter().map(|class| class.label().to_owned()));
    html! {
        table {
            tr { th { "目的" } td { (terms.purpose.label()) } }
            tr { th { "伝えてよい相手" } td { (names.join("、")) } }
            tr { th { "伝えてよい項目" } td { (items(&terms.sections)) } }
            tr { th { "いつまで" } td { (wareki::format(terms.effective_until.0)) "まで" } }
            @for withdrawal in &consent.withdrawals {
                tr { th { "取り消し" } td { (day(withdrawal.at)) "に、一部を取り消しました。" } }
            }
        }
    }
}

fn readings(slip: &Slip<'_>) -> Markup {
    html! {
        @if slip.readings.is_empty() {
            p { "まだ、だれも見ていません。" }
        } @else {
            table {
                tr { th { "見たところ" } th { "回数" } th { "最後に見た日" } }
                @for reading in &slip.readings {
                    @if let Some(agency) = reading.agency_id {
                        tr { td { (slip.name(agency)) } td { (reading.times) "回" } td { (day(reading.last)) } }
                    }
                }
            }
        }
    }
}

//! 同意の控え: what a consent lets one recipient know, signed for the person and for the agency. Its fields follow ISO/IEC TS 27560
//! (consent record information structure) and the five of a municipal record under 個人情報の保護に関する法律69条. It holds no personal
//! data: the person is a pseudonym of this sheet and recipient, so that two recipients cannot find out that they know the same person.

use crate::agency::Agency;
use crate::case::consent::{CommitKey, Consent, Decision, Withdrawal};
use crate::codes::code_list;
use crate::content::Section;
use crate::ids::AgencyId;
use crate::time::{Day, Instant};
use serde_json::{Value, json};

code_list! {
    /// 控えの状態.
    pub enum ReceiptStanding ("receipt_standing", "控えの状態") {
        Standing = "standing", "有効";
        Withdrawn = "withdrawn", "撤回";
        Superseded = "superseded", "新しい版あり";
    }
}

/// An agency as a receipt names it.
pub struct Party<'a> {
    /// Its id.
    pub id: AgencyId,
    /// Its name when the consent was given.
    pub name: &'a str,
    /// Its name today, if that has changed.
    pub name_now: Option<&'a str>,
}

impl Party<'_> {
    /// The name, with today's name beside it if that has changed.
    fn in_full(&self) -> String {
        match self.name_now {
            Some(now) => format!("{}(現 {now})", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// What a receipt says, apart from the consent itself.
pub struct Particulars<'a> {
    /// The address under which people reach the service.
    pub issuer: &'a str,
    /// The municipality's name.
    pub municipality: &'a str,
    /// Where the sheet was recorded: the holder of the personal information.
    pub holder: Party<'a>,
    /// The agency that may be told.
    pub recipient: Party<'a>,
    /// The pseudonym of the person in this receipt.
    pub pseudonym: &'a str,
    /// The address of the status list, and the receipt's place in it.
    pub status: (&'a str, u64),
    /// When the receipt is made.
    pub at: Instant,
}

impl Consent {
    /// Whether there is a receipt of it for `agency`: consent was given, and covers that agency.
    pub fn has_receipt_for(&self, agency: &Agency) -> bool {
        matches!(self.terms.decision, Decision::Granted | Decision::Partial)
            && self.covers_recipient(agency)
            && !self.excludes(agency.id)
    }

    /// What the status list says of the receipt for `agency`. That the consent has run out follows from its last day.
    pub fn receipt_standing(&self, agency: AgencyId) -> ReceiptStanding {
        let all_back = self.terms.sections.iter().all(|section| self.is_withdrawn_for(agency, *section));
        if all_back || self.withdrawals.iter().any(Withdrawal::is_whole) {
            ReceiptStanding::Withdrawn
        } else if self.superseded_by.is_some() {
            ReceiptStanding::Superseded
        } else {
            ReceiptStanding::Standing
        }
    }

    /// The claims of the receipt (RFC 7519) for one recipient.
    pub fn receipt(&self, of: &Particulars<'_>) -> Value {
        let terms = &self.terms;
        let explained = terms.circumstances.explained.as_ref();
        let party = |id: AgencyId| format!("urn:tsunagu:agency:{id}");
        let open = terms.sections.iter().filter(|section| !self.is_withdrawn_for(of.recipient.id, **section));
        let sections: Vec<Section> = open.copied().collect();
        let sensitive = |section: &Section| matches!(section, Section::Health | Section::Arrears | Section::Risk);
        let items: Vec<Value> = sections
            .iter()
            .map(|s| json!({"pii_type": s.as_str(), "pii_name": s.label(), "sensitive_pii": sensitive(s)}))
            .collect();
        let day = |day: Day| day.to_string();
        json!({
            "iss": of.issuer,
            "sub": of.pseudonym,
            "aud": party(of.recipient.id),
            "iat": of.at.as_micros() / 1_000_000,
            "jti": format!("urn:tsunagu:consent:{}:{}", self.id, of.recipient.id),
            "status": {"status_list": {"uri": of.status.0, "idx": of.status.1}},
            "consent_record": {
                "schema_version": "ISO/IEC TS 27560:2023",
                "record_id": self.id,
                "record_version": self.version,
                "pii_principal_id": of.pseudonym,
                "language": "ja",
                "jurisdiction": "JP",
                "privacy_notice": terms.notice_id.map(|id| format!("urn:tsunagu:notice:{id}")),
                // Exactly the text that was shown: SHA-256 over its canonical JSON (ADR 11).
                "privacy_notice_sha256": explained.map(|shown| shown.text_hash.as_str()),
                "privacy_notice_language": explained.map(|shown| shown.language.as_str()),
                "purposes": [{
                    "purpose": terms.purpose.as_str(),
                    "purpose_name": terms.purpose.label(),
                    "lawful_basis": "consent",
                    "consent_type": "explicit",
                    "collection_method": terms.method.as_str(),
                    "pii_information": items,
                    "recipient_third_parties": [party(of.recipient.id)],
                    "onward_transfer": terms.allow_onward.as_str(),
                    "withdrawal_method": "いつでも、相談を受けた窓口や、つなぎ先の窓口で撤回できます。",
                }],
                "party_identification": [
                    {"party_id": party(of.holder.id), "party_role": "pii_controller", "party_name": of.holder.name, "party_name_now": of.holder.name_now},
                    {"party_id": party(of.recipient.id), "party_role": "third_party", "party_name": of.recipient.name, "party_name_now": of.recipient.name_now},
                ],
                "events": [{
                    "event_type": "consent_given",
                    "event_state": terms.decision.as_str(),
                    "event_time": terms.obtained_at,
                    "valid_from": day(terms.effective_from),
                    "valid_until": day(terms.effective_until),
                }],
            },
            "article_69": {
                "recipient": of.recipient.in_full(),
                "holder": format!("{} {}", of.municipality, of.holder.in_full()),
                "purpose": terms.purpose.label(),
                "items": sections.iter().map(|s| s.label()).collect::<Vec<_>>(),
                "form_of_record": "電磁的記録",
            },
        })
    }
}

impl CommitKey {
    /// The pseudonym of the person in the receipt for one recipient: 64 hex digits that are used nowhere else.
    pub fn pseudonym(&self, recipient: AgencyId) -> String {
        self.commit(&[b"receipt\0".as_slice(), recipient.0.as_bytes()].concat())
    }
}

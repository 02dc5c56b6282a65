//! The clauses of the covering test.

use crate::codes::code_list;

code_list! {
    /// Why a relay or a report may not go: the clauses of the covering test.
    pub enum Clause ("clause", "つなげない理由") {
        NoConsent = "no_consent", "同意がまだ記録されていません。本人に説明し、同意を記録してください。";
        Refused = "refused", "本人は同意していません(不同意)。無理に進めず、あらためて意向を確かめてください。";
        Pending = "pending", "同意は保留になっています。本人の意思を確かめて、記録してください。";
        Withdrawn = "withdrawn", "この範囲の同意は撤回されています。必要なら、新しい同意をもらってください。";
        Invalid = "invalid", "この同意は初めから無効だったと記録されています。新しい同意をもらってください。";
        Superseded = "superseded", "この同意は新しい版に改められています。新しい版を使ってください。";
        Expired = "expired", "同意の期限が過ぎています。新しい同意をもらってください。";
        NotYetEffective = "not_yet_effective", "同意の開始日がまだ来ていません。開始日を待つか、同意を取り直してください。";
        IdentityUnchecked = "identity_unchecked", "同意した人の本人確認ができていません。確認して、同意を取り直してください。";
        WitnessMissing = "witness_missing", "立会人の確認がまだです。別の職員に、自分の画面で確認してもらってください。";
        RecipientNotCovered = "recipient_not_covered", "この送り先は同意に含まれていません。送り先を変えるか、同意を広げてもらってください。";
        OtherMunicipality = "other_municipality", "ほかの区市町村の機関には、区分による同意は及びません。その機関を名指しした同意をもらうか、別の送り先を選んでください。";
        RecipientExcluded = "recipient_excluded", "本人が「伝えてほしくない」とした相手です。別の送り先を選んでください。";
        SectionNotCovered = "section_not_covered", "同意のない項目が含まれています。項目を外すか、同意を広げてもらってください。";
        PurposeDiffers = "purpose_differs", "利用目的が同意と違います。目的を合わせるか、同意を取り直してください。";
        OnwardNotAllowed = "onward_not_allowed", "つなぎ先からさらに伝えることは、この相手には認められていません。本人に確かめて、同意を広げてもらってください。";
        AddressSecret = "address_secret", "住所秘匿の対象です。住所を外してください。";
        RecipientInactive = "recipient_inactive", "この送り先は現在使われていません。別の送り先を選んでください。";
        AgreementMissing = "agreement_missing", "この送り先とは、有効な守秘義務契約・協定がありません。締結を確認するか、別の送り先を選んでください。";
        OwnAgency = "own_agency", "自分の部署には送れません。別の送り先を選んでください。";
        ReportBackNotAllowed = "report_back_not_allowed", "報告の文章を送り元に伝える同意がありません。文章を空にして、結果だけを報告してください。";
        ExceptionNotApproved = "exception_not_approved", "例外の承認がまだか、認められていません。所属長または個人情報保護管理者の承認を待ってください。";
        ExceptionUsed = "exception_used", "この例外は使用済みです。一回だけ使えます。必要なら、新しく申請してください。";
        ExceptionMismatch = "exception_mismatch", "例外の申請と、送り先または項目が違います。申請どおりに選び直すか、新しく申請してください。";
        ExceptionOutdated = "exception_outdated", "この例外を申請した後に、本人の不同意が記録されました。不同意を知った上での、新しい申請と承認が要ります。";
    }
}

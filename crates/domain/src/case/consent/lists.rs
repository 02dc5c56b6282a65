//! The lists of a consent: what was said, by whom, how, and in which state it is.

use crate::codes::code_list;

code_list! {
    /// 利用目的.
    pub enum Purpose ("purpose", "利用目的") {
        SupportReferral = "support_referral", "相談内容に応じた支援につなぐため";
    }
}

code_list! {
    /// 同意の意思.
    pub enum Decision ("decision", "同意の意思") {
        Granted = "granted", "同意"; Partial = "partial", "一部同意"; Refused = "refused", "不同意"; Pending = "pending", "保留";
    }
}

code_list! {
    /// 同意の状態.
    pub enum ConsentState ("consent_state", "同意の状態") {
        Effective = "effective", "有効"; Refused = "refused", "不同意"; Pending = "pending", "保留"; Superseded = "superseded", "改訂済"; Withdrawn = "withdrawn", "撤回"; Invalid = "invalid", "無効"; Expired = "expired", "満了";
    }
}

code_list! {
    /// 同意した人.
    pub enum GivenByKind ("given_by", "同意した人") {
        Oneself = "self", "本人"; LegalRepresentative = "legal_representative", "法定代理人"; Agent = "agent", "任意代理人";
    }
}

code_list! {
    /// 本人の意向 (when a representative consents).
    pub enum SubjectIntent ("subject_intent", "本人の意向") {
        Agrees = "agrees", "本人も了解"; CannotTell = "cannot_tell", "本人の意思確認困難"; NotAsked = "not_asked", "未確認";
    }
}

code_list! {
    /// 同意時の本人確認.
    pub enum IdentityCheck ("identity_check", "同意時の本人確認") {
        Document = "document", "書類"; Known = "known", "面識"; Questions = "questions", "聞き取り"; None = "none", "未確認";
    }
}

code_list! {
    /// 同意の方法.
    pub enum ConsentMethod ("consent_method", "同意の方法") {
        SignaturePaper = "signature_paper", "自署(紙)"; SignaturePad = "signature_pad", "電子署名パッド"; Oral = "oral", "口頭"; Phone = "phone", "電話"; Email = "email", "メール";
    }
}

code_list! {
    /// つなぎ先からさらに伝えてよいか.
    pub enum AllowOnward ("allow_onward", "つなぎ先からさらに") {
        No = "no", "不可"; Named = "named", "名指しした先のみ"; Classes = "classes", "区分の範囲内";
    }
}

code_list! {
    /// 撤回した人.
    pub enum WithdrawnBy ("withdrawn_by", "撤回した人") {
        Oneself = "self", "本人"; LegalRepresentative = "legal_representative", "法定代理人"; Agent = "agent", "任意代理人";
    }
}

code_list! {
    /// 撤回の方法.
    pub enum WithdrawalMethod ("withdrawal_method", "撤回の方法") {
        Oral = "oral", "口頭"; Paper = "paper", "書面"; Phone = "phone", "電話"; Email = "email", "メール";
    }
}

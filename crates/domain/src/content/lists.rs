//! The lists that the content of a sheet is written in.

use crate::codes::code_list;

code_list! {
    /// 相談方法.
    pub enum Channel ("channel", "相談方法") {
        Visit = "visit", "来所"; Phone = "phone", "電話"; HomeVisit = "home_visit", "訪問"; Email = "email", "メール";
        Online = "online", "オンライン"; Sns = "sns", "SNS"; OutreachEvent = "outreach_event", "出張相談会";
        Document = "document", "文書"; Other = "other", "その他";
    }
}

code_list! {
    /// 相談経路.
    pub enum Route ("route", "相談経路") {
        SelfVisit = "self_visit", "本人(来所)"; SelfRemote = "self_remote", "本人(電話・メール)";
        FamilyVisit = "family_visit", "家族・知人(来所)"; FamilyRemote = "family_remote", "家族・知人(電話・メール)";
        Outreach = "outreach", "アウトリーチ"; Agency = "agency", "関係機関・関係者の紹介";
        WatchReport = "watch_report", "見守り協定・通報"; Other = "other", "その他";
    }
}

code_list! {
    /// 緊急度: how soon the next agency must answer.
    pub enum Urgency ("urgency", "緊急度") {
        Urgent = "urgent", "緊急(当日)"; Early = "early", "早期(3開庁日)"; Normal = "normal", "通常(10開庁日)";
    }
}

impl Urgency {
    /// Open days (開庁日) until an answer is due.
    pub fn open_days(self) -> u32 {
        match self {
            Self::Urgent => 0,
            Self::Early => 3,
            Self::Normal => 10,
        }
    }
}

code_list! {
    /// 住所秘匿.
    pub enum AddressSecret ("address_secret", "住所秘匿") {
        None = "none", "なし"; DvMeasure = "dv_measure", "DV等支援措置"; Requested = "requested", "本人希望"; ExOfficio = "ex_officio", "職権";
    }
}

code_list! {
    /// 性別 (never demanded).
    pub enum Sex ("sex", "性別") {
        Male = "1", "男性"; Female = "2", "女性"; Other = "3", "その他"; Unknown = "0", "不明"; NoAnswer = "9", "回答しない";
    }
}

code_list! {
    /// 本人確認の程度.
    pub enum IdentityLevel ("identity_level", "本人確認の程度") {
        Anonymous = "anonymous", "匿名"; NameOnly = "name_only", "氏名のみ"; Verified = "verified", "本人確認済";
    }
}

code_list! {
    /// How exactly the date of birth is known.
    pub enum BirthPrecision ("birth_precision", "生年月日の精度") {
        Day = "day", "年月日"; Month = "month", "年月まで"; Year = "year", "年まで"; Unknown = "unknown", "不明";
    }
}

code_list! {
    /// 電話番号の種別.
    pub enum PhoneKind ("phone_kind", "電話番号の種別") {
        Home = "home", "自宅"; Mobile = "mobile", "携帯"; Work = "work", "職場"; Other = "other", "その他";
    }
}

code_list! {
    /// 世帯員本人の同意.
    pub enum OwnConsent ("own_consent", "世帯員本人の同意") {
        Unknown = "unknown", "未確認"; Yes = "given", "あり"; No = "none", "なし"; NotNeeded = "not_needed", "不要";
    }
}

code_list! {
    /// 滞納の種別.
    pub enum Arrears ("arrears", "滞納の種別") {
        Tax = "tax", "税"; HealthInsurance = "health_insurance", "国民健康保険料"; Rent = "rent", "家賃";
        Utilities = "utilities", "公共料金"; Other = "other", "その他";
    }
}

code_list! {
    /// リスク.
    pub enum RiskFlag ("risk", "リスク") {
        Suicide = "suicide", "自殺のおそれ"; ChildAbuse = "child_abuse", "児童虐待の疑い"; ElderAbuse = "elder_abuse", "高齢者虐待の疑い";
        DisabilityAbuse = "disability_abuse", "障害者虐待の疑い"; Dv = "dv", "DV"; NoFood = "no_food", "食料なし";
        HousingLoss = "housing_loss", "住居喪失"; UtilitiesCut = "utilities_cut", "ライフライン停止";
        MedicalEmergency = "medical_emergency", "医療緊急"; SelfOrOtherHarm = "self_or_other_harm", "自傷他害";
    }
}

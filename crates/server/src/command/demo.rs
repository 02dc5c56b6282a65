use super::{desk, wait};
use crate::cli::Failure;
use crate::config::Config;
use crate::world::{SystemChance, SystemClock};
use domain::account::{PasswordHash, Person, Post, Role};
use domain::agency::{Agency, AgencyClass, AgencyRecord, Agreement};
use domain::explained::{Variant, VariantKind};
use domain::ids::{AgencyId, Chance, MunicipalityId, NoticeId, PostId, StaffId};
use domain::time::{Clock, Day, Instant};
use std::process::ExitCode;
use storage::{MunicipalityRecord, NewNotice, Store, StoreError};

/// The password of every demonstration log-in.
const PASSWORD: &str = "tsunagu-demo";

/// code, name, kana, class, topics, hub
type Place = (&'static str, &'static str, &'static str, AgencyClass, &'static [&'static str], bool);

const PLACES: [Place; 10] = [
    (
        "fukushi-marugoto",
        "福祉まるごと相談課",
        "フクシマルゴトソウダンカ",
        AgencyClass::Ward,
        &["01", "02", "10", "12", "13", "99"],
        false,
    ),
    (
        "kurashi-shigoto",
        "くらしとしごとの相談センター",
        "クラシトシゴトノソウダンセンター",
        AgencyClass::Ward,
        &["03", "04", "06", "07", "08", "15"],
        false,
    ),
    ("hoken", "保健センター", "ホケンセンター", AgencyClass::Ward, &["01", "11", "13"], false),
    ("nozei", "納税課", "ノウゼイカ", AgencyClass::Ward, &["05"], false),
    ("hub", "包括支援調整担当", "ホウカツシエンチョウセイタントウ", AgencyClass::Ward, &[], true),
    ("hogo", "個人情報保護管理担当", "コジンジョウホウホゴカンリタントウ", AgencyClass::Ward, &[], false),
    ("kansa", "監査担当", "カンサタントウ", AgencyClass::Ward, &[], false),
    ("admin", "システム管理担当", "システムカンリタントウ", AgencyClass::Ward, &[], false),
    (
        "npo-safetynet",
        "NPO法人 見本セーフティネット",
        "エヌピーオーホウジン　ミホンセーフティネット",
        AgencyClass::Npo,
        &["13", "15"],
        false,
    ),
    ("byoin", "見本病院", "ミホンビョウイン", AgencyClass::Medical, &["01"], false),
];

/// login, name, agency, role
const PEOPLE: [(&str, &str, &str, Role); 11] = [
    ("madoguchi", "見本 窓子", "fukushi-marugoto", Role::Counter),
    ("kacho", "見本 課長", "fukushi-marugoto", Role::Manager),
    ("kurashi", "見本 暮", "kurashi-shigoto", Role::Counter),
    ("hoken", "見本 保健", "hoken", Role::Counter),
    ("zei", "見本 税", "nozei", Role::Counter),
    ("npo", "見本 支援", "npo-safetynet", Role::Counter),
    ("byoin", "見本 病院", "byoin", Role::Counter),
    ("hub", "見本 調整", "hub", Role::Hub),
    ("hogo", "見本 保護", "hogo", Role::PrivacyOfficer),
    ("kansa", "見本 監査", "kansa", Role::Auditor),
    ("admin", "見本 管理", "admin", Role::Admin),
];

const NOTICE: &str = "ご相談の内容を、あなたの同意を得て、必要な機関に伝えます。\n\
目的: 相談内容に応じた支援につなぐため(個人情報の保護に関する法律 第61条・第62条)。\n\
伝えるのは、あなたが選んだ項目を、あなたが選んだ相手にだけです。\n\
同意はいつでもやめられます。やめても、不利益はありません。\n\
(見本の文です。実際の文は、区が定めて登録します。)";

/// The purpose that is shown with the notice.
const PURPOSE: &str = "相談内容に応じた支援につなぐため";

/// The same text for people who read another version better: kind, language, title, body.
const VARIANTS: [(VariantKind, &str, &str, &str); 3] = [
    (
        VariantKind::Plain,
        "ja",
        "あなたのことを つたえても いいですか",
        "あなたが こまっていることを、てつだう人に つたえます。\n\
         つたえる前に、あなたに「いいですか」と ききます。\n\
         つたえることと、つたえる相手は、あなたが えらびます。\n\
         「やっぱり やめます」と いつでも いえます。やめても、わるいことは ありません。\n\
         (見本の 文です。)",
    ),
    (
        VariantKind::Furigana,
        "ja",
        "{個人情報|こじんじょうほう}の{共有|きょうゆう}についての{説明|せつめい}",
        "ご{相談|そうだん}の{内容|ないよう}を、あなたの{同意|どうい}を{得|え}て、{必要|ひつよう}な{機関|きかん}に{伝|つた}えます。\n\
         {目的|もくてき}: {相談内容|そうだんないよう}に{応|おう}じた{支援|しえん}につなぐため。\n\
         {同意|どうい}はいつでもやめられます。やめても、{不利益|ふりえき}はありません。\n\
         ({見本|みほん}の{文|ぶん}です。)",
    ),
    (
        VariantKind::OtherLanguage,
        "en",
        "About sharing your information",
        "With your consent, we tell what you talked about to the offices that can help you.\n\
         You choose what is told, and to whom.\n\
         You can stop at any time. Nothing bad will happen to you if you stop.\n\
         (This is a sample text.)",
    ),
];

/// Fills an empty database.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config) -> Result<ExitCode, Failure> {
    make(config, SystemClock.now(), &SystemChance::new())?;
    println!("the demonstration is ready; every log-in has the password {PASSWORD}");
    Ok(ExitCode::SUCCESS)
}

/// Makes the demonstration in the database of `config`, as of `now`.
///
/// # Errors
/// The database is not empty, or refuses.
pub fn make(config: &Config, now: Instant, chance: &dyn Chance) -> Result<(), Failure> {
    let desk = desk(config)?;
    wait(fill(&desk.store, now, chance))
}

fn variant((kind, language, title, body): (VariantKind, &str, &str, &str)) -> Variant {
    Variant { kind, language: language.to_owned(), title: title.to_owned(), body: body.to_owned() }
}

/// Writes the demonstration: a municipality, its agencies, people and notice, in one transaction.
///
/// # Errors
/// The database is not empty, or refuses.
async fn fill(store: &Store, now: Instant, chance: &dyn Chance) -> Result<(), Failure> {
    let municipalities = store.read::<_, StoreError, _>(|tx| tx.list_municipalities()).await?;
    if !municipalities.is_empty() {
        return Err("the demonstration fills an empty database only; this one has data".into());
    }
    // One hash for all of them: a demonstration has no secrets, and eleven hashes take a second.
    let hash = api::password::hash(PASSWORD, chance).map_err(|e| e.to_string())?;
    let of = MunicipalityId::new(now, chance);
    let today = Day(now.date());
    let began = Day(jiff::civil::date(2020, 4, 1));
    let municipality = MunicipalityRecord { id: of, code: "131211".to_owned(), name: "見本区".to_owned() };
    let agencies: Vec<AgencyRecord> = PLACES.iter().map(|place| agency(place, of, now, began, chance)).collect();
    let find = |code: &str| agencies.iter().find(|a| a.code == code).map(|a| a.agency.id);
    let people = PEOPLE
        .iter()
        .map(|(login, name, code, role)| Some(person(login, name, find(code)?, *role, of, &hash, now, began, chance)))
        .collect::<Option<Vec<_>>>()
        .ok_or("a demonstration log-in names no agency")?;
    let notice = NewNotice {
        id: NoticeId::new(now, chance),
        municipality_id: of,
        title: "個人情報の共有についての説明".to_owned(),
        body: NOTICE.to_owned(),
        in_force_from: today,
        purpose: Some(PURPOSE.to_owned()),
        variants: VARIANTS.map(variant).to_vec(),
    };
    store
        .write::<_, StoreError, _>(of.0, move |tx| {
            tx.insert_municipality(&municipality, now)?;
            agencies.iter().try_for_each(|it| tx.apply_new(it.clone().create(), None, now).map(drop))?;
            people.iter().try_for_each(|it| tx.apply_new(it.clone().create(), None, now).map(drop))?;
            tx.insert_notice(&notice, now).map(|_| ())
        })
        .await?;
    Ok(())
}

fn agency(place: &Place, of: MunicipalityId, now: Instant, began: Day, chance: &dyn Chance) -> AgencyRecord {
    let (code, name, kana, class, topics, hub) = *place;
    // The hospital has no agreement, so that a user can see how the gate refuses.
    let agreement = (class == AgencyClass::Npo).then(|| Agreement {
        number: "見本協定第1号".to_owned(),
        valid_from: began,
        valid_until: Day(jiff::civil::date(2099, 3, 31)),
    });
    AgencyRecord {
        agency: Agency {
            id: AgencyId::new(now, chance),
            municipality_id: of,
            class,
            active_from: began,
            active_until: None,
            agreement,
            confirmed: true,
        },
        code: code.to_owned(),
        name: name.to_owned(),
        kana: kana.to_owned(),
        earlier_names: Vec::new(),
        parent_id: None,
        successor_id: None,
        topics: topics.iter().map(|t| (*t).to_owned()).collect(),
        mailbox: Some(format!("{code}@example.jp")),
        phone: Some("03-0000-0000".to_owned()),
        hub,
        is_named: false,
        pending: None,
        ended_at: None,
        mail_failed_at: None,
        revision: 1,
        updated_at: now,
    }
}

#[allow(clippy::too_many_arguments, reason = "the columns of one row")]
fn person(
    login: &str,
    name: &str,
    agency_id: AgencyId,
    role: Role,
    of: MunicipalityId,
    hash: &str,
    now: Instant,
    began: Day,
    chance: &dyn Chance,
) -> Person {
    let id = StaffId::new(now, chance);
    let post = Post::confirmed(PostId::new(now, chance), id, agency_id, role, began, now);
    Person {
        id,
        municipality_id: of,
        login: login.to_owned(),
        name: name.to_owned(),
        password_hash: Some(PasswordHash(hash.to_owned())),
        code: None,
        code_from: None,
        disabled_at: None,
        posts: vec![post],
        sessions: Vec::new(),
    }
}

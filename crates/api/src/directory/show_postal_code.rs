use crate::auth::{Guard, op};
use crate::door::segment;
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get};
use domain::text;
use flate2::read::GzDecoder;
use serde::Serialize;
use std::io::Read;
use std::str::FromStr;
use std::sync::LazyLock;
use utoipa::ToSchema;

/// The table of 日本郵便, as data/postal_codes.py writes it; the source and the licence are named there.
const TABLE: &[u8] = include_bytes!("../../data/postal_codes.tsv.gz");

/// The table, and where each of its lines begins, with the code of the line. Five megabytes, unpacked at the first request.
struct Table {
    text: String,
    lines: Vec<(u32, usize)>,
}

static PLACES: LazyLock<Table> = LazyLock::new(|| {
    let mut text = String::new();
    // A table that cannot be read counts as empty: people then type the address. The tests check that it can be read.
    if GzDecoder::new(TABLE).read_to_string(&mut text).is_err() {
        text.clear();
    }
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let code = line.split('\t').next().and_then(|code| code.parse().ok());
        lines.extend(code.map(|code| (code, at)));
        at += line.len();
    }
    Table { text, lines }
});

/// 郵便番号に当たる場所.
#[derive(Serialize, ToSchema)]
struct Place {
    /// 都道府県
    #[schema(example = "東京都")]
    prefecture: &'static str,
    /// 市区町村
    #[schema(example = "足立区")]
    city: &'static str,
    /// 町域(空のこともあります)
    #[schema(example = "大谷田")]
    town: &'static str,
}

/// 郵便番号の住所.
#[derive(Serialize, ToSchema)]
pub(super) struct PostalCodeResponse {
    /// 7桁の数字
    #[schema(example = "1200001")]
    code: String,
    /// 当たる場所。一つとは限りません
    places: Vec<Place>,
}

/// Seven digits.
struct Code(u32);

impl FromStr for Code {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        text::postal_code(code).map_err(|_| ())?;
        code.parse().map(Self).map_err(|_| ())
    }
}

fn places(code: u32) -> Vec<Place> {
    let table: &'static Table = &PLACES;
    let first = table.lines.partition_point(|(c, _)| *c < code);
    let there = table.lines.iter().skip(first).take_while(|(c, _)| *c == code);
    let lines = there.filter_map(|(_, at)| table.text.get(*at..)?.lines().next());
    lines
        .filter_map(|line| {
            let mut parts = line.split('\t').skip(1);
            Some(Place { prefecture: parts.next()?, city: parts.next()?, town: parts.next()? })
        })
        .collect()
}

/// The places of a postal code. No outside service is asked, and the trail records nothing: a postal code is no personal data.
#[utoipa::path(
    tag = "directory",
    summary = "郵便番号から住所をさがす",
    description = "7桁の郵便番号に当たる都道府県・市区町村・町域です。日本郵便の郵便番号データ(個別の事業所の番号を除く)から答え、外部には問い合わせません。",
    responses((status = 200, description = "住所", body = PostalCodeResponse))
)]
#[get("/api/v1/postal-codes/{code}")]
pub(super) async fn show_postal_code(
    guard: Guard<op::ShowPostalCode>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let Code(number) = segment(&request, "code")?;
    let places = places(number);
    if places.is_empty() {
        return Err(Problem::NotFound);
    }
    Ok(Answer::ok(&PostalCodeResponse { code: format!("{number:07}"), places })?.respond(false))
}

#[cfg(test)]
mod tests {
    use super::PLACES;

    #[test]
    fn no_town_repeats_its_municipality_or_holds_a_cut_lot_a_list_or_a_remark() {
        let lines = PLACES.text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let towns: Vec<_> = lines.map(|parts| <[&str; 4]>::try_from(parts).unwrap()).collect();
        assert_eq!(towns.len(), 124_198);
        let wrong = |[_, _, city, town]: &&[&str; 4]| {
            let village = city.split_once('郡').map_or(*city, |(_, village)| village);
            let is_cut = *city == "和賀郡西和賀町" && town.contains(|c| ('０'..='９').contains(&c));
            *town == village
                || *town == *city
                || is_cut
                || ["地割", "場合", "、", "〜", "（"].iter().any(|mark| town.contains(mark))
        };
        assert_eq!(towns.iter().filter(wrong).collect::<Vec<_>>(), Vec::<&[&str; 4]>::new());
        let of = |code: &str| towns.iter().filter(|line| line[0] == code).map(|line| line[3]).collect::<Vec<_>>();
        assert_eq!((of("7960088"), of("4090142"), of("7660001")), (vec![""], vec![""], vec![""]));
        assert_eq!((of("0295501"), of("7614101")), (vec!["下左草", "左草"], vec!["乙", "甲"]));
        // 「一円」 is the name of a place, too.
        assert_eq!(of("5220317"), ["一円"]);
    }
}

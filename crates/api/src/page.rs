//! Pages: keyset cursors that are valid only for the list, the reader and the filter for which they were made.

use crate::app::App;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use domain::ids::AgencyId;
use domain::personal::Revealed;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor for `after=`, when there are more.
    pub next: Option<String>,
}

/// The list to which a cursor belongs: its name, its reader and its filter.
pub struct List<'a> {
    app: &'a App,
    scope: String,
}

impl<'a> List<'a> {
    /// The list `name` as `reader` sees it; `filter` is the whole query without limit and cursor.
    pub fn new(app: &'a App, name: &str, reader: AgencyId, filter: &impl std::fmt::Debug) -> Self {
        Self { app, scope: format!("{name}\0{reader}\0{filter:?}") }
    }

    /// The position in a cursor.
    ///
    /// # Errors
    /// It is not a cursor of this list.
    pub fn position(&self, cursor: Option<&str>) -> Result<Option<String>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        self.app.cursors.open(&self.scope, cursor).map(Some).ok_or_else(bad_cursor)
    }

    /// The position, parsed.
    ///
    /// # Errors
    /// It is not a cursor of this list.
    pub fn after<T: std::str::FromStr>(&self, cursor: Option<&str>) -> Result<Option<T>, Problem> {
        self.position(cursor)?.map(|position| position.parse().map_err(|_| bad_cursor())).transpose()
    }

    fn cursor(&self, position: &str) -> Result<String, Problem> {
        let sealed = self.app.cursors.seal(&self.scope, position, self.app.chance.as_ref());
        sealed.map_err(|error| Problem::Internal(error.to_string()))
    }

    /// Makes a page from `limit + 1` loaded items; `position` gives the position of an item.
    ///
    /// # Errors
    /// The cursor cannot be sealed.
    pub fn page<T>(&self, mut loaded: Vec<T>, limit: i64, position: impl Fn(&T) -> String) -> Result<Page<T>, Problem> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = loaded.len() > limit;
        loaded.truncate(limit);
        let next = loaded.last().filter(|_| more).map(|last| self.cursor(&position(last))).transpose()?;
        Ok(Page { items: loaded, next })
    }
}

pub(crate) fn bad_cursor() -> Problem {
    Problem::invalid("/after", "bad_cursor", "続きの位置が正しくありません。一覧を最初から開き直してください。")
}

impl<T> Page<T> {
    /// The same page with other items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

impl<T: Serialize> Page<T> {
    /// The answer, with a `Link` header to the next page (RFC 8288).
    ///
    /// # Errors
    /// The items do not serialise.
    pub fn respond(&self, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let mut response = HttpResponse::Ok();
        if let Some(next) = &self.next {
            let kept = request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
            let query: Vec<&str> = kept.collect();
            let query = if query.is_empty() { String::new() } else { format!("{}&", query.join("&")) };
            response.insert_header((header::LINK, format!("<{}?{query}after={next}>; rel=\"next\"", request.path())));
        }
        let body = serde_json::to_vec(&Revealed(self)).map_err(|e| Problem::Internal(e.to_string()))?;
        Ok(response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("application/json").body(body))
    }
}

/// `?limit=`: 1–200; 50 when it is left out.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub struct Limit(i64);

impl TryFrom<i64> for Limit {
    type Error = &'static str;
    fn try_from(limit: i64) -> Result<Self, &'static str> {
        if (1..=200).contains(&limit) { Ok(Self(limit)) } else { Err("limit out of range") }
    }
}

impl Limit {
    /// The number of items on a page.
    pub fn of(limit: Option<Self>) -> i64 {
        limit.map_or(50, |l| l.0)
    }
}

/// The query of a list without a filter.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit>,
    /// 続きの位置
    pub after: Option<String>,
}

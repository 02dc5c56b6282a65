//! Pages: keyset cursors that fit only the list, the reader and the filter for which they were made.

use crate::app::App;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::AgencyId;
use domain::personal::Revealed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor for `after=`, when there are more.
    pub next: Option<String>,
}

/// The list of which a cursor is: its name, who reads, and its filter.
pub struct List<'a> {
    app: &'a App,
    scope: String,
}

const TAG: usize = 12;

impl<'a> List<'a> {
    /// The list `name` as `reader` sees it; `filter` is everything of the query but limit and cursor.
    pub fn new(app: &'a App, name: &str, reader: AgencyId, filter: &impl std::fmt::Debug) -> Self {
        Self {
            app,
            scope: format!("{name}\0{reader}\0{filter:?}"),
        }
    }

    fn tag(&self, position: &str) -> Vec<u8> {
        let tag = hmac::sign(&self.app.cursor, format!("{}\0{position}", self.scope).as_bytes());
        tag.as_ref().iter().take(TAG).copied().collect()
    }

    /// The position in a cursor.
    ///
    /// # Errors
    /// It is not a cursor of this list.
    pub fn position(&self, cursor: Option<&str>) -> Result<Option<String>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let wrong = || {
            Problem::invalid(
                "/after",
                "bad_cursor",
                "続きの位置が正しくありません。一覧を最初から開き直してください。",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
        let (tag, position) = bytes.split_at_checked(TAG).ok_or_else(wrong)?;
        let position = std::str::from_utf8(position).map_err(|_| wrong())?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(tag, &self.tag(position)).is_err() {
            return Err(wrong());
        }
        Ok(Some(position.to_owned()))
    }

    /// The position, parsed.
    ///
    /// # Errors
    /// It is not a cursor of this list.
    pub fn after<T: std::str::FromStr>(&self, cursor: Option<&str>) -> Result<Option<T>, Problem> {
        let wrong = |_| {
            Problem::invalid(
                "/after",
                "bad_cursor",
                "続きの位置が正しくありません。一覧を最初から開き直してください。",
            )
        };
        self.position(cursor)?
            .map(|position| position.parse().map_err(wrong))
            .transpose()
    }

    fn cursor(&self, position: &str) -> String {
        let mut bytes = self.tag(position);
        bytes.extend_from_slice(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A page of what was loaded with `limit + 1`; `position` says where an item stands.
    pub fn page<T>(&self, mut loaded: Vec<T>, limit: i64, position: impl Fn(&T) -> String) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = loaded.len() > limit;
        loaded.truncate(limit);
        let next = loaded.last().filter(|_| more).map(|last| self.cursor(&position(last)));
        Page { items: loaded, next }
    }
}

impl<T> Page<T> {
    /// The same page with other items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
        }
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
            let kept = request
                .query_string()
                .split('&')
                .filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
            let query: Vec<&str> = kept.collect();
            let query = if query.is_empty() {
                String::new()
            } else {
                format!("{}&", query.join("&"))
            };
            response.insert_header((
                header::LINK,
                format!("<{}?{query}after={next}>; rel=\"next\"", request.path()),
            ));
        }
        let body = serde_json::to_vec(&Revealed(self)).map_err(|e| Problem::Internal(e.to_string()))?;
        Ok(response
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .body(body))
    }
}

/// `?limit=`: 1–200, 50 when not said.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub struct Limit(i64);

impl TryFrom<i64> for Limit {
    type Error = &'static str;
    fn try_from(limit: i64) -> Result<Self, &'static str> {
        if (1..=200).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err("limit out of range")
        }
    }
}

impl Limit {
    /// The number of items on a page.
    pub fn of(limit: Option<Self>) -> i64 {
        limit.map_or(50, |l| l.0)
    }
}

//! The directory as requests and as answers.

mod agency;
mod notice;
mod staff;

pub(super) use agency::{AgencyRequest, AgencyResponse};
pub(super) use notice::{NoticeRequest, NoticeResponse};
pub(super) use staff::{
    CodeResponse, EndPostRequest, PostRequest, PostResponse, StaffRequest, StaffResponse, staff_response,
};

use domain::door::FieldError;
use domain::time::Day;

/// The error for a last day before the first day.
fn ends_early(pointer: &str, from: Day, until: Option<Day>) -> Option<FieldError> {
    let detail = "終わりの日は、始まりの日以降にしてください。";
    until.filter(|until| *until < from).map(|_| FieldError::new(pointer, "before_start", detail))
}

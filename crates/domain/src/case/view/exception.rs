//! What one reader is shown of an exception.

use crate::agency::Actor;
use crate::case::exception::{Exception, Progress, Reasons};
use crate::case::{Case, Target};
use crate::content::{Warning, warnings};
use crate::door::FieldError;
use crate::permit::Permit;
use crate::personal::Personal;

/// An exception as one reader may see it.
pub struct ExceptionView<'a> {
    /// Its plain data. What stands below stands there in place of what stands here; words stand in `words` alone.
    pub exception: &'a Exception,
    /// The sheet's number.
    pub number: String,
    /// The reasons with their words; none for a reader of metadata.
    pub words: Option<&'a Reasons>,
    /// Why it was rejected.
    pub rejection_reason: Option<Personal<String>>,
    /// What was done afterwards.
    pub follow_up_text: Option<Personal<String>>,
    /// Remarks on the words that are shown.
    pub warnings: Vec<Warning>,
    /// What the reader may do now.
    pub can: Vec<&'static str>,
}

impl Case {
    /// The exception as the actor may see it: a reader of metadata sees everything but words.
    pub fn exception_view<'a>(&self, exception: &'a Exception, permit: Permit, actor: &Actor) -> ExceptionView<'a> {
        let words = (permit == Permit::Allowed).then_some(&exception.reasons);
        let (rejection_reason, follow_up_text) = match &exception.progress {
            Progress::Rejected { reason, .. } => (Some(reason), None),
            Progress::FollowedUp { text, .. } => (None, Some(text)),
            _ => (None, None),
        };
        let shown = |text: Option<&Personal<String>>| text.filter(|_| words.is_some()).cloned();
        let said = words.map(|it| {
            [
                ("/facts", &it.facts),
                ("/why_no_consent", &it.why_no_consent),
                ("/harm_assessment", &it.harm_assessment),
                ("/later_consent_plan", &it.later_consent_plan),
            ]
        });
        let warned = said.into_iter().flatten().flat_map(|(at, text)| warnings(at, text.expose()));
        let repeats = exception.repeated && !exception.reasons.code.rules().repeatable;
        let repeated = repeats.then(|| {
            let detail = "同じ根拠を同じ相手に繰り返し使っています。続くときは、利用目的の登録を検討してください。";
            FieldError::new("/code", "repeated", detail)
        });
        ExceptionView {
            exception,
            number: self.sheet.number.map(|n| n.to_string()).unwrap_or_default(),
            words,
            rejection_reason: shown(rejection_reason),
            follow_up_text: shown(follow_up_text),
            warnings: warned.chain(repeated).collect(),
            can: self.can(Target::Exception(exception.id), actor),
        }
    }
}

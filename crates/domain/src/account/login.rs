//! How a person logs in: the password, the one-time code that sets it, and the sessions.

use super::{Person, Post, in_state};
use crate::agency::Actor;
use crate::aggregate::Outcome;
use crate::audit::{EventKind, Fact};
use crate::case::Refusal;
use crate::ids::{PostId, SessionId};
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};

/// The hash of a password (Argon2id, PHC string). Cannot be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash(pub String);

/// A one-time code that was given to a person (invitation or reset), as far as it is kept. Cannot be printed.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCode {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// From when on the code no longer works.
    pub expires_at: Instant,
}

/// A log-in that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The post in which the person acts.
    pub acting_post_id: PostId,
    /// When it was opened.
    pub created_at: Instant,
    /// When it ends at the latest.
    pub expires_at: Instant,
}

impl Person {
    /// Keeps the code that the person can use from now on, in place of any earlier one. `by` gave it out (none: the command line).
    ///
    /// # Errors
    /// It is oneself, or the person may not log in.
    pub fn issue_code(mut self, code: KeptCode, by: Option<&Actor>) -> Result<Outcome<Self>, Refusal> {
        self.not_oneself(by)?;
        if self.disabled_at.is_some() {
            return Err(in_state("disabled"));
        }
        self.code = Some(code);
        self.code_from = by.and_then(Actor::staff_id);
        let event = self.event(EventKind::CodeIssued).with("invitation", Fact::Flag(self.password_hash.is_none()));
        Ok(Outcome::of(self, event))
    }

    /// Sets the password with a code, uses it up, and ends every session. The person who handed out the code could have used it, too: so
    /// the posts wait until somebody else confirms that its owner used it. Also returns how many posts wait.
    ///
    /// # Errors
    /// The code was replaced, used or has expired, or the person may not log in.
    pub fn use_code(
        mut self,
        hash: &[u8; 32],
        password: PasswordHash,
        at: Instant,
    ) -> Result<(Outcome<Self>, u64), Refusal> {
        let is_good = self.code.is_some_and(|code| code.hash == *hash && at < code.expires_at);
        if self.disabled_at.is_some() || !is_good {
            return Err(in_state("used"));
        }
        let is_invitation = self.password_hash.is_none();
        (self.password_hash, self.code) = (Some(password), None);
        let ended = self.end_all_sessions(None, at);
        let waiting = self.code_from.map_or(0, |by| self.hold_posts(by));
        let event = self
            .event(EventKind::CodeUsed)
            .with("invitation", Fact::Flag(is_invitation))
            .with("sessions_ended", Fact::Count(ended))
            .with("posts_waiting", Fact::Count(waiting));
        Ok((Outcome::of(self, event), waiting))
    }

    /// Changes the password in a session, ends the other sessions, and takes back a code that was not used yet.
    ///
    /// # Errors
    /// `earlier` is no longer the password in force, or the session has ended.
    pub fn change_password(
        mut self,
        earlier: &PasswordHash,
        password: PasswordHash,
        session: SessionId,
        at: Instant,
    ) -> Result<Outcome<Self>, Refusal> {
        let is_open = self.sessions.iter().any(|open| open.id == session);
        if self.password_hash.as_ref() != Some(earlier) || self.disabled_at.is_some() || !is_open {
            return Err(in_state("changed"));
        }
        (self.password_hash, self.code) = (Some(password), None);
        let ended = self.end_all_sessions(Some(session), at);
        let event = self.event(EventKind::PasswordChanged).with("sessions_ended", Fact::Count(ended));
        Ok(Outcome::of(self, event))
    }

    /// Opens a session. `replaced` is the one that it follows in the same browser.
    ///
    /// # Errors
    /// The password is not `password` any more, or the person may not log in.
    pub fn open_session(
        mut self,
        session: Session,
        password: &PasswordHash,
        replaced: Option<SessionId>,
    ) -> Result<Outcome<Self>, Refusal> {
        let at = session.created_at;
        let holds = self.post(session.acting_post_id).is_some_and(|post| post.is_valid(Day(at.date())));
        if self.disabled_at.is_some() || self.password_hash.as_ref() != Some(password) || !holds {
            return Err(in_state("refused"));
        }
        let replaced = replaced.filter(|id| self.sessions.iter().any(|open| open.id == *id));
        self.sessions.retain(|open| at < open.expires_at && Some(open.id) != replaced);
        self.sessions.push(session);
        let event = self.event(EventKind::SessionOpened);
        let event = match replaced {
            Some(id) => event.with("replaced_session_id", Fact::Id(id.0)),
            None => event,
        };
        Ok(Outcome::of(self, event))
    }

    /// Makes another post of the person, one of those that are `held` today, the acting one.
    ///
    /// # Errors
    /// The session has ended, or it is not such a post.
    pub fn choose_post(mut self, session: SessionId, post_id: PostId, held: &[Post]) -> Result<Outcome<Self>, Refusal> {
        let Some(post) = held.iter().find(|post| post.id == post_id) else {
            let detail = "今日有効な、ご自身の職の中から選んでください。";
            return Err(Refusal::invalid("/post_id", "not_your_post", detail));
        };
        let open = self.sessions.iter_mut().find(|open| open.id == session).ok_or(Refusal::NotFound)?;
        open.acting_post_id = post_id;
        let event = self
            .event(EventKind::SessionPostChosen)
            .with("post_id", Fact::Id(post_id.0))
            .with("agency_id", Fact::Id(post.agency_id.0));
        Ok(Outcome::of(self, event))
    }

    /// Ends one session.
    ///
    /// # Errors
    /// It has ended already, or is not theirs.
    pub fn end_session(mut self, id: SessionId) -> Result<Outcome<Self>, Refusal> {
        let before = self.sessions.len();
        self.sessions.retain(|open| open.id != id);
        if self.sessions.len() == before {
            return Err(Refusal::NotFound);
        }
        let event = self.event(EventKind::SessionEnded).with("sessions_ended", Fact::Count(1));
        Ok(Outcome::of(self, event))
    }

    /// Ends every session, and returns how many there were.
    pub fn end_sessions(mut self, at: Instant) -> (Outcome<Self>, u64) {
        let ended = self.end_all_sessions(None, at);
        let event = self.event(EventKind::SessionEnded).with("sessions_ended", Fact::Count(ended));
        (Outcome::of(self, event), ended)
    }
}

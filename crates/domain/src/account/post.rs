//! Posts: added by one person, confirmed by another, ended by anybody who may.

use super::{Person, in_state};
use crate::agency::{Actor, Principal};
use crate::aggregate::Outcome;
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::Refusal;
use crate::codes::code_list;
use crate::ids::{AgencyId, PostId, StaffId};
use crate::second_person;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};

/// A post (職): one person in one agency in one role, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// Who holds it.
    pub staff_id: StaffId,
    /// Where.
    pub agency_id: AgencyId,
    /// As what.
    pub role: Role,
    /// First day.
    pub valid_from: Day,
    /// Last day, if it is known.
    pub valid_until: Option<Day>,
    /// Who made it; none = the command line.
    pub made_by: Option<StaffId>,
    /// Since when it counts: when another person than the one who made it confirmed it. A post from the command line counts at once.
    pub confirmed_at: Option<Instant>,
    /// The post of the same person that ends where this one begins.
    pub replaces_post_id: Option<PostId>,
    /// When somebody ended the post, or rejected it while it was waiting.
    pub ended_at: Option<Instant>,
}

impl Post {
    /// A post that counts from the start and has no last day: the command line makes such posts.
    pub fn confirmed(id: PostId, staff_id: StaffId, agency_id: AgencyId, role: Role, from: Day, now: Instant) -> Self {
        Self {
            id,
            staff_id,
            agency_id,
            role,
            valid_from: from,
            valid_until: None,
            made_by: None,
            confirmed_at: Some(now),
            replaces_post_id: None,
            ended_at: None,
        }
    }

    /// Whether the post is held on `today`.
    pub fn is_valid(&self, today: Day) -> bool {
        self.confirmed_at.is_some() && self.valid_from <= today && !self.is_over(today)
    }

    /// Whether it is over on `today`.
    pub fn is_over(&self, today: Day) -> bool {
        self.ended_at.is_some() || self.valid_until.is_some_and(|until| until < today)
    }

    /// The same post; nobody holds it longer than its agency exists.
    #[must_use]
    pub fn until(self, agency_ends: Option<Day>) -> Self {
        Self { valid_until: [self.valid_until, agency_ends].into_iter().flatten().min(), ..self }
    }

    /// Gives it an earlier last day. False when it ends by then anyway.
    fn shorten(&mut self, last: Day) -> bool {
        let is_longer = self.ended_at.is_none() && self.valid_until.is_none_or(|until| until > last);
        if is_longer {
            self.valid_until = Some(last);
        }
        is_longer
    }
}

impl Person {
    /// Adds a post for another person. One that waits counts once somebody else has confirmed it; one that counts already, from the command
    /// line, ends the post that it replaces.
    ///
    /// # Errors
    /// It is oneself, or the post to replace is not theirs.
    pub fn add_post(mut self, post: Post, by: Option<&Actor>) -> Result<Outcome<Self>, Refusal> {
        self.not_oneself(by)?;
        if post.replaces_post_id.is_some_and(|id| self.post(id).is_none()) {
            let detail = "この人の職の中から選んでください。";
            return Err(Refusal::invalid("/replaces_post_id", "unknown_post", detail));
        }
        self.posts.push(post);
        if post.confirmed_at.is_some() {
            self.end_replaced(post);
        }
        let event = self.event_of(EventKind::PostAdded, &post);
        Ok(Outcome::of(self, event))
    }

    /// Lets a post count. The rights of the person change, so their sessions end.
    ///
    /// # Errors
    /// There is no such post; the actor is not the second person; the person is barred; the post does not wait.
    pub fn confirm_post(mut self, id: PostId, actor: &Actor) -> Result<Outcome<Self>, Refusal> {
        let post = self.post(id).copied().ok_or(Refusal::NotFound)?;
        second_person::of_post(actor, post.agency_id, [Some(self.id), post.made_by, self.code_from])?;
        if self.disabled_at.is_some() {
            return Err(in_state("disabled"));
        }
        if post.ended_at.is_some() {
            return Err(in_state("ended"));
        }
        if post.confirmed_at.is_some() {
            return Err(in_state("confirmed"));
        }
        let post = self.change(Post { confirmed_at: Some(actor.at), ..post });
        self.end_replaced(post);
        let ended = self.end_all_sessions(None, actor.at);
        let event = self.event_of(EventKind::PostConfirmed, &post).with("sessions_ended", Fact::Count(ended));
        Ok(Outcome::of(self, event))
    }

    /// Ends a post at once, with all sessions of the person, or rejects one that waits; with `on`, that day becomes the last one.
    ///
    /// # Errors
    /// There is no such post; a manager would end one at another agency; the post is over; `on` is not an earlier last day.
    pub fn end_post(
        mut self,
        id: PostId,
        on: Option<Day>,
        by: Option<&Actor>,
        at: Instant,
    ) -> Result<Outcome<Self>, Refusal> {
        let mut post = self.post(id).copied().ok_or(Refusal::NotFound)?;
        let manages = |actor: &&Actor| matches!(actor.principal, Principal::Staff { role: Role::Manager, .. });
        if by.filter(manages).is_some_and(|manager| manager.agency_id != post.agency_id) {
            return Err(Refusal::Forbidden);
        }
        let today = Day(at.date());
        // The command line also ends a post that has run out.
        if post.ended_at.is_some() || by.is_some() && post.is_over(today) {
            return Err(in_state("ended"));
        }
        let event = self.event_of(EventKind::PostEnded, &post);
        let event = match on {
            Some(on) => {
                if on < post.valid_from.max(today) || !post.shorten(on) {
                    let detail = "今日(まだ始まっていない職は、始まりの日)から、いまの最後の日の前までの日にしてください。延ばすときは、職を加えてください。";
                    return Err(Refusal::invalid("/on", "not_shorter", detail));
                }
                event.with("on", Fact::Day(on))
            }
            None => {
                post.ended_at = Some(at);
                event.with("sessions_ended", Fact::Count(self.end_all_sessions(None, at)))
            }
        };
        self.change(post);
        Ok(Outcome::of(self, event))
    }

    /// Ends the posts at an agency that is no more, and the sessions that act in them. None when there are none.
    pub fn leave(mut self, agency: AgencyId, at: Instant) -> Option<Outcome<Self>> {
        let ended = self.posts.iter().filter(|post| post.agency_id == agency && post.ended_at.is_none());
        let ended: Vec<Post> = ended.map(|post| Post { ended_at: Some(at), ..*post }).collect();
        if ended.is_empty() {
            return None;
        }
        self.sessions.retain(|session| ended.iter().all(|post| post.id != session.acting_post_id));
        let events = ended.into_iter().map(|post| {
            let post = self.change(post);
            self.event_of(EventKind::PostEnded, &post)
        });
        let events = events.collect();
        Some(Outcome { thing: self, changes: (), events, mails: Vec::new() })
    }

    /// The post of that id.
    pub fn post(&self, id: PostId) -> Option<&Post> {
        self.posts.iter().find(|post| post.id == id)
    }

    /// Makes every confirmed post wait until somebody other than `by` and the person confirms it. Posts that wait already keep their
    /// `made_by`. Returns how many wait now that did not before.
    pub(super) fn hold_posts(&mut self, by: StaffId) -> u64 {
        let counting = |post: &&mut Post| post.ended_at.is_none() && post.confirmed_at.is_some();
        let mut held = 0;
        for post in self.posts.iter_mut().filter(counting) {
            (post.made_by, post.confirmed_at) = (Some(by), None);
            held += 1;
        }
        held
    }

    fn change(&mut self, changed: Post) -> Post {
        self.posts.iter_mut().filter(|post| post.id == changed.id).for_each(|post| *post = changed);
        changed
    }

    /// The post that this one replaces ends on the day before it begins.
    fn end_replaced(&mut self, by: Post) {
        // A day that has no day before it is the first of all.
        let Ok(eve) = by.valid_from.0.yesterday() else { return };
        let replaced = self.posts.iter_mut().filter(|post| Some(post.id) == by.replaces_post_id);
        replaced.for_each(|post| {
            post.shorten(Day(eve));
        });
    }

    fn event_of(&self, kind: EventKind, post: &Post) -> EventDraft {
        self.event(kind)
            .with("post_id", Fact::Id(post.id.0))
            .with("agency_id", Fact::Id(post.agency_id.0))
            .with("role", Fact::Code(post.role.as_str()))
    }
}

code_list! {
    /// 職の役割.
    pub enum Role ("role", "職の役割") {
        Counter = "counter", "窓口職員"; Manager = "manager", "所属長"; Hub = "hub", "調整担当"; PrivacyOfficer = "privacy_officer", "個人情報保護管理者";
        Auditor = "auditor", "監査"; Admin = "admin", "システム管理者";
    }
}

//! The actor's own log-in.

use super::rule::{COLLECTION, EVERYBODY, NEVER, only, operations};

operations! {
    ShowSession = "show_session", Service, NEVER, [only(EVERYBODY, COLLECTION)];
    EndSession = "end_session", Service, NEVER, [only(EVERYBODY, COLLECTION)];
    ChooseActingPost = "choose_acting_post", Service, NEVER, [only(EVERYBODY, COLLECTION)];
    ChangePassword = "change_password", Service, NEVER, [only(EVERYBODY, COLLECTION)];
    ListSessions = "list_sessions", Service, NEVER, [only(EVERYBODY, COLLECTION)];
    EndOwnSession = "end_own_session", Service, NEVER, [only(EVERYBODY, COLLECTION)];
}

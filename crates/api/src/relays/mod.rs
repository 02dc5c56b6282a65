//! つなぎ: previewed, sent, amended, answered, handed back, reported.

mod accept_hand_back;
mod accept_relay;
mod amend_relay;
mod cancel_relay;
mod chase_relay;
mod confirm_relay;
mod decline_hand_back;
mod decline_relay;
mod hand_back_relay;
mod list_relays;
mod members;
mod preview_amendment;
mod preview_relay;
mod receive_relay;
mod report_relay;
mod resend_relay;
mod return_relay;
mod send_relay;
mod shape;
mod show_board;
mod show_relay;
mod steps;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(preview_relay::preview_relay)
        .service(send_relay::send_relay)
        .service(list_relays::list_relays)
        .service(show_board::show_board)
        .service(show_relay::show_relay)
        .service(receive_relay::receive_relay)
        .service(accept_relay::accept_relay)
        .service(decline_relay::decline_relay)
        .service(return_relay::return_relay)
        .service(resend_relay::resend_relay)
        .service(cancel_relay::cancel_relay)
        .service(report_relay::report_relay)
        .service(confirm_relay::confirm_relay)
        .service(preview_amendment::preview_amendment)
        .service(amend_relay::amend_relay)
        .service(hand_back_relay::hand_back_relay)
        .service(accept_hand_back::accept_hand_back)
        .service(decline_hand_back::decline_hand_back)
        .service(chase_relay::chase_relay);
}

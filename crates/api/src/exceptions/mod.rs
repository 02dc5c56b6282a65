//! 同意の例外: requested, decided by another person, followed up.

mod approve_exception;
mod follow_up_exception;
mod list_exceptions;
mod reject_exception;
mod request_exception;
pub(crate) mod shape;
mod show_exception;
mod steps;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(request_exception::request_exception)
        .service(list_exceptions::list_exceptions)
        .service(show_exception::show_exception)
        .service(approve_exception::approve_exception)
        .service(reject_exception::reject_exception)
        .service(follow_up_exception::follow_up_exception);
}

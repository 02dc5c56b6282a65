//! What holds for every operation: problem documents, methods, headers, sizes, cursors, tokens.

mod cursors;
mod methods;
mod refusals;
mod told;
mod transport;

//! Diesel lives in this crate and nowhere else: no other room knows which database is used.

mod account;
mod apply;
mod audit;
pub mod backup;
mod case;
mod clients;
mod connection;
mod directory;
pub mod examine;
mod exceptions;
mod figures;
mod health;
mod idempotency;
pub mod keys;
mod lane;
mod lists;
mod locked;
mod measure;
pub mod migrate;
mod outbox;
mod prepared;
mod receipts;
mod schema;
mod service;
mod sql_types;
mod store;
mod tasks;
#[cfg(test)]
mod tests;

pub use account::{SessionRecord, SessionWithPost};
pub use audit::{Concern, EventFilter, StoredEvent, StreamLock};
#[cfg(feature = "load")]
pub use case::Finished;
pub use case::{EntryFilter, Labelled, Labels, OpenedAttachment, StillOpen};
pub use connection::{ConnectError, DatabaseUrl};
pub use directory::{MunicipalityRecord, NewNotice, NoticeRecord};
pub use exceptions::{DisclosureFilter, ExceptionBox, ExceptionSummary};
pub use idempotency::{Claim, Found, Kept, Shows, StoredAnswer};
pub use lane::WriteTx;
pub use lists::{
    LoadRow, RelayBox, RelayFilter, RelayOrder, RelaySummary, ReleaseSummary, Releases, Search, SheetFilter,
    SheetSummary,
};
pub use locked::{Locked, Stored};
pub use measure::{Distribution, LaneNumbers, Numbers, ReaderNumbers};
pub use outbox::{Claimed, OutboxHealth};
pub use receipts::{PLACES_OF_A_LIST, Reading, ReceiptState};
pub use store::{ReadTx, Settings, Store, StoreError};
pub use tasks::{TaskFilter, TaskReader, TaskSummary};

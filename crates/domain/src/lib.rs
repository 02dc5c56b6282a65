//! What a sheet, a consent, a relay and an audit event are, and every rule. Pure: no I/O, no async, no database, no clock.

pub mod address;
pub mod age;
pub mod agency;
pub mod attachment;
pub mod audit;
pub mod calendar;
pub mod case;
pub mod codes;
pub mod consent;
pub mod content;
pub mod door;
pub mod exception;
pub mod explained;
pub mod ids;
pub mod kana;
pub mod my_number;
pub mod notice;
pub mod permit;
pub mod personal;
pub mod receipt;
pub mod relay;
pub mod sheet;
pub mod stop;
pub mod text;
pub mod time;
pub mod wareki;

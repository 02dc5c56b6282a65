//! What a sheet, a consent, a relay and an audit event are, and every rule. Pure: no I/O, no async, no database, no clock.

pub mod account;
pub mod age;
pub mod agency;
pub mod aggregate;
pub mod audit;
pub mod beside;
pub mod calendar;
pub mod case;
pub mod codes;
pub mod content;
pub mod door;
pub mod explained;
pub mod figure;
pub mod floor;
pub mod ids;
pub mod kana;
pub mod mail;
pub mod municipality;
pub mod my_number;
pub mod permit;
pub mod personal;
pub mod receipt;
pub mod second_person;
pub mod text;
pub mod time;
pub mod wareki;

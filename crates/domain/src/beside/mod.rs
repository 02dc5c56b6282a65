//! What stands beside a case, under its stream, its lock and its data key: no rule about another part of the case looks at it.

pub mod attachment;
pub mod closure;
pub mod entry;

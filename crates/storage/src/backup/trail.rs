//! Where the audit trail ends, so that a copy and the database restored from it can be compared.

use super::BackupError;
use crate::connection::Conn;
use aws_lc_rs::digest;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use serde::{Deserialize, Serialize};

/// The end of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// The position of the newest event.
    pub position: i64,
    /// The number of streams.
    pub streams: u64,
    /// SHA-256 over the heads of all streams in the order of their names, hex.
    pub heads: String,
    /// Streams whose head is not the hash of their last event. If it is not 0, somebody tampered with the database; `audit verify` says
    /// where.
    pub broken: u64,
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    last: Option<Vec<u8>>,
    #[diesel(sql_type = BigInt)]
    beyond: i64,
}

/// The most heads that one query reads.
const AT_ONCE: usize = 5000;

/// Reads where the trail ends. On PostgreSQL the caller opens a transaction for it, so that all numbers are of one moment.
pub(super) fn read(conn: &mut Conn) -> Result<Trail, BackupError> {
    let position: i64 = sql::<BigInt>("select coalesce(max(position), 0) from audit_event").get_result(conn)?;
    let page = format!(
        "select s.name, s.seq, s.hash,
                (select e.hash from audit_event e where e.stream = s.name and e.seq = s.seq) as last,
                (select count(*) from audit_event e where e.stream = s.name and e.seq = s.seq + 1) as beyond
         from stream s where s.name > $1 order by s.name limit {AT_ONCE}"
    );
    let mut hash = digest::Context::new(&digest::SHA256);
    let (mut streams, mut broken, mut after) = (0, 0, String::new());
    loop {
        let heads: Vec<Head> = diesel::sql_query(page.as_str()).bind::<Text, _>(&after).load(conn)?;
        let Some(newest) = heads.last() else { break };
        after = newest.name.clone();
        for head in &heads {
            streams += 1;
            hash.update(format!("{} {} {}\n", head.name, head.seq, hex::encode(&head.hash)).as_bytes());
            // A stream may have been opened and have no event yet.
            let agrees = head.seq == 0 || head.last.as_ref() == Some(&head.hash);
            broken += u64::from(!agrees || head.beyond > 0);
        }
        if heads.len() < AT_ONCE {
            break;
        }
    }
    Ok(Trail { position, streams, heads: hex::encode(hash.finish()), broken })
}

//! The cost of the gate alone, without HTTP and database: the covering test, and the restriction of a large sheet to what its reader may
//! see.

use crate::Result;
use crate::world::{World, large_content};
use domain::case::consent::{Ask, Purpose, Sight, failed_clauses};
use domain::content::{Section, Sections};
use domain::time::Day;
use serde::Serialize;
use std::hint::black_box;
use std::time::Instant;

/// How many times each is run.
const TIMES: u32 = 20_000;

/// The cost of each.
#[derive(Serialize, Clone, Copy)]
pub(crate) struct Gate {
    /// The size of the sheet's content as JSON.
    pub(crate) sheet_bytes: usize,
    /// The covering test with all its clauses.
    pub(crate) covering_us: f64,
    /// The grant of the reader, and the content reduced to it.
    pub(crate) restriction_us: f64,
}

/// Measures the gate on a case of the bench, with the receiver of its relay as the reader.
pub(crate) fn measure(world: &World) -> Result<Gate> {
    let case = world.case(0, 1)?.case;
    let content = world.check(&large_content(), world.now)?;
    let sheet_bytes = large_content().len();
    let consent = case.consents.last().ok_or("no consent")?;
    let relay = case.relays.last().ok_or("no relay")?;
    let to = world.agencies.iter().find(|it| it.agency.id == relay.to_agency_id).ok_or("no such agency")?;
    let to = &to.agency;
    let today = Day(world.now.date());
    let whole: Sections = Section::ALL.iter().copied().collect();
    let ask = Ask {
        from: relay.from_agency_id,
        to,
        sections: &consent.terms.sections,
        purpose: Purpose::SupportReferral,
        onward: false,
        senders_grant: &whole,
        address_secret: false,
        sight: Sight::WHOLE,
        refused_since: false,
        again: None,
        today,
    };
    if !failed_clauses(Some(consent), &ask).is_empty() {
        return Err("the covering test refuses a case of the bench".into());
    }
    let covering_us = each(|| drop(black_box(failed_clauses(black_box(Some(consent)), black_box(&ask)))));
    let restriction_us = each(|| {
        let grant = black_box(&case).grant(to, today);
        drop(black_box(grant.restrict(&content, &content, &[], Vec::new())));
    });
    Ok(Gate { sheet_bytes, covering_us, restriction_us })
}

fn each(mut deed: impl FnMut()) -> f64 {
    (0..TIMES / 10).for_each(|_| deed());
    let begun = Instant::now();
    (0..TIMES).for_each(|_| deed());
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}

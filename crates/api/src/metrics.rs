//! Numbers for Prometheus. Their labels are routes, codes and lanes of our own: never an id, never a name. docs/operation.md explains each number.

use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};
use std::fmt::{Display, Write as _};
use std::time::Duration;
use storage::{Distribution, LaneNumbers, Numbers, OutboxHealth};

/// The registry and the counters.
pub struct Metrics {
    registry: Registry,
    requests: Option<IntCounterVec>,
    seconds: Option<HistogramVec>,
    written: Option<IntCounterVec>,
    failed: Option<IntCounterVec>,
    diverged: Option<IntCounter>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let labels = ["method", "route", "status"];
        let requests =
            IntCounterVec::new(Opts::new("tsunagu_requests_total", "Requests by route and status."), &labels).ok();
        let buckets = vec![0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
        let options = HistogramOpts::new("tsunagu_request_seconds", "Duration of requests by route.").buckets(buckets);
        let seconds = HistogramVec::new(options, &["route"]).ok();
        let round = |name, help| IntCounterVec::new(Opts::new(name, help), &["round"]).ok();
        let written = round("tsunagu_round_written_total", "What rounds without a request have written.");
        let failed = round("tsunagu_round_failed_total", "What rounds without a request could not write.");
        let help = "Requests refused because somebody else has written what they are about.";
        let diverged = IntCounter::new("tsunagu_state_diverged_total", help).ok();
        // Registering fails only for a name that is registered twice, and these names differ.
        let _ = requests.clone().map(|c| registry.register(Box::new(c)));
        let _ = seconds.clone().map(|c| registry.register(Box::new(c)));
        let _ = written.clone().map(|c| registry.register(Box::new(c)));
        let _ = failed.clone().map(|c| registry.register(Box::new(c)));
        let _ = diverged.clone().map(|c| registry.register(Box::new(c)));
        Self { registry, requests, seconds, written, failed, diverged }
    }

    pub(crate) fn count_round(&self, round: &str, written: usize, failed: usize) {
        for (counter, count) in [(&self.written, written), (&self.failed, failed)] {
            if let Some(counter) = counter {
                counter.with_label_values(&[round]).inc_by(count as u64);
            }
        }
    }

    /// Counts a request whose thing is not what the service wrote.
    pub(crate) fn count_diverged(&self) {
        if let Some(diverged) = &self.diverged {
            diverged.inc();
        }
    }

    pub(crate) fn count(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        if let Some(requests) = &self.requests {
            requests.with_label_values(&[method, route, &status.to_string()]).inc();
        }
        if let Some(seconds) = &self.seconds {
            seconds.with_label_values(&[route]).observe(elapsed.as_secs_f64());
        }
    }

    /// Prometheus text format. `told` is what the database reports of the outbox. It is none when the database does not answer.
    pub(crate) fn text(&self, store: &Numbers, told: Option<OutboxHealth>) -> String {
        let mut out = Vec::new();
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut out);
        let mut page = Page(String::from_utf8(out).unwrap_or_default());
        page.one("tsunagu_readers", "Read connections.", store.readers.size);
        page.one("tsunagu_readers_busy", "Read connections that run a query now.", store.readers.busy);
        page.one("tsunagu_reads_waiting", "Queries that wait for a read connection.", store.readers.waiting);
        page.lanes(store, "tsunagu_lane_waiting", "gauge", "Writes that wait in the queue of a writer lane.", |lane| {
            lane.waiting
        });
        let help = "Writes that were run again because others were in the way.";
        page.lanes(store, "tsunagu_lane_repeats_total", "counter", help, |lane| lane.repeats);
        page.distribution(store, "tsunagu_lane_batch_size", "Writes that shared one commit.", 1.0, |lane| &lane.batch);
        let help = "From asking for a write to its answer, which follows the commit.";
        page.distribution(store, "tsunagu_lane_wait_seconds", help, 1e6, |lane| &lane.wait_micros);
        page.one(
            "tsunagu_database_answers",
            "1 when the database answered this question in time.",
            u8::from(told.is_some()),
        );
        if let Some(outbox) = told {
            let waiting = "Mails that wait to be sent; counted to 10000.";
            page.one("tsunagu_outbox_waiting", waiting, outbox.waiting);
            let oldest = "How long the oldest mail has waited.";
            page.one("tsunagu_outbox_oldest_age_seconds", oldest, outbox.oldest_age_seconds);
            page.one("tsunagu_outbox_dead", "Mails that could not be sent; counted to 10000.", outbox.dead);
        }
        page.0
    }
}

/// The text format for numbers that other parts keep.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn one(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn lanes(&mut self, of: &Numbers, name: &str, kind: &str, help: &str, value: impl Fn(&LaneNumbers) -> u64) {
        self.head(name, kind, help);
        for (number, lane) in of.lanes.iter().enumerate() {
            let _ = writeln!(self.0, "{name}{{lane=\"{number}\"}} {}", value(lane));
        }
    }

    /// `unit` says how many of the counted values make one unit of the metric.
    fn distribution(
        &mut self,
        of: &Numbers,
        name: &str,
        help: &str,
        unit: f64,
        value: impl Fn(&LaneNumbers) -> &Distribution,
    ) {
        self.head(name, "histogram", help);
        for (number, lane) in of.lanes.iter().enumerate() {
            let it = value(lane);
            let bounds = it.bounds.iter().map(|bound| (*bound as f64 / unit).to_string());
            let mut below = 0;
            for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(&it.counts) {
                below += count;
                let _ = writeln!(self.0, "{name}_bucket{{lane=\"{number}\",le=\"{bound}\"}} {below}");
            }
            let _ = writeln!(self.0, "{name}_sum{{lane=\"{number}\"}} {}", it.sum as f64 / unit);
            let _ = writeln!(self.0, "{name}_count{{lane=\"{number}\"}} {below}");
        }
    }
}

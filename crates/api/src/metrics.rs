//! Numbers for Prometheus. Labels are routes and codes of ours: never an id, never a name.

use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use std::time::Duration;

/// The registry and what is counted.
pub struct Metrics {
    registry: Registry,
    requests: Option<IntCounterVec>,
    seconds: Option<HistogramVec>,
    outbox_waiting: Option<IntGauge>,
    outbox_dead: Option<IntGauge>,
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
        let outbox_waiting = IntGauge::new("tsunagu_outbox_waiting", "Notices that wait to be mailed.").ok();
        let outbox_dead = IntGauge::new("tsunagu_outbox_dead", "Notices that could not be mailed.").ok();
        // Registering fails only for a name that is registered twice, which these are not.
        let _ = requests.clone().map(|c| registry.register(Box::new(c)));
        let _ = seconds.clone().map(|c| registry.register(Box::new(c)));
        let _ = outbox_waiting.clone().map(|c| registry.register(Box::new(c)));
        let _ = outbox_dead.clone().map(|c| registry.register(Box::new(c)));
        Self { registry, requests, seconds, outbox_waiting, outbox_dead }
    }

    pub(crate) fn count(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        if let Some(requests) = &self.requests {
            requests.with_label_values(&[method, route, &status.to_string()]).inc();
        }
        if let Some(seconds) = &self.seconds {
            seconds.with_label_values(&[route]).observe(elapsed.as_secs_f64());
        }
    }

    pub(crate) fn outbox(&self, waiting: i64, dead: i64) {
        if let Some(gauge) = &self.outbox_waiting {
            gauge.set(waiting);
        }
        if let Some(gauge) = &self.outbox_dead {
            gauge.set(dead);
        }
    }

    /// Prometheus text format.
    pub(crate) fn text(&self) -> String {
        let mut out = Vec::new();
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

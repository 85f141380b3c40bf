//! Logs and metrics as users of axum and tonic have them: tower-http's trace layer with tracing-subscriber's formatter, and the macros of `metrics` with
//! its exporter for Prometheus.

use std::future::Future;
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Level;

/// Installs both.
///
/// # Panics
///
/// Where there is a recorder already.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark's program can't go on without")]
pub fn install() -> PrometheusHandle {
    tracing_subscriber::fmt().with_max_level(Level::INFO).with_writer(std::io::stderr).init();
    let buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    let took = Matcher::Full(DURATION.to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(took, &buckets).expect("there are buckets");
    let handle = builder.install_recorder().expect("there is no recorder yet");
    // It keeps the values of histograms until this is called.
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    handle
}

const DURATION: &str = "request_duration_seconds";

/// Counts a call of `sum`, and how long it took.
pub async fn measured<T, E>(call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begin = Instant::now();
    let result = call.await;
    let success = if result.is_ok() { "true" } else { "false" };
    metrics::counter!("requests_total", "method" => "sum", "success" => success).increment(1);
    metrics::histogram!(DURATION, "method" => "sum", "success" => success).record(begin.elapsed().as_secs_f64());
    result
}

/// A line for each call, written when it is answered.
pub mod line {
    use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse};
    use tracing::Level;

    /// The span that has the method and the path.
    #[must_use]
    pub fn span() -> DefaultMakeSpan {
        DefaultMakeSpan::new().level(Level::INFO)
    }

    /// The line itself, with the status and how long it took.
    #[must_use]
    pub fn response() -> DefaultOnResponse {
        DefaultOnResponse::new().level(Level::INFO)
    }
}

//! The client of the routing service, and what goes around its calls.

use std::time::Duration;

use tower::ServiceBuilder;
use towerkit::circuitbreaker::policy::ConsecutiveFailures;
use towerkit::circuitbreaker::{Breaker, BreakerSettings, CircuitBreakerLayer, Faults, Judge, SleepWindow, Verdict};
use towerkit::endpoint::{BoxEndpoint, Code, Context, DeadlineLayer, Endpoint, Error, Next, Request, middleware_fn};
use towerkit::log::{Logger, Outcome};
use towerkit::metrics::Metrics;
use towerkit::retry::RetryLayer;
use towerkit::transport::http::{InvalidBaseUrl, Pool, Remote};
use tracing::Level;

use super::wire::{FindPaths, Paths};
use crate::domain::itinerary::Itinerary;
use crate::domain::route_specification::RouteSpecification;
use crate::domain::routing::RoutingService;

/// The time of a call, all attempts together. It is less than a request of ours has.
const TIME: Duration = Duration::from_secs(3);

/// The time of an attempt.
const ATTEMPT_TIME: Duration = Duration::from_secs(1);

/// How often a call is made at most.
const ATTEMPTS: u32 = 3;

/// Attempts that fail one after the other until the circuit opens.
const FAILURES: u32 = 5;

/// How long it stays open: at first, and at most.
const SLEEP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The longest wait for another attempt: a circuit that is open for longer refuses at once.
const MAX_WAIT: Duration = Duration::from_millis(250);

/// The most bytes of a reply.
const REPLY_LIMIT: usize = 256 << 10;

/// The routing service.
pub(crate) struct Routing {
    find_paths: BoxEndpoint<FindPaths, Paths>,
}

impl Routing {
    /// By its base URL.
    pub(crate) fn new(url: &str, log: &Logger, metrics: &Metrics) -> Result<Self, InvalidBaseUrl> {
        let (log, metrics) = (log.with("context", "routing"), metrics.labelled("context", "routing"));
        let listener = log.clone();
        let circuit = BreakerSettings::new(ConsecutiveFailures::new(FAILURES))
            .sleep_window(SleepWindow::exponential(SLEEP.0, SLEEP.1))
            .on_change(move |change| listener.scope(|| tracing::warn!("circuit of the routing service: {change}")));
        let find_paths = ServiceBuilder::new()
            // The line of the request is enough where all goes well.
            .layer(log.calls("find_paths").level(Outcome::Ok, Level::DEBUG))
            .layer(metrics.calls("find_paths"))
            .layer(DeadlineLayer::new(TIME))
            .layer(RetryLayer::new().attempts(ATTEMPTS).max_wait(MAX_WAIT).idempotent())
            .layer(CircuitBreakerLayer::new(Breaker::new(circuit)).judge(judge))
            .layer(middleware_fn(hurried))
            .layer(DeadlineLayer::new(ATTEMPT_TIME))
            .service(Remote::new(&Pool::new(), url)?.get("/paths").query().reply_limit(REPLY_LIMIT))
            .erased();
        Ok(Self { find_paths })
    }
}

/// An attempt had less than its time, since whoever asks waits no longer.
#[derive(Clone)]
struct Hurried;

async fn hurried<T, R>(request: Request<T>, next: Next<T, R>) -> Result<R, Error> {
    let is_hurried = request.context().remaining().is_some_and(|left| left < ATTEMPT_TIME);
    let exceeded = |error: &Error| is_hurried && error.code() == Code::DeadlineExceeded;
    next.run(request).await.map_err(|error| if exceeded(&error) { error.with_extension(Hurried) } else { error })
}

/// That a caller is in a hurry says nothing of the service: the circuit is not to open for the others by it.
fn judge(result: &Result<Paths, Error>) -> Verdict {
    match result {
        Err(error) if error.get::<Hurried>().is_some() => Verdict::Ignored,
        result => Faults::default().judge(result),
    }
}

impl RoutingService for Routing {
    type Caller = Context;

    async fn routes_for(&self, specification: &RouteSpecification, caller: Context) -> Vec<Itinerary> {
        let (from, to) = (specification.origin().clone(), specification.destination().clone());
        let paths = match self.find_paths.invoke(Request::with_context(caller, FindPaths { from, to })).await {
            Ok(Paths { paths }) => paths.unwrap_or_default(),
            Err(error) => {
                // The cause stands in the line of the call. This one is of the request that has no routes by it.
                tracing::warn!(why = error.code().as_str(), "no routes are offered: the routing service failed");
                return Vec::new();
            }
        };
        let itinerary = |path| {
            Itinerary::try_from(path)
                .inspect_err(|error| tracing::warn!("a path of the routing service is left out: {error}"))
                .ok()
        };
        paths.into_iter().filter_map(itinerary).collect()
    }
}

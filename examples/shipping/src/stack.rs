//! What goes around each endpoint that is served.

use std::time::Duration;

use tower::ServiceBuilder;
use towerkit::endpoint::{BoxEndpoint, CatchPanicLayer, DeadlineLayer, Endpoint, Error};
use towerkit::log::Logger;
use towerkit::metrics::Metrics;

/// The time of a request, with all that it asks of others.
const TIME: Duration = Duration::from_secs(5);

/// Requests of one operation that are served at a time; more are refused at once.
const CONCURRENCY: usize = 1024;

/// The stack of a context's endpoints: the same layers for each operation.
pub(crate) struct Stack {
    log: Logger,
    metrics: Metrics,
}

impl Stack {
    /// Lines and metrics of the endpoints say of which context they are.
    pub(crate) fn new(context: &'static str, log: &Logger, metrics: &Metrics) -> Self {
        Self { log: log.with("context", context), metrics: metrics.labelled("context", context) }
    }

    /// Puts the layers around the endpoint of an operation, outermost first.
    pub(crate) fn around<T, S>(&self, operation: &'static str, endpoint: S) -> BoxEndpoint<T, S::Reply>
    where
        T: Send + 'static,
        S: Endpoint<T, Failure = Error>,
    {
        ServiceBuilder::new()
            .layer(self.log.requests(operation))
            .layer(self.metrics.requests(operation))
            .layer(DeadlineLayer::new(TIME))
            .load_shed()
            .concurrency_limit(CONCURRENCY)
            .layer(CatchPanicLayer::new())
            .service(endpoint)
            .erased()
    }
}

//! The methods as endpoints, with the layers around them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tower::ServiceBuilder;
use towerkit_auth::Authentication;
use towerkit_endpoint::{BoxEndpoint, CatchPanicLayer, DeadlineLayer, Endpoint, method_fn};
use towerkit_ratelimit::{RateLimitLayer, RateLimiter};

use crate::service::AddService;
use crate::telemetry::Telemetry;

/// What `sum` is asked. The capitals are what Go kit's own client sends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SumRequest {
    /// The first number.
    #[serde(alias = "A")]
    pub a: i64,
    /// The second number.
    #[serde(alias = "B")]
    pub b: i64,
}

/// What `sum` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SumReply {
    /// The sum.
    pub v: i64,
}

/// What `concat` is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConcatRequest {
    /// The first text.
    #[serde(alias = "A")]
    pub a: String,
    /// The second text.
    #[serde(alias = "B")]
    pub b: String,
}

/// What `concat` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcatReply {
    /// Both texts.
    pub v: String,
}

/// The service as endpoints: what a transport serves, and what a client of it has.
#[derive(Clone, Debug)]
#[must_use = "endpoints do nothing until they are served or called"]
pub struct Endpoints {
    /// [`AddService::sum`].
    pub sum: BoxEndpoint<SumRequest, SumReply>,
    /// [`AddService::concat`].
    pub concat: BoxEndpoint<ConcatRequest, ConcatReply>,
}

impl Endpoints {
    /// Calls that one method serves at a time; more are refused as `Unavailable` at once.
    pub const CONCURRENCY: usize = 1024;

    /// Serves a service: one stack of layers, outermost first, around each method. Without an authentication anybody may call; the limit, if there
    /// is one, is for all methods together.
    pub fn new(
        service: impl AddService,
        telemetry: &Telemetry,
        authentication: Option<&Authentication>,
        limit: Option<&RateLimiter>,
    ) -> Self {
        let service = Arc::new(service);
        let stack = |operation| {
            ServiceBuilder::new()
                .layer(telemetry.requests(operation))
                .layer(DeadlineLayer::new(Duration::from_secs(5)))
                .option_layer(authentication.map(|authentication| authentication.requests(operation)))
                .option_layer(limit.cloned().map(RateLimitLayer::new))
                .load_shed()
                .concurrency_limit(Self::CONCURRENCY)
                .layer(CatchPanicLayer::new())
        };

        let sum = method_fn(service.clone(), |service, SumRequest { a, b }| async move {
            service.sum(a, b).await.map(|v| SumReply { v })
        });
        let concat = method_fn(service, |service, ConcatRequest { a, b }| async move {
            service.concat(a, b).await.map(|v| ConcatReply { v })
        });
        Self { sum: stack("sum").service(sum).erased(), concat: stack("concat").service(concat).erased() }
    }
}

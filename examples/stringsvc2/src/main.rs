//! The tutorial's second page: the service of the first page, and what an operator sees of it.
//!
//! ```text
//! cargo run -p stringsvc2
//! curl --json '{"s":"hello, world"}' 127.0.0.1:8080/uppercase
//! curl --json '{"s":""}' 127.0.0.1:8080/uppercase
//! curl --json '{"s":"hello, world"}' 127.0.0.1:8080/count
//! curl 127.0.0.1:8080/metrics
//! ```
//!
//! Each request is a line on standard error, and counts in the metrics.

use serde::{Deserialize, Serialize};
use tower::ServiceBuilder;
use towerkit_endpoint::{BoxError, Error, endpoint_fn};
use towerkit_lifecycle::{Group, Signals, listen};
use towerkit_log::Logger;
use towerkit_metrics::{Histogram, Metrics, Prometheus};
use towerkit_transport_http::codec::{Empty, Raw};
use towerkit_transport_http::{Router, Server, serve};

#[derive(Deserialize)]
struct StringRequest {
    s: String,
}

#[derive(Serialize)]
struct Reply<V> {
    v: V,
}

/// A plain line of `tracing`: it has the fields of the request it is of.
async fn uppercase(request: StringRequest) -> Result<Reply<String>, Error> {
    if request.s.is_empty() {
        return Err(Error::invalid("s", "empty string"));
    }
    let v = request.s.to_uppercase();
    tracing::debug!(output = v, "in capitals");
    Ok(Reply { v })
}

/// A metric of its own, beside those that all endpoints have.
async fn count(request: StringRequest, results: Histogram) -> Result<Reply<usize>, Error> {
    let v = request.s.len();
    results.record(v as f64);
    Ok(Reply { v })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let log = Logger::logfmt(std::io::stderr()).with("service", "stringsvc2");
    log.set_filter("debug")?;
    let prometheus = Prometheus::new().buckets("count_result_bytes", [1.0, 10.0, 100.0, 1000.0]);
    let metrics = Metrics::new(prometheus.clone()).prefixed("stringsvc");
    let results = metrics.histogram("count_result_bytes", "What count answered.");

    // One stack for all methods, outermost first. The message is logged since these lines ask for it.
    let stack = |method| {
        ServiceBuilder::new()
            .layer(log.requests(method).message_fields(|r: &StringRequest, fields| fields.add("input", &*r.s)))
            .layer(metrics.requests(method))
    };
    let routes = Router::new()
        .post("/uppercase", Server::json(stack("uppercase").service(endpoint_fn(uppercase))))
        .post("/count", Server::json(stack("count").service(endpoint_fn(move |r| count(r, results.clone())))))
        .get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()));

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = listen("the address", address).await?;
    let address = listener.local_addr()?;
    log.scope(|| tracing::info!(%address, "it listens for HTTP"));
    let group = Group::new().on_event(move |event| log.scope(|| tracing::debug!("{event}")));
    group.with(Signals::terminate()).with(serve(listener, routes)).run().await?;
    Ok(())
}

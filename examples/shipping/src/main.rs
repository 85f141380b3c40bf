//! Shipping: the domain of Eric Evans' book as a service. Three bounded contexts in one process: booking, tracking and
//! handling; and a fourth, routing, that is another program.
//!
//! ```text
//! cargo run -p shipping --bin routingsvc &
//! cargo run -p shipping
//! curl 127.0.0.1:8087/booking/v1/cargos
//! curl 127.0.0.1:8087/booking/v1/cargos/FTL456/request_routes
//! curl --json '{"legs":[...]}' 127.0.0.1:8087/booking/v1/cargos/FTL456/assign_to_route   # one of those routes
//! curl 127.0.0.1:8087/handling/v1/incidents --json \
//!     '{"completion_time":"2026-12-01T12:00:00Z","tracking_id":"FTL456","location":"AUMEL","event_type":"Receive"}'
//! curl 127.0.0.1:8087/tracking/v1/cargos/FTL456
//! ```
//!
//! `domain` has the rules, and knows neither towerkit nor a format. Each context has its use cases in `service`, where
//! there is more to them than to look something up, and makes endpoints of them and puts these on paths in `endpoint`.
//! `inspection` hears of each event and has `notices` given of what it finds, `routing` calls the other program,
//! `in_memory` keeps it all.
//!
//! Paths, names and texts are those of Go kit's `shipping`. On purpose it deviates in these:
//!
//! * A destination that is unknown is 400 and named, where Go kit's answers 500; so is each other field that is at
//!   fault. A cargo that is to go where it is, is refused.
//! * A cargo to which nothing was done has `"events": []`, where Go kit's has `null`.
//! * JSON without its content type is 415, and the names of its fields mind case.
//! * There is an end to cargoes, to the legs of one and to the events of one: what is beyond is refused.

#![allow(clippy::print_stdout, reason = "it is a program")]

mod booking;
mod domain;
mod handling;
mod in_memory;
mod inspection;
mod notices;
mod routing;
mod seeds;
mod stack;
mod tracking;
mod wire;

use std::io::stderr;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Parser;
use http::{Method, header};
use tower::Layer;
use tower_http::cors::{Any, CorsLayer};
use towerkit::endpoint::BoxError;
use towerkit::lifecycle::{Group, GroupEvent, Health, Signals, exit_code, listen};
use towerkit::log::{Logger, NonBlocking};
use towerkit::metrics::{Metrics, Prometheus};
use towerkit::transport::http::codec::{Empty, Raw, Text};
use towerkit::transport::http::{Router, Server, serve};

use crate::booking::Booking;
use crate::handling::Handling;
use crate::notices::Notices;
use crate::routing::Routing;
use crate::stack::Stack;

/// Books cargoes, routes them, takes note of how they are handled, and tells where they are.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where the service listens for HTTP.
    #[arg(long, default_value = "127.0.0.1:8087", value_name = "ADDRESS")]
    http_addr: SocketAddr,

    /// Where the routing service is: `routingsvc`, or Go kit's.
    #[arg(
        long,
        env = "ROUTINGSERVICE_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:7878",
        value_name = "URL"
    )]
    routing_url: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(Flags { http_addr, routing_url }: Flags) -> Result<(), BoxError> {
    let (writer, flusher) = NonBlocking::new(stderr());
    let log = Logger::logfmt(writer).with("service", "shipping");
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone()).prefixed("shipping");

    let routing = Routing::new(&routing_url, &log, &metrics).map_err(|error| format!("--routing-url: {error}"))?;
    let api = contexts(routing, &log, &metrics)?;

    let listener = listen("--http-addr", http_addr).await?;
    let address = listener.local_addr()?;
    let hello = format!(
        "shipping listens for HTTP on {address}, and asks {routing_url} for routes; try:\n  \
         curl {address}/booking/v1/cargos\n  \
         curl {address}/booking/v1/cargos/FTL456/request_routes\n  \
         curl {address}/tracking/v1/cargos/FTL456"
    );
    let group = Group::new().on_event(move |event| match event {
        GroupEvent::GroupReady => println!("{hello}"),
        GroupEvent::StopAsked { .. } | GroupEvent::Ended { .. } => log.scope(|| tracing::info!("{event}")),
        _ => {}
    });
    let routes = operators(&group.health(), &prometheus).fallback(cors().layer(api));
    group.with(flusher).with(Signals::terminate()).with(serve(listener, routes)).run().await?;
    Ok(())
}

/// The contexts, side by side: they share the repositories, and nothing else.
fn contexts(routing: Routing, log: &Logger, metrics: &Metrics) -> Result<Router, BoxError> {
    let cargoes = Arc::new(seeds::cargoes(SystemTime::now())?);
    let (locations, voyages) = (Arc::new(seeds::locations()?), Arc::new(seeds::voyages()?));

    let booking = Booking { cargoes: cargoes.clone(), locations: locations.clone(), voyages: voyages.clone(), routing };
    let findings = Box::new(Notices::new(metrics));
    let handling = Handling { cargoes: cargoes.clone(), locations, voyages, findings };

    let stack = |context| Stack::new(context, log, metrics);
    let routes = booking::routes(Router::new(), booking, &stack("booking"));
    let routes = tracking::routes(routes, cargoes, &stack("tracking"));
    Ok(handling::routes(routes, handling, &stack("handling")))
}

/// Pages of any site may call it from a browser. A preflight is answered here, and gets to no route.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::OPTIONS])
        .allow_headers([header::CONTENT_TYPE])
}

/// What operators ask: it is for no browser.
fn operators(health: &Health, prometheus: &Prometheus) -> Router {
    Router::new()
        .get("/livez", Server::new(health.livez(), Empty, Text))
        .get("/readyz", Server::new(health.readyz(), Empty, Text))
        .get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()))
}

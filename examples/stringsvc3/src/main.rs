//! The tutorial's third page: the service of the first page, which can have other instances of it do a part of its work.
//!
//! ```text
//! cargo run -p stringsvc3 -- --http-addr 127.0.0.1:8001 &
//! cargo run -p stringsvc3 -- --http-addr 127.0.0.1:8002 &
//! cargo run -p stringsvc3 -- --http-addr 127.0.0.1:8003 &
//! cargo run -p stringsvc3 -- --proxy 127.0.0.1:8001,127.0.0.1:8002,127.0.0.1:8003
//! for s in foo bar baz; do curl --json "{\"s\":\"$s\"}" 127.0.0.1:8080/uppercase; done
//! ```
//!
//! Each of the three calls is a line in the log of the instance on port 8080, and in that of another one of the three; and each instance has
//! its metrics at `/metrics`.

#![allow(clippy::print_stdout, reason = "it is a program")]

mod proxying;
mod registry;
mod service;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tower::ServiceBuilder;
use towerkit_endpoint::{BoxError, CatchPanicLayer, Endpoint, endpoint_fn};
use towerkit_lifecycle::{Group, GroupEvent, Signals, exit_code, listen};
use towerkit_log::Logger;
use towerkit_metrics::{Metrics, Prometheus};
use towerkit_sd::Instance;
use towerkit_transport_http::codec::{Empty, Raw};
use towerkit_transport_http::{Router, Server, serve};

use crate::service::StringRequest;

/// Writes texts in capitals, and counts their bytes.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where the service listens for HTTP.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    http_addr: SocketAddr,

    /// Who serves `uppercase` in its place: other instances, one after the other.
    #[arg(long, value_name = "HOST:PORT,...", value_delimiter = ',')]
    proxy: Vec<Instance>,

    /// An agent of Consul, where the service is registered as `stringsvc`.
    #[arg(long, value_name = "HOST:PORT")]
    consul_addr: Option<Instance>,

    /// Under which host it is registered, in place of the one it listens on.
    #[arg(long, value_name = "HOST", requires = "consul_addr")]
    advertise: Option<String>,

    /// How long it serves on after it is taken out of the registry, so that all callers learn of it, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "consul_addr")]
    linger: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(flags: Flags) -> Result<(), BoxError> {
    let Flags { http_addr, proxy, consul_addr, advertise, linger } = flags;
    let listener = listen("--http-addr", http_addr).await?;
    let address = listener.local_addr()?;
    let by = match &*proxy {
        [] => "itself".to_owned(),
        others => others.iter().map(Instance::address).collect::<Vec<_>>().join(", "),
    };
    let hello = format!(
        "stringsvc3 listens for HTTP on {address}; uppercase is served by {by}; try:\n  \
         curl --json '{{\"s\":\"hello, world\"}}' {address}/uppercase\n  \
         curl --json '{{\"s\":\"hello, world\"}}' {address}/count"
    );

    let uppercase =
        if proxy.is_empty() { endpoint_fn(service::uppercase).erased() } else { proxying::uppercase(proxy) };
    let log = Logger::logfmt(std::io::stderr());
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone()).prefixed("stringsvc");
    let stack = |method| {
        ServiceBuilder::new()
            .layer(log.requests(method).message_fields(|r: &StringRequest, fields| fields.add("input", &*r.s)))
            .layer(metrics.requests(method))
            .layer(CatchPanicLayer::new())
    };
    let routes = Router::new()
        .post("/uppercase", Server::json(stack("uppercase").service(uppercase)))
        .post("/count", Server::json(stack("count").service(endpoint_fn(service::count))))
        .get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()));

    let lifecycle = log.clone();
    let group = Group::new()
        .on_event(move |event| match event {
            GroupEvent::GroupReady => println!("{hello}"),
            GroupEvent::StopAsked { .. } | GroupEvent::Ended { .. } => lifecycle.scope(|| tracing::info!("{event}")),
            _ => {}
        })
        .with(Signals::terminate())
        .with(serve(listener, routes));
    let group = match consul_addr {
        Some(agent) => {
            let instance = registry::instance(address, advertise.as_deref())?;
            registry::register(group, &agent, instance, Duration::from_secs(linger), log)?
        }
        None => group,
    };
    group.run().await?;
    Ok(())
}

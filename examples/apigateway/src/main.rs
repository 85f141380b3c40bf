//! One HTTP server in front of two services: `addsvc`, which it calls by gRPC, and `stringsvc`, which it calls by JSON over HTTP.
//!
//! ```text
//! cargo run -p addsvc &
//! cargo run -p stringsvc3 &
//! cargo run -p apigateway
//! curl --json '{"a":1,"b":2}' 127.0.0.1:8000/addsvc/sum
//! curl --json '{"s":"hello, world"}' 127.0.0.1:8000/stringsvc/uppercase
//! ```
//!
//! With `--consul-addr` all three meet in Consul, and instances come and go as they like.

#![allow(clippy::print_stdout, reason = "it is a program")]

mod addsvc_routes;
mod stringsvc_routes;
mod upstream;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use addsvc::transport::http::debug;
use addsvc::{registry, telemetry};
use clap::Parser;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Group, GroupEvent, Signals, exit_code, listen};
use towerkit_sd::Instance;
use towerkit_transport_http::{Router, serve};
use upstream::{Attempts, Upstream};

/// Passes calls on to addsvc and stringsvc.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where it listens for HTTP.
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    http_addr: SocketAddr,

    /// Where operators ask: /livez, /readyz and /metrics.
    #[arg(long, default_value = "127.0.0.1:8009", value_name = "ADDRESS")]
    debug_addr: SocketAddr,

    /// Where the instances of addsvc listen for gRPC. Without it, and without a registry, 127.0.0.1:8082.
    #[arg(long, value_name = "HOST:PORT,...", value_delimiter = ',')]
    addsvc: Option<Vec<Instance>>,

    /// Where the instances of stringsvc listen for HTTP. Without it, and without a registry, 127.0.0.1:8080.
    #[arg(long, value_name = "HOST:PORT,...", value_delimiter = ',')]
    stringsvc: Option<Vec<Instance>>,

    /// Where the services are registered as `addsvc` and `stringsvc`. A list of instances goes before it.
    #[command(flatten)]
    registry: registry::Flags,

    /// How often a call is made at most, the first time included.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    retry_max: u32,

    /// How long a call may take, all attempts together: 500ms, 2s.
    #[arg(long, default_value = "500ms", value_name = "TIME", value_parser = time)]
    retry_timeout: Duration,

    /// What operators see of it.
    #[command(flatten)]
    telemetry: telemetry::Flags,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(flags: Flags) -> Result<(), BoxError> {
    let registry = flags.registry.registry("apigateway")?;
    let (telemetry, prometheus, carriers) = flags.telemetry.start("apigateway")?;
    let addsvc = Upstream::new("addsvc", flags.addsvc, registry.as_ref(), Instance::new("127.0.0.1", 8082));
    let stringsvc = Upstream::new("stringsvc", flags.stringsvc, registry.as_ref(), Instance::new("127.0.0.1", 8080));
    let http = listen("--http-addr", flags.http_addr).await?;
    let debug_listener = listen("--debug-addr", flags.debug_addr).await?;
    let hello = format!(
        "apigateway listens for HTTP on {http}, for operators on {debug}; {addsvc}, {stringsvc}; try:\n  \
         curl --json '{{\"a\":1,\"b\":2}}' {http}/addsvc/sum\n  \
         curl --json '{{\"s\":\"hello, world\"}}' {http}/stringsvc/uppercase",
        http = http.local_addr()?,
        debug = debug_listener.local_addr()?,
    );

    let attempts = Attempts { most: flags.retry_max, time: flags.retry_timeout };
    let routes = addsvc_routes::add(Router::new(), addsvc, attempts, &telemetry);
    let routes = stringsvc_routes::add(routes, stringsvc, attempts, &telemetry);

    let unserved = telemetry.unserved();
    let group = Group::new().on_event(move |event| match event {
        GroupEvent::GroupReady => println!("{hello}"),
        GroupEvent::StopAsked { .. } | GroupEvent::Ended { .. } => telemetry.log.scope(|| tracing::info!("{event}")),
        _ => {}
    });
    let operators = debug(&group.health(), &prometheus);
    let group = carriers.join(group).with(Signals::terminate()).with(serve(debug_listener, operators).named("debug"));
    group.with(serve(http, routes).on_error(unserved)).run().await?;
    Ok(())
}

/// A whole number of milliseconds or of seconds.
fn time(text: &str) -> Result<Duration, &'static str> {
    let (number, unit): (_, fn(u64) -> Duration) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis),
        None => (text.strip_suffix('s').ok_or("is no time, such as 500ms or 2s")?, Duration::from_secs),
    };
    match number.parse() {
        Ok(0) => Err("leaves no time for a call"),
        Ok(number) => Ok(unit(number)),
        Err(_) => Err("is no time, such as 500ms or 2s"),
    }
}

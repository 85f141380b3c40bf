//! Starts the service: the endpoints on HTTP, JSON-RPC and gRPC, over NATS where there is one, and what operators ask on a port of its own.

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use addsvc::endpoint::Endpoints;
use addsvc::service::BasicService;
use addsvc::{auth, pb, registry, telemetry, transport};
use clap::Parser;
use tokio::net::TcpListener;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Group, GroupEvent, Signals, exit_code, listen};
use towerkit_ratelimit::{Quota, RateLimiter};
use towerkit_transport_http::serve;
use towerkit_transport_nats as nats;

/// Adds numbers and joins texts.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where the service listens for HTTP.
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    http_addr: SocketAddr,

    /// Where the service listens for gRPC, with health and reflection.
    #[arg(long, default_value = "127.0.0.1:8082", value_name = "ADDRESS")]
    grpc_addr: SocketAddr,

    /// Where the service listens for JSON-RPC 2.0, over HTTP.
    #[arg(long, default_value = "127.0.0.1:8084", value_name = "ADDRESS")]
    jsonrpc_addr: SocketAddr,

    /// A NATS server, over which the service is had as well: at the subjects addsvc.sum and addsvc.concat.
    #[arg(long, env = "ADDSVC_NATS_URL", hide_env_values = true, value_name = "URL")]
    nats_url: Option<String>,

    /// Where operators ask: /livez, /readyz and /metrics.
    #[arg(long, default_value = "127.0.0.1:8083", value_name = "ADDRESS")]
    debug_addr: SocketAddr,

    /// Who may call.
    #[command(flatten)]
    auth: auth::Flags,

    /// How many calls a second are served, all methods together; more are refused (429). Without it there is no limit.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: Option<u32>,

    /// How long calls under way may take to end after SIGTERM, in seconds.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    drain: u64,

    /// Where it is registered as `addsvc`: at its gRPC address, with labels `http` and `jsonrpc` for the others.
    #[command(flatten)]
    registry: registry::Flags,

    /// Under which host it is registered, in place of the one it listens on.
    #[arg(long, value_name = "HOST", requires = "registry")]
    advertise: Option<String>,

    /// How long it serves on after it is taken out of the registry, so that all callers learn of it, in seconds.
    #[arg(long, default_value_t = 2, value_name = "SECONDS", requires = "registry")]
    linger: u64,

    /// What operators see of it.
    #[command(flatten)]
    telemetry: telemetry::Flags,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(flags: Flags) -> Result<(), BoxError> {
    let registry = flags.registry.registry("addsvc")?;
    let (telemetry, prometheus, carriers) = flags.telemetry.start("addsvc")?;
    let (authentication, jwks) = flags.auth.start(&telemetry.log)?.unzip();
    let http = listen("--http-addr", flags.http_addr).await?;
    let grpc = listen("--grpc-addr", flags.grpc_addr).await?;
    let json_rpc = listen("--jsonrpc-addr", flags.jsonrpc_addr).await?;
    let debug = listen("--debug-addr", flags.debug_addr).await?;
    let log = telemetry.log.clone();
    let events = nats::Events::new().on_event(move |event| log.scope(|| tracing::info!("nats: {event}")));
    let nats = match &flags.nats_url {
        Some(url) => Some(transport::nats::connect(url, "addsvc", &events).await?),
        None => None,
    };
    let hello = format!(
        "addsvc listens for HTTP on {http}, for gRPC on {grpc}, for JSON-RPC on {json_rpc}, for operators on {debug}; try:\n  \
         curl --json '{{\"a\":1,\"b\":2}}' {http}/sum\n  \
         grpcurl -plaintext -d '{{\"a\":1,\"b\":2}}' {grpc} pb.Add/Sum\n  \
         curl --json '{{\"jsonrpc\":\"2.0\",\"method\":\"sum\",\"params\":[1,2],\"id\":1}}' {json_rpc}",
        http = http.local_addr()?,
        grpc = grpc.local_addr()?,
        json_rpc = json_rpc.local_addr()?,
        debug = debug.local_addr()?,
    );
    let hello = match nats {
        Some(_) => hello + "\nand over NATS; try:\n  nats request addsvc.sum '{\"a\":1,\"b\":2}'",
        None => hello,
    };
    // Where callers find it, if they are to find it by a registry.
    let advertised =
        |flag, listener: &TcpListener| registry::advertised(flag, listener.local_addr()?, flags.advertise.as_deref());
    let instance = match registry {
        Some(_) => Some(
            advertised("--grpc-addr", &grpc)?
                .with_label(registry::HTTP, advertised("--http-addr", &http)?.address())
                .with_label(registry::JSON_RPC, advertised("--jsonrpc-addr", &json_rpc)?.address()),
        ),
        None => None,
    };

    let limit = flags.rate_limit.map(|calls| RateLimiter::new(Quota::per_second(calls)));
    let endpoints = Endpoints::new(BasicService, &telemetry, authentication.as_ref(), limit.as_ref());
    let log = telemetry.log.clone();
    let group = Group::new().stop_timeout(Duration::from_secs(flags.drain)).on_event(move |event| match event {
        GroupEvent::GroupReady => println!("{hello}"),
        GroupEvent::StopAsked { .. } | GroupEvent::Ended { .. } => log.scope(|| tracing::info!("{event}")),
        _ => {}
    });
    let debug_routes = transport::http::debug(&group.health(), &prometheus);
    let grpc_routes =
        transport::grpc::routes(endpoints.clone()).health(&group.health()).reflection(&[pb::FILE_DESCRIPTOR_SET]);
    let json_rpc_routes = transport::json_rpc::routes(endpoints.clone());
    let nats = nats.map(|client| nats::serve(client, transport::nats::routes(endpoints.clone())));
    let nats = nats.map(|nats| nats.events(&events).on_error(telemetry.unserved()));
    let group = carriers
        .join(group)
        .with_all(jwks)
        .with(Signals::terminate())
        .with(serve(debug, debug_routes).named("debug"))
        .with(serve(http, transport::http::routes(endpoints.clone())).on_error(telemetry.unserved()))
        .with(towerkit_transport_grpc::serve(grpc, grpc_routes).on_error(telemetry.unserved()))
        .with(serve(json_rpc, json_rpc_routes).named("json-rpc").on_error(telemetry.unserved()))
        .with_all(nats);
    let group = match (registry, instance) {
        (Some(registry), Some(instance)) => {
            registry.register(group, instance, Duration::from_secs(flags.linger), telemetry.log)
        }
        _ => group,
    };
    group.run().await?;
    Ok(())
}

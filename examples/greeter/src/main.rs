//! One page: a service on HTTP and gRPC with health, registration, logs, metrics and a graceful stop, and its client.
//!
//! ```text
//! cargo run -p greeter
//! curl '127.0.0.1:9110/greeting?name=Ada'
//! cargo run -p greeter -- --greet Ada
//! ```
//!
//! With a Consul (`consul agent -dev`), `--consul-addr 127.0.0.1:8500` behind both: then there may be as many instances as one likes.

#![allow(clippy::print_stdout, unreachable_pub, reason = "it is a program, and has no API")]

use std::{io::stderr, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use pb::{GreetingRequest, GreetingResponse};
use tower::{ServiceBuilder, ServiceExt as _};
use towerkit::endpoint::{BoxError, CatchPanicLayer, DeadlineLayer, Endpoint as _, Error, method_fn};
use towerkit::lifecycle::{Group, Signals, exit_code, listen};
use towerkit::sd::{Endpointer, Instance, Instancer, Registrar, balancer::LeastLoaded, consul::Consul};
use towerkit::{metrics::Metrics, metrics::Prometheus, retry::RetryLayer, transport::grpc, transport::http};

mod pb {
    tonic::include_proto!("greeter");
}
const GREETING: grpc::Method<GreetingRequest, GreetingResponse> = grpc::Method::new("/greeter.Greeter/Greeting");

/// Greets by name.
#[derive(Parser)]
struct Flags {
    /// Where it listens for HTTP: /greeting?name=X, /health and /metrics.
    #[arg(long, default_value = "127.0.0.1:9110", value_name = "ADDRESS")]
    http_addr: SocketAddr,
    /// Where it listens for gRPC, with health and reflection. With Consul an address that callers reach.
    #[arg(long, default_value = "127.0.0.1:9120", value_name = "ADDRESS")]
    grpc_addr: SocketAddr,
    /// An agent of Consul: where the service is registered, and where --greet finds it.
    #[arg(long, value_name = "HOST:PORT", value_parser = Consul::new)]
    consul_addr: Option<Consul>,
    /// In place of serving, has the service greet somebody.
    #[arg(long, value_name = "NAME")]
    greet: Option<String>,
    /// Where --greet finds the service without Consul: the addresses of its instances for gRPC.
    #[arg(long, default_value = "127.0.0.1:9120", value_name = "HOST:PORT,...", value_delimiter = ',')]
    instances: Vec<Instance>,
}

/// The domain.
trait Greeter: Send + Sync + 'static {
    /// What to say; nothing to nobody.
    fn greeting(&self, name: &str) -> Option<String>;
}

struct Hello;

impl Greeter for Hello {
    fn greeting(&self, name: &str) -> Option<String> {
        (!name.is_empty()).then(|| format!("Hello {name}"))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(flags: Flags) -> Result<(), BoxError> {
    if let Some(name) = flags.greet {
        let listed = Instancer::fixed(flags.instances);
        let instancer = flags.consul_addr.map_or(listed, |consul| consul.service("greeter").instancer());
        let fleet = Endpointer::new(instancer, |at| Ok(grpc::Remote::plain(&format!("http://{at}"))?));
        let balanced = fleet.balance(LeastLoaded::new(), |remote| remote.unary(GREETING));
        let greeting = ServiceBuilder::new().layer(RetryLayer::new().idempotent()).service(balanced);
        let GreetingResponse { greeting } = greeting.invoke(GreetingRequest { name }).await?;
        println!("{greeting}");
        return Ok(());
    }

    let log = towerkit::log::Logger::logfmt(stderr()).with("service", "greeter");
    let prometheus = Prometheus::new();
    // The layers around the endpoint, the outermost first.
    let greeting = ServiceBuilder::new()
        .layer(log.requests("greeting"))
        .layer(Metrics::new(prometheus.clone()).requests("greeting"))
        .layer(DeadlineLayer::new(Duration::from_secs(1)))
        .load_shed()
        .concurrency_limit(1024)
        .layer(CatchPanicLayer::new())
        .service(method_fn(Arc::new(Hello), |greeter, GreetingRequest { name }| async move {
            let greeting = greeter.greeting(&name).ok_or_else(|| Error::invalid("name", "is missing"))?;
            Ok::<_, Error>(GreetingResponse { greeting })
        }))
        .erased();

    let http = listen("--http-addr", flags.http_addr).await?;
    let grpc = listen("--grpc-addr", flags.grpc_addr).await?;
    let at = Instance::advertised(grpc.local_addr()?, None).map_err(|error| format!("--grpc-addr: {error}"));
    let group = Group::new().on_event(move |event| log.scope(|| tracing::info!("{event}")));
    let health = group.health().readyz().map_response(|_| serde_json::json!({ "healthy": true }));
    let routes = http::Router::new()
        .get("/greeting", http::Server::query(greeting.clone()))
        .get("/health", http::Server::query(health))
        .get("/metrics", http::Server::new(prometheus.scrape(), http::codec::Empty, http::codec::Raw::default()));
    let methods = grpc::Routes::new().unary(GREETING, grpc::Server::new(greeting)).health(&group.health());
    let methods = methods.reflection(&[tonic::include_file_descriptor_set!("greeter")]);
    let group = group.with(Signals::terminate()).with(http::serve(http, routes)).with(grpc::serve(grpc, methods));
    let join = |it: Consul| at.map(|at| Registrar::new(it.registration("greeter"), at).linger(Duration::from_secs(1)));
    group.with_all(flags.consul_addr.map(join).transpose()?).run().await?;
    Ok(())
}

//! One page: a service on HTTP and gRPC with health, registration, logs, metrics and a graceful stop, and its client.
//!
//! ```text
//! cargo run -p greeter
//! curl '127.0.0.1:9110/greeting?name=Ada'
//! cargo run -p greeter -- --greet Ada
//! ```

#![allow(clippy::print_stdout, unreachable_pub, reason = "it is a program, and has no API")]

use std::{io::stderr, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use pb::{GreetingRequest, GreetingResponse};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt as _};
use towerkit::endpoint::{DeadlineLayer, Endpoint as _, Error, CatchPanicLayer, method_fn};
use towerkit::lifecycle::{Group, Linger, Signals};
use towerkit::sd::{Endpointer, HttpClient, Instance, Instancer, Registrar, balancer::LeastLoaded, consul::Consul};
use towerkit::transport::http::codec::{Empty, Raw};
use towerkit::transport::{grpc, http};
use towerkit::{log::Logger, metrics::Metrics, metrics::Prometheus, retry::RetryLayer};

mod pb {
    tonic::include_proto!("greeter");
}
const GREETING: grpc::Method<GreetingRequest, GreetingResponse> = grpc::Method::new("/greeter.Greeter/Greeting");

#[derive(Parser)]
#[command(about = "Greets by name", version)]
struct Flags {
    /// Where it listens for HTTP: /greeting?name=X, /health and /metrics.
    #[arg(long, default_value = "127.0.0.1:9110", value_name = "ADDRESS")]
    http_addr: SocketAddr,
    /// Where it listens for gRPC, with health and reflection.
    #[arg(long, default_value = "127.0.0.1:9120", value_name = "ADDRESS")]
    grpc_addr: SocketAddr,
    /// An agent of Consul: where the service is registered, and where --greet finds it.
    #[arg(long, value_name = "HOST:PORT")]
    consul_addr: Option<Instance>,
    /// In place of serving, has the service greet somebody.
    #[arg(long, value_name = "NAME")]
    greet: Option<String>,
    /// Where --greet finds the service without Consul: its instances, by their addresses of gRPC.
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
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let consul = flags.consul_addr.map(|agent| Consul::new(HttpClient::plain(), &format!("http://{agent}")));
    let consul = consul.transpose().context("--consul-addr")?;
    if let Some(name) = flags.greet {
        let instances =
            consul.map_or(Instancer::fixed(flags.instances), |consul| consul.service("greeter").instancer());
        let pool = http::Pool::builder().http2().build();
        let fleet = Endpointer::new(instances, move |at| Ok(grpc::Remote::new(&pool, &format!("http://{at}"))?));
        let balanced = fleet.balance(LeastLoaded::new(), |remote| remote.unary(GREETING));
        let greeting = ServiceBuilder::new().layer(RetryLayer::new().idempotent()).service(balanced);
        let GreetingResponse { greeting } = greeting.invoke(GreetingRequest { name }).await?;
        println!("{greeting}");
        return Ok(());
    }
    let log = Logger::logfmt(stderr()).with("service", "greeter");
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

    let http = TcpListener::bind(flags.http_addr).await.context("--http-addr")?;
    let grpc = TcpListener::bind(flags.grpc_addr).await.context("--grpc-addr")?;
    let instance = Instance::from(grpc.local_addr()?);
    let group = Group::new().on_event(move |event| log.scope(|| tracing::info!("{event}")));
    let health = group.health().readyz().map_response(|_| serde_json::json!({ "healthy": true }));
    let routes = http::Router::new()
        .get("/greeting", http::Server::query(greeting.clone()))
        .get("/health", http::Server::query(health))
        .get("/metrics", http::Server::new(prometheus.scrape(), Empty, Raw::default()));
    let methods = grpc::Routes::new().unary(GREETING, grpc::Server::new(greeting)).health(&group.health());
    let group = group.with(Signals::terminate()).with(http::serve(http, routes)).with(grpc::serve(grpc, methods));
    let registrar = consul.map(|consul| Registrar::new(consul.registration("greeter"), instance));
    group.with(Linger::new(Duration::from_secs(1))).with_all(registrar).run().await?;
    Ok(())
}

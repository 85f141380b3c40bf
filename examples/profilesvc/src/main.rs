//! Starts the service.
//!
//! ```text
//! cargo run -p profilesvc
//! curl --json '{"id":"1234","name":"Go Kit"}' 127.0.0.1:8086/profiles/
//! curl 127.0.0.1:8086/profiles/1234
//! ```

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use profilesvc::endpoint::Endpoints;
use profilesvc::service::InMemory;
use profilesvc::{client, transport};
use towerkit::endpoint::BoxError;
use towerkit::lifecycle::{Group, Signals, exit_code, listen};
use towerkit::log::Logger;
use towerkit::sd::consul::Consul;
use towerkit::sd::{Instance, Registrar};
use towerkit::transport::http::serve;

/// Keeps profiles of people, in memory.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where the service listens for HTTP; operators ask /livez and /readyz there too.
    #[arg(long, default_value = "127.0.0.1:8086", value_name = "ADDRESS")]
    http_addr: SocketAddr,

    /// An agent of Consul, where the service is registered as `profilesvc` with the tag `prod`.
    #[arg(long, value_name = "HOST:PORT", value_parser = Consul::new)]
    consul_addr: Option<Consul>,

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

async fn run(Flags { http_addr, consul_addr, advertise, linger }: Flags) -> Result<(), BoxError> {
    let listener = listen("--http-addr", http_addr).await?;
    let address = listener.local_addr()?;
    let log = Logger::logfmt(std::io::stderr());
    let told = log.clone();
    let group = Group::new().on_event(move |event| told.scope(|| tracing::info!("{event}")));
    let routes = transport::routes(Endpoints::new(InMemory::default(), &log), &group.health());
    let mut group = group.with(Signals::terminate()).with(serve(listener, routes));
    if let Some(consul) = consul_addr {
        let at =
            Instance::advertised(address, advertise.as_deref()).map_err(|error| format!("--advertise: {error}"))?;
        let registrar = Registrar::new(consul.registration(client::NAME), at.with_tag(client::TAG))
            .linger(Duration::from_secs(linger))
            .on_change(move |state| log.scope(|| tracing::info!("profilesvc in the registry: {state}")));
        group = group.with(registrar); // the last to start, and the first to stop
    }
    println!(
        "profilesvc listens for HTTP on {address}; try:\n  \
         curl --json '{{\"id\":\"1234\",\"name\":\"Go Kit\"}}' {address}/profiles/\n  \
         curl {address}/profiles/1234"
    );
    group.run().await?;
    Ok(())
}

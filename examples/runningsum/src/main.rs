//! Starts the service.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use runningsum::{pb, routes};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Group, GroupEvent, Signals, exit_code, listen};
use towerkit_transport_grpc::serve;

/// Adds numbers as they come.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where the service listens for gRPC, with health and reflection.
    #[arg(long, default_value = "127.0.0.1:8085", value_name = "ADDRESS")]
    grpc_addr: SocketAddr,

    /// How long calls under way may take to end after SIGTERM, in seconds; half of it for streams.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    drain: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(flags: Flags) -> Result<(), BoxError> {
    let grpc = listen("--grpc-addr", flags.grpc_addr).await?;
    let hello = format!(
        "runningsum listens for gRPC on {grpc}; try:\n  \
         seq 1 10 | runningsumcli --grpc-addr {grpc}\n  \
         grpcurl -plaintext -d '{{\"value\":1}} {{\"value\":2}}' {grpc} runningsum.RunningSum/Sum",
        grpc = grpc.local_addr()?,
    );
    let group = Group::new().stop_timeout(Duration::from_secs(flags.drain)).on_event(move |event| match event {
        GroupEvent::GroupReady => println!("{hello}"),
        GroupEvent::StopAsked { .. } | GroupEvent::Ended { .. } => eprintln!("{event}"),
        _ => {}
    });
    let routes = routes().health(&group.health()).reflection(&[pb::FILE_DESCRIPTOR_SET]);
    group.with(Signals::terminate()).with(serve(grpc, routes)).run().await?;
    Ok(())
}

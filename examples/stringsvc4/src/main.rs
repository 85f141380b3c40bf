//! The tutorial's service over NATS: two endpoints at subjects, and HTTP in front that asks them there. Start it on as many ports as you like: whichever is
//! asked by HTTP, NATS gives the work to any of them.
//!
//! ```text
//! nats-server
//! cargo run -p stringsvc4
//! curl --json '{"s":"hello, world"}' 127.0.0.1:8080/uppercase
//! nats request stringsvc.count '{"s":"hello, world"}'
//! ```

#![allow(clippy::print_stderr, reason = "it is a program")]

use std::net::SocketAddr;
use std::process::ExitCode;

use async_nats::{Client, ConnectOptions};
use clap::Parser;
use serde::{Deserialize, Serialize};
use towerkit_endpoint::{BoxEndpoint, BoxError, Endpoint, Error, Request, endpoint_fn, service_fn};
use towerkit_lifecycle::{Group, Signals, exit_code, listen};
use towerkit_transport_http::{self as http, Router};
use towerkit_transport_nats::{self as nats, Events, Remote, Routes};

/// Capitalises and counts strings, over NATS.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where NATS is.
    #[arg(
        long,
        env = "STRINGSVC_NATS_URL",
        hide_env_values = true,
        default_value = "nats://127.0.0.1:4222",
        value_name = "URL"
    )]
    nats_url: String,

    /// Where HTTP is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    http_addr: SocketAddr,
}

#[derive(Serialize, Deserialize)]
struct StringRequest {
    s: String,
}

#[derive(Serialize, Deserialize)]
struct Reply<V> {
    v: V,
}

async fn uppercase(request: StringRequest) -> Result<Reply<String>, Error> {
    if request.s.is_empty() {
        return Err(Error::invalid("s", "empty string"));
    }
    Ok(Reply { v: request.s.to_uppercase() })
}

async fn count(request: StringRequest) -> Result<Reply<usize>, Error> {
    Ok(Reply { v: request.s.len() })
}

/// Passes a request of HTTP on to NATS: its deadline and its trace go along, its headers don't.
fn forward<R: Send + 'static>(remote: BoxEndpoint<StringRequest, R>) -> BoxEndpoint<StringRequest, R> {
    service_fn(move |request: Request<StringRequest>| {
        let remote = remote.clone();
        async move { remote.invoke(request.outgoing()).await }
    })
    .erased()
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(Flags { nats_url, http_addr }: Flags) -> Result<(), BoxError> {
    // Two connections: the one that serves is made anew elsewhere when its NATS server is about to stop, and calls must not be cut off by that.
    let events = Events::new().on_event(|event| eprintln!("nats: {event}"));
    let serving = connect(&nats_url, events.attach(ConnectOptions::new().name("stringsvc4"))).await?;
    let calling = connect(&nats_url, ConnectOptions::new().name("stringsvc4 http")).await?;
    let listener = listen("--http-addr", http_addr).await?;

    let subjects = Routes::new()
        .queue_group("stringsvc")
        .subject("stringsvc.uppercase", nats::Server::json(endpoint_fn(uppercase)))
        .subject("stringsvc.count", nats::Server::json(endpoint_fn(count)));

    let remote = Remote::new(calling);
    let uppercase: BoxEndpoint<_, Reply<String>> = remote.subject("stringsvc.uppercase").json().erased();
    let count: BoxEndpoint<_, Reply<usize>> = remote.subject("stringsvc.count").json().erased();
    let paths = Router::new()
        .post("/uppercase", http::Server::json(forward(uppercase)))
        .post("/count", http::Server::json(forward(count)));

    Group::new()
        .with(Signals::terminate())
        .with(nats::serve(serving, subjects).events(&events))
        .with(http::serve(listener, paths))
        .run()
        .await?;
    Ok(())
}

/// The URL is no part of an error: it may have a password.
async fn connect(url: &str, options: ConnectOptions) -> Result<Client, BoxError> {
    options.connect(url).await.map_err(|error| format!("--nats-url: {error}").into())
}

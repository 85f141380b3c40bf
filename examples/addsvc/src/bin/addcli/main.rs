//! Calls the service from the command line.
//!
//! ```text
//! addcli --http-addr 127.0.0.1:8081 1 2
//! addcli --http-addr 127.0.0.1:8081 --method concat foo bar
//! addcli --grpc-addr 127.0.0.1:8082 1 2
//! addcli --jsonrpc-addr 127.0.0.1:8084 1 2
//! addcli --nats-url nats://127.0.0.1:4222 1 2
//! addcli --http-addr 127.0.0.1:8081 --retries 3 1 2
//! addcli --instancer static:127.0.0.1:8082,127.0.0.1:9082 --balancer least-loaded --times 100 --concurrency 10 1 2
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

mod fleet;
mod instancer;
mod remote;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use addsvc::client::{self, Caller};
use addsvc::endpoint::{ConcatRequest, Endpoints, SumRequest};
use addsvc::telemetry::TraceFlags;
use addsvc::transport;
use clap::{Parser, ValueEnum};
use fleet::{BalancerKind, Tally};
use futures_util::{StreamExt, stream};
use instancer::Source;
use towerkit_auth::{Credentials, CredentialsLayer};
use towerkit_endpoint::{BoxError, Context, Endpoint, Report, Request};
use towerkit_lifecycle::Member;
use towerkit_retry::{Exhausted, Retrying};
use towerkit_sd::NoInstance;
use towerkit_tracing::Tracer;
use towerkit_transport_nats::{Events, Remote};

use crate::remote::{Connector, Transport};

/// Calls addsvc.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where the service listens for HTTP.
    #[arg(long, value_name = "ADDRESS")]
    http_addr: Option<String>,

    /// Where the service listens for gRPC.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "http_addr")]
    grpc_addr: Option<String>,

    /// Where the service listens for JSON-RPC.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["http_addr", "grpc_addr"])]
    jsonrpc_addr: Option<String>,

    /// The NATS server over which the service is had.
    #[arg(long, value_name = "URL", conflicts_with_all = ["http_addr", "grpc_addr", "jsonrpc_addr"])]
    nats_url: Option<String>,

    /// Where the instances are told of, in place of one address:
    /// static:HOST:PORT,HOST:PORT, where they are;
    /// file:PATH, a file with one HOST:PORT a line, and what is known of it as NAME=VALUE, such as weight=200;
    /// consul:HOST:PORT, an agent of Consul where they are registered as `addsvc`;
    /// etcd:HOST:PORT, a member of etcd, the same (with the feature `etcd`);
    /// dns:NAME or dns:NAME@ADDRESS:PORT, the SRV records of a name, as the machine's name servers or this one know them (with the
    /// feature `dns`).
    #[arg(long, value_name = "WHERE", conflicts_with_all = ["http_addr", "grpc_addr", "jsonrpc_addr", "nats_url"], verbatim_doc_comment)]
    instancer: Option<Source>,

    /// With --instancer: by which transport the instances are called. Those that are registered say where they have it.
    #[arg(long, value_enum, default_value_t = Transport::Grpc, conflicts_with_all = ["http_addr", "grpc_addr", "jsonrpc_addr", "nats_url"])]
    transport: Transport,

    /// With --instancer: how an instance is chosen for a call.
    #[arg(long, value_enum, default_value_t = BalancerKind::RoundRobin, conflicts_with_all = ["http_addr", "grpc_addr", "jsonrpc_addr", "nats_url"])]
    balancer: BalancerKind,

    /// What to call.
    #[arg(long, value_enum, default_value_t = Method::Sum)]
    method: Method,

    /// How many calls are made. An instance gets a hundred a second at most.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    times: u64,

    /// How many of them are under way at a time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,

    /// How long a call may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    timeout: u64,

    /// How often a call that failed is made again.
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,

    /// A token that is shown to the service. Others on the machine may read a command line: the variable they can't.
    #[arg(long, value_name = "TOKEN", env = "ADDCLI_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Where the traces go that begin with these calls.
    #[command(flatten)]
    trace: TraceFlags,

    /// The first operand.
    #[arg(allow_negative_numbers = true)]
    a: String,

    /// The second operand.
    #[arg(allow_negative_numbers = true)]
    b: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    Sum,
    Concat,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (flags, tally) = (Flags::parse(), Tally::default());
    let result = run(flags, &tally).await;
    if let Ok(line) = &result {
        println!("{line}");
    }
    print!("{tally}");
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Makes the calls, and sees their traces off.
async fn run(flags: Flags, tally: &Tally) -> Result<String, BoxError> {
    let (tracer, exporter) = flags.trace.tracer("addcli")?.build();
    let exporter = exporter.on_event(|event| eprintln!("{event}")).spawn();
    let result = match connect(&flags, &tracer, tally).await {
        Ok(endpoints) => call_all(&flags, &endpoints).await,
        Err(error) => Err(error),
    };
    // What it could not send was told.
    exporter.stop(Duration::from_secs(3)).await;
    result
}

/// They all say the same.
async fn call_all(flags: &Flags, endpoints: &Endpoints) -> Result<String, BoxError> {
    let call = Call::read(flags)?;
    let call = |_| call.make(endpoints);
    let mut calls = stream::iter(0..flags.times).map(call).buffer_unordered(flags.concurrency.into());
    let (mut line, mut failed, mut first) = (String::new(), 0_u64, None);
    while let Some(result) = calls.next().await {
        match result {
            Ok(said) => line = said,
            Err(error) => {
                failed += 1;
                first = first.or(Some(error));
            }
        }
    }
    match first {
        None => Ok(line),
        Some(error) if flags.times == 1 => Err(error),
        Some(error) => {
            Err(format!("{failed} of {} calls failed, the first: {}", flags.times, with_causes(&*error)).into())
        }
    }
}

/// What is called, and with what.
struct Call {
    operands: Operands,
    timeout: Duration,
}

enum Operands {
    Sum(SumRequest),
    Concat(ConcatRequest),
}

impl Call {
    fn read(Flags { method, timeout, a, b, .. }: &Flags) -> Result<Self, BoxError> {
        let operands = match method {
            Method::Sum => Operands::Sum(SumRequest { a: number("a", a)?, b: number("b", b)? }),
            Method::Concat => Operands::Concat(ConcatRequest { a: a.clone(), b: b.clone() }),
        };
        Ok(Self { operands, timeout: Duration::from_millis(*timeout) })
    }

    async fn make(&self, endpoints: &Endpoints) -> Result<String, BoxError> {
        let mut context = Context::new();
        context.shorten_deadline_within(self.timeout);
        match &self.operands {
            Operands::Sum(request) => {
                let reply = endpoints.sum.invoke(Request::with_context(context, *request)).await?;
                Ok(format!("{} + {} = {}", request.a, request.b, reply.v))
            }
            Operands::Concat(request) => {
                let reply = endpoints.concat.invoke(Request::with_context(context, request.clone())).await?;
                Ok(format!("{:?} + {:?} = {:?}", request.a, request.b, reply.v))
            }
        }
    }
}

async fn connect(flags: &Flags, tracer: &Tracer, tally: &Tally) -> Result<Endpoints, BoxError> {
    let on_retry = |retrying: &Retrying| {
        let Retrying { attempt, code, delay, .. } = retrying;
        eprintln!("attempt {attempt} failed ({code}), the next follows in {} ms", delay.as_millis());
    };
    let credentials = match &flags.token {
        Some(token) => {
            let token = Credentials::bearer(token).map_err(|error| format!("--token: {}", Report::new(&error)))?;
            Some(CredentialsLayer::new(token))
        }
        None => None,
    };
    if let Some(source) = &flags.instancer {
        let instancer = source.instancer().map_err(|error| format!("--instancer: {}", with_causes(&*error)))?;
        let fleet = fleet::endpoints(instancer, flags.transport, flags.balancer, tally);
        let attempts = client::attempts(flags.retries, on_retry).elsewhere();
        return Ok(client::repeated(fleet, &attempts, &flags.transport.caller(tracer, credentials)));
    }
    if let Some(url) = &flags.nats_url {
        let client = transport::nats::connect(url, "addcli", &Events::new()).await?;
        let caller = Caller { credentials, tracer: tracer.clone(), via: transport::nats::via };
        return Ok(client::resilient(transport::nats::client(&Remote::new(client)), flags.retries, on_retry, &caller));
    }
    let (flag, address, transport) = if let Some(address) = &flags.http_addr {
        ("--http-addr", address, Transport::Http)
    } else if let Some(address) = &flags.grpc_addr {
        ("--grpc-addr", address, Transport::Grpc)
    } else if let Some(address) = &flags.jsonrpc_addr {
        ("--jsonrpc-addr", address, Transport::Jsonrpc)
    } else {
        return Err(
            "no remote address specified: give --http-addr, --grpc-addr, --jsonrpc-addr, --nats-url or --instancer"
                .into(),
        );
    };
    let remote = Connector::new(transport).connect(address).map_err(|error| format!("{flag} {address}: {error}"))?;
    Ok(client::resilient(remote, flags.retries, on_retry, &transport.caller(tracer, credentials)))
}

/// Of a call that got no answer the message says little; what is below it is for whoever sits here.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = || std::iter::successors(Some(error), |cause| (*cause).source());
    if let Some(exhausted) = causes().find_map(|cause| cause.downcast_ref::<Exhausted>()) {
        return format!("{error}; {exhausted}");
    }
    if let Some(registry) = causes().find_map(|cause| cause.downcast_ref::<NoInstance>()?.registry()) {
        return format!("{error}: {}", with_causes(registry));
    }
    Report::new(error).to_string()
}

fn number(name: &str, text: &str) -> Result<i64, BoxError> {
    text.parse().map_err(|error| format!("{name}: {text:?}: {error}").into())
}

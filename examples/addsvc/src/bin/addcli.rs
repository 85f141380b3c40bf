//! Calls the service from the command line.
//!
//! ```text
//! addcli --http-addr 127.0.0.1:8081 1 2
//! addcli --http-addr 127.0.0.1:8081 --method concat foo bar
//! addcli --grpc-addr 127.0.0.1:8082 1 2
//! addcli --jsonrpc-addr 127.0.0.1:8084 1 2
//! addcli --http-addr 127.0.0.1:8081 --retries 3 1 2
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use addsvc::client;
use addsvc::endpoint::{ConcatRequest, Endpoints, SumRequest};
use addsvc::transport;
use clap::{Parser, ValueEnum};
use towerkit_endpoint::{BoxError, Code, Context, Endpoint, Refusal, Request};
use towerkit_retry::{Exhausted, Retrying};
use towerkit_transport_grpc as grpc;
use towerkit_transport_http::{Pool, Remote, json_rpc};

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

    /// What to call.
    #[arg(long, value_enum, default_value_t = Method::Sum)]
    method: Method,

    /// How long the call may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    timeout: u64,

    /// How often a call that failed is made again.
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,

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
    match run(Flags::parse()).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Result<String, BoxError> {
    let endpoints = client::resilient(connect(&flags)?, flags.retries, |retrying| {
        let Retrying { attempt, code, delay, .. } = retrying;
        eprintln!("attempt {attempt} failed ({code}), the next follows in {} ms", delay.as_millis());
    });
    let mut context = Context::new();
    context.shorten_deadline_to(Duration::from_millis(flags.timeout));
    let Flags { a, b, method, .. } = flags;
    match method {
        Method::Sum => {
            let request = SumRequest { a: number("a", &a)?, b: number("b", &b)? };
            let reply = endpoints.sum.invoke(Request::with_context(context, request)).await?;
            Ok(format!("{} + {} = {}", request.a, request.b, reply.v))
        }
        Method::Concat => {
            let request = ConcatRequest { a: a.clone(), b: b.clone() };
            let reply = endpoints.concat.invoke(Request::with_context(context, request)).await?;
            Ok(format!("{a:?} + {b:?} = {:?}", reply.v))
        }
    }
}

fn connect(flags: &Flags) -> Result<Endpoints, BoxError> {
    if let Some(address) = &flags.http_addr {
        let remote = Remote::new(&Pool::new(), &format!("http://{address}"))
            .map_err(|error| format!("--http-addr {address}: {error}"))?;
        Ok(transport::http::client(&remote))
    } else if let Some(address) = &flags.grpc_addr {
        let remote = grpc::Remote::new(&Pool::builder().http2().build(), &format!("http://{address}"))
            .map_err(|error| format!("--grpc-addr {address}: {error}"))?;
        Ok(transport::grpc::client(&remote))
    } else if let Some(address) = &flags.jsonrpc_addr {
        let remote = json_rpc::Remote::new(&Pool::new(), &format!("http://{address}"))
            .map_err(|error| format!("--jsonrpc-addr {address}: {error}"))?;
        Ok(transport::json_rpc::client(&remote))
    } else {
        Err("no remote address specified: give --http-addr, --grpc-addr or --jsonrpc-addr".into())
    }
}

/// Of a call that got no answer the message says little; what is below it is for whoever sits here.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = || std::iter::successors(Some(error), |cause| (*cause).source());
    if let Some(exhausted) = causes().find_map(|cause| cause.downcast_ref::<Exhausted>()) {
        return format!("{error}; {exhausted}");
    }
    // What only classifies an error is no news.
    let told = causes().skip(1).take_while(|cause| !cause.is::<Refusal>() && !cause.is::<Code>());
    let texts = std::iter::once(error.to_string()).chain(told.map(ToString::to_string));
    let mut said: Vec<String> = texts.collect();
    said.dedup();
    said.join(": ")
}

fn number(name: &str, text: &str) -> Result<i64, BoxError> {
    text.parse().map_err(|error| format!("{name}: {text:?}: {error}").into())
}

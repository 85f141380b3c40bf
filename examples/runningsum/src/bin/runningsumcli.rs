//! Calls the service from the command line.
//!
//! ```text
//! seq 1 10 | runningsumcli
//! runningsumcli --flood 1000000
//! ```

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::io::{BufRead, stdin};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use futures_util::{StreamExt as _, stream};
use runningsum::{Total, client};
use tokio::sync::mpsc;
use towerkit_endpoint::{BoxEndpoint, BoxError, BoxStream, Code, Endpoint as _, Error};
use towerkit_lifecycle::exit_code;
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::Pool;

/// Adds the numbers that come on standard input, one a line, and prints the total after each.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where the service listens for gRPC.
    #[arg(long, default_value = "127.0.0.1:8085", value_name = "ADDRESS")]
    grpc_addr: String,

    /// Sends so many numbers as fast as it is let in place of those of standard input, reads the totals slowly, and prints how far
    /// the sender was ahead of the reader at most.
    #[arg(long, value_name = "N")]
    flood: Option<u64>,

    /// How long the reader of a flood rests, first and after each thousand totals, in milliseconds.
    #[arg(long, default_value_t = 2, value_name = "MS", requires = "flood")]
    pause: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(flags: Flags) -> Result<(), BoxError> {
    let Flags { grpc_addr, flood: numbers, pause } = flags;
    let remote = Remote::new(&Pool::builder().http2().build(), &format!("http://{grpc_addr}"))
        .map_err(|error| format!("--grpc-addr {grpc_addr}: {error}"))?;
    match numbers {
        Some(numbers) => flood(&client(&remote), numbers, Duration::from_millis(pause)).await?,
        None => {
            let mut totals = client(&remote).invoke(lines()).await?;
            while let Some(total) = totals.next().await {
                println!("{}", total?.sum);
            }
        }
    }
    Ok(())
}

/// The numbers of standard input. It is read by a thread, which nobody waits for in the end; and no further than the call takes them.
fn lines() -> BoxStream<i64> {
    let (sender, mut numbers) = mpsc::channel(1);
    thread::spawn(move || {
        for (index, line) in stdin().lock().lines().enumerate() {
            let number = line.map_err(|error| error.to_string()).and_then(|line| {
                line.trim().parse::<i64>().map_err(|error| format!("line {}: {line:?}: {error}", index + 1))
            });
            if sender.blocking_send(number.map_err(|text| Error::new(Code::InvalidArgument, text))).is_err() {
                break;
            }
        }
    });
    Box::pin(stream::poll_fn(move |cx| numbers.poll_recv(cx)))
}

async fn flood(
    sum: &BoxEndpoint<BoxStream<i64>, BoxStream<Total>>,
    numbers: u64,
    pause: Duration,
) -> Result<(), Error> {
    let (lead, read) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (most, behind) = (lead.clone(), read.clone());
    // An item is made when the call takes it.
    let ones = stream::iter(1..=numbers).map(move |sent| {
        most.fetch_max(sent - behind.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok(1_i64)
    });
    let mut totals = sum.invoke(Box::pin(ones) as BoxStream<i64>).await?;
    tokio::time::sleep(pause).await;
    let mut last = Total::default();
    while let Some(total) = totals.next().await {
        last = total?;
        read.store(last.count, Ordering::Relaxed);
        if last.count % 1000 == 0 {
            tokio::time::sleep(pause).await;
        }
    }
    println!("{} numbers come to {}", last.count, last.sum);
    println!("the sender was ahead of the reader by {} at most", lead.load(Ordering::Relaxed));
    Ok(())
}

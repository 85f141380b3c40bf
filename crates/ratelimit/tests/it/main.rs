//! The laws of the limits.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod adaptive;
mod change;
mod contract;
mod keyed;
mod limiter;
mod model;
mod refusal;
mod threads;
mod throttle;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};

/// An endpoint that answers what it was asked.
fn echo() -> BoxEndpoint<u64, u64> {
    endpoint_fn(|n: u64| async move { Ok::<_, Error>(n) }).erased()
}

/// Polls once.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

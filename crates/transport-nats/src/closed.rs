//! Whether there is still a client behind a handle to it.

use std::task::{Context, Poll, Waker};

use async_nats::Client;
use futures_util::SinkExt;

/// What is said of a client that is gone.
pub(crate) const CLOSED: &str = "the client of NATS is closed";

/// Whether the client has ended for good: drained, given up to connect, or its task panicked. Its state does not say so, which stays what it was.
pub(crate) fn is_closed(client: &Client) -> bool {
    // It has room, or has none just now; only one without an end refuses. The room is given back with the clone.
    let mut client = client.clone();
    matches!(client.poll_ready_unpin(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(_)))
}

//! Server-sent events (WHATWG HTML, section 9.2): [`Events`] writes and reads them, [`EventSource`] reads on when a connection ends.
//!
//! An endpoint whose reply is a stream of [`Event`]s is served by `Server::new(endpoint, Events::new(), Events::new())`: its message
//! is the [`LastEventId`], from which it goes on. A browser reads it with its own `EventSource`.
//!
//! ```
//! use std::time::Duration;
//!
//! use futures_util::{StreamExt, stream};
//! use tokio::net::TcpListener;
//! use towerkit_endpoint::{Error, endpoint_fn};
//! use towerkit_lifecycle::{Lifeline, Member};
//! use towerkit_transport_http::sse::{Event, EventSource, Events, LastEventId};
//! use towerkit_transport_http::{Pool, Remote, Router, Server, serve};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! // Counts, and goes on from the number that was seen last.
//! let count = endpoint_fn(|last: LastEventId| async move {
//!     let from = last.parse::<u32>()?.unwrap_or(0) + 1;
//!     Ok::<_, Error>(stream::iter(from..from + 3).map(|n| Ok::<_, Error>(Event::data(n.to_string()).with_id(n.to_string()))))
//! });
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("http://{}", listener.local_addr()?);
//! let (lifeline, _stopper) = Lifeline::detached(); // a program has a `Group`
//! let routes = Router::new().get("/count", Server::new(count, Events::new(), Events::new()));
//! tokio::spawn(serve(listener, routes).run(lifeline));
//!
//! // The server ends after three; the source asks again, from there on.
//! let remote = Remote::new(&Pool::new(), &url)?;
//! let count = remote.get("/count").codecs(Events::new(), Events::new());
//! let mut counts = EventSource::new(count).reconnect_after(Duration::from_millis(1));
//! for expected in 1..=5 {
//!     let event = counts.next().await.unwrap()?;
//!     assert_eq!(event.text(), expected.to_string());
//! }
//! # Ok(())
//! # }
//! ```

mod codec;
mod decoder;
mod event;
mod last_event_id;
mod reply;
mod source;

pub use codec::Events;
pub use decoder::EventDecoder;
pub use event::Event;
pub use last_event_id::LastEventId;
pub use reply::EventStream;
pub use source::EventSource;

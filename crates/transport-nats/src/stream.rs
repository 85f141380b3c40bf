//! Replies that are streams: the items come to the caller's inbox as fast as it reads them, with an end that says how it ended.
//!
//! ```
//! use futures_util::{StreamExt, stream};
//! use towerkit_endpoint::{BoxEndpoint, BoxStream, Endpoint, Error, endpoint_fn};
//! use towerkit_lifecycle::{Lifeline, Member};
//! use towerkit_transport_nats::{Remote, Routes, Server, serve};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! # let Some(nats) = towerkit_testing::tool::find("nats-server", "the page's example") else { return Ok(()) };
//! # let port = towerkit_testing::process::free_port();
//! # let url = format!("nats://127.0.0.1:{port}");
//! # let mut command = std::process::Command::new(nats);
//! # let nats = towerkit_testing::process::Process::start(command.args(["-a", "127.0.0.1", "-p", &port.to_string()]));
//! # let _nats = nats.listens_on(port, std::time::Duration::from_secs(10));
//! let client = async_nats::connect(&url).await?;
//! let count = endpoint_fn(|to: u32| async move { Ok::<_, Error>(stream::iter(1..=to).map(Ok::<_, Error>)) });
//! let routes = Routes::new().queue_group("counter").subject("count", Server::json_stream(count));
//! let (lifeline, stopper) = Lifeline::detached(); // a program has a `Group`
//! tokio::spawn(serve(client.clone(), routes).run(lifeline));
//! stopper.ready().await;
//!
//! let count: BoxEndpoint<u32, BoxStream<u32>> = Remote::new(client).subject("count").json_stream().erased();
//! let mut numbers = count.invoke(3).await?;
//! let mut sum = 0;
//! while let Some(number) = numbers.next().await {
//!     sum += number?;
//! }
//! assert_eq!(sum, 6);
//! # Ok(())
//! # }
//! ```
//!
//! [`Server::json_stream`](crate::Server::json_stream) writes any `Stream` of `Result`s, [`Operation::json_stream`](crate::Operation::json_stream) reads a
//! [`BoxStream`](towerkit_endpoint::BoxStream); [`codec::Items`](crate::codec::Items) does it with other codecs than JSON. The subject should have a queue group:
//! the streams of two replicas in one inbox are an error.
//!
//! # On the wire
//!
//! The caller's inbox is a subscription of the stream's own. The service names another one, the stream's control subject, as the reply
//! subject of its first message. Numbers are decimal.
//!
//! | from | to | message | it has | it means |
//! | --- | --- | --- | --- | --- |
//! | caller | the subject | request | header `towerkit-stream-credit: N`, reply subject: the inbox | a stream is asked for; its first `N` items may come |
//! | service | inbox | open | headers `towerkit-stream: open`, `towerkit-seq: 0`, those of the reply; reply subject: the control subject | the endpoint has answered with a stream |
//! | service | inbox | item | header `towerkit-seq`: how many items went before; payload | an item; that which uses up the credit has the control subject as its reply subject |
//! | caller | control | credit | payload `N`; reply subject: the inbox | the first `N` items of all may come. Said again, it asks whether the service is still there |
//! | service | inbox | beat | headers `towerkit-stream: beat`, `towerkit-seq`; payload: the credit it knows of; reply subject: the control subject | still there, and so many items went before. Credit that is not known was lost, and is said again |
//! | service | inbox | end | headers `towerkit-stream: end`, `towerkit-seq`, and where it failed those of an [error](crate::service_error) | the end; it uses no credit |
//! | caller | control | cancel | payload `cancel` | the stream is not read any more |
//! | service | inbox | any reply without `towerkit-stream` | as of a request without a stream | an error before the stream began, or a reply of one item |
//!
//! # Flow control
//!
//! A service has never more items on their way than the caller gave it credit for, which is
//! [`stream_window`](crate::Client::stream_window), 128 by default; when half of them are read the caller gives it more. So one that reads slowly slows the
//! endpoint down, whose stream is polled only where there is credit, and is never a slow consumer. What waits at the caller is a window of items of up to the NATS
//! server's `max_payload` each. Credit is told as a total: said twice or out of order it does no harm.
//!
//! # How it ends
//!
//! | what happened | the caller gets | the endpoint's stream |
//! | --- | --- | --- |
//! | it ended, or failed | all items, and the error | is done |
//! | the caller drops the stream | | is dropped, as soon as the cancel is there; its [`Tail`](towerkit_endpoint::Tail) is `Cancelled` |
//! | the caller is gone without a word | | is dropped when the NATS server says that nobody hears: with the item that uses up the credit, or the next beat, [every 15 seconds](crate::Server::stream_beat) of having nothing to send |
//! | the service is gone without a word | `Unavailable`, when the NATS server says so to the next credit; a caller that waits says it again after a third of [`stream_silence`](crate::Client::stream_silence) (10 s of 30 s) | |
//! | the service, or the way to it, is silent | `Unavailable` after `stream_silence` of waiting | |
//! | a deadline passes | `DeadlineExceeded` | is dropped |
//! | items were lost, with a connection or a full buffer | `DataLoss`, in the place of the first one | is dropped |
//! | a connection was lost and made again, and nothing with it | nothing of it | goes on |
//! | the service's connection was away just when credit came, or the caller's when it was asked after | `Unavailable` | is dropped |
//! | an item is larger than NATS carries | `ResourceExhausted`, in its place | is dropped |
//! | the server stops, and half of its time is over | `Unavailable` | is dropped |
//!
//! A host that vanishes is gone for a NATS server when its pings stay without an answer, after some minutes as it is set up; until then its streams wait for credit, and a
//! deadline bounds them. One whose process lives but never reads keeps its stream.
//!
//! An error is always the last item. The deadline of the caller's context bounds the whole, on both sides;
//! [`Client::timeout`](crate::Client::timeout) bounds the time to the beginning alone. A stream counts for
//! [`max_in_flight`](crate::Serve::max_in_flight) until its end, and has a task of its own.
//!
//! # Who does not speak this
//!
//! A caller that asks a subject of streams without `towerkit-stream-credit` gets `FailedPrecondition`, before the endpoint is called: gathering a stream that need not end
//! for it would have no bound. A [`json_stream`](crate::Operation::json_stream) of a subject that answers with one message has that one as its only
//! item. Callers and services of one account reach each other; the control subject is not mapped between accounts.

pub(crate) mod items;
mod receive;
mod send;
mod wire;

pub use receive::Incoming;
pub(crate) use receive::{Opening, open};
pub(crate) use send::{Asked, End, Sender, Sent, end_message};
pub(crate) use wire::CREDIT;

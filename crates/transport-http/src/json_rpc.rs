//! JSON-RPC 2.0 over HTTP: [`Methods`] are served by [`server`], and called through [`Remote`].
//!
//! It is the [specification](https://www.jsonrpc.org/specification) whole: batches, notifications, parameters by name and by
//! position, and identifiers that come back as they were written, big numbers and fractions too.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use tokio::net::TcpListener;
//! use towerkit_endpoint::{BoxEndpoint, Context, Endpoint, Error, endpoint_fn};
//! use towerkit_lifecycle::{Lifeline, Member};
//! use towerkit_transport_http::json_rpc::{self, Methods};
//! use towerkit_transport_http::{Pool, Router, serve};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Sum {
//!     a: i64,
//!     b: i64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! // A service with one method.
//! let sum = endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(sum.a + sum.b) });
//! let methods = Methods::new().with("sum", sum);
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("http://{}/rpc", listener.local_addr()?);
//! let (lifeline, _stopper) = Lifeline::detached(); // a program has a `Group`
//! tokio::spawn(serve(listener, Router::new().post("/rpc", json_rpc::server(methods))).run(lifeline));
//!
//! // The same endpoint, from far away.
//! let remote = json_rpc::Remote::new(&Pool::new(), &url)?;
//! let sum: BoxEndpoint<Sum, i64> = remote.method("sum").erased();
//! assert_eq!(sum.invoke(Sum { a: 1, b: 2 }).await?, 3);
//!
//! // Several calls in one request.
//! let mut batch = remote.batch();
//! let small = batch.call::<i64>("sum", &Sum { a: 1, b: 2 })?;
//! let large = batch.call::<i64>("sum", &(1000, 2000))?; // parameters by position
//! let mut replies = batch.send(Context::new()).await?;
//! assert_eq!((replies.take(small)?, replies.take(large)?), (3, 3000));
//! # Ok(())
//! # }
//! ```
//!
//! # Codes
//!
//! What a call fails with is an [`Error`] on both ends. Over the wire it has a number; `data` says the rest: `code` is the name
//! of the canonical code, and `errors` is what is wrong, field by field, as in [`Problem`](crate::Problem).
//!
//! | number | when | code on the client, where `data` names none |
//! | --- | --- | --- |
//! | -32700 | the body is no JSON | `InvalidArgument` |
//! | -32600 | it is JSON, and no request; a batch is empty, or too long | `InvalidArgument` |
//! | -32601 | there is no such method | `Unimplemented` |
//! | -32602 | the parameters can't be read, or the endpoint says `InvalidArgument` | `InvalidArgument` |
//! | -32603 | the endpoint says `Internal` or `Unknown` | `Internal` |
//! | -32000 less the [number](towerkit_endpoint::Code::number) of the code | the endpoint says anything else: -32005 is `NotFound` | that code |
//! | another | the endpoint's error has an [`ErrorObject`] | `Unknown` |
//!
//! All of these are answered with status 200. What is wrong with the HTTP around it has a status of its own, and the same form of
//! body, with `null` for its identifier: 405 for another method than POST, 413, 415, and 400 for a body that breaks off.
//!
//! [`Error`]: towerkit_endpoint::Error

mod batch;
mod call;
mod codec;
mod error_object;
mod methods;
mod params;
mod remote;
mod reply;
mod wire;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use towerkit_endpoint::Error;

use crate::{Body, Server, status_of};

pub use batch::{Batch, Pending, Replies};
pub use call::Payload;
pub use codec::Codec;
pub use error_object::ErrorObject;
pub use methods::Methods;
pub use remote::{CallFuture, MethodClient, NotificationClient, Remote};
pub use reply::Reply;

/// Serves methods: a [`Server`] with all its hooks, to be mounted at a path by POST.
///
/// *on_error* and the code that *finalize* is told are about the HTTP around it; what a call failed with goes to
/// [`Methods::on_error`].
#[must_use]
pub fn server(methods: Methods) -> Server<Methods, Codec, Codec, Payload, crate::codec::Plain> {
    let codec = Codec { max_calls: methods.max_calls() };
    Server::new(methods, codec, codec).methods([Method::POST]).error_encoder(encode_error)
}

/// A failure of the HTTP around a call, in the form that a client of JSON-RPC reads.
fn encode_error(error: &Error) -> http::Response<Body> {
    let mut response = http::Response::new(Body::from(reply::failure("null", &ErrorObject::from(error))));
    *response.status_mut() = status_of(error);
    *response.headers_mut() = error.metadata().clone().into_headers();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

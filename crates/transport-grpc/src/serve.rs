use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::net::TcpListener;
use tower_service::Service;
use towerkit_endpoint::BoxError;
use towerkit_transport_http::{Body, Serve};

/// Serves [`Routes`](crate::Routes) on a listener, and what stands around them.
///
/// It is [`towerkit_transport_http::serve`], whose limits, TLS and drain it has, with what gRPC wants otherwise: it is named
/// `grpc`; bodies may be of any length, since it is messages that are [limited](crate::Server::request_limit); a reply may be left
/// lying for five minutes rather than for half of one, since a stream may be read slowly; the window of a stream is 256 KiB and that of a
/// connection 16 MiB, so that some streams of small messages may be [read slowly](Serve::http2_windows) at a time; and a peer that was silent for a minute is
/// pinged, and given up after 20 seconds, since a stream may be silent for ever. The same loop serves gRPC where it is started by
/// [`towerkit_transport_http::serve`] itself.
///
/// # Drain
///
/// Asked to stop, it sends GOAWAY and closes the listener; calls under way end as ever. A reply that is a stream and goes on ends with
/// `Unavailable` once half of the time is over, or as [`stream_grace`](Serve::stream_grace) says. What is left shortly before the end
/// is cut, and counted.
///
/// ```
/// # mod pb {
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct Name { #[prost(string, tag = "1")] pub name: String }
/// # }
/// use std::time::Duration;
/// use tokio::net::TcpListener;
/// use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
/// use towerkit_lifecycle::{Lifeline, Member};
/// use towerkit_transport_grpc::{Method, Remote, Routes, Server, serve};
/// use towerkit_transport_http::Pool;
///
/// const GREET: Method<pb::Name, pb::Name> = Method::new("/greeter.Greeter/Greet");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
/// let greet = endpoint_fn(|name: pb::Name| async move { Ok::<_, Error>(name) });
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("http://{}", listener.local_addr()?);
/// let server = serve(listener, Routes::new().unary(GREET, Server::new(greet)));
///
/// // A program adds it to a group: `Group::new().with(Signals::terminate()).with(server).run().await`.
/// let (lifeline, stopper) = Lifeline::detached();
/// let running = tokio::spawn(server.run(lifeline));
///
/// let greet: BoxEndpoint<pb::Name, pb::Name> =
///     Remote::new(&Pool::builder().http2().build(), &url)?.unary(GREET).erased();
/// assert_eq!(greet.invoke(pb::Name { name: "Ada".to_owned() }).await?.name, "Ada");
///
/// stopper.stop(Duration::from_secs(10));
/// running.await?
/// # }
/// ```
pub fn serve<S, B>(listener: TcpListener, service: S) -> Serve<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    towerkit_transport_http::serve(listener, service)
        .named("grpc")
        .request_limit(u64::MAX)
        .write_timeout(Duration::from_secs(5 * 60), 500)
        .http2_windows(256 << 10, 16 << 20)
        .keep_alive(Duration::from_secs(60), Duration::from_secs(20))
}

use std::fmt;

use towerkit_transport_http::{InvalidBaseUrl, Pool};

use super::{Client, ManyReplies, ManyRequests, OneReply, OneRequest, PoolChannel};
use crate::Method;
use crate::codec::Codec;
use crate::convert::Convert;

/// A remote gRPC service, and what carries the calls to it. It makes a [`Client`] for each of its methods.
///
/// Clones share what the channel shares.
///
/// ```
/// # mod pb {
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumRequest { #[prost(int64, tag = "1")] pub a: i64, #[prost(int64, tag = "2")] pub b: i64 }
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumReply { #[prost(int64, tag = "1")] pub v: i64 }
/// # }
/// use futures_util::{StreamExt, stream};
/// use towerkit_endpoint::{BoxEndpoint, BoxStream, Endpoint, Error, endpoint_fn};
/// use towerkit_transport_grpc::{Method, Remote, Routes, Server};
///
/// const SUM: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/Sum");
/// const SUM_EACH: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/SumEach");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The service.
/// let sum = endpoint_fn(|r: pb::SumRequest| async move { Ok::<_, Error>(pb::SumReply { v: r.a + r.b }) });
/// let sum_each = endpoint_fn(|requests: BoxStream<pb::SumRequest>| async move {
///     Ok::<_, Error>(requests.map(|r| r.map(|r| pb::SumReply { v: r.a + r.b })))
/// });
/// let routes = Routes::new().unary(SUM, Server::new(sum)).bidi_streaming(SUM_EACH, Server::new(sum_each));
///
/// // A channel is any Tower service that carries gRPC, tonic's `Channel` among them; here it is the service itself. Over the
/// // network it is a pool, shared by all clients of the program:
/// //     let remote = Remote::new(&Pool::builder().http2().build(), "http://127.0.0.1:8082")?;
/// let remote = Remote::over(routes);
///
/// // The domain's own types go in and out.
/// let sum: BoxEndpoint<(i64, i64), i64> = remote
///     .unary(SUM)
///     .encode(|(a, b)| pb::SumRequest { a, b })
///     .decode(|reply: pb::SumReply| reply.v)
///     .erased();
/// assert_eq!(sum.invoke((1, 2)).await?, 3);
///
/// let sum_each: BoxEndpoint<BoxStream<pb::SumRequest>, BoxStream<pb::SumReply>> =
///     remote.bidi_streaming(SUM_EACH).erased();
/// let requests = stream::iter((0..3).map(|a| Ok(pb::SumRequest { a, b: 10 })));
/// let sums: Vec<_> = sum_each.invoke(Box::pin(requests) as BoxStream<_>).await?.map(|reply| reply.unwrap().v).collect().await;
/// assert_eq!(sums, [10, 11, 12]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Remote<S> {
    channel: S,
}

impl Remote<PoolChannel> {
    /// A service that is reached through a pool of connections, which must be of [HTTP/2](towerkit_transport_http::PoolSettings::http2).
    ///
    /// The base URL has the scheme `http`, or `https` where the pool has TLS, and a host; a port may follow.
    ///
    /// # Errors
    ///
    /// Where the text is no such URL, or the pool does not speak HTTP/2.
    pub fn new(pool: &Pool, base_url: &str) -> Result<Self, InvalidRemote> {
        PoolChannel::new(pool, base_url).map(Self::over)
    }

    /// A service that is reached without TLS, through a pool of its own with the default settings. A pool that many share, or one with settings,
    /// goes with [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// Where the text is no URL of `http`.
    pub fn plain(base_url: &str) -> Result<Self, InvalidRemote> {
        Self::new(&Pool::builder().http2().build(), base_url)
    }
}

impl<S> Remote<S> {
    /// A service that is reached through any Tower service over `http::Request<tonic::body::Body>`: tonic's `Channel`, a
    /// [`PoolChannel`] under layers, [`Routes`](crate::Routes) in the same process. It is given requests with a path alone.
    pub const fn over(channel: S) -> Self {
        Self { channel }
    }
}

impl<S: Clone> Remote<S> {
    /// A method of one message in and one message out.
    pub fn unary<Q, P, C, T, R>(&self, method: Method<Q, P, C>) -> Client<S, OneRequest<Q, C>, OneReply<P, C>, T, R>
    where
        C: Codec<Q> + Codec<P>,
    {
        let (path, codec) = (method.path(), method.into_codec());
        Client::new(self.channel.clone(), path, OneRequest::new(codec.clone(), Convert), OneReply::new(codec, Convert))
    }

    /// A method of one message in and a stream of messages out.
    pub fn server_streaming<Q, P, C, T, R>(
        &self,
        method: Method<Q, P, C>,
    ) -> Client<S, OneRequest<Q, C>, ManyReplies<P, C>, T, R>
    where
        C: Codec<Q> + Codec<P>,
    {
        let (path, codec) = (method.path(), method.into_codec());
        Client::new(
            self.channel.clone(),
            path,
            OneRequest::new(codec.clone(), Convert),
            ManyReplies::new(codec, Convert),
        )
    }

    /// A method of a stream of messages in and one message out.
    pub fn client_streaming<Q, P, C, T, R>(
        &self,
        method: Method<Q, P, C>,
    ) -> Client<S, ManyRequests<Q, C>, OneReply<P, C>, T, R>
    where
        C: Codec<Q> + Codec<P>,
    {
        let (path, codec) = (method.path(), method.into_codec());
        Client::new(
            self.channel.clone(),
            path,
            ManyRequests::new(codec.clone(), Convert),
            OneReply::new(codec, Convert),
        )
    }

    /// A method of a stream of messages in and a stream of messages out.
    pub fn bidi_streaming<Q, P, C, T, R>(
        &self,
        method: Method<Q, P, C>,
    ) -> Client<S, ManyRequests<Q, C>, ManyReplies<P, C>, T, R>
    where
        C: Codec<Q> + Codec<P>,
    {
        let (path, codec) = (method.path(), method.into_codec());
        Client::new(
            self.channel.clone(),
            path,
            ManyRequests::new(codec.clone(), Convert),
            ManyReplies::new(codec, Convert),
        )
    }
}

/// What can't be a [`Remote`].
#[derive(Debug)]
#[non_exhaustive]
pub enum InvalidRemote {
    /// The text is no base URL.
    Url(InvalidBaseUrl),
    /// The pool speaks HTTP/1.1, which carries no gRPC.
    NotHttp2,
}

impl fmt::Display for InvalidRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::NotHttp2 => f.write_str("the pool does not speak HTTP/2: `Pool::builder().http2().build()` does"),
        }
    }
}

impl std::error::Error for InvalidRemote {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Url(error) => std::error::Error::source(error),
            Self::NotHttp2 => None,
        }
    }
}

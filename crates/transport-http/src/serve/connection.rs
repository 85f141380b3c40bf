use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower_service::Service;
use towerkit_endpoint::BoxError;

use super::ServeEvent;
use super::clock::{Clock, Up};
use super::executor::Streams;
use super::gather::Gather;
use super::limits::{KeepAlive, Limits};
use super::ping::PingTimer;
use super::service::Calls;
use super::shared::Shared;
use super::stream::Stream;
use super::watch::{Alarm, Watch};
use crate::Body;
use crate::body::Origin;

/// The least that hyper reads into: it is also how much of a body or of a reply is moved at a time.
const BUFFER: usize = 64 * 1024;

// Of an HTTP/2 connection. Where they are hyper's defaults: what bounds a hostile peer must not change with a version of hyper.

/// The most requests that were reset before they were begun (CVE-2023-44487), for each stream that may be open at a time. hyper's 20 in all
/// would cut off the clients of a server that was held up for a moment: it finds all that they gave up meanwhile at once.
const PENDING_RESETS: usize = 4;
/// The most streams that the server has reset for what the peer did on them (CVE-2025-8671).
const PROVOKED_RESETS: usize = 1024;
/// The most bytes of a frame.
pub(super) const FRAME: u32 = 16 * 1024;
/// The most bytes of headers that are kept to be named again (RFC 7541, section 4).
const HEADER_TABLE: u32 = 4096;
/// The most bytes of a stream's reply that wait for the peer's window.
const SEND_BUFFER: usize = 400 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve<S, B>(tcp: TcpStream, peer: SocketAddr, service: S, shared: Arc<Shared>)
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    // Small answers must not wait for the acknowledgement of the last ones.
    let _ = tcp.set_nodelay(true);
    let clock = Arc::new(Clock::new(shared, peer));
    #[cfg(feature = "tls")]
    if let Some(tls) = &clock.shared.tls {
        // Boxed, so that a plain connection is not as large as one with TLS.
        let ended = Box::pin(super::secure::serve(tcp, peer, tls, service, &clock)).await;
        return tell(ended, peer, &clock);
    }
    let limits = &clock.shared.limits;
    let origin = Origin::plain(peer, limits.body, clock.shared.stop.clone(), clock.shared.on_error.clone());
    let mut stream = Stream::new(tcp, clock.clone());
    let mut watch = std::pin::pin!(Watch::new(&clock));

    let sniffed = poll_fn(|cx| {
        loop {
            if let Poll::Ready(http2) = stream.poll_is_http2(cx) {
                return Poll::Ready(http2.map_err(|error| Ended::Failed(error.into())));
            }
            match watch.as_mut().poll(cx) {
                Poll::Ready(Alarm::Up(up)) => return Poll::Ready(Err(Ended::TimeIsUp(up))),
                Poll::Ready(Alarm::Drain) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
    let ended = match sniffed {
        Ok(false) => {
            let calls = Calls { service, clock: clock.clone(), origin };
            drive(http1(stream, calls, limits), &clock, watch).await
        }
        Ok(true) => {
            clock.is_http2();
            // It may have told of the drain already, which an HTTP/2 connection must hear of.
            watch.set(Watch::new(&clock));
            let calls = Calls { service, clock: clock.clone(), origin };
            // Boxed, so that an HTTP/1 connection is not as large as an HTTP/2 one.
            Box::pin(drive(http2(stream, calls, limits), &clock, watch)).await
        }
        Err(ended) => ended,
    };
    tell(ended, peer, &clock);
}

/// Sets HTTP/1 up.
pub(super) fn http1<I, S, B>(stream: I, calls: Calls<S>, limits: &Limits) -> http1::Connection<TokioIo<I>, Calls<S>>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + 'static,
{
    // Without the pipelined flush of hyper: it keeps a reply back while a part of the next request is there.
    http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(limits.header_limit as usize)
        .max_buf_size(BUFFER.max(limits.header_limit as usize))
        .serve_connection(TokioIo::new(stream), calls)
}

/// Sets HTTP/2 up.
pub(super) fn http2<I, S, B>(
    stream: I,
    calls: Calls<S>,
    limits: &Limits,
) -> http2::Connection<TokioIo<Gather<I>>, Calls<S>, Streams>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let stream = Gather::new(stream, calls.clock.clone());
    let mut http2 = http2::Builder::new(Streams::new(calls.clock.clone()));
    if let Some(KeepAlive { interval, timeout }) = limits.keep_alive {
        http2.timer(PingTimer(calls.clock.clone())).keep_alive_interval(interval).keep_alive_timeout(timeout);
    }
    http2
        .max_header_list_size(limits.header_limit)
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(PENDING_RESETS * limits.streams as usize)
        .max_local_error_reset_streams(PROVOKED_RESETS)
        .max_frame_size(FRAME)
        .header_table_size(HEADER_TABLE)
        .initial_stream_window_size(limits.windows.stream)
        .initial_connection_window_size(limits.windows.connection)
        .max_send_buf_size(SEND_BUFFER)
        .serve_connection(TokioIo::new(stream), calls)
}

fn tell(ended: Ended, peer: SocketAddr, clock: &Clock) {
    match ended {
        Ended::Well | Ended::TimeIsUp(Up::Idle | Up::Closing) => {}
        Ended::TimeIsUp(Up::Header) => clock.shared.tell(&ServeEvent::HeaderTimeout { peer }),
        Ended::TimeIsUp(Up::Write) => clock.shared.tell(&ServeEvent::WriteStalled { peer }),
        Ended::Failed(error) => clock.shared.tell(&ServeEvent::ConnectionFailed { peer, error }),
    }
}

pub(super) enum Ended {
    Well,
    TimeIsUp(Up),
    Failed(BoxError),
}

/// A connection that can be asked to end after what is under way.
pub(super) trait Graceful: Future<Output = hyper::Result<()>> {
    /// Whether it can be asked while a request may be on its way: HTTP/2 says which ones it still takes, HTTP/1 closes.
    const AT_ANY_TIME: bool;

    fn graceful_shutdown(self: Pin<&mut Self>);
}

impl<I, S, B> Graceful for http1::Connection<TokioIo<I>, Calls<S>>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + 'static,
{
    const AT_ANY_TIME: bool = false;

    fn graceful_shutdown(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, B> Graceful for http2::Connection<TokioIo<Gather<I>>, Calls<S>, Streams>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    const AT_ANY_TIME: bool = true;

    fn graceful_shutdown(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Polls a connection to its end, and ends it when its time is up or when it is asked to.
pub(super) async fn drive<C: Graceful>(connection: C, clock: &Clock, mut watch: Pin<&mut Watch<'_>>) -> Ended {
    let mut connection = std::pin::pin!(connection);
    // Dropped before the connection, whose requests it counts.
    let mut cut = Cut(Some(clock));
    let mut ending = false;
    let ended = poll_fn(|cx| {
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                return Poll::Ready(match result {
                    Ok(()) => Ended::Well,
                    Err(error) => Ended::Failed(error.into()),
                });
            }
            if clock.is_unflushed() {
                continue;
            }
            match watch.as_mut().poll(cx) {
                Poll::Ready(Alarm::Drain) if C::AT_ANY_TIME => {}
                Poll::Ready(Alarm::Drain) => continue,
                Poll::Ready(Alarm::Up(Up::Idle)) if !ending => clock.end_it(),
                // It is closed at once, with what it is writing or waiting for, or for not ending when it was asked to.
                Poll::Ready(Alarm::Up(up)) => return Poll::Ready(Ended::TimeIsUp(up)),
                Poll::Pending => return Poll::Pending,
            }
            ending = true;
            connection.as_mut().graceful_shutdown();
        }
    })
    .await;
    cut.0 = None;
    ended
}

/// Counts what is lost where the connection's future is dropped before its end.
struct Cut<'a>(Option<&'a Clock>);

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        if let Some(clock) = self.0 {
            clock.shared.dropped(clock.unanswered());
        }
    }
}

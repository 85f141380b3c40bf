use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use towerkit_endpoint::{BoxError, PeerAddr};

use super::ServeEvent;
use super::accept::Shared;
use super::clock::{Clock, Up};
use super::service::Calls;
use super::stream::Stream;
use crate::Body;

/// Serves one connection to its end.
pub(super) async fn serve<S, B>(tcp: TcpStream, peer: PeerAddr, service: S, shared: Arc<Shared>)
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    // Small answers must not wait for the acknowledgement of the last ones.
    let _ = tcp.set_nodelay(true);
    let clock = Arc::new(Clock::new());
    let mut stream = Stream::new(tcp, clock.clone());
    let watch = Watch { shared: &shared, clock: &clock };

    let http2 = {
        let sniffing = poll_fn(|cx| stream.poll_is_http2(cx));
        tokio::select! {
            http2 = sniffing => http2,
            up = watch.time_is_up() => return watch.tell_up(up, peer),
            // Not a byte has come: there is nothing to wait for.
            () = shared.close_idle.cancelled() => return,
        }
    };
    let calls = Calls { service, shared: shared.clone(), clock: clock.clone(), peer };
    let ended = match http2 {
        Ok(false) => {
            let connection = http1::Builder::new()
                .header_read_timeout(None)
                .max_header_size(shared.limits.header_bytes as usize)
                .pipeline_flush(true)
                .serve_connection(TokioIo::new(stream), calls);
            watch.drive(connection, &shared.close_idle).await
        }
        Ok(true) => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(shared.limits.header_bytes)
                .max_concurrent_streams(shared.limits.streams)
                .serve_connection(TokioIo::new(stream), calls);
            // Boxed, so that an HTTP/1 connection is not as large as an HTTP/2 one.
            Box::pin(watch.drive(connection, &shared.drain)).await
        }
        Err(error) => Ended::Failed(error.into()),
    };
    match ended {
        Ended::Well => {}
        Ended::TimeIsUp(up) => watch.tell_up(up, peer),
        Ended::Failed(error) => (shared.on_event)(&ServeEvent::ConnectionFailed { peer: peer.0, error }),
    }
}

enum Ended {
    Well,
    TimeIsUp(Up),
    Failed(BoxError),
}

/// A connection that can be asked to end after what is under way.
trait Graceful: Future<Output = hyper::Result<()>> {
    fn graceful_shutdown(self: Pin<&mut Self>);
}

impl<S, B> Graceful for http1::Connection<TokioIo<Stream>, Calls<S>>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + 'static,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S, B> Graceful for http2::Connection<TokioIo<Stream>, Calls<S>, TokioExecutor>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Looks after the time of one connection, with one timer.
#[derive(Clone, Copy)]
struct Watch<'a> {
    shared: &'a Shared,
    clock: &'a Clock,
}

impl Watch<'_> {
    /// Polls a connection to its end, and ends it when its time is up or when it is asked to.
    async fn drive(self, connection: impl Graceful, asked: &CancellationToken) -> Ended {
        let mut connection = std::pin::pin!(connection);
        let mut asked = std::pin::pin!(asked.cancelled());
        let mut timer = std::pin::pin!(None::<Sleep>);
        let mut ending = false;
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                    return Poll::Ready(match result {
                        Ok(()) => Ended::Well,
                        Err(error) => Ended::Failed(error.into()),
                    });
                }
                let up = self.poll_up(cx, timer.as_mut());
                match up {
                    // It is closed at once, with what it is writing or waiting for.
                    Poll::Ready(up @ (Up::Header | Up::Write)) => return Poll::Ready(Ended::TimeIsUp(up)),
                    // The same for one that was asked to end and does not.
                    Poll::Ready(Up::Idle) if ending => return Poll::Ready(Ended::Well),
                    Poll::Ready(Up::Idle) => self.clock.last_idle(),
                    Poll::Pending if ending || asked.as_mut().poll(cx).is_pending() => return Poll::Pending,
                    Poll::Pending => {}
                }
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
        })
        .await
    }

    async fn time_is_up(self) -> Up {
        let mut timer = std::pin::pin!(None::<Sleep>);
        poll_fn(|cx| self.poll_up(cx, timer.as_mut())).await
    }

    /// Ready when the time is up. The timer is moved to an earlier end, never to a later one: when it fires too early, it is
    /// set anew. So a request that comes and goes in time costs no timer.
    fn poll_up(self, cx: &mut Context<'_>, mut timer: Pin<&mut Option<Sleep>>) -> Poll<Up> {
        loop {
            let end = self.clock.end(&self.shared.limits);
            if let Some(mut set) = timer.as_mut().as_pin_mut() {
                if let Some((end, _)) = end
                    && end < set.deadline()
                {
                    set.as_mut().reset(end);
                }
                let fired = set.deadline();
                ready!(set.poll(cx));
                timer.set(None);
                if let Some((end, up)) = end
                    && end <= fired
                {
                    return Poll::Ready(up);
                }
            } else {
                // While requests are served there is no end. But a reply of HTTP/2 is completed in another task, and nothing
                // need wake this one then; so it looks again later.
                let at = end.map_or_else(|| Instant::now() + self.shared.limits.idle_time, |(end, _)| end);
                timer.set(Some(sleep_until(at)));
            }
        }
    }

    fn tell_up(self, up: Up, peer: PeerAddr) {
        match up {
            Up::Header => (self.shared.on_event)(&ServeEvent::HeaderTimeout { peer: peer.0 }),
            Up::Write => (self.shared.on_event)(&ServeEvent::WriteStalled { peer: peer.0 }),
            Up::Idle => {}
        }
    }
}

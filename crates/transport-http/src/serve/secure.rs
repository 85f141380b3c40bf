//! Connections with TLS. It lies between the stream and HTTP, so that the clock sees the bytes that go over the network.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::Body as HttpBody;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;
use towerkit_endpoint::BoxError;

use super::ServeEvent;
use super::clock::Clock;
use super::connection::{Ended, drive, http1, http2};
use super::service::Calls;
use super::stream::Stream;
use super::watch::{Alarm, Watch};
use crate::Body;
use crate::body::Origin;
use crate::tls::{ServerTls, Session};

/// Serves one connection to its end.
pub(super) async fn serve<S, B>(
    tcp: TcpStream,
    peer: SocketAddr,
    tls: &ServerTls,
    service: S,
    clock: &Arc<Clock>,
) -> Ended
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let Some((mut stream, session)) = handshake(Stream::new(tcp, clock.clone()), peer, tls, clock).await else {
        return Ended::Well;
    };
    clock.begin();
    let protocol = session.protocol();
    let limits = &clock.shared.limits;
    let (stop, on_error) = (clock.shared.stop.clone(), clock.shared.on_error.clone());
    let origin = Arc::new(Origin { peer, limits: limits.body, stop, on_error, tls: Some(session) });
    let calls = Calls { service, clock: clock.clone(), origin };
    let watch = pin!(Watch::new(clock));
    if protocol == Version::HTTP_2 {
        stream.get_mut().0.is_http2();
        clock.is_http2();
        drive(http2(stream, calls, limits), clock, watch).await
    } else {
        drive(http1(stream, calls, limits), clock, watch).await
    }
}

/// None where it failed, or came to no end in time; that is told.
async fn handshake(
    stream: Stream,
    peer: SocketAddr,
    tls: &ServerTls,
    clock: &Clock,
) -> Option<(TlsStream<Stream>, Session)> {
    let shared = &clock.shared;
    let drained = async {
        shared.drain.cancelled().await;
        sleep(shared.grace().unwrap_or_default()).await;
    };
    let (error, stream) = tokio::select! {
        accepted = TlsAcceptor::from(tls.config()).accept(stream).into_fallible() => match accepted {
            Ok(stream) => match Session::of(stream.get_ref().1) {
                Ok(session) => return Some((stream, session)),
                Err(error) => (BoxError::from(error), stream.into_inner().0),
            },
            Err((error, stream)) => (error.into(), stream),
        },
        () = sleep(shared.limits.handshake_timeout) => {
            shared.tell(&ServeEvent::HandshakeTimeout { peer });
            return None;
        }
        // It has sent no request that could be lost.
        () = drained => return None,
    };
    shared.tell(&ServeEvent::HandshakeFailed { peer, error });
    end(stream, clock).await;
    None
}

/// The peer may still be sending; closed at once, it would not read the alert that says what is wrong.
async fn end(mut stream: Stream, clock: &Clock) {
    let mut watch = pin!(Watch::new(clock));
    poll_fn(|cx| {
        loop {
            if Pin::new(&mut stream).poll_shutdown(cx).is_ready() {
                return Poll::Ready(());
            }
            match watch.as_mut().poll(cx) {
                Poll::Ready(Alarm::Drain) => {}
                Poll::Ready(Alarm::Up(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}

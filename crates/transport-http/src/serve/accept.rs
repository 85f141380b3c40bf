use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use towerkit_endpoint::{BoxError, PeerAddr};
use towerkit_lifecycle::Lifeline;

use super::limits::Limits;
use super::{OnEvent, Serve, ServeEvent, connection};
use crate::Body;

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) on_event: Arc<OnEvent>,
    draining: AtomicBool,
    /// The drain has begun.
    pub(super) drain: CancellationToken,
    /// The grace of the drain is over: what is idle is closed.
    pub(super) close_idle: CancellationToken,
}

impl Shared {
    /// The token says so too, but behind a lock.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

pub(super) async fn run<S, B>(serve: Serve<S>, lifeline: Lifeline) -> Result<(), BoxError>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let Serve { listener, service, limits, on_event, name: _ } = serve;
    let shared = Arc::new(Shared {
        limits,
        on_event,
        draining: AtomicBool::new(false),
        drain: CancellationToken::new(),
        close_idle: CancellationToken::new(),
    });
    // Dropped with this future, it aborts all connections.
    let mut connections = JoinSet::new();
    let of_connections = shared.clone();
    let start = move |connections: &mut JoinSet<()>, (tcp, peer): (TcpStream, SocketAddr)| {
        connections.spawn(connection::serve(tcp, PeerAddr(peer), service.clone(), of_connections.clone()));
    };

    lifeline.ready();
    let mut stopping = std::pin::pin!(lifeline.stopping());
    loop {
        let full = connections.len() >= shared.limits.connections;
        tokio::select! {
            () = &mut stopping => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &shared), if !full => start(&mut connections, accepted),
        }
    }

    // What the kernel has accepted by now was promised an answer; what comes later is refused by it.
    while let Some(accepted) = accept_now(&listener).await {
        start(&mut connections, accepted);
    }
    drop(listener);
    shared.draining.store(true, Ordering::Relaxed);
    shared.drain.cancel();
    while connections.try_join_next().is_some() {}
    (shared.on_event)(&ServeEvent::Draining { connections: connections.len() });
    drain(connections, &shared, lifeline.stop_by()).await
}

/// Waits until all connections have ended, at most until shortly before the end of the stop: the rest is cut and counted.
async fn drain(mut connections: JoinSet<()>, shared: &Shared, stop_by: Option<Instant>) -> Result<(), BoxError> {
    let begun = Instant::now();
    let cut = async {
        match stop_by {
            // A twentieth of the time is left for telling about it.
            Some(stop_by) => sleep_until(stop_by - stop_by.saturating_duration_since(begun) / 20).await,
            None => std::future::pending().await,
        }
    };
    let mut cut = std::pin::pin!(cut);
    let mut grace = std::pin::pin!(sleep(shared.limits.drain_grace));
    while !connections.is_empty() {
        tokio::select! {
            _ = connections.join_next() => {}
            () = &mut grace, if !shared.close_idle.is_cancelled() => shared.close_idle.cancel(),
            () = &mut cut => {
                let count = connections.len();
                (shared.on_event)(&ServeEvent::Cut { connections: count });
                connections.shutdown().await;
                return Err(format!("{count} connections were cut at the end of the drain").into());
            }
        }
    }
    Ok(())
}

/// The next connection. Where the system is out of something, it waits before it tries again, longer each time, up to a
/// second; the error of a single connection passes.
async fn accept(listener: &TcpListener, shared: &Shared) -> (TcpStream, SocketAddr) {
    let mut pause = Duration::from_millis(5);
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                let passes = matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
                );
                (shared.on_event)(&ServeEvent::AcceptFailed(error));
                if !passes {
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }
}

/// A connection that is there already; none where there is none, or it can't be had.
async fn accept_now(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    let mut accept = std::pin::pin!(listener.accept());
    poll_fn(|cx| match accept.as_mut().poll(cx) {
        Poll::Ready(accepted) => Poll::Ready(accepted.ok()),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

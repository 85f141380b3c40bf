use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use tower_service::Service;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::Lifeline;

use super::shared::Shared;
use super::{Serve, ServeEvent, connection};
use crate::Body;

pub(super) async fn run<S, B>(serve: Serve<S>, lifeline: Lifeline) -> Result<(), BoxError>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let most = serve.limits.connections;
    let shared = Shared::new(serve.limits, serve.on_event, serve.on_error);
    #[cfg(feature = "tls")]
    let shared = shared.with_tls(serve.tls);
    let shared = Arc::new(shared);
    let (listener, service) = (serve.listener, serve.service);
    // Dropped with this future, it aborts all connections.
    let mut connections = JoinSet::new();
    let of_connections = shared.clone();
    let start = move |connections: &mut JoinSet<()>, (tcp, peer): (TcpStream, SocketAddr)| {
        connections.spawn(connection::serve(tcp, peer, service.clone(), of_connections.clone()));
    };

    lifeline.ready();
    let mut stopping = pin!(lifeline.stopping());
    let mut told_full = false;
    loop {
        let full = connections.len() >= most;
        if full && !told_full {
            shared.tell(&ServeEvent::Full { connections: connections.len() });
        }
        told_full = full;
        tokio::select! {
            () = &mut stopping => break,
            Some(ended) = connections.join_next() => tell_panic(&ended, &shared),
            accepted = accept(|| listener.accept(), |error| shared.tell(&error)), if !full => start(&mut connections, accepted),
        }
    }

    let swept = sweep(listener, &shared);
    // A stop that is shorter than the grace must not cut what is only idle.
    let within = lifeline.stop_by().map(|stop_by| stop_by.saturating_duration_since(Instant::now()));
    let grace = shared.limits.drain_grace;
    // Not before the listener is closed: a client that is told to go comes back at once, to who listens then.
    let stream_grace = shared.limits.stream_grace.or_else(|| within.map(|within| within / 2));
    let streams_until = stream_grace.and_then(|grace| Instant::now().checked_add(grace));
    shared.drain(within.map_or(grace, |within| grace.min(within / 2)), streams_until);
    for accepted in swept {
        start(&mut connections, accepted);
    }
    while let Some(ended) = connections.try_join_next() {
        tell_panic(&ended, &shared);
    }
    shared.tell(&ServeEvent::Draining { connections: connections.len() });
    drain(connections, &shared, lifeline.stop_by()).await
}

/// Waits until all connections have ended, at most until shortly before the end of the stop: the rest is cut and counted.
async fn drain(mut connections: JoinSet<()>, shared: &Shared, stop_by: Option<Instant>) -> Result<(), BoxError> {
    let begun = Instant::now();
    let cut = async {
        match stop_by {
            // A twentieth of the time is left for telling about it.
            Some(stop_by) => sleep_until(stop_by - stop_by.saturating_duration_since(begun) / 20).await,
            None => pending().await,
        }
    };
    let mut cut = pin!(cut);
    loop {
        tokio::select! {
            ended = connections.join_next() => match ended {
                Some(ended) => tell_panic(&ended, shared),
                None => return Ok(()),
            },
            () = &mut cut => break,
        }
    }
    shared.cut();
    connections.shutdown().await;
    let (connections, requests) = shared.were_cut();
    if requests == 0 {
        return Ok(());
    }
    let event = ServeEvent::Cut { connections, requests };
    shared.tell(&event);
    Err(event.to_string().into())
}

/// The next connection. Where the system is out of something, it waits before it tries again, longer each time, up to a
/// second; the error of a single connection passes.
async fn accept<T, F>(next: impl Fn() -> F, tell: impl Fn(ServeEvent)) -> T
where
    F: Future<Output = io::Result<T>>,
{
    let mut pause = Duration::from_millis(5);
    loop {
        match next().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                let passes = passes(&error);
                tell(ServeEvent::AcceptFailed(error));
                if !passes {
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }
}

/// Takes what the kernel has accepted by now, which was promised an answer, and closes the listener: what comes later is
/// refused. It asks the kernel itself, since tokio may not know of the newest connections yet.
fn sweep(listener: TcpListener, shared: &Shared) -> Vec<(TcpStream, SocketAddr)> {
    // More than any queue of the kernel holds: who connects without end must not keep the drain from beginning.
    const MOST: usize = 65_536;
    let mut swept = Vec::new();
    let result = listener.into_std().and_then(|listener| {
        while swept.len() < MOST {
            let (stream, peer) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if passes(&error) => continue,
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            swept.push((TcpStream::from_std(stream)?, peer));
        }
        Ok(())
    });
    if let Err(error) = result {
        shared.tell(&ServeEvent::AcceptFailed(error));
    }
    swept
}

/// Whether an error is of one connection, and says nothing about the next.
fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

fn tell_panic(ended: &Result<(), JoinError>, shared: &Shared) {
    if ended.as_ref().is_err_and(JoinError::is_panic) {
        shared.tell(&ServeEvent::Panicked);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn where_the_system_is_out_of_something_it_waits_longer_each_time() {
        let begun = Instant::now();
        let tries = RefCell::new(Vec::new());
        let next = || {
            tries.borrow_mut().push(begun.elapsed().as_millis());
            // EMFILE of Linux.
            let result = if tries.borrow().len() < 12 { Err(io::Error::from_raw_os_error(24)) } else { Ok(()) };
            async { result }
        };
        let told = Cell::new(0);
        accept(next, |_| told.set(told.get() + 1)).await;
        assert_eq!(*tries.borrow(), [0, 5, 15, 35, 75, 155, 315, 635, 1275, 2275, 3275, 4275]);
        assert_eq!(told.get(), 11);
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_of_one_connection_keeps_no_other_waiting() {
        let begun = Instant::now();
        let tries = Cell::new(0);
        let next = || {
            tries.set(tries.get() + 1);
            let result = if tries.get() == 1 { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) };
            async { result }
        };
        accept(next, |_| {}).await;
        assert_eq!((tries.get(), begun.elapsed()), (2, Duration::ZERO));
    }
}

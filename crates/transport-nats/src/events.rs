use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{ConnectOptions, Event, ServerError};
use tokio::sync::watch;

/// What befalls a connection to NATS, counted and told: it is made and lost, its server is about to stop, a subscription is read too slowly.
///
/// async-nats tells of events to one callback, which is given when the connection is made: [`attach`](Self::attach) gives it. A
/// [`Serve`](crate::Serve::events) of the connection takes the events too, and moves away from a server that is about to stop.
///
/// ```no_run
/// use async_nats::ConnectOptions;
/// use towerkit_transport_nats::Events;
///
/// # async fn run() -> Result<(), towerkit_endpoint::BoxError> {
/// let events = Events::new().on_event(|event| eprintln!("nats: {event}"));
/// let client = events.attach(ConnectOptions::new().name("addcli")).connect("nats://127.0.0.1:4222").await?;
/// println!("connected {} times", events.counts().connected);
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
///
/// async-nats hands events over by a queue of 128, and drops those that find it full: counts of slow consumers are the least there were.
///
/// Clones are the same events.
#[derive(Clone, Default)]
pub struct Events(Arc<Shared>);

#[derive(Default)]
struct Shared {
    connected: AtomicU64,
    disconnected: AtomicU64,
    lame_duck: AtomicU64,
    slow_consumer: AtomicU64,
    server_errors: AtomicU64,
    client_errors: AtomicU64,
    hooks: Mutex<Vec<Arc<Hook>>>,
    /// Which word it is, counted, of the server that the connection is to now and that is about to stop; none where it is not.
    lame_ducks: watch::Sender<Option<u64>>,
}

/// Hears of a server that is about to stop, also of what was said before.
pub(crate) type LameDucks = watch::Receiver<Option<u64>>;

type Hook = dyn Fn(&Event) + Send + Sync;

/// How often each kind of event has come up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventCounts {
    /// The connection was made, for the first time or anew.
    pub connected: u64,
    /// The connection was lost.
    pub disconnected: u64,
    /// The server said that it is about to stop.
    pub lame_duck: u64,
    /// A message was dropped, since the buffer of its subscription was full; or the server has dropped the connection, since it was read too
    /// slowly.
    pub slow_consumer: u64,
    /// The server reported an error, such as a subject that may not be used.
    pub server_errors: u64,
    /// The client could not do something, such as to connect.
    pub client_errors: u64,
}

impl Events {
    /// Without events yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function that is told each event. It must not block, nor panic.
    #[must_use]
    pub fn on_event(self, tell: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(tell));
        self
    }

    /// The options with these events as their callback, in place of any other.
    #[must_use]
    pub fn attach(&self, options: ConnectOptions) -> ConnectOptions {
        let events = self.clone();
        options.event_callback(move |event| {
            events.tell(&event);
            std::future::ready(())
        })
    }

    /// How often each kind of event has come.
    #[must_use]
    pub fn counts(&self) -> EventCounts {
        let shared = &*self.0;
        EventCounts {
            connected: shared.connected.load(Relaxed),
            disconnected: shared.disconnected.load(Relaxed),
            lame_duck: shared.lame_duck.load(Relaxed),
            slow_consumer: shared.slow_consumer.load(Relaxed),
            server_errors: shared.server_errors.load(Relaxed),
            client_errors: shared.client_errors.load(Relaxed),
        }
    }

    fn tell(&self, event: &Event) {
        let shared = &*self.0;
        let counter = match event {
            Event::Connected => Some(&shared.connected),
            Event::Disconnected => Some(&shared.disconnected),
            Event::LameDuckMode => Some(&shared.lame_duck),
            Event::SlowConsumer(_) | Event::ServerError(ServerError::SlowConsumer(_)) => Some(&shared.slow_consumer),
            Event::ServerError(_) => Some(&shared.server_errors),
            Event::ClientError(_) => Some(&shared.client_errors),
            Event::Draining | Event::Closed => None,
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Relaxed);
        }
        match event {
            Event::LameDuckMode => drop(shared.lame_ducks.send_replace(Some(shared.lame_duck.load(Relaxed)))),
            // It is another one, or it was started again.
            Event::Connected => drop(shared.lame_ducks.send_replace(None)),
            _ => {}
        }
        // No code of others runs behind the lock.
        let hooks = shared.hooks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        hooks.iter().for_each(|hook| hook(event));
    }

    /// Says it as long as the server is about to stop.
    pub(crate) fn lame_ducks(&self) -> LameDucks {
        self.0.lame_ducks.subscribe()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Events").field(&self.counts()).finish()
    }
}

mod event;
mod lane;
mod round_trip;
mod session;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use towerkit_endpoint::{BoxError, Error, ErrorHandlers, Exchange};
use towerkit_lifecycle::{Lifeline, Member};

use crate::events::LameDucks;
use crate::micro::ServiceAbout;
use crate::{Events, Routes, Stats};

pub use event::ServeEvent;
pub(crate) use lane::{Lane, LaneEnd, LaneFuture, LaneSettings};

/// Serves routes over a connection to NATS.
///
/// Each subject is a subscription and a task. A message is handled in the task it arrives in; those whose endpoint has to wait for something are
/// under way side by side. So an endpoint that computes for long keeps the others of its subject waiting, and belongs in
/// [`spawn_blocking`](tokio::task::spawn_blocking).
///
/// It is ready when the NATS server has confirmed the subscriptions; where the client is not connected yet, when it is. It ends with an error where
/// the client is closed.
///
/// NATS tells a service nothing of a caller that went away, and this sets no limit to the time of a call, as the other transports do not: one that never
/// ends holds one of the places below for good. So a stack has a [`DeadlineLayer`](towerkit_endpoint::DeadlineLayer), which keeps the caller's deadline
/// too.
///
/// # When it is full
///
/// Of each subject [`max_in_flight`](Serve::max_in_flight) messages may be under way, 1024 by default. What comes then is answered with `Unavailable` at
/// once ([`WhenFull::Refuse`]), or left in the buffer of the subscription ([`WhenFull::Wait`]), which says what that costs.
///
/// # Drain
///
/// Asked to [stop](Lifeline::stopping), it ends the subscriptions so that NATS gives new messages to other members of the queue group, and answers what was
/// given to it, what is still on its way here too. For that it asks the server to end each subscription after some more messages than can be on their way, and
/// to end it at once only after 100 ms of silence; a message that comes in just that moment may be lost, and so may some if the connection was
/// lost and made again since the start. What is left shortly before [`Lifeline::stop_by`] is cut, and the error says how many messages that were. Replies that are
/// [streams](crate::stream) end with `Unavailable` when half of the time is over. At the end all replies are flushed. The client is not closed, since it may have other users.
///
/// # Servers that stop, and connections that break
///
/// async-nats connects again by itself, and subscribes anew. What was on its way when a connection broke is lost, and its caller's time runs out. A NATS
/// server that is about to stop says so (lame duck mode): given the [`Events`] of the connection, the same drain is done then, within
/// [`move_timeout`](Serve::move_timeout), and the connection moved to another server before this one closes it. From the beginning of that drain to the new
/// connection this replica has no subscription at all: other members of its queue group get the messages, and where there are none their callers
/// are told that nobody serves the subject. Calls that others make with the same client just then are lost with the connection that is left. Where no other
/// server is known it stays, and looks every second whether there is one now.
///
/// # Slow consumers
///
/// A subscription has a buffer, of 65 536 messages unless
/// [`ConnectOptions::subscription_capacity`](async_nats::ConnectOptions::subscription_capacity) says otherwise; what comes when it is full is dropped by async-nats, counted by
/// [`Events`] and told to no caller. It is counted in messages alone: filled with the largest there may be (`max_payload`, 1 MiB by default) it is 64 GiB, for each
/// subject. With [`WhenFull::Refuse`] the buffer is read all the time, and fills only where the task gets no time to run; with [`WhenFull::Wait`] a capacity
/// belongs to it that memory can hold.
///
/// # Panics
///
/// A panic of an endpoint, of a codec or of a `before` hook is an error to its caller. One of another hook costs its message, whose caller hears nothing, and
/// is told as [`ServeEvent::Panicked`]; the others go on. One in [`on_event`](Serve::on_event) ends the service with an error.
///
/// ```no_run
/// use std::time::Duration;
///
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{DeadlineLayer, Error, endpoint_fn};
/// use towerkit_lifecycle::{Group, Signals};
/// use towerkit_transport_nats::{Events, Routes, Server, serve};
///
/// # async fn run() -> Result<(), towerkit_endpoint::BoxError> {
/// let events = Events::new().on_event(|event| eprintln!("nats: {event}"));
/// let client = events.attach(async_nats::ConnectOptions::new()).connect("nats://127.0.0.1:4222").await?;
/// let count = endpoint_fn(|text: String| async move { Ok::<_, Error>(text.chars().count()) });
/// let count = ServiceBuilder::new().layer(DeadlineLayer::new(Duration::from_secs(5))).service(count);
/// let routes = Routes::new().queue_group("stringsvc").subject("stringsvc.count", Server::json(count));
/// Group::new().with(Signals::terminate()).with(serve(client, routes).events(&events)).run().await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn serve(client: Client, routes: Routes) -> Serve {
    Serve {
        client,
        service: routes.about(),
        stats: routes.into_stats(),
        name: "nats".into(),
        max_in_flight: Serve::DEFAULT_MAX_IN_FLIGHT,
        when_full: WhenFull::Refuse,
        lame_ducks: None,
        move_timeout: Serve::DEFAULT_MOVE_TIMEOUT,
        on_event: Arc::new(|_| {}),
        on_error: ErrorHandlers::default(),
    }
}

/// What becomes of a message when as many as may be are under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// It is answered with `Unavailable` at once, and its caller may go elsewhere. One that wants no reply is dropped, and told to
    /// [`on_error`](crate::Server::on_error).
    #[default]
    Refuse,
    /// It waits in the buffer of the subscription, and its caller with it, whose deadline may pass meanwhile. When the buffer is full too, messages
    /// are dropped without an answer (slow consumer). Other members of the queue group do not get them, idle or not. A drain takes over 65 536 of those that
    /// wait, and refuses more.
    Wait,
}

/// Routes on a connection to NATS: a [`Member`] of a group. See [`serve`](serve()).
pub struct Serve {
    client: Client,
    service: Option<Arc<ServiceAbout>>,
    stats: Stats,
    name: Cow<'static, str>,
    max_in_flight: usize,
    when_full: WhenFull,
    lame_ducks: Option<LameDucks>,
    move_timeout: Duration,
    on_event: Arc<OnEvent>,
    on_error: ErrorHandlers,
}

type OnEvent = dyn Fn(&ServeEvent) + Send + Sync;

impl Serve {
    /// How many messages of a subject may be under way, unless [said otherwise](Self::max_in_flight): 1024.
    pub const DEFAULT_MAX_IN_FLIGHT: usize = 1024;

    /// How long a drain may take before the connection moves to another server, unless [said otherwise](Self::move_timeout): 5 seconds.
    pub const DEFAULT_MOVE_TIMEOUT: Duration = Duration::from_secs(5);

    /// What logs, reports and readiness call it; `nats` by default.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// The most messages of one subject that may be under way; one at least.
    #[must_use]
    pub fn max_in_flight(mut self, most: usize) -> Self {
        self.max_in_flight = most.max(1);
        self
    }

    /// What becomes of messages beyond [`max_in_flight`](Self::max_in_flight).
    #[must_use]
    pub const fn when_full(mut self, policy: WhenFull) -> Self {
        self.when_full = policy;
        self
    }

    /// The events of the client's connection, by which it hears of a NATS server that is about to stop.
    #[must_use]
    pub fn events(mut self, events: &Events) -> Self {
        self.lame_ducks = Some(events.lame_ducks());
        self
    }

    /// How long what is under way may take when the NATS server is about to stop; then it is cut, as at the end of any drain. Meanwhile this replica has
    /// no subscription. A server in lame duck mode closes no connection in its first ten seconds, unless it is set otherwise.
    #[must_use]
    pub const fn move_timeout(mut self, limit: Duration) -> Self {
        self.move_timeout = limit;
        self
    }

    /// Tells of what befalls messages. The function must not block, nor panic.
    #[must_use]
    pub fn on_event(mut self, tell: impl Fn(&ServeEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(tell);
        self
    }

    /// Adds a handler of errors, for diagnosis: it hears of each message that fails, of whichever subject, and does not change the reply. It sees the whole
    /// [`Error`], with its source.
    ///
    /// Layers tell of what reaches an endpoint; of a message that [does not](Exchange::reached_endpoint), since it can't be decoded or too many are under
    /// way, only this handler hears. The function must not block, nor panic.
    #[must_use]
    pub fn on_error(mut self, handler: impl Fn(&Error, &Exchange) + Send + Sync + 'static) -> Self {
        self.on_error.push(handler);
        self
    }

    /// The counters of its subjects, to be read while it runs.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.clone()
    }
}

impl Member for Serve {
    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        session::run(self, lifeline).await
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("name", &self.name)
            .field("max_in_flight", &self.max_in_flight)
            .field("when_full", &self.when_full)
            .field("subjects", &self.stats)
            .finish_non_exhaustive()
    }
}

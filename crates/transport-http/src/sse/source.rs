use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::time::{Sleep, sleep};
use towerkit_endpoint::{Code, Endpoint, Error, Request};

use super::{Event, EventStream, LastEventId};

/// Events without an end: when a connection ends, it asks again, from the last id on, as a browser's `EventSource` does (WHATWG
/// HTML, section 9.2).
///
/// It stands on an endpoint: a [`Client`](crate::Client) with the codec [`Events`](super::Events) on both sides, with layers around it
/// or without. Before each new connection it waits for the time that the server said, or
/// [`reconnect_after`](Self::reconnect_after); where connections fail in a row, twice as long each time, up to
/// [`reconnect_within`](Self::reconnect_within), and from half to the whole of that, so that readers don't all come back at once.
///
/// It ends where the server says so, by 204. It ends with an error where asking again is no use: any but `Unavailable`,
/// `DeadlineExceeded` and `ResourceExhausted`. (A browser also gives up on those where they come as a status.) It connects when it
/// is polled first, and dropping it ends the connection.
///
/// ```no_run
/// use std::time::Duration;
/// use futures_util::StreamExt;
/// use towerkit_transport_http::sse::{EventSource, Events};
/// use towerkit_transport_http::{Pool, Remote};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
/// let remote = Remote::new(&Pool::new(), "http://127.0.0.1:8081")?;
/// let prices = remote.get("/prices").codecs(Events::new(), Events::new());
/// let mut prices = EventSource::new(prices).reconnect_after(Duration::from_secs(1)).attempts(10);
/// while let Some(event) = prices.next().await {
///     println!("{}", event?.text());
/// }
/// # Ok(())
/// # }
/// ```
pub struct EventSource<E> {
    endpoint: E,
    last: LastEventId,
    retry: Duration,
    longest: Duration,
    attempts: Option<u32>,
    /// Connections that failed since the last event.
    failures: u32,
    state: State,
}

type Connecting = Pin<Box<dyn Future<Output = Result<EventStream, Error>> + Send>>;

enum State {
    Idle,
    Connecting(Connecting),
    Open(Box<EventStream>),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

impl<E> EventSource<E> {
    /// How long it waits, unless the server or [the program](Self::reconnect_after) says otherwise: 3 seconds.
    pub const DEFAULT_RECONNECT: Duration = Duration::from_secs(3);

    /// On an endpoint.
    #[must_use]
    pub const fn new(endpoint: E) -> Self {
        Self {
            endpoint,
            last: LastEventId(None),
            retry: Self::DEFAULT_RECONNECT,
            longest: Duration::from_secs(60),
            attempts: None,
            failures: 0,
            state: State::Idle,
        }
    }

    /// Goes on after an event of an earlier time.
    #[must_use]
    pub fn after(mut self, id: impl Into<String>) -> Self {
        self.last = LastEventId(Some(id.into()));
        self
    }

    /// How long it waits before it asks again, until the server says otherwise.
    #[must_use]
    pub const fn reconnect_after(mut self, wait: Duration) -> Self {
        self.retry = wait;
        self
    }

    /// The longest it waits, whatever the server says, and however often it has failed; 60 seconds by default.
    #[must_use]
    pub const fn reconnect_within(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// How many connections may fail in a row before it ends with the last one's error; by default there is no end to it.
    #[must_use]
    pub const fn attempts(mut self, most: u32) -> Self {
        self.attempts = Some(most);
        self
    }

    /// The id it would go on from.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.last.0.as_deref()
    }

    fn wait(&mut self) {
        let doubled = self.retry.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        let most = doubled.min(self.longest);
        // Each state of the standard hasher is random.
        let random = RandomState::new().build_hasher().finish();
        let part = u32::try_from(random % 1024).unwrap_or_default();
        let wait = if self.failures == 0 { most } else { most / 2 + most / 2 * part / 1024 };
        self.state = State::Waiting(Box::pin(sleep(wait)));
    }

    /// What came to nothing: it waits, or that was the last.
    fn failed(&mut self, error: Error) -> Option<Error> {
        self.failures = self.failures.saturating_add(1);
        let passes = matches!(error.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted);
        if !passes || self.attempts.is_some_and(|most| self.failures >= most) {
            self.state = State::Ended;
            return Some(error);
        }
        self.wait();
        None
    }

    fn learn(&mut self, stream: &EventStream) {
        if let Some(id) = stream.ids() {
            self.last = LastEventId(id.map(str::to_owned));
        }
        self.retry = stream.retry().unwrap_or(self.retry);
    }
}

impl<E> Stream for EventSource<E>
where
    E: Endpoint<LastEventId, Reply = EventStream> + Unpin,
{
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match std::mem::replace(&mut this.state, State::Ended) {
                State::Idle => {
                    let call = this.endpoint.invoke(Request::new(this.last.clone()));
                    this.state = State::Connecting(Box::pin(call));
                }
                State::Connecting(mut call) => match call.as_mut().poll(cx) {
                    Poll::Pending => {
                        this.state = State::Connecting(call);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(stream)) if stream.is_no_more() => return Poll::Ready(None),
                    Poll::Ready(Ok(stream)) => this.state = State::Open(Box::new(stream)),
                    Poll::Ready(Err(error)) => {
                        if let Some(error) = this.failed(error) {
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                },
                State::Open(mut stream) => {
                    let next = Pin::new(&mut *stream).poll_next(cx);
                    if !matches!(next, Poll::Pending) {
                        this.learn(&stream);
                    }
                    match next {
                        Poll::Pending => {
                            this.state = State::Open(stream);
                            return Poll::Pending;
                        }
                        Poll::Ready(Some(Ok(event))) => {
                            this.failures = 0;
                            this.state = State::Open(stream);
                            return Poll::Ready(Some(Ok(event)));
                        }
                        Poll::Ready(Some(Err(error))) if error.code() == Code::Unavailable => this.wait(),
                        Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                        Poll::Ready(None) => this.wait(),
                    }
                }
                State::Waiting(mut timer) => {
                    if timer.as_mut().poll(cx).is_pending() {
                        this.state = State::Waiting(timer);
                        return Poll::Pending;
                    }
                    this.state = State::Idle;
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl<E> fmt::Debug for EventSource<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSource")
            .field("last_event_id", &self.last.0)
            .field("retry", &self.retry)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

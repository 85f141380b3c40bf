mod drain;

use std::any::Any;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, Message, Subscriber};
use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{OnEvent, ServeEvent, WhenFull};
use crate::server::panic_text;

/// How many messages are read before those that wait have their turn: the task has a budget of 128 with tokio, which is for them too.
const AT_ONCE: usize = 32;

/// How many messages of a drain may wait for their turn.
const BACKLOG: usize = 1 << 16;

/// A subscription, and the calls of its messages.
///
/// A message is handled where it arrives: its future is polled there, and mostly it is done with that. One that must wait goes to a set that is
/// polled beside the subscription. So there is no task for each message, which costs more than most endpoints do.
pub(crate) struct Lane<F, Fut> {
    client: Client,
    subscriber: Subscriber,
    drain: watch::Receiver<Option<Instant>>,
    max_in_flight: usize,
    when_full: WhenFull,
    /// How often the connection had been made when the first message came.
    connects: u64,
    call: F,
    /// The future of the message at hand; its memory is used again, as long as none has to wait.
    slot: Pin<Box<Option<Fut>>>,
    /// Whether the future in the slot is a refusal that can't be sent yet.
    refusing: bool,
    waiting: FuturesUnordered<Waiting<Fut>>,
    /// Whether one of them was not polled since it is there.
    has_new: bool,
    /// The messages that were read.
    received: u64,
    /// Whether there may be more in the buffer, though it was not asked for it.
    behind: bool,
    /// Whether nothing comes any more but what is in the buffer.
    away: bool,
    ended: bool,
    /// Whether all is read that comes, to be answered in its turn.
    draining: bool,
    /// What was read, and is not under way yet.
    backlog: VecDeque<Message>,
    subject: Arc<str>,
    on_event: Arc<OnEvent>,
}

pub(crate) struct LaneSettings {
    pub(crate) client: Client,
    pub(crate) subscriber: Subscriber,
    /// By when to be done; none until it is asked to stop.
    pub(crate) drain: watch::Receiver<Option<Instant>>,
    pub(crate) max_in_flight: usize,
    pub(crate) when_full: WhenFull,
    pub(crate) subject: Arc<str>,
    pub(crate) on_event: Arc<OnEvent>,
}

/// How a lane ended.
#[derive(Debug)]
pub(crate) enum LaneEnd {
    /// As it was told to; so many messages were left without an answer.
    Drained { left: usize },
    /// The subscription ended by itself: the client is closed.
    Closed,
}

pub(crate) type LaneFuture = Pin<Box<dyn Future<Output = LaneEnd> + Send>>;

/// A future that has to wait.
struct Waiting<Fut>(Pin<Box<Option<Fut>>>);

impl<Fut: Future<Output = ()>> Future for Waiting<Fut> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.0.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl<F, Fut> Lane<F, Fut>
where
    F: Fn(Message, bool) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    pub(crate) fn new(settings: LaneSettings, call: F) -> Self {
        let LaneSettings { client, subscriber, drain, max_in_flight, when_full, subject, on_event } = settings;
        Self {
            connects: 0,
            client,
            subscriber,
            drain,
            max_in_flight,
            when_full,
            call,
            slot: Box::pin(None),
            refusing: false,
            waiting: FuturesUnordered::new(),
            has_new: false,
            received: 0,
            behind: false,
            away: false,
            ended: false,
            draining: false,
            backlog: VecDeque::new(),
            subject,
            on_event,
        }
    }

    pub(crate) async fn run(mut self) -> LaneEnd {
        let mut drain = self.drain.clone();
        // Where the other end is gone there is no one to serve for.
        let told = async move { drain.wait_for(Option::is_some).await.ok().and_then(|by| *by) };
        let told = self.serve_until(told).await;
        if told.is_none() {
            // What is under way may still be answered, should it be the subscription alone that has ended.
            let _ = timeout_at(Instant::now() + Duration::from_secs(1), self.all()).await;
            return LaneEnd::Closed;
        }
        // It may change on the way: a drain before a move becomes the last one, which has less time.
        let mut drain = self.drain.clone();
        loop {
            let by = drain.borrow_and_update().unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                Ok(()) = drain.changed() => {}
                () = self.unsubscribe(by) => break,
            }
        }
        // Away from the server a subscription does not end before the connection is back.
        self.away = self.client.connection_state() != State::Connected;
        loop {
            let by = drain.borrow_and_update().unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                Ok(()) = drain.changed() => {}
                _ = timeout_at(by, self.all()) => break,
            }
        }
        LaneEnd::Drained { left: self.left() }
    }

    /// Serves until a future is ready, and then has its output; none where the subscription has ended before.
    async fn serve_until<O>(&mut self, future: impl Future<Output = O>) -> Option<O> {
        let mut future = std::pin::pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            self.poll(cx).map(|()| None)
        })
        .await
    }

    /// Lets what is under way end, and what is buffered.
    async fn all(&mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }

    /// Ready when the subscription has ended and nothing is under way.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // First those that wait, which would never come to an end where messages keep coming.
        while self.poll_waiting(cx) {}
        let mut most = AT_ONCE;
        loop {
            let wants_room = self.read(&mut most, cx);
            self.behind = most == 0;
            let mut made_room = false;
            // Those that are new there are to be heard of as well.
            if wants_room || std::mem::take(&mut self.has_new) {
                while self.poll_waiting(cx) {
                    made_room = true;
                }
            }
            if self.behind {
                cx.waker().wake_by_ref();
                break;
            }
            if !(made_room && wants_room) {
                break;
            }
        }
        let done = self.ended && self.waiting.is_empty() && self.backlog.is_empty();
        if done { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Handles what has come; whether there is more, that waits for room.
    fn read(&mut self, most: &mut usize, cx: &mut Context<'_>) -> bool {
        while *most > 0 {
            if self.refusing && self.poll_slot(cx).is_pending() {
                return false;
            }
            self.refusing = false;
            let full = self.waiting.len() >= self.max_in_flight && !self.poll_waiting(cx);
            if !full && let Some(message) = self.backlog.pop_front() {
                *most -= 1;
                self.handle(message, true, cx);
                continue;
            }
            let waits = full && self.when_full == WhenFull::Wait;
            if self.ended || waits && !self.draining {
                return waits;
            }
            match Pin::new(&mut self.subscriber).poll_next(cx) {
                Poll::Ready(Some(message)) => {
                    if self.received == 0 {
                        self.connects = connects(&self.client);
                    }
                    self.received += 1;
                    *most -= 1;
                    if waits && self.backlog.len() < BACKLOG {
                        self.backlog.push_back(message);
                    } else {
                        self.handle(message, !full, cx);
                    }
                }
                Poll::Ready(None) => self.ended = true,
                Poll::Pending if self.away => self.ended = true,
                Poll::Pending => return waits,
            }
        }
        false
    }

    fn handle(&mut self, message: Message, admitted: bool, cx: &mut Context<'_>) {
        self.slot.set(Some((self.call)(message, admitted)));
        if self.poll_slot(cx).is_ready() {
            return;
        }
        if admitted {
            self.waiting.push(Waiting(std::mem::replace(&mut self.slot, Box::pin(None))));
            self.has_new = true;
        } else {
            // Nothing more is read until it is out, so that refusals don't pile up.
            self.refusing = true;
        }
    }

    fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(future) = self.slot.as_mut().as_pin_mut() {
            match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                Ok(polled) => ready!(polled),
                Err(payload) => self.panicked(&*payload),
            }
        }
        self.slot.set(None);
        Poll::Ready(())
    }

    /// Whether one of those that wait has ended.
    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        // The one that panics is no longer of the set.
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.waiting).poll_next(cx))) {
            Ok(polled) => matches!(polled, Poll::Ready(Some(()))),
            Err(payload) => {
                self.panicked(&*payload);
                true
            }
        }
    }

    /// The endpoint's panics are caught before: this is one of a hook.
    fn panicked(&self, payload: &(dyn Any + Send)) {
        let text = panic_text(payload).to_owned();
        (self.on_event)(&ServeEvent::Panicked { subject: self.subject.clone(), text });
    }
}

/// How often a client has connected.
pub(super) fn connects(client: &Client) -> u64 {
    client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed)
}

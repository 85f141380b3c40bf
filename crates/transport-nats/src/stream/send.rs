use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use async_nats::client::traits::Publisher;
use async_nats::message::OutboundMessage;
use async_nats::{Client, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use towerkit_endpoint::{BoxError, BoxStream, Code, Error, Metadata, Tail};

use super::wire::{self, CANCEL, CREDIT, Kind};
use crate::Reply;
use crate::server::panicked;

/// What a caller asked for.
pub(crate) struct Asked {
    credit: u64,
}

impl Asked {
    /// Takes it out of the request's headers.
    pub(crate) fn take(metadata: &mut Metadata, wants_reply: bool) -> Result<Self, Error> {
        let Some(credit) = metadata.remove(CREDIT) else {
            let message = "a stream is answered here, and towerkit-stream-credit is missing: none was asked for";
            return Err(Error::new(Code::FailedPrecondition, message));
        };
        if !wants_reply {
            return Err(Error::new(
                Code::FailedPrecondition,
                "a stream is answered here, and there is no reply subject",
            ));
        }
        let credit = credit.to_str().ok().and_then(|credit| credit.parse().ok());
        let credit = credit.ok_or_else(|| Error::invalid("towerkit-stream-credit", "is no number"))?;
        Ok(Self { credit })
    }
}

/// Where a stream's items go, and by what they are bounded.
pub(crate) struct Sender {
    pub(crate) client: Client,
    pub(crate) inbox: Subject,
    pub(crate) tail: Tail,
    pub(crate) beat: Duration,
    pub(crate) drain: watch::Receiver<Option<Instant>>,
}

/// How the sending of items came to its end.
pub(crate) enum End {
    Complete,
    Failed(Error),
    /// The caller reads no more.
    Gone,
    /// The client of NATS is closed.
    Lost(BoxError),
}

/// What was sent, and what is left to say.
pub(crate) struct Sent {
    pub(crate) end: End,
    pub(crate) items: u64,
    pub(crate) bytes: usize,
    /// It ends when the end is said: a caller that asks after it meets nobody then, and has the end before.
    pub(crate) control: Option<Subscriber>,
}

/// A task that ends with what waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sender {
    /// Opens the stream, and sends its items until there are no more, or the caller wants no more.
    pub(crate) async fn send(self, asked: Asked, headers: Metadata, items: BoxStream<Reply>) -> Sent {
        let mut task = Task(tokio::spawn(self.run(asked, headers, items)));
        // It is dropped where it is polled, and a stream may panic then.
        (&mut task.0).await.unwrap_or_else(|error| Sent {
            end: End::Failed(Error::internal(error)),
            items: 0,
            bytes: 0,
            control: None,
        })
    }

    async fn run(mut self, asked: Asked, headers: Metadata, items: BoxStream<Reply>) -> Sent {
        let control = self.client.new_inbox();
        let mut subscriber = match self.client.subscribe(control.clone()).await {
            Ok(subscriber) => subscriber,
            Err(error) => return Sent { end: End::Lost(error.into()), items: 0, bytes: 0, control: None },
        };
        let (limit, again) = (AtomicU64::new(asked.credit), AtomicBool::new(false));
        let mut sending = Sending {
            client: &self.client,
            inbox: &self.inbox,
            control: control.into(),
            limit: &limit,
            again: &again,
            items: 0,
            bytes: 0,
        };
        let end = if let Err(end) = sending.open(headers).await {
            end
        } else {
            tokio::select! {
                biased;
                end = hear(&mut subscriber, &limit, &again) => end,
                end = over(&self.tail, &mut self.drain) => end,
                end = sending.run(items, self.beat) => end,
            }
        };
        Sent { end, items: sending.items, bytes: sending.bytes, control: Some(subscriber) }
    }
}

/// The sending half of a stream.
struct Sending<'a> {
    client: &'a Client,
    inbox: &'a Subject,
    control: Subject,
    limit: &'a AtomicU64,
    /// Whether the caller asks if there is still someone.
    again: &'a AtomicBool,
    items: u64,
    bytes: usize,
}

/// What a stream does next.
enum Next {
    Item(Option<Result<Reply, Error>>),
    Beat,
}

impl Sending<'_> {
    async fn open(&mut self, headers: Metadata) -> Result<(), End> {
        self.fits(wire::wire_len(&headers))?;
        self.publish(Kind::Open, &headers, Bytes::new(), true).await
    }

    async fn run(&mut self, mut stream: BoxStream<Reply>, beat: Duration) -> End {
        let mut beats = interval_at(Instant::now() + beat, beat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whether nothing was sent since the last beat.
        let mut quiet = true;
        loop {
            // What raises the limit, or asks, is polled before this in the same task: nothing else has to wake it.
            let next = poll_fn(|cx| {
                if self.again.swap(false, Relaxed) {
                    return Poll::Ready(Next::Beat);
                }
                if self.items < self.limit.load(Relaxed) {
                    let polled = catch_unwind(AssertUnwindSafe(|| stream.poll_next_unpin(cx)));
                    if let Poll::Ready(item) = polled.unwrap_or_else(|text| Poll::Ready(Some(Err(panicked(&*text))))) {
                        return Poll::Ready(Next::Item(item));
                    }
                }
                while beats.poll_tick(cx).is_ready() {
                    if std::mem::replace(&mut quiet, true) {
                        return Poll::Ready(Next::Beat);
                    }
                }
                Poll::Pending
            });
            let sent = match next.await {
                Next::Item(Some(Ok(item))) => {
                    quiet = false;
                    self.item(item).await
                }
                Next::Item(Some(Err(error))) => return End::Failed(error),
                Next::Item(None) => return End::Complete,
                Next::Beat => {
                    let known = self.limit.load(Relaxed).to_string().into();
                    self.publish(Kind::Beat, &Metadata::new(), known, true).await
                }
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    async fn item(&mut self, item: Reply) -> Result<(), End> {
        let (headers, payload) = item.into_parts();
        self.fits(wire::wire_len(&headers) + payload.len())?;
        let bytes = payload.len();
        let is_last = self.items + 1 == self.limit.load(Relaxed);
        self.publish(Kind::Item, &headers, payload, is_last).await?;
        self.items += 1;
        self.bytes += bytes;
        Ok(())
    }

    fn fits(&self, size: usize) -> Result<(), End> {
        let most = self.client.max_payload();
        if size <= most {
            return Ok(());
        }
        let message = format!("an item is {size} bytes with its headers, and NATS carries {most} bytes here");
        Err(End::Failed(Error::new(Code::ResourceExhausted, message)))
    }

    /// With the control subject to reply to the NATS server says to it where nobody hears.
    async fn publish(&self, kind: Kind, headers: &Metadata, payload: Bytes, asks: bool) -> Result<(), End> {
        // What a header can't be is our mistake, not the caller's.
        let headers = wire::write(kind, self.items, headers).map_err(|error| End::Failed(Error::internal(error)))?;
        let message = OutboundMessage {
            subject: self.inbox.clone(),
            reply: asks.then(|| self.control.clone()),
            payload,
            headers: Some(headers),
        };
        self.client.publish_message(message).await.map_err(|error| End::Lost(error.into()))
    }
}

/// Reads what the caller says, until it wants no more.
async fn hear(control: &mut Subscriber, limit: &AtomicU64, again: &AtomicBool) -> End {
    while let Some(message) = control.next().await {
        if message.status == Some(StatusCode::NO_RESPONDERS) || message.payload == CANCEL {
            return End::Gone;
        }
        let credit = std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse::<u64>().ok());
        // What is no number is of someone else.
        if credit.is_some_and(|credit| limit.fetch_max(credit, Relaxed) >= credit) {
            again.store(true, Relaxed);
        }
    }
    End::Lost("the client of NATS is closed".into())
}

/// Waits until the stream's time is over, or half of the server's.
async fn over(tail: &Tail, drain: &mut watch::Receiver<Option<Instant>>) -> End {
    let deadline = async {
        match tail.deadline() {
            Some(deadline) => sleep_until(deadline).await,
            None => pending().await,
        }
    };
    let stopping = async {
        let mut by = drain.wait_for(Option::is_some).await.ok().and_then(|by| *by);
        while let Some(end) = by {
            let now = Instant::now();
            let half = sleep_until(now + end.saturating_duration_since(now) / 2);
            tokio::select! {
                () = half => return,
                // There may be less time now.
                changed = drain.changed() => by = changed.ok().and_then(|()| *drain.borrow()),
            }
        }
        pending::<()>().await;
    };
    tokio::select! {
        () = deadline => End::Failed(Code::DeadlineExceeded.into()),
        () = stopping => End::Failed(Error::new(Code::Unavailable, "the server is stopping")),
    }
}

/// The message that says how a stream ended.
pub(crate) fn end_message(inbox: Subject, items: u64, reply: Reply, most: usize) -> Result<OutboundMessage, Error> {
    let (metadata, payload) = reply.into_parts();
    let size = wire::wire_len(&metadata) + payload.len();
    if size > most {
        let message = format!("the end of the stream is {size} bytes, and NATS carries {most} bytes here");
        return Err(Error::new(Code::ResourceExhausted, message));
    }
    let headers = wire::write(Kind::End, items, &metadata).map_err(Error::internal)?;
    Ok(OutboundMessage { subject: inbox, reply: None, payload, headers: Some(headers) })
}

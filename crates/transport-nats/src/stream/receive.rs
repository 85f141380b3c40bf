mod open;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::client::traits::Publisher;
use async_nats::message::OutboundMessage;
use async_nats::{Client, Message, Statistics, Subject, Subscriber};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until};
use towerkit_endpoint::{Code, Ending, Error, Metadata, Tail};

use super::wire::{self, CANCEL, Kind};
use crate::Reply;
use crate::client::{ErrorDecoder, is_no_responders, too_long};

pub(crate) use open::{Opening, open};

/// How often a stream that is waited for looks whether the connection is still the one it was.
const LOOK: Duration = Duration::from_secs(1);

/// The items of a reply that is a stream, as they come: what a [reader](crate::codec::DecodeResponse::decode_items) makes a stream of its own of.
///
/// It is polled where its reader has room for another item, and gives credit for more. An error is the last item. Dropped, it cancels the stream.
pub struct Incoming {
    client: Client,
    inbox: Subject,
    state: Phase,
    statistics: Arc<Statistics>,
    window: u64,
    silence: Duration,
    tick: Duration,
    // Set at the first wait, and then every tick of waiting: a stream that goes on pays nothing for it.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether something came since the last tick.
    heard: bool,
    /// For how long it was waited, and nothing came.
    quiet: Duration,
    /// When it was asked last, counted as `quiet` is.
    said: Duration,
    end: Option<Instant>,
    tail: Tail,
    // Set at the first wait with a deadline.
    cut: Option<Pin<Box<Sleep>>>,
    reply_limit: usize,
    header_limit: usize,
    error_decoder: Arc<ErrorDecoder>,
}

enum Phase {
    /// The subject answers with one message.
    One(Bytes),
    Many(Many),
    Ended,
}

struct Many {
    control: Subject,
    subscriber: Subscriber,
    /// The items that were read.
    received: u64,
    /// So many items may come in all.
    limit: u64,
    /// Whether the service has not heard of it.
    unheard: bool,
    /// How often the connection had been made when it was looked at last.
    connects: u64,
}

impl Incoming {
    /// Says that the stream has failed here: it is over, and so is the call.
    pub(crate) fn fail(&mut self, error: &Error) {
        self.cancel();
        self.tail.end(Ending::Failed(error.code()));
    }

    /// Drops what it has, and tells the service.
    fn cancel(&mut self) {
        let Phase::Many(many) = std::mem::replace(&mut self.state, Phase::Ended) else { return };
        // Where there is no runtime any more the service hears of it by the NATS server, for the inbox is gone.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let client = self.client.clone();
        let message =
            OutboundMessage { subject: many.control, reply: None, payload: Bytes::from_static(CANCEL), headers: None };
        runtime.spawn(async move { client.publish_message(message).await });
    }

    fn failed(&mut self, error: Error) -> Poll<Option<Result<Reply, Error>>> {
        self.fail(&error);
        Poll::Ready(Some(Err(error)))
    }

    /// The layers of the client's stack set theirs when they see that the call went well: after this was made.
    fn deadline(&self) -> Option<Instant> {
        [self.end, self.tail.deadline()].into_iter().flatten().min()
    }

    /// Says how many items may come, where the connection takes it at once.
    fn say(&mut self, limit: u64, cx: &mut Context<'_>) {
        let Phase::Many(many) = &mut self.state else { return };
        // Where it is closed the subscription says so, too.
        if let Poll::Ready(Ok(())) = self.client.poll_ready_unpin(cx) {
            let message = OutboundMessage {
                subject: many.control.clone(),
                reply: Some(self.inbox.clone()),
                payload: limit.to_string().into(),
                headers: None,
            };
            if self.client.start_send_unpin(message).is_ok() {
                many.limit = limit;
                many.unheard = false;
                self.said = self.quiet;
            }
        }
    }

    /// What one message means; nothing where it is not for the reader.
    fn read(&mut self, message: Message) -> Option<Poll<Option<Result<Reply, Error>>>> {
        let Phase::Many(many) = &mut self.state else { return Some(Poll::Ready(None)) };
        if is_no_responders(&message) {
            self.state = Phase::Ended;
            return Some(self.failed(Error::new(Code::Unavailable, "the service is gone, and its stream with it")));
        }
        let headers = message.headers.as_ref();
        let Some((kind, seq)) = wire::read(headers) else {
            return Some(self.failed(unreadable("a message is none of the stream")));
        };
        if kind == Kind::Open {
            return Some(self.failed(unreadable("more than one service has answered: they have no queue group")));
        }
        if seq != many.received {
            let message = format!("items of the stream were lost: number {seq} is here, and {} is due", many.received);
            return Some(self.failed(Error::new(Code::DataLoss, message)));
        }
        if message.payload.len() > self.reply_limit {
            return Some(self.failed(too_long(self.reply_limit)));
        }
        match kind {
            Kind::Beat | Kind::Open => {
                let known = std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse::<u64>().ok());
                many.unheard = known.is_some_and(|known| known < many.limit);
                None
            }
            Kind::Item => {
                many.received += 1;
                // Most have no other header than the number.
                let own = headers.is_none_or(|headers| headers.len() == 1);
                let metadata = if own { Ok(Metadata::new()) } else { wire::metadata(headers, self.header_limit) };
                Some(match metadata {
                    Ok(metadata) => Poll::Ready(Some(Ok(Reply::from_parts(metadata, message.payload)))),
                    Err(error) => self.failed(error),
                })
            }
            Kind::End => {
                // There is nobody to cancel.
                self.state = Phase::Ended;
                let error = match wire::metadata(headers, self.header_limit) {
                    Ok(metadata) => (self.error_decoder)(&metadata, &message.payload),
                    Err(error) => Some(error),
                };
                Some(match error {
                    Some(error) => self.failed(error),
                    None => {
                        self.tail.end(Ending::Complete);
                        Poll::Ready(None)
                    }
                })
            }
        }
    }

    /// Counts the time of waiting, and says what there is to say meanwhile.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        if let Some(deadline) = self.deadline() {
            let cut = self.cut.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if cut.deadline() != deadline {
                cut.as_mut().reset(deadline);
            }
            if cut.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Code::DeadlineExceeded.into());
            }
        }
        loop {
            let tick = self.tick;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + tick)));
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            timer.as_mut().reset(Instant::now() + tick);
            if std::mem::take(&mut self.heard) {
                (self.quiet, self.said) = (Duration::ZERO, Duration::ZERO);
                continue;
            }
            self.quiet += tick;
            if self.quiet >= self.silence {
                let message = format!("nothing was heard of the stream's service for {:?}", self.silence);
                return Poll::Ready(Error::new(Code::Unavailable, message));
            }
            let Phase::Many(many) = &mut self.state else { return Poll::Pending };
            let connects = self.statistics.connects.load(Relaxed);
            let anew = std::mem::replace(&mut many.connects, connects) != connects;
            // What was said on another connection may be lost.
            if anew || self.quiet.saturating_sub(self.said) >= self.silence / 3 {
                let limit = many.limit;
                self.say(limit, cx);
            }
        }
    }
}

impl Stream for Incoming {
    type Item = Result<Reply, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        // A stream that is always ready must be cut off as well.
        if !matches!(this.state, Phase::Ended) && this.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
            return this.failed(Code::DeadlineExceeded.into());
        }
        loop {
            let window = this.window;
            let limit = match &mut this.state {
                Phase::Many(many) if many.limit - many.received <= window / 2 => Some(many.received + window),
                Phase::Many(many) => many.unheard.then_some(many.limit),
                Phase::One(payload) => {
                    let payload = std::mem::take(payload);
                    this.state = Phase::Ended;
                    this.tail.end(Ending::Complete);
                    return Poll::Ready(Some(Ok(Reply::new(payload))));
                }
                Phase::Ended => return Poll::Ready(None),
            };
            if let Some(limit) = limit {
                this.say(limit, cx);
            }
            let Phase::Many(many) = &mut this.state else { return Poll::Ready(None) };
            match many.subscriber.poll_next_unpin(cx) {
                Poll::Ready(Some(message)) => {
                    this.heard = true;
                    if let Some(read) = this.read(message) {
                        return read;
                    }
                }
                Poll::Ready(None) => {
                    this.state = Phase::Ended;
                    return this.failed(Error::new(Code::Unavailable, "the connection to NATS is closed"));
                }
                Poll::Pending => {
                    return match this.wait(cx) {
                        Poll::Ready(error) => this.failed(error),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.cancel();
        // Where an end was told already this says nothing.
        self.tail.end(Ending::Cancelled);
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("window", &self.window).finish_non_exhaustive()
    }
}

fn unreadable(why: &'static str) -> Error {
    Error::new(Code::Internal, "the service's reply can't be read").with_source(why)
}

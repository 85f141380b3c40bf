use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_nats::client::traits::Publisher;
use async_nats::connection::State;
use async_nats::message::OutboundMessage;
use async_nats::{Client, HeaderMap, Subject};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};
use towerkit_endpoint::{Code, Error, Metadata, NotSent, Tail};

use super::{Incoming, LOOK, Many, Phase, unreadable};
use crate::client::{ErrorDecoder, closed, is_no_responders, too_long, unsent};
use crate::stream::wire::{self, Kind};

/// How often a call looks so that waits for a stream to begin.
const LOOK_FOR_OPEN: Duration = Duration::from_millis(250);

/// What a stream is asked with.
pub(crate) struct Opening {
    pub(crate) client: Client,
    pub(crate) subject: Subject,
    pub(crate) headers: Option<HeaderMap>,
    pub(crate) payload: Bytes,
    /// By when it has to begin.
    pub(crate) deadline: Option<Instant>,
    /// By when it has to end.
    pub(crate) end: Option<Instant>,
    pub(crate) tail: Tail,
    pub(crate) window: u64,
    pub(crate) silence: Duration,
    pub(crate) reply_limit: usize,
    pub(crate) header_limit: usize,
    pub(crate) error_decoder: Arc<ErrorDecoder>,
}

/// Asks for a stream, and waits until it begins: the headers of its beginning, and the items. A failed reply is an error only as it is decoded.
pub(crate) async fn open(opening: Opening) -> Result<(Metadata, Bytes, Incoming), Error> {
    let Opening {
        client,
        subject,
        headers,
        payload,
        deadline,
        end,
        tail,
        window,
        silence,
        reply_limit,
        header_limit,
        error_decoder,
    } = opening;
    let inbox: Subject = client.new_inbox().into();
    let statistics = client.statistics();
    let sending = async {
        let subscriber = client.subscribe(inbox.clone()).await.map_err(closed)?;
        let connection = statistics.connects.load(Relaxed) + u64::from(client.connection_state() != State::Connected);
        let message = OutboundMessage { subject, reply: Some(inbox.clone()), payload, headers };
        client.publish_message(message).await.map_err(|error| unsent(error, &client))?;
        Ok::<_, Error>((subscriber, connection))
    };
    let (mut subscriber, connection) = match deadline {
        Some(deadline) => timeout_at(deadline, sending).await.map_err(|_| Error::from(Code::DeadlineExceeded))??,
        None => sending.await?,
    };
    let first = loop {
        let look = Instant::now() + LOOK_FOR_OPEN;
        let until = deadline.map_or(look, |deadline| deadline.min(look));
        match timeout_at(until, subscriber.next()).await {
            Ok(Some(first)) => break first,
            Ok(None) => return Err(Error::new(Code::Unavailable, "the connection to NATS is closed")),
            Err(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                return Err(Code::DeadlineExceeded.into());
            }
            Err(_) => {}
        }
        let now = statistics.connects.load(Relaxed);
        if now > connection || now == connection && client.connection_state() != State::Connected {
            return Err(Error::new(Code::Unavailable, "the connection to NATS was lost"));
        }
    };
    if is_no_responders(&first) {
        return Err(Error::new(Code::Unavailable, "nobody serves the subject").with_extension(NotSent));
    }
    if first.payload.len() > reply_limit {
        return Err(too_long(reply_limit));
    }
    let metadata = wire::metadata(first.headers.as_ref(), header_limit)?;
    let state = match (wire::read(first.headers.as_ref()), first.reply) {
        (Some((Kind::Open, 0)), Some(control)) => {
            let looked = statistics.connects.load(Relaxed);
            Phase::Many(Many { control, subscriber, received: 0, limit: window, unheard: false, connects: looked })
        }
        (None, _) => Phase::One(first.payload.clone()),
        _ => return Err(unreadable("the first message of the stream is none")),
    };
    let tick = (silence / 3).min(LOOK).max(Duration::from_millis(1));
    let incoming = Incoming {
        client,
        inbox,
        state,
        statistics,
        window,
        silence,
        tick,
        timer: None,
        heard: true,
        quiet: Duration::ZERO,
        said: Duration::ZERO,
        end,
        tail,
        cut: None,
        reply_limit,
        header_limit,
        error_decoder,
    };
    Ok((metadata, first.payload, incoming))
}

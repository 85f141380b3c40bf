use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use async_nats::client::traits::Publisher;
use async_nats::connection::State;
use async_nats::message::OutboundMessage;
use async_nats::{Message, PublishError, PublishErrorKind, Subject};
use bytes::Bytes;
use tokio::time::Instant;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Code, Context, Error, Metadata, NotSent, Request};

use super::finalizer::Finalizer;
use super::inbox::{NoReply, is_no_responders, within};
use super::{Client, Remote, Settings, Target};
use crate::closed::is_closed;
use crate::codec::{DecodeResponse, EncodeRequest};
use crate::headers;
use crate::routes::Pattern;
use crate::stream::{CREDIT, Opening, open};

impl<N, D, T, R, M> Service<Request<T>> for Client<N, D, T, R, M>
where
    N: EncodeRequest<T>,
    D: DecodeResponse<R, M>,
    T: Send + 'static,
    R: Send + 'static,
    M: 'static,
{
    type Response = R;
    type Error = Error;
    type Future = ClientFuture<R>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        let (remote, settings) = (self.remote.clone(), self.settings.clone());
        let mut finalizer = Finalizer::start(&settings.finalize);
        let (mut context, message) = request.into_parts();
        if D::STREAMS {
            return ClientFuture(Box::pin(streamed::<N, D, T, R, M>(remote, settings, context, message, finalizer)));
        }
        context.shorten_deadline_within(settings.timeout);
        ClientFuture(Box::pin(async move {
            let result = if context.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
                Err(Error::from(Code::DeadlineExceeded).with_extension(NotSent))
            } else {
                exchange::<N, D, T, R, M>(&remote, &settings, context, message, finalizer.as_mut()).await
            };
            if let Some(finalizer) = &mut finalizer {
                finalizer.end(&result);
            }
            result
        }))
    }
}

/// The future of a [`Client`]. Dropping it gives the call up.
pub struct ClientFuture<R>(Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>);

impl<R> Future for ClientFuture<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R> fmt::Debug for ClientFuture<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientFuture")
    }
}

/// What goes to NATS.
struct Outgoing {
    subject: Subject,
    headers: Option<async_nats::HeaderMap>,
    payload: Bytes,
}

/// One request and its reply: the order of events.
async fn exchange<N, D, T, R, M>(
    remote: &Remote,
    settings: &Settings<N, D, T>,
    context: Context,
    message: T,
    finalizer: Option<&mut Finalizer>,
) -> Result<R, Error>
where
    N: EncodeRequest<T>,
    D: DecodeResponse<R, M>,
{
    let deadline = context.deadline();
    let prepared = prepare(remote, settings, context, message).map_err(|error| error.with_extension(NotSent))?;
    if let Some(finalizer) = finalizer {
        finalizer.to(&prepared.subject);
    }
    let Message { headers, payload, .. } = send(remote, prepared, deadline).await?;
    if payload.len() > settings.reply_limit {
        return Err(too_long(settings.reply_limit));
    }
    let mut headers = match &headers {
        Some(headers) => headers::read(headers, settings.header_limit)?,
        None => Metadata::new(),
    };
    settings.after.iter().for_each(|hook| hook(&headers));
    match (settings.error_decoder)(&headers, &payload) {
        Some(error) => Err(error),
        None => settings.decode.decode(&mut headers, payload),
    }
}

/// One request whose reply is a stream, up to its beginning; the finalizer is told of its end.
async fn streamed<N, D, T, R, M>(
    remote: Remote,
    settings: Arc<Settings<N, D, T>>,
    mut context: Context,
    message: T,
    mut finalizer: Option<Finalizer>,
) -> Result<R, Error>
where
    N: EncodeRequest<T>,
    D: DecodeResponse<R, M>,
{
    // A stream has no other end than the caller's; what is limited here is the time to its beginning.
    let end = context.deadline();
    let own = Instant::now().checked_add(settings.timeout);
    let deadline = [end, own].into_iter().flatten().min();
    let tail = context.tail().cloned().unwrap_or_default();
    let began = async {
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(Error::from(Code::DeadlineExceeded).with_extension(NotSent));
        }
        context.metadata_mut().insert(CREDIT, settings.window.into());
        let prepared = prepare(&remote, &settings, context, message).map_err(|error| error.with_extension(NotSent))?;
        if let Some(finalizer) = &mut finalizer {
            finalizer.to(&prepared.subject);
        }
        let Outgoing { subject, headers, payload } = prepared;
        let opening = Opening {
            client: remote.client.clone(),
            subject,
            headers,
            payload,
            deadline,
            end,
            tail: tail.clone(),
            window: settings.window.into(),
            silence: settings.silence,
            reply_limit: settings.reply_limit,
            header_limit: settings.header_limit,
            error_decoder: settings.error_decoder.clone(),
        };
        let (mut headers, payload, items) = open(opening).await?;
        settings.after.iter().for_each(|hook| hook(&headers));
        match (settings.error_decoder)(&headers, &payload) {
            Some(error) => Err(error),
            None => settings.decode.decode_items(&mut headers, items),
        }
    };
    let result = began.await;
    match (&result, finalizer) {
        (Ok(_), Some(finalizer)) => tail.on_end(move |ending| finalizer.stream_ended(ending)),
        (Err(_), Some(mut finalizer)) => finalizer.end(&result),
        (_, None) => {}
    }
    result
}

/// From the message to what is sent: *encode*, then *before*, then the checks.
fn prepare<N: EncodeRequest<T>, D, T>(
    remote: &Remote,
    settings: &Settings<N, D, T>,
    mut context: Context,
    message: T,
) -> Result<Outgoing, Error> {
    let subject = match &settings.target {
        Target::Subject(subject) => subject.clone(),
        Target::By(make) => made(make(&message))?,
    };
    let mut metadata = mem::take(context.metadata_mut());
    let payload = settings.encode.encode(message, &mut metadata)?;
    // It is written last, so that it says what is left.
    mem::swap(context.metadata_mut(), &mut metadata);
    context.announce_timeout();
    mem::swap(context.metadata_mut(), &mut metadata);
    settings.before.iter().try_for_each(|hook| hook(&context, &mut metadata))?;

    let (size, most) = (headers::wire_len(&metadata) + payload.len(), remote.client.max_payload());
    if size > most {
        let message = format!("the request is {size} bytes, and NATS carries {most} bytes here");
        return Err(Error::new(Code::ResourceExhausted, message));
    }
    // Of one that is closed it is said when it refuses, and is nothing to try again.
    if !settings.waits && remote.client.connection_state() != State::Connected && !is_closed(&remote.client) {
        return Err(Error::new(Code::Unavailable, "there is no connection to NATS"));
    }
    Ok(Outgoing { subject, headers: headers::write(&metadata)?, payload })
}

fn made(subject: String) -> Result<Subject, Error> {
    let reason = match Pattern::parse(&subject) {
        Ok(pattern) if !pattern.has_wildcards() => return Ok(subject.into()),
        Ok(_) => "it has wildcards",
        Err(reason) => reason,
    };
    Err(Error::invalid("", format!("the message makes no subject: {reason}")))
}

/// Sends it, and waits for the reply. All else of a call awaits nothing, so that the deadline is looked at here.
async fn send(remote: &Remote, outgoing: Outgoing, deadline: Option<Instant>) -> Result<Message, Error> {
    let Outgoing { subject, headers, payload } = outgoing;
    let sending = async {
        let slot = remote.inbox.open().await.map_err(closed)?;
        let message = OutboundMessage { subject, reply: Some(slot.subject()), payload, headers };
        remote.client.publish_message(message).await.map_err(|error| unsent(error, &remote.client))?;
        Ok::<_, Error>(slot)
    };
    let mut slot = within(deadline, sending).await.map_err(no_reply)??;
    let reply = slot.reply(&remote.client, deadline).await.map_err(no_reply)?;
    if is_no_responders(&reply) {
        return Err(Error::new(Code::Unavailable, "nobody serves the subject").with_extension(NotSent));
    }
    Ok(reply)
}

/// Neither the subscription nor the message could be handed to the connection, nor ever can be.
pub(crate) fn closed(error: impl Into<BoxError>) -> Error {
    Error::new(Code::Unavailable, "the connection to NATS is closed").with_source(error)
}

/// The message was not taken.
pub(crate) fn unsent(error: PublishError, client: &async_nats::Client) -> Error {
    match error.kind() {
        PublishErrorKind::Send => return closed(error),
        // It was less when it was looked at, on another connection.
        PublishErrorKind::MaxPayloadExceeded => {
            let message = format!("the request is larger than NATS carries here, {} bytes", client.max_payload());
            Error::new(Code::ResourceExhausted, message)
        }
        PublishErrorKind::InvalidSubject => Error::invalid("", "the message makes no subject"),
    }
    .with_source(error)
    .with_extension(NotSent)
}

pub(crate) fn too_long(limit: usize) -> Error {
    Error::new(Code::ResourceExhausted, format!("the reply is longer than {limit} bytes"))
}

fn no_reply(why: NoReply) -> Error {
    match why {
        NoReply::Late => Code::DeadlineExceeded.into(),
        NoReply::Lost => Error::new(Code::Unavailable, "the connection to NATS was lost"),
        NoReply::Closed => Error::new(Code::Unavailable, "the connection to NATS is closed"),
    }
}

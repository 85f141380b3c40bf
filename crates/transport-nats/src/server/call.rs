use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_nats::client::traits::Publisher;
use async_nats::message::OutboundMessage;
use async_nats::{Client, Message, Subject};
use tokio::sync::watch;
use tokio::time::Instant;
use towerkit_endpoint::{BoxError, Code, Context, Ending, Endpoint, Error, ErrorHandlers, Tail, Via};

use super::exchange::Asking;
use super::finalizer::Finalizer;
use super::streaming::Streaming;
use super::{Server, Settings};
use crate::codec::{DecodeRequest, EncodeResponse};
use crate::routes::{Counters, Matched, Pattern};
use crate::stream::Asked;
use crate::{Reply, ServeEvent, headers};

/// What the calls of a subject have in common.
pub(crate) struct Call<E, D, N, T, M> {
    pub(crate) server: Server<E, D, N, T, M>,
    pub(crate) scene: Scene,
}

/// Where the messages come from, and the replies go.
pub(crate) struct Scene {
    pub(crate) client: Client,
    pub(crate) pattern: Arc<Pattern>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) on_event: Arc<dyn Fn(&ServeEvent) + Send + Sync>,
    pub(crate) on_error: ErrorHandlers,
    /// How many may be under way; for the error of those that are not admitted.
    pub(crate) max_in_flight: usize,
    /// By when to be done; none until it is asked to stop. For replies that are streams.
    pub(crate) drain: watch::Receiver<Option<Instant>>,
}

impl<E, D, N, T, M> Call<E, D, N, T, M>
where
    T: Send + 'static,
    M: 'static,
    E: Endpoint<T>,
    D: DecodeRequest<T>,
    N: EncodeResponse<E::Reply, M>,
{
    /// One message and its reply: the order of events, and what happens when one of them fails.
    pub(crate) async fn run(self: Arc<Self>, message: Message, admitted: bool) {
        let Self { server, scene } = &*self;
        let settings = &*server.settings;
        let Message { subject, reply: reply_to, payload, headers, .. } = message;
        let started = Instant::now();
        let (subject, wants_reply) = (scene.pattern.subject(&subject), reply_to.is_some());
        let mut asking = Asking { subject, wants_reply, reached_endpoint: false };
        let mut finalizer = Finalizer::start(&settings.finalize, &asking, started);
        // What after hooks are shown; only where there are such hooks.
        let mut seen = (!settings.after.is_empty()).then(Context::new);

        let tail = N::STREAMS.then(Tail::new);
        let mut asked = None;

        let result = if admitted {
            let answer = async {
                let mut context = Context::new();
                fill(&mut context, settings, scene, &asking.subject, headers.as_ref())?;
                if let Some(tail) = &tail {
                    asked = Some(Asked::take(context.metadata_mut(), asking.wants_reply)?);
                    context.set_tail(tail.clone());
                }
                if let Some(seen) = &mut seen {
                    *seen = context.clone();
                }
                if payload.len() > settings.request_limit {
                    return Err(too_large("payload", settings.request_limit));
                }
                settings.before.iter().try_for_each(|hook| hook(&mut context))?;
                let message = settings.decode.decode(&mut context, payload)?;
                asking.reached_endpoint = true;
                if let Some(finalizer) = &mut finalizer {
                    finalizer.reached_endpoint();
                }
                let request = towerkit_endpoint::Request::with_context(context, message);
                // As tower's `oneshot` does, which would move the request three times more.
                let mut endpoint = server.endpoint.clone();
                poll_fn(|cx| endpoint.poll_ready(cx)).await.map_err(Into::into)?;
                let reply = endpoint.call(request).await.map_err(Into::into)?;
                // What nobody waits for is not written.
                if asking.wants_reply { settings.encode.encode(reply) } else { Ok(Reply::default()) }
            };
            let mut answer = pin!(answer);
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
                Ok(polled) => polled,
                Err(payload) => Poll::Ready(Err(panicked(&*payload))),
            })
            .await
        } else {
            Err(scene.full(&asking.subject))
        };

        let result = match (result, tail) {
            (Ok(mut reply), Some(tail)) => match (reply.take_items(), asked, &reply_to) {
                (Some(items), Some(asked), Some(inbox)) => {
                    let inbox = inbox.clone();
                    let streaming = Streaming { inbox, asking, started, finalizer, tail, asked };
                    // Apart, so that the others need no room for it.
                    return Box::pin(streaming.run(settings, scene, seen.as_ref(), reply, items)).await;
                }
                _ => Ok(reply),
            },
            (Err(error), Some(tail)) => {
                tail.end(Ending::Failed(error.code()));
                Err(error)
            }
            (result, None) => result,
        };

        let mut code = result.as_ref().err().map(Error::code);
        scene.counters.handled(started.elapsed(), result.as_ref().err());
        let reply = match result {
            Ok(reply) => Some(reply),
            Err(error) => settings.fail(&error, &asking, scene),
        };
        let (Some(mut reply), Some(reply_to)) = (reply, reply_to) else {
            if let Some(finalizer) = &mut finalizer {
                finalizer.end(0, code.into());
            }
            return;
        };
        let finish = |reply: &mut Reply| {
            if let Some(context) = &seen {
                settings.after.iter().for_each(|hook| hook(context, reply.headers_mut()));
            }
        };
        finish(&mut reply);
        let mut outgoing = scene.outgoing(reply_to.clone(), reply);
        if let Err(error) = &outgoing {
            // One message is one error at most.
            if code.replace(error.code()).is_none() {
                scene.counters.failed(error);
            }
            if let Some(mut reply) = settings.fail(error, &asking, scene) {
                finish(&mut reply);
                outgoing = scene.outgoing(reply_to, reply);
            }
        }
        let sent: Result<usize, BoxError> = match outgoing {
            Ok(message) => {
                let bytes = message.payload.len();
                scene.client.publish_message(message).await.map(|()| bytes).map_err(Into::into)
            }
            // Not even the error can be sent.
            Err(error) => Err(error.into()),
        };
        let (bytes, ending) = match sent {
            Ok(bytes) => (bytes, code.into()),
            Err(error) => {
                (scene.on_event)(&ServeEvent::ReplyLost { subject: asking.subject.clone(), error });
                (0, LOST)
            }
        };
        if let Some(finalizer) = &mut finalizer {
            finalizer.end(bytes, ending);
        }
    }
}

/// There was a reply, and it could not be handed to the connection.
pub(super) const LOST: Ending = Ending::Failed(Code::Unavailable);

/// What a message brings beside its payload.
fn fill<D, N>(
    context: &mut Context,
    settings: &Settings<D, N>,
    scene: &Scene,
    subject: &Arc<str>,
    headers: Option<&async_nats::HeaderMap>,
) -> Result<(), Error> {
    if let Some(headers) = headers {
        *context.metadata_mut() = headers::read(headers, settings.header_limit)?;
        context.accept_timeout()?;
    }
    context.set_via(Some(Via::Nats { subject: subject.clone() }));
    if scene.pattern.has_wildcards() {
        context.insert(Matched::new(scene.pattern.clone(), subject.clone()));
    }
    Ok(())
}

impl<D, N> Settings<D, N> {
    /// Tells of an error, and says what the caller gets, if it waits.
    pub(super) fn fail(&self, error: &Error, asking: &Asking, scene: &Scene) -> Option<Reply> {
        asking.tell(&self.on_error, &scene.on_error, error);
        asking.wants_reply.then(|| (self.error_encoder)(error))
    }
}

impl Scene {
    fn full(&self, subject: &Arc<str>) -> Error {
        (self.on_event)(&ServeEvent::Refused { subject: subject.clone(), in_flight: self.max_in_flight });
        Error::new(Code::Unavailable, "overloaded")
    }

    /// The message that carries a reply; refused where the NATS server would not take it.
    fn outgoing(&self, subject: Subject, reply: Reply) -> Result<OutboundMessage, Error> {
        let (metadata, payload) = reply.into_parts();
        let (size, most) = (headers::wire_len(&metadata) + payload.len(), self.client.max_payload());
        if size > most {
            let message = format!("the reply is {size} bytes, and NATS carries {most} bytes here");
            return Err(Error::new(Code::ResourceExhausted, message));
        }
        // What a header can't be is our mistake, not the caller's.
        let headers = headers::write(&metadata).map_err(Error::internal)?;
        Ok(OutboundMessage { subject, reply: None, payload, headers })
    }
}

fn too_large(what: &str, limit: usize) -> Error {
    Error::new(Code::ResourceExhausted, format!("the {what} is longer than {limit} bytes"))
}

pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Error {
    Error::internal(format!("panicked: {}", panic_text(payload)))
}

pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text")
}

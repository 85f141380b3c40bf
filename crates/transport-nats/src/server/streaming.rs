use async_nats::Subject;
use async_nats::client::traits::Publisher;
use tokio::time::Instant;
use towerkit_endpoint::{BoxError, BoxStream, Context, Ending, Error, Tail};

use super::call::LOST;
use super::exchange::Asking;
use super::finalizer::Finalizer;
use super::{Scene, Settings};
use crate::stream::{Asked, End, Sender, Sent, end_message};
use crate::{Reply, ServeEvent};

/// An exchange whose reply is a stream, from where there is one.
pub(super) struct Streaming {
    pub(super) inbox: Subject,
    pub(super) asking: Asking,
    pub(super) started: Instant,
    pub(super) finalizer: Option<Box<Finalizer>>,
    pub(super) tail: Tail,
    pub(super) asked: Asked,
}

impl Streaming {
    /// Sends the items, and says how it ended.
    pub(super) async fn run<D, N>(
        self,
        settings: &Settings<D, N>,
        scene: &Scene,
        seen: Option<&Context>,
        mut reply: Reply,
        items: BoxStream<Reply>,
    ) {
        let Self { inbox, asking, started, mut finalizer, tail, asked } = self;
        if let Some(context) = seen {
            settings.after.iter().for_each(|hook| hook(context, reply.headers_mut()));
        }
        let (headers, _) = reply.into_parts();
        let sender = Sender {
            client: scene.client.clone(),
            inbox: inbox.clone(),
            tail: tail.clone(),
            beat: settings.beat,
            drain: scene.drain.clone(),
        };
        let Sent { end, items, bytes, control } = sender.send(asked, headers, items).await;

        let error = match &end {
            End::Failed(error) => Some(error),
            _ => None,
        };
        scene.counters.handled(started.elapsed(), error);
        let code = error.map(Error::code);
        let lost = |error: BoxError| {
            (scene.on_event)(&ServeEvent::ReplyLost { subject: asking.subject.clone(), error });
            LOST
        };
        let last = match end {
            End::Complete => Ok(Reply::default()),
            End::Failed(error) => Ok(settings.fail(&error, &asking, scene).unwrap_or_default()),
            End::Gone => Err(Ending::Cancelled),
            End::Lost(error) => Err(lost(error)),
        };
        tail.end(match (&last, code) {
            (Ok(_), None) => Ending::Complete,
            (_, Some(code)) => Ending::Failed(code),
            (Err(_), None) => Ending::Cancelled,
        });
        let ending = match last {
            Ok(reply) => {
                let most = scene.client.max_payload();
                let message = end_message(inbox.clone(), items, reply, most).or_else(|error| {
                    let reply = settings.fail(&error, &asking, scene).unwrap_or_default();
                    end_message(inbox, items, reply, most)
                });
                let said = match message {
                    Ok(message) => scene.client.publish_message(message).await.map_err(BoxError::from),
                    // Not even that can be sent.
                    Err(error) => Err(error.into()),
                };
                said.map_or_else(lost, |()| code.into())
            }
            Err(ending) => ending,
        };
        // Who asks from now on is told by the NATS server that there is nobody.
        drop(control);
        if let Some(finalizer) = &mut finalizer {
            finalizer.end(bytes, ending);
        }
    }
}

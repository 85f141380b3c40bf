//! The NATS service protocol (ADR-32): how a service is found, told apart and measured by tools that know nothing of it.

mod about;
mod answer;
mod time;

use std::sync::Arc;
use std::time::SystemTime;

use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{SelectAll, select_all};
use tokio::sync::watch;
use tokio::time::Instant;
use towerkit_endpoint::BoxError;

use crate::serve::LaneEnd;
use crate::{ServeEvent, Stats};

pub(crate) use about::{EndpointAbout, ServiceAbout, is_name, is_version};
use answer::Verb;

/// One instance of a service, as long as it serves: it keeps its id when the connection moves.
pub(crate) struct Instance {
    client: Client,
    about: Arc<ServiceAbout>,
    id: String,
    started: String,
    stats: Stats,
    on_event: Arc<dyn Fn(&ServeEvent) + Send + Sync>,
}

/// A subscription of a verb.
type Asked = futures_util::stream::Map<Subscriber, fn(Message) -> (Verb, Message)>;

impl Instance {
    pub(crate) fn new(
        client: &Client,
        about: &Arc<ServiceAbout>,
        stats: &Stats,
        on_event: &Arc<dyn Fn(&ServeEvent) + Send + Sync>,
    ) -> Arc<Self> {
        // What makes an inbox unlike all others makes an id too.
        let inbox = client.new_inbox();
        let id = inbox.rsplit('.').next().unwrap_or_default().to_owned();
        Arc::new(Self {
            client: client.clone(),
            about: about.clone(),
            id,
            started: time::rfc3339(SystemTime::now()),
            stats: stats.clone(),
            on_event: on_event.clone(),
        })
    }

    /// Subscribes to what may be asked; in no queue group, so that each instance answers.
    pub(crate) async fn subscribe(&self) -> Result<SelectAll<Asked>, BoxError> {
        let mut asked = Vec::new();
        for verb in [Verb::Ping, Verb::Info, Verb::Stats] {
            let all = format!("$SRV.{}", verb.name());
            let named = format!("{all}.{}", self.about.name);
            let this = format!("{named}.{}", self.id);
            for subject in [all, named, this] {
                let subscriber = self.client.subscribe(subject).await?;
                let read: fn(Message) -> (Verb, Message) = match verb {
                    Verb::Ping => |message| (Verb::Ping, message),
                    Verb::Info => |message| (Verb::Info, message),
                    Verb::Stats => |message| (Verb::Stats, message),
                };
                asked.push(subscriber.map(read));
            }
        }
        Ok(select_all(asked))
    }

    /// Answers until it is told to stop: who is about to stop is not to be found any more. Dropping the subscriptions ends them.
    pub(crate) async fn run(
        self: Arc<Self>,
        mut asked: SelectAll<Asked>,
        mut drain: watch::Receiver<Option<Instant>>,
    ) -> LaneEnd {
        loop {
            let (verb, message) = tokio::select! {
                _ = drain.wait_for(Option::is_some) => break,
                asked = asked.next() => match asked {
                    Some(asked) => asked,
                    None => return LaneEnd::Closed,
                },
            };
            let Some(reply) = message.reply else { continue };
            let answer = match self.answer(verb) {
                Ok(answer) => answer,
                Err(error) => {
                    self.lost(&message.subject, error.into());
                    continue;
                }
            };
            tokio::select! {
                _ = drain.wait_for(Option::is_some) => break,
                sent = self.client.publish(reply, answer) => {
                    if let Err(error) = sent {
                        self.lost(&message.subject, error.into());
                    }
                }
            }
        }
        LaneEnd::Drained { left: 0 }
    }

    fn answer(&self, verb: Verb) -> Result<Bytes, serde_json::Error> {
        answer::write(verb, &self.about, &self.id, &self.started, &self.stats).map(Bytes::from)
    }

    fn lost(&self, subject: &str, error: BoxError) {
        (self.on_event)(&ServeEvent::ReplyLost { subject: subject.into(), error });
    }
}

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::time::{Instant, sleep};
use towerkit_endpoint::Code;

use super::entry::{Pick, read};
use super::{Eureka, REGISTRY, Status, api};
use crate::{Instancer, Publisher, RegistryBackoff, RegistryError};

/// The instances of an application, and which of them.
#[derive(Clone, Debug)]
#[must_use = "it asks nothing before it is made an instancer"]
pub struct Discovery {
    eureka: Eureka,
    name: String,
    pick: Pick,
    interval: Duration,
    hold_when_gone: Duration,
    backoff: RegistryBackoff,
}

impl Discovery {
    pub(super) fn new(eureka: Eureka, name: String) -> Self {
        Self {
            eureka,
            name,
            pick: Pick::default(),
            interval: Duration::from_secs(30),
            hold_when_gone: Duration::from_secs(90),
            backoff: RegistryBackoff::default(),
        }
    }

    /// How often the registry is asked, in place of every 30 s; by chance up to a tenth sooner, so that a fleet does
    /// not ask all at once. It is at least 100 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_millis(100));
        self
    }

    /// Counts instances of this status too, beside those that are UP.
    pub fn include(mut self, status: Status) -> Self {
        self.pick.statuses.push(status);
        self
    }

    /// Takes the secure port of each instance, and leaves out those whose secure port is not enabled.
    pub const fn secure_port(mut self) -> Self {
        self.pick.secure_port = true;
        self
    }

    /// Takes the host name of each instance, for which its certificate may be, in place of its IP address.
    pub const fn host_name(mut self) -> Self {
        self.pick.host_name = true;
        self
    }

    /// For how long the last set stands when the registry knows of no instance at all any more, in place of 90 s: see
    /// [what happens when it was restarted](super#when-something-fails). Instances that it knows of and that are not UP
    /// are gone at once.
    pub const fn hold_when_gone(mut self, time: Duration) -> Self {
        self.hold_when_gone = time;
        self
    }

    /// The waits after failures, in place of the [default](RegistryBackoff::default).
    pub fn backoff(mut self, backoff: RegistryBackoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Starts to ask. It is called within a Tokio runtime.
    pub fn instancer(self) -> Instancer {
        Instancer::spawn(REGISTRY, |publisher| {
            Poll { service: self, publisher, path_is_right: false, gone: None }.run()
        })
    }
}

struct Poll {
    service: Discovery,
    publisher: Publisher,
    /// Whether a 404 can only mean the application.
    path_is_right: bool,
    /// Since when the registry knows of no instance, while it is not believed.
    gone: Option<Instant>,
}

impl Poll {
    async fn run(mut self) {
        loop {
            match self.once().await {
                Ok(wait) => {
                    self.service.backoff.reset();
                    sleep(wait).await;
                }
                Err(error) => {
                    self.gone = None;
                    self.publisher.fail(error);
                    self.service.backoff.wait().await;
                }
            }
        }
    }

    /// Asks once; how long to wait then.
    async fn once(&mut self) -> Result<Duration, RegistryError> {
        let Discovery { eureka, name, pick, .. } = &self.service;
        let reply = eureka.ask(Method::GET, &api::application(name), Bytes::new()).await?;
        let entries = if reply.status() == StatusCode::NOT_FOUND {
            self.check_path().await?;
            Vec::new()
        } else {
            read(&reply)?
        };
        self.path_is_right = true;
        let pause = self.service.interval.mul_f64(1.0 - fastrand::f64() / 10.0);
        let hold = self.service.hold_when_gone;
        if entries.is_empty() && !self.publisher.state().instances().is_empty() {
            let gone = *self.gone.get_or_insert_with(Instant::now);
            let left = hold.saturating_sub(gone.elapsed());
            if !left.is_zero() {
                let what = format!(
                    "it knows of no instance of {name:?} any more, which is believed if it lasts {left:?} longer"
                );
                self.publisher.fail(RegistryError::new(REGISTRY, Code::NotFound, what));
                return Ok(pause.min(left));
            }
        }
        self.gone = None;
        self.publisher.publish(entries.iter().filter_map(|entry| pick.instance(entry)));
        Ok(pause)
    }

    /// A server says 404 of an application that it does not know, and where its interface is under another path. Only
    /// the first is an answer.
    async fn check_path(&self) -> Result<(), RegistryError> {
        if self.path_is_right {
            return Ok(());
        }
        let reply = self.service.eureka.ask(Method::GET, "apps/delta", Bytes::new()).await;
        match reply {
            Ok(reply) if reply.status() != StatusCode::NOT_FOUND => Ok(()),
            // The operator has turned it off.
            Err(error) if error.code() == Code::PermissionDenied => Ok(()),
            Ok(reply) => {
                let what = "it says 404 to everything: is the path of its URL right?";
                Err(RegistryError::new(REGISTRY, Code::NotFound, what).with_source(reply.refused()))
            }
            Err(error) => Err(error),
        }
    }
}

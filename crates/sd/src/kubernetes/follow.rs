use std::time::Duration;

use http::StatusCode;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};
use towerkit_endpoint::Code;

use super::event::{Event, Page};
use super::lines::Lines;
use super::slice::Object;
use super::slices::Slices;
use super::{Discovery, REGISTRY};
use crate::{Publisher, RegistryError};

/// The most pages of a list.
const MOST_PAGES: usize = 1000;
/// A watch that is over sooner has failed, whatever it says.
const QUICK: Duration = Duration::from_secs(5);

/// Lists, watches, and publishes.
pub(super) struct Follow {
    service: Discovery,
    publisher: Publisher,
    slices: Slices,
    /// Up to where the slices are known.
    version: String,
}

/// How a watch ended.
enum End {
    /// Its time was over.
    Over,
    /// There is a gap between what is known and what it would tell.
    Gap,
    /// It can be taken up again.
    Broken(RegistryError),
    /// Nobody knows what was missed.
    Failed(RegistryError),
}

impl Follow {
    pub(super) fn new(service: Discovery, publisher: Publisher) -> Self {
        Self { service, publisher, slices: Slices::default(), version: String::new() }
    }

    pub(super) async fn run(mut self) {
        loop {
            if let Err(error) = self.list().await {
                self.publisher.fail(error);
                self.service.backoff.wait().await;
                continue;
            }
            self.publish();
            while self.watch_on().await {}
        }
    }

    /// One watch, and a wait if it was a short one; whether the next can go on where it ended.
    async fn watch_on(&mut self) -> bool {
        let began = Instant::now();
        let goes_on = match self.watch().await {
            End::Over => true,
            End::Gap => false,
            End::Broken(error) => {
                self.publisher.fail(error);
                true
            }
            End::Failed(error) => {
                self.publisher.fail(error);
                false
            }
        };
        if began.elapsed() < QUICK.min(self.service.watch_timeout / 2) {
            self.service.backoff.wait().await;
        } else {
            self.service.backoff.reset();
        }
        goes_on
    }

    /// Reads all slices anew.
    async fn list(&mut self) -> Result<(), RegistryError> {
        let Discovery { kubernetes, name, pick, .. } = &self.service;
        let (mut slices, mut after) = (Slices::default(), String::new());
        for _ in 0..MOST_PAGES {
            let reply = kubernetes.page(name, &after).await?;
            if reply.status() == StatusCode::GONE && !after.is_empty() {
                // The list it was a part of is too old: there is another one.
                (slices, after) = (Slices::default(), String::new());
                continue;
            }
            let page: Page = reply.accepted()?.json()?;
            for item in page.items.unwrap_or_default() {
                slices.put(&item, pick)?;
            }
            after = page.metadata.r#continue.unwrap_or_default();
            if after.is_empty() {
                self.slices = slices;
                let version = page.metadata.resource_version.filter(|version| !version.is_empty());
                self.version = version.ok_or_else(|| RegistryError::malformed(REGISTRY, "the list has no version"))?;
                return Ok(());
            }
        }
        Err(RegistryError::malformed(REGISTRY, format!("the list has more than {MOST_PAGES} pages")))
    }

    /// Hears of changes until that ends.
    async fn watch(&mut self) -> End {
        let Discovery { kubernetes, name, watch_timeout, .. } = &self.service;
        let grace = kubernetes.request_timeout;
        let time = watch_timeout.mul_f64(1.0 - fastrand::f64() / 10.0);
        let body = match kubernetes.watch(name, &self.version, time).await {
            Ok(Ok(body)) => body,
            Ok(Err(reply)) if reply.status() == StatusCode::GONE => return End::Gap,
            Ok(Err(reply)) => return End::Failed(reply.refused()),
            Err(error) => return End::Broken(error),
        };
        // The server is well again, if it was not.
        self.publish();
        let (mut lines, end) = (Lines::new(body), Instant::now() + time + grace);
        loop {
            let some = match timeout_at(end, lines.next()).await {
                Ok(Ok(Some(some))) => some,
                Ok(Ok(None)) => return End::Over,
                Ok(Err(error)) if error.code() == Code::DataLoss => return End::Failed(error),
                Ok(Err(error)) => return End::Broken(error),
                Err(_) => {
                    let what = format!("the watch is not over {grace:?} after its time");
                    // A server that hangs may take the next one just as well: only a list shows that it is there.
                    return End::Failed(RegistryError::new(REGISTRY, Code::DeadlineExceeded, what));
                }
            };
            let heard =
                some.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).try_for_each(|line| self.hear(line));
            // What came before the end holds.
            self.publish();
            if let Err(end) = heard {
                return end;
            }
        }
    }

    fn hear(&mut self, line: &[u8]) -> Result<(), End> {
        let version = match Event::read(line).map_err(End::Failed)? {
            Event::Set(object) => self.slices.put(object, &self.service.pick).map_err(End::Failed)?,
            Event::Removed(object) => self.slices.remove(object),
            Event::Bookmark(object) => version(object),
            Event::Gone => return Err(End::Gap),
            Event::Other => None,
        };
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            self.version = version;
        }
        Ok(())
    }

    fn publish(&self) {
        match self.slices.instances(&self.service.pick) {
            Ok(instances) => self.publisher.publish(instances),
            Err(error) => self.publisher.fail(error),
        }
    }
}

fn version(object: &RawValue) -> Option<String> {
    Object::read(object)?.metadata.resource_version
}

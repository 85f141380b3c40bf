use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::fetch::Fetched;
use super::schedule::Step;
use super::{JwksError, JwksEvent, JwksUrl};
use crate::KeySet;

impl Member for JwksUrl {
    fn name(&self) -> Cow<'static, str> {
        format!("keys from {}", self.shared.url()).into()
    }

    async fn run(mut self, lifeline: Lifeline) -> Result<(), BoxError> {
        let _running = self.shared.run();
        let mut stopping = pin!(lifeline.stopping());
        loop {
            let event = match self.shared.step() {
                Step::Fetch => {
                    let on_demand = self.shared.schedule().is_on_demand();
                    let fetched = tokio::select! {
                        biased;
                        () = &mut stopping => return Ok(()),
                        fetched = self.fetcher.fetch(on_demand) => fetched,
                    };
                    let event = self.take(fetched);
                    self.shared.tell();
                    event
                }
                Step::Drop => {
                    self.shared.replace(KeySet::default());
                    JwksEvent::Dropped { url: Arc::clone(self.shared.url()) }
                }
                Step::Wait(until) => {
                    tokio::select! {
                        biased;
                        () = &mut stopping => return Ok(()),
                        () = self.shared.wanted() => {}
                        () = sleep_until(until) => {}
                    }
                    continue;
                }
            };
            (self.on_event)(&event);
            if !self.required || self.shared.has_keys() {
                lifeline.ready();
            }
        }
    }
}

impl JwksUrl {
    fn take(&self, fetched: Result<Fetched, JwksError>) -> JwksEvent {
        let url = Arc::clone(self.shared.url());
        match fetched {
            Ok(Fetched { set, max_age }) => {
                let (keys, skipped) = (set.keys().len(), set.skipped().to_vec());
                self.shared.replace(set);
                self.shared.note(None);
                let next = self.shared.schedule().fetched(Instant::now(), max_age, chance());
                JwksEvent::Refreshed { url, keys, skipped, next }
            }
            Err(error) => {
                let error = Arc::new(error);
                self.shared.note(Some(Arc::clone(&error)));
                let next = self.shared.schedule().failed(Instant::now(), chance());
                JwksEvent::Failed { url, error, next }
            }
        }
    }
}

/// A number from 0 to 1, so that a fleet does not come all at once. Where there is no chance to be had it is the
/// middle.
fn chance() -> f64 {
    let mut random = [0; 4];
    match aws_lc_rs::rand::fill(&mut random) {
        Ok(()) => f64::from(u32::from_ne_bytes(random)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

use std::future::Future;
use std::time::Duration;

use hickory_resolver::proto::rr::Name;
use tokio::time::{sleep, timeout};
use towerkit_endpoint::Code;

use super::Discovery;
use super::client::REGISTRY;
use super::lookup::{Family, Found, Resolver};
use crate::{Instance, Instancer, Publisher, RegistryBackoff, RegistryError};

/// When it is asked, and what a failure means.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) missing_is_empty: bool,
    pub(super) min_ttl: Duration,
    pub(super) max_ttl: Duration,
    pub(super) timeout: Duration,
    pub(super) backoff: RegistryBackoff,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            missing_is_empty: false,
            min_ttl: Duration::from_secs(1),
            max_ttl: Duration::from_secs(5 * 60),
            timeout: Duration::from_secs(5),
            backoff: RegistryBackoff::default(),
        }
    }
}

/// What is asked for.
pub(super) trait Ask: Send + Sync + 'static {
    /// All instances of a name. It is `NotFound`, where the name is not there.
    fn ask(
        &self,
        resolver: &Resolver,
        name: &Name,
        family: Family,
    ) -> impl Future<Output = Result<Found<Vec<Instance>>, RegistryError>> + Send;
}

pub(super) fn follow<K: Ask>(query: Discovery<K>) -> Instancer {
    Instancer::spawn(REGISTRY, |publisher| run(query, publisher))
}

async fn run<K: Ask>(query: Discovery<K>, publisher: Publisher) {
    let Discovery { resolver, name, kind, family, settings } = query;
    let Settings { missing_is_empty, min_ttl, max_ttl, timeout: within, mut backoff } = settings;
    loop {
        let late =
            || RegistryError::new(REGISTRY, Code::DeadlineExceeded, format!("{name}: no answer within {within:?}"));
        match timeout(within, kind.ask(&resolver, &name, family)).await.unwrap_or_else(|_| Err(late())) {
            Ok(found) => {
                publisher.publish(found.value);
                backoff.reset();
                sleep(found.ttl.min(max_ttl).max(min_ttl)).await;
            }
            // A name that comes back is to be seen soon, so this waits as after a failure, and not for the TTL of the
            // refusal.
            Err(error) if missing_is_empty && error.code() == Code::NotFound => {
                publisher.publish([]);
                backoff.wait().await;
            }
            Err(error) => {
                publisher.fail(error);
                backoff.wait().await;
            }
        }
    }
}

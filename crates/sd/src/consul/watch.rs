use bytes::Bytes;
use http::Method;
use tokio::time::{Instant, sleep};
use towerkit_endpoint::Code;

use super::REGISTRY;
use super::discovery::Discovery;
use super::entry;
use super::index::Index;
use super::pace::Pace;
use super::target::Target;
use crate::exchange::Reply;
use crate::{Instance, Publisher, RegistryBackoff, RegistryError};

/// Asks again and again, with the index of the last answer, by which Consul waits for a change before it answers.
pub(super) async fn watch(service: Discovery, publisher: Publisher) {
    let target = service.target();
    let mut index = Index::default();
    let mut pace = Pace::new(Instant::now());
    let mut backoff = RegistryBackoff::default();
    loop {
        sleep(pace.next(Instant::now())).await;
        match look(&service, &target, index).await {
            Ok((instances, answered)) => {
                index.answered(answered);
                publisher.publish(instances);
                backoff.reset();
            }
            Err(error) => {
                // The next query is to be answered at once: that the registry is well again is not to wait for a
                // change.
                index = Index::default();
                publisher.fail(error);
                backoff.wait().await;
            }
        }
    }
}

async fn look(service: &Discovery, target: &Target, index: Index) -> Result<(Vec<Instance>, u64), RegistryError> {
    let mut target = target.clone();
    let mut within = service.consul.within();
    if let Some(index) = index.waits_for() {
        target = target.with("index", &index.to_string()).with("wait", &format!("{}ms", service.wait.as_millis()));
        // Consul waits up to a sixteenth longer, so that not all come at once.
        within += service.wait + service.wait / 16;
    }
    let reply = service.consul.ask(Method::GET, &target, Bytes::new(), within).await?.accepted()?;
    let Some(index) = header(&reply, "x-consul-index").and_then(|index| index.parse().ok()) else {
        return Err(RegistryError::malformed(REGISTRY, format!("{target}: the reply has no X-Consul-Index")));
    };
    let instances = entry::instances(&reply)?;
    if instances.is_empty() {
        doubt(&reply, &target)?;
    }
    let has_all = |instance: &Instance| service.tags.iter().all(|tag| instance.has_tag(tag));
    Ok((instances.into_iter().filter(has_all).collect(), index))
}

/// An empty answer that says of itself that it is not the whole.
fn doubt(reply: &Reply, target: &Target) -> Result<(), RegistryError> {
    if header(reply, "x-consul-results-filtered-by-acls") == Some("true") {
        let what = format!("{target}: the token may not see what is there");
        return Err(RegistryError::new(REGISTRY, Code::PermissionDenied, what));
    }
    if header(reply, "x-consul-knownleader") == Some("false") {
        return Err(RegistryError::unavailable(
            REGISTRY,
            format!("{target}: a server that has no leader knows of none"),
        ));
    }
    Ok(())
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.head.headers.get(name)?.to_str().ok()
}

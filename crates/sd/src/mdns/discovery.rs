use std::collections::BTreeMap;
use std::time::Duration;

use mdns_sd::{Receiver, ResolvedService, ServiceEvent};
use tokio::time::{Instant, sleep_until};
use towerkit_endpoint::Code;

use super::Mdns;
use super::client::REGISTRY;
use super::daemon::Daemon;
use super::text;
use crate::{Instance, Instancer, Publisher, RegistryBackoff, RegistryError};

/// So many instances are taken: whoever is on the segment can register any number.
const MOST: usize = 1000;

/// So many events are taken together: as many as the daemon keeps.
const AT_ONCE: usize = 1000;

/// What is looked for: made by [`Mdns::service`].
#[derive(Clone, Debug)]
pub struct Discovery {
    mdns: Mdns,
    kind: String,
    settle: Duration,
}

impl Discovery {
    pub(super) const fn new(mdns: Mdns, kind: String) -> Self {
        Self { mdns, kind, settle: Duration::from_secs(1) }
    }

    /// How long instances have to answer before the set counts as whole: after so much silence it is empty. 1 s by
    /// default. Those that answer are published as they come.
    #[must_use]
    pub const fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Looks for them, for as long as a clone of the instancer is left. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        Instancer::spawn(REGISTRY, |publisher| run(self, publisher))
    }
}

async fn run(discovery: Discovery, publisher: Publisher) {
    let mut backoff = RegistryBackoff::default();
    let mut seen = Seen::default();
    loop {
        let error = match look(&discovery, &mut seen, &publisher, &mut backoff).await {
            Err(error) => error,
            Ok(never) => match never {},
        };
        publisher.fail(error);
        backoff.wait().await;
    }
}

enum Never {}

/// Follows one daemon until it ends.
async fn look(
    discovery: &Discovery,
    seen: &mut Seen,
    publisher: &Publisher,
    backoff: &mut RegistryBackoff,
) -> Result<Never, RegistryError> {
    let daemon = Daemon::start(&discovery.mdns)?;
    let events = daemon.browse(&discovery.kind)?;
    seen.doubt();
    let settled = Instant::now() + discovery.settle;
    let mut settling = true;
    loop {
        let event = tokio::select! {
            event = events.recv_async() => event,
            () = sleep_until(settled), if settling => {
                settling = false;
                backoff.reset();
                seen.forget_doubtful();
                seen.publish(publisher);
                continue;
            }
        };
        // It ends where it has told more than was listened to, too.
        let event = event.map_err(|_| RegistryError::unavailable(REGISTRY, "what speaks mDNS has ended"))?;
        if seen.take(event, &events)? {
            seen.publish(publisher);
        }
    }
}

/// The instances, by the names of the service instances.
#[derive(Default)]
struct Seen {
    instances: BTreeMap<String, Entry>,
    /// Whether some were left out.
    too_many: bool,
}

struct Entry {
    instance: Instance,
    /// It was known to a daemon that has ended, and not to the one that runs.
    doubtful: bool,
}

impl Seen {
    fn doubt(&mut self) {
        self.too_many = false;
        for entry in self.instances.values_mut() {
            entry.doubtful = true;
        }
    }

    fn forget_doubtful(&mut self) {
        self.instances.retain(|_, entry| !entry.doubtful);
    }

    /// Takes an event, and those that wait behind it; whether anything is other than before.
    fn take(&mut self, event: ServiceEvent, waiting: &Receiver<ServiceEvent>) -> Result<bool, RegistryError> {
        let mut changed = self.event(event)?;
        for _ in 0..AT_ONCE {
            let Ok(event) = waiting.try_recv() else { break };
            changed |= self.event(event)?;
        }
        Ok(changed)
    }

    fn event(&mut self, event: ServiceEvent) -> Result<bool, RegistryError> {
        match event {
            ServiceEvent::ServiceResolved(service) => Ok(self.resolved(&service)),
            ServiceEvent::ServiceRemoved(_, name) => Ok(self.instances.remove(&name.to_lowercase()).is_some()),
            // It says so nowhere else, and would look for nothing in silence.
            ServiceEvent::SearchStarted(on) if on.contains(" on 0 interfaces ") => {
                Err(RegistryError::unavailable(REGISTRY, "there is no interface to speak on, or its port is taken"))
            }
            _ => Ok(false),
        }
    }

    fn resolved(&mut self, service: &ResolvedService) -> bool {
        let name = service.fullname.to_lowercase();
        let addresses = service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr);
        let pairs = service.txt_properties.iter().map(|pair| (pair.key(), pair.val()));
        let label = text::label(&service.fullname, &service.ty_domain);
        let Some(instance) = text::instance(&label, addresses, service.port, pairs) else {
            return self.instances.remove(&name).is_some();
        };
        if self.instances.len() >= MOST && !self.instances.contains_key(&name) {
            self.too_many = true;
            return true;
        }
        self.instances.insert(name, Entry { instance, doubtful: false });
        true
    }

    fn publish(&self, publisher: &Publisher) {
        publisher.publish(self.instances.values().map(|entry| entry.instance.clone()));
        if self.too_many {
            let what = format!("more than {MOST} instances answer: some are left out");
            publisher.fail(RegistryError::new(REGISTRY, Code::ResourceExhausted, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use mdns_sd::ServiceInfo;

    use super::*;

    const KIND: &str = "_addsvc._tcp.local.";

    fn resolved(name: &str, port: u16) -> ServiceEvent {
        let none: &[(&str, &str)] = &[];
        let info = ServiceInfo::new(KIND, name, "host.local.", "10.0.0.7", port, none).unwrap();
        ServiceEvent::ServiceResolved(Box::new(info.as_resolved_service()))
    }

    fn removed(name: &str) -> ServiceEvent {
        ServiceEvent::ServiceRemoved(KIND.to_owned(), format!("{name}.{KIND}"))
    }

    fn ports(seen: &Seen) -> Vec<u16> {
        seen.instances.values().map(|entry| entry.instance.port()).collect()
    }

    #[test]
    fn names_are_the_same_in_any_case() {
        let mut seen = Seen::default();
        assert!(seen.event(resolved("One", 81)).unwrap());
        assert!(seen.event(resolved("one", 82)).unwrap());
        assert_eq!(ports(&seen), [82]);
        assert!(seen.event(removed("ONE")).unwrap());
        assert!(!seen.event(removed("one")).unwrap());
        assert_eq!(ports(&seen), [0; 0]);
    }

    #[test]
    fn one_that_cannot_be_called_any_more_is_none() {
        let mut seen = Seen::default();
        seen.event(resolved("one", 81)).unwrap();
        assert!(seen.event(resolved("one", 0)).unwrap());
        assert!(!seen.event(resolved("one", 0)).unwrap());
        assert_eq!(ports(&seen), [0; 0]);
    }

    #[test]
    fn after_another_daemon_those_stand_that_answer_in_time() {
        let mut seen = Seen::default();
        seen.event(resolved("one", 81)).unwrap();
        seen.event(resolved("two", 82)).unwrap();
        seen.doubt();
        assert_eq!(ports(&seen), [81, 82]);
        seen.event(resolved("two", 82)).unwrap();
        seen.forget_doubtful();
        assert_eq!(ports(&seen), [82]);
    }

    #[tokio::test]
    async fn more_than_are_taken_is_a_failure_that_is_told() {
        let mut instancer = Instancer::spawn(REGISTRY, |publisher| async move {
            let mut seen = Seen::default();
            for n in 0..=MOST {
                seen.event(resolved(&format!("one-{n}"), 1 + n as u16)).unwrap();
            }
            // One that is known is changed all the same.
            seen.event(resolved("one-0", 9999)).unwrap();
            seen.publish(&publisher);
            std::future::pending::<()>().await;
        });
        let state = instancer.known().await;
        assert_eq!(state.instances().len(), MOST);
        assert!(state.instances().iter().any(|instance| instance.port() == 9999));
        assert_eq!(state.failure().unwrap().error().code(), Code::ResourceExhausted);
    }
}

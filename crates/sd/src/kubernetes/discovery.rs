use std::time::Duration;

use super::follow::Follow;
use super::{Kubernetes, REGISTRY};
use crate::{Instancer, RegistryBackoff};

/// The endpoints of a Service, and which of them.
#[derive(Clone, Debug)]
#[must_use = "it asks nothing before it is made an instancer"]
pub struct Discovery {
    pub(super) kubernetes: Kubernetes,
    pub(super) name: String,
    pub(super) pick: Pick,
    pub(super) watch_timeout: Duration,
    pub(super) backoff: RegistryBackoff,
}

/// What of a slice is wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Pick {
    pub(super) port: Port,
    pub(super) prefer_ipv6: bool,
    pub(super) terminating_as_last_resort: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) enum Port {
    #[default]
    Only,
    Named(String),
    Number(u16),
}

impl Discovery {
    pub(super) fn new(kubernetes: Kubernetes, name: String) -> Self {
        let watch_timeout = Duration::from_secs(120);
        Self { kubernetes, name, pick: Pick::default(), watch_timeout, backoff: RegistryBackoff::default() }
    }

    /// The port of this name, in place of the only one.
    pub fn port(mut self, name: impl Into<String>) -> Self {
        self.pick.port = Port::Named(name.into());
        self
    }

    /// The port of this number, in place of the only one. It is the number in the pod, not that of the Service.
    pub fn port_number(mut self, number: u16) -> Self {
        self.pick.port = Port::Number(number);
        self
    }

    /// Takes the IPv6 addresses of a service that has both, in place of those of IPv4. Either way one that has only the
    /// other has that.
    pub const fn prefer_ipv6(mut self) -> Self {
        self.pick.prefer_ipv6 = true;
        self
    }

    /// Takes endpoints that terminate and still serve as long as there is no other that is ready, as kube-proxy does: a
    /// call to one of them is better than none.
    pub const fn terminating_as_last_resort(mut self) -> Self {
        self.pick.terminating_as_last_resort = true;
        self
    }

    /// How long one watch lasts, in place of 2 min, and by chance up to a tenth less, so that a fleet does not come all
    /// at once. A server that hangs is noticed after this and the [request time](Kubernetes::request_timeout). It is at
    /// least 1 s, in whole seconds.
    pub fn watch_timeout(mut self, time: Duration) -> Self {
        self.watch_timeout = time.max(Duration::from_secs(1));
        self
    }

    /// The waits after failures, in place of the [default](RegistryBackoff::default).
    pub fn backoff(mut self, backoff: RegistryBackoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Starts to ask. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        Instancer::spawn(REGISTRY, |publisher| Follow::new(self, publisher).run())
    }
}

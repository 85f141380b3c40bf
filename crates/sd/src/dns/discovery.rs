use std::fmt;
use std::time::Duration;

use hickory_resolver::proto::rr::Name;

use super::follow::{Settings, follow};
use super::lookup::{Family, Resolver};
use super::{Hosts, Srv};
use crate::{Instancer, RegistryBackoff};

/// What is asked for, and how: made by [`Dns::service`](super::Dns::service) and [`Dns::hosts`](super::Dns::hosts).
pub struct Discovery<K> {
    pub(super) resolver: Resolver,
    pub(super) name: Name,
    pub(super) kind: K,
    pub(super) family: Family,
    pub(super) settings: Settings,
}

impl<K> Discovery<K> {
    pub(super) fn new(resolver: Resolver, name: Name, kind: K) -> Self {
        Self { resolver, name, kind, family: Family::default(), settings: Settings::default() }
    }

    /// Asks for addresses of IPv4 only. By default it asks for both: a host that has both is two instances. Where
    /// targets stay names, it changes nothing.
    #[must_use]
    pub fn ipv4_only(self) -> Self {
        Self { family: Family::V4, ..self }
    }

    /// Asks for addresses of IPv6 only.
    #[must_use]
    pub fn ipv6_only(self) -> Self {
        Self { family: Family::V6, ..self }
    }

    /// Takes a name that is not there, or has no such records, for a service without instances, and publishes the empty
    /// set. By default it is a failure, and the last set stands.
    ///
    /// The name is taken for a complete one then, with or without the dot at its end: of a search list one can't say
    /// which of its names is the one that is missing.
    #[must_use]
    pub fn missing_is_empty(mut self) -> Self {
        self.name.set_fqdn(true);
        self.settings.missing_is_empty = true;
        self
    }

    /// The least time between two lookups, where the TTL is less. 1 s by default; never less than a millisecond.
    #[must_use]
    pub fn min_ttl(mut self, min_ttl: Duration) -> Self {
        self.settings.min_ttl = min_ttl.max(Duration::from_millis(1));
        self
    }

    /// The most time between two lookups, where the TTL is more. 5 min by default; [`min_ttl`](Self::min_ttl) goes
    /// before it.
    #[must_use]
    pub fn max_ttl(mut self, max_ttl: Duration) -> Self {
        self.settings.max_ttl = max_ttl;
        self
    }

    /// How long a lookup may take, with all that belongs to it: retries, other servers, the addresses of targets. 5 s
    /// by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long it waits after a lookup that failed. From 100 ms to 10 s by default.
    #[must_use]
    pub fn backoff(mut self, backoff: RegistryBackoff) -> Self {
        self.settings.backoff = backoff;
        self
    }
}

impl Discovery<Srv> {
    /// Publishes the records of all priorities, each with its priority as the label `priority`. By default it is those
    /// of the lowest number.
    #[must_use]
    pub fn every_priority(mut self) -> Self {
        self.kind.every_priority = true;
        self
    }

    /// Publishes the addresses of the targets, each with the target as the label `target`. By default the targets
    /// themselves are published, and the connection looks up their addresses.
    #[must_use]
    pub fn resolve_targets(mut self) -> Self {
        self.kind.resolve_targets = true;
        self
    }

    /// Asks, and goes on asking for as long as a clone of the instancer is left. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        follow(self)
    }
}

impl Discovery<Hosts> {
    /// Asks, and goes on asking for as long as a clone of the instancer is left. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        follow(self)
    }
}

impl<K: fmt::Debug> fmt::Debug for Discovery<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery")
            .field("name", &self.name.to_string())
            .field("kind", &self.kind)
            .field("family", &self.family)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

use std::fmt;

use super::REGISTRY;
use super::link::Links;
use super::watch::follow;
use crate::Instancer;

/// A service of an etcd, see [`Etcd::service`](super::Etcd::service).
#[derive(Clone)]
pub struct Discovery {
    links: Links,
    prefix: String,
}

impl Discovery {
    pub(super) const fn new(links: Links, prefix: String) -> Self {
        Self { links, prefix }
    }

    /// Tells where its instances are: it reads them, and watches them from there. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        Instancer::spawn(REGISTRY, move |publisher| async move { follow(&self.links, &self.prefix, &publisher).await })
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

use std::fmt;

use super::REGISTRY;
use super::session::Sessions;
use super::watch::follow;
use crate::Instancer;

/// A service of a ZooKeeper, see [`ZooKeeper::service`](super::ZooKeeper::service).
#[derive(Clone)]
pub struct Discovery {
    sessions: Sessions,
    folder: String,
}

impl Discovery {
    pub(super) const fn new(sessions: Sessions, folder: String) -> Self {
        Self { sessions, folder }
    }

    /// Tells where its instances are: it watches the nodes, and reads them. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        Instancer::spawn(
            REGISTRY,
            move |publisher| async move { follow(&self.sessions, &self.folder, &publisher).await },
        )
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery").field("folder", &self.folder).finish_non_exhaustive()
    }
}

use std::path::PathBuf;
use std::time::Duration;

use super::{REGISTRY, watch};
use crate::Instancer;

/// A file in which instances stand, see [the module](super).
#[derive(Clone, Debug)]
pub struct InstanceFile {
    path: PathBuf,
    interval: Duration,
}

impl InstanceFile {
    /// By its path, which may be one of a link.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), interval: Duration::from_secs(1) }
    }

    /// The time between two looks at it, in place of 1 s; no less than 10 ms.
    #[must_use]
    pub fn interval(mut self, time: Duration) -> Self {
        self.interval = time.max(Duration::from_millis(10));
        self
    }

    /// Begins to watch it. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        Instancer::spawn(REGISTRY, |publisher| watch::watch(self.path, self.interval, publisher))
    }
}

use std::borrow::Cow;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::LoadError;
use super::live::Reload;

/// Reads the files of a [`ServerTls`](super::ServerTls) or of a [`ClientTls`](super::ClientTls) again.
///
/// Clones are the same.
#[derive(Clone)]
pub struct Reloader(pub(super) Arc<dyn Reload>);

impl Reloader {
    /// Reads all files again: new connections use what they hold now, those that are open go on as they are. It reads files,
    /// and so blocks for a short time.
    ///
    /// # Errors
    ///
    /// Where one of them can't be used; what was used before is kept.
    pub fn reload(&self) -> Result<(), LoadError> {
        self.0.reload()
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reloader")
    }
}

/// What [`WatchFiles`] tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReloadEvent {
    /// The files had changed, and are used now.
    Reloaded,
    /// The files had changed, and are of no use: what was used before is kept. It is told once, until they change again.
    Failed(LoadError),
}

impl fmt::Display for ReloadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reloaded => f.write_str("the certificates were read again"),
            Self::Failed(error) => write!(f, "the certificates stay as they were: {error}"),
        }
    }
}

type OnEvent = dyn Fn(&ReloadEvent) + Send + Sync;

/// A [`Member`] that reloads when what the files hold has changed.
///
/// It reads them now and then, and compares. So it does not matter how they are replaced: written over, renamed, or behind a
/// link, as Kubernetes has them. Where a certificate and its key are replaced one after the other, the pair does not fit
/// meanwhile; that is told, and the next look finds the rest.
#[must_use = "it does nothing until it is run"]
pub struct WatchFiles {
    reloader: Reloader,
    every: Duration,
    on_event: Arc<OnEvent>,
}

impl WatchFiles {
    /// Looks each 30 s, and tells no one.
    pub fn new(reloader: Reloader) -> Self {
        Self { reloader, every: Duration::from_secs(30), on_event: Arc::new(|_| {}) }
    }

    /// The time between two looks.
    pub fn every(mut self, time: Duration) -> Self {
        // None at all would keep a thread busy.
        self.every = time.max(Duration::from_millis(1));
        self
    }

    /// Tells of each reload, and of each that failed.
    pub fn on_event(mut self, tell: impl Fn(&ReloadEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(tell);
        self
    }
}

impl Member for WatchFiles {
    fn name(&self) -> Cow<'static, str> {
        "tls files".into()
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        // What is there now may be newer than what was loaded, so it is loaded once more.
        let mut seen = None;
        let mut stopping = pin!(lifeline.stopping());
        loop {
            let reload = self.reloader.0.clone();
            let look = tokio::task::spawn_blocking(move || {
                let now = reload.contents();
                let result = (seen.as_ref() != Some(&now)).then(|| reload.reload());
                (now, seen.is_none(), result)
            });
            let (now, first, result) = look.await?;
            seen = Some(now);
            match result {
                None => {}
                Some(Ok(())) if first => {}
                Some(Ok(())) => (self.on_event)(&ReloadEvent::Reloaded),
                Some(Err(error)) => (self.on_event)(&ReloadEvent::Failed(error)),
            }
            lifeline.ready();
            tokio::select! {
                () = &mut stopping => return Ok(()),
                () = sleep(self.every) => {}
            }
        }
    }
}

impl fmt::Debug for WatchFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchFiles").field("every", &self.every).finish_non_exhaustive()
    }
}

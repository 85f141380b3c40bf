use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};
use towerkit_endpoint::Code;

use super::changes::{Changes, SETTLE, Step};
use super::parse::Parsed;
use super::stamp::Stamp;
use super::{REGISTRY, parse};
use crate::{Publisher, RegistryError};

/// The longest file, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;
/// How long the file system may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at the file again and again.
pub(super) async fn watch(path: PathBuf, every: Duration, publisher: Publisher) {
    let mut file = Watched { path: path.into(), publisher, changes: Changes::default() };
    loop {
        let soon = match file.look().await {
            Ok(soon) => soon,
            Err(error) => {
                file.fail(error);
                false
            }
        };
        sleep(if soon { SETTLE.min(every) } else { every }).await;
    }
}

struct Watched {
    path: Arc<Path>,
    publisher: Publisher,
    changes: Changes,
}

impl Watched {
    /// Whether it is to be looked at again soon.
    async fn look(&mut self) -> Result<bool, RegistryError> {
        let stamp = self.on_the_file(|path| stamp(&std::fs::metadata(path)?)).await?;
        match self.changes.next(stamp, Instant::now()) {
            Step::Nothing => Ok(false),
            Step::Settle => Ok(true),
            Step::Restless => Err(self.malformed("it is written to over and over")),
            Step::Read => {
                let Some(instances) = self.on_the_file(read).await? else {
                    // It was written to meanwhile.
                    return Ok(true);
                };
                let instances = instances.map_err(|(line, why)| self.malformed(&format!("line {line}: {why}")))?;
                self.publisher.publish(instances);
                Ok(false)
            }
        }
    }

    /// Does what may block. What hangs is waited for, however long, lest more and more of it hangs.
    async fn on_the_file<T: Send + 'static>(
        &mut self,
        what: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, RegistryError> {
        let path = Arc::clone(&self.path);
        let mut running = spawn_blocking(move || what(&path));
        let done = loop {
            match timeout(PATIENCE, &mut running).await {
                Ok(done) => break done,
                Err(_) => {
                    let what = format!("{}: the file system has not answered within {PATIENCE:?}", self.path.display());
                    self.fail(RegistryError::new(REGISTRY, Code::DeadlineExceeded, what));
                    // That it answers again is told by reading it again.
                    self.changes.forget();
                }
            }
        };
        let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|error| {
            self.changes.forget();
            let code = match error.kind() {
                io::ErrorKind::NotFound => Code::NotFound,
                io::ErrorKind::PermissionDenied => Code::PermissionDenied,
                _ => Code::Unavailable,
            };
            RegistryError::new(REGISTRY, code, format!("{}: {error}", self.path.display())).with_source(error)
        })
    }

    fn malformed(&self, what: &str) -> RegistryError {
        RegistryError::malformed(REGISTRY, format!("{}: {what}", self.path.display()))
    }

    /// Tells it, unless it was told.
    fn fail(&self, error: RegistryError) {
        let state = self.publisher.state();
        if state.failure().is_none_or(|told| told.error().to_string() != error.to_string()) {
            self.publisher.fail(error);
        }
    }
}

fn stamp(metadata: &std::fs::Metadata) -> io::Result<Stamp> {
    // To open a pipe would be to wait for who writes to it.
    if metadata.is_file() { Ok(Stamp::of(metadata)) } else { Err(io::Error::other("it is no regular file")) }
}

/// What stands in it; none where it was written to while it was read.
fn read(path: &Path) -> io::Result<Option<Parsed>> {
    let file = File::open(path)?;
    let before = stamp(&file.metadata()?)?;
    let mut bytes = Vec::new();
    (&file).take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it has more than {LONGEST} bytes")));
    }
    let is_whole = stamp(&file.metadata()?)? == before;
    Ok(is_whole.then(|| parse::instances(&bytes)))
}

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::{Contents, LoadError, Reload};

/// For how long what is new stands unchanged before it is taken: it may be half of what is being written.
const SETTLE: Duration = Duration::from_millis(100);

/// What [`WatchFiles`] tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileEvent {
    /// The files had changed, and are used now.
    Reloaded(Vec<PathBuf>),
    /// The files have changed, or can't be read, and are of no use, also where what reads them panics: what was used before is kept. It is told once, until they
    /// change again.
    Failed(LoadError),
}

impl fmt::Display for FileEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reloaded(paths) => {
                for (index, path) in paths.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, path.display())?;
                }
                f.write_str(": read again")
            }
            Self::Failed(error) => write!(f, "{error}; what was read before is kept"),
        }
    }
}

type OnEvent = dyn Fn(&FileEvent) + Send + Sync;

/// A [`Member`] that reads files again when they change: of a key set, of passwords, of keys, of a policy. Without
/// [`on_event`](Self::on_event) nobody hears of a file that is of no use.
///
/// It reads them now and then, and compares. So it does not matter how they are replaced: written over, renamed, or behind a
/// link, as Kubernetes has them. What can't be used is told, and what was there before is kept.
#[must_use = "it does nothing until it is run"]
pub struct WatchFiles {
    files: Arc<dyn Reload>,
    every: Duration,
    on_event: Arc<OnEvent>,
}

impl WatchFiles {
    /// Looks each 30 s, and tells no one.
    pub(crate) fn new(files: Arc<dyn Reload>) -> Self {
        Self { files, every: Duration::from_secs(30), on_event: Arc::new(|_| {}) }
    }

    /// The time between two looks.
    pub fn every(mut self, time: Duration) -> Self {
        // None at all would keep a thread busy.
        self.every = time.max(Duration::from_millis(1));
        self
    }

    /// Tells of each reload, and of each that failed.
    pub fn on_event(mut self, tell: impl Fn(&FileEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(tell);
        self
    }

    /// Looks once. What was of no use before, and still is, is nothing new.
    async fn look(&self, no_use: Option<&NoUse>) -> Result<Look, BoxError> {
        let read = || {
            let files = Arc::clone(&self.files);
            spawn_blocking(move || files.read().map(|contents| (!files.is_of(&contents)).then_some(contents)))
        };
        let changed = match read().await? {
            Ok(None) => return Ok(Look::AsItWas),
            Ok(Some(changed)) if no_use.is_some_and(|no_use| no_use.is_of(&changed)) => return Ok(Look::StillOfNoUse),
            Ok(Some(changed)) => changed,
            Err(error) if no_use.is_some_and(|no_use| no_use.is_by(&error)) => return Ok(Look::StillOfNoUse),
            Err(error) => return Ok(Look::OfNoUse(NoUse::Unreadable(error.to_string()), error)),
        };
        sleep(SETTLE).await;
        if !matches!(read().await?, Ok(Some(again)) if again == changed) {
            return Ok(Look::Unsettled);
        }
        let files = Arc::clone(&self.files);
        spawn_blocking(move || match take(&*files, &changed) {
            Ok(()) => Look::Taken,
            Err(error) => Look::OfNoUse(NoUse::Refused(changed), error),
        })
        .await
        .map_err(Into::into)
    }
}

/// Makes it anew. What panics over what is new must not take what runs down, which has the old.
fn take(files: &dyn Reload, contents: &Contents) -> Result<(), LoadError> {
    // Nothing is stored before all is read.
    catch_unwind(AssertUnwindSafe(|| files.take(contents))).unwrap_or_else(|_| {
        let path = files.paths().first().map_or(Path::new(""), PathBuf::as_path);
        Err(LoadError::new(path, "what reads it has panicked"))
    })
}

/// What a look has shown.
enum Look {
    /// The files are what is used.
    AsItWas,
    /// They are being written.
    Unsettled,
    /// They have changed, and are used now.
    Taken,
    OfNoUse(NoUse, LoadError),
    StillOfNoUse,
}

/// What was told to be of no use.
enum NoUse {
    Unreadable(String),
    Refused(Contents),
}

impl NoUse {
    fn is_of(&self, contents: &Contents) -> bool {
        matches!(self, Self::Refused(refused) if refused == contents)
    }

    fn is_by(&self, error: &LoadError) -> bool {
        matches!(self, Self::Unreadable(told) if *told == error.to_string())
    }
}

impl Member for WatchFiles {
    fn name(&self) -> Cow<'static, str> {
        let names: Vec<_> = self.files.paths().iter().map(|path| path.display().to_string()).collect();
        names.join(", ").into()
    }

    /// It is ready once it has looked: from then on what is used is what was there at the start, or newer.
    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        let mut stopping = pin!(lifeline.stopping());
        let mut no_use = None;
        loop {
            let look = tokio::select! {
                () = &mut stopping => return Ok(()),
                look = self.look(no_use.as_ref()) => look?,
            };
            match look {
                Look::Unsettled | Look::StillOfNoUse => {}
                Look::AsItWas => no_use = None,
                Look::Taken => {
                    no_use = None;
                    (self.on_event)(&FileEvent::Reloaded(self.files.paths().to_vec()));
                }
                Look::OfNoUse(what, error) => {
                    no_use = Some(what);
                    (self.on_event)(&FileEvent::Failed(error));
                }
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
        f.debug_struct("WatchFiles")
            .field("paths", &self.files.paths())
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use tokio::sync::mpsc;

    use super::*;
    use crate::files::FromFiles;

    #[tokio::test(start_paused = true)]
    async fn where_what_reads_a_new_file_panics_that_is_told_once_the_old_is_kept_and_the_next_is_taken() {
        let path = std::env::temp_dir().join(format!("towerkit-auth-panics-{}", std::process::id()));
        fs::write(&path, "old").unwrap();
        let files = FromFiles::open(vec![path.clone()], |contents| match contents.as_slice() {
            [content] if content == b"bad" => panic!("it is bad"),
            contents => Ok(contents.concat()),
        })
        .unwrap();
        let (tell, mut told) = mpsc::unbounded_channel();
        let watch = WatchFiles::new(Arc::clone(&files) as _).every(Duration::from_secs(1));
        let watch = watch.on_event(move |event| tell.send(event.to_string()).unwrap_or_default());
        let (lifeline, stopper) = Lifeline::detached();
        let running = tokio::spawn(watch.run(lifeline));

        fs::write(&path, "bad").unwrap();
        let event = format!("{}: what reads it has panicked; what was read before is kept", path.display());
        assert_eq!(told.recv().await, Some(event));
        assert_eq!(**files.current(), *b"old");
        sleep(Duration::from_secs(10)).await;
        assert!(told.try_recv().is_err());

        fs::write(&path, "new").unwrap();
        assert_eq!(told.recv().await, Some(format!("{}: read again", path.display())));
        assert_eq!(**files.current(), *b"new");
        stopper.stop(Duration::from_secs(1));
        running.await.unwrap().unwrap();
        fs::remove_file(&path).unwrap();
    }
}

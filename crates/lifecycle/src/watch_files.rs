use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use towerkit_endpoint::BoxError;

use crate::{Lifeline, Member};

/// For how long what is new stands unchanged before it is taken: it may be half of what is being written.
const SETTLE: Duration = Duration::from_millis(100);
/// The longest file that is read, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// What is made of files, and made anew by [`WatchFiles`] when they change: certificates, keys, passwords, a policy.
///
/// Its methods may block: they are called where that does no harm.
pub trait Reload: Send + Sync + 'static {
    /// The files.
    fn paths(&self) -> Vec<PathBuf>;

    /// Whether it is made of just this: what the files hold, in the order of [`paths`](Self::paths).
    fn is_of(&self, contents: &[Vec<u8>]) -> bool;

    /// Makes it anew of what the files hold.
    ///
    /// # Errors
    ///
    /// Where that is of no use: the error names the file, and what was made before is kept.
    fn reload(&self, contents: &[Vec<u8>]) -> Result<(), BoxError>;
}

/// What [`WatchFiles`] tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileEvent {
    /// The files had changed, and are used now.
    Reloaded(Vec<PathBuf>),
    /// The files have changed, or can't be read, and are of no use, also where what reads them panics: what was used before is kept. It is
    /// told once, until they change again.
    Failed(BoxError),
}

impl fmt::Display for FileEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reloaded(paths) => write!(f, "{}: read again", names(paths)),
            Self::Failed(error) => write!(f, "{error}; what was read before is kept"),
        }
    }
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

type OnEvent = dyn Fn(&FileEvent) + Send + Sync;

/// A [`Member`] that has something [made anew](Reload) when the files change that it is made of. Without
/// [`on_event`](Self::on_event) nobody hears of a file that is of no use.
///
/// It reads them now and then, and compares. So it does not matter how they are replaced: written over, renamed, or behind a
/// link, as Kubernetes has them. What is new is taken when it has stood unchanged for 100 ms, so that a certificate and its key may be
/// replaced one after the other; what can't be used is told, and what was there before is kept. A file has 16 MiB at most.
///
/// ```
/// use std::path::PathBuf;
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
/// use towerkit_endpoint::BoxError;
/// use towerkit_lifecycle::{Group, Reload, WatchFiles, read_file};
///
/// /// What greets: the text of a file.
/// struct Greeting {
///     path: PathBuf,
///     text: Mutex<Vec<u8>>,
/// }
///
/// impl Reload for Greeting {
///     fn paths(&self) -> Vec<PathBuf> {
///         vec![self.path.clone()]
///     }
///
///     fn is_of(&self, contents: &[Vec<u8>]) -> bool {
///         contents == [self.text.lock().unwrap().clone()]
///     }
///
///     fn reload(&self, contents: &[Vec<u8>]) -> Result<(), BoxError> {
///         *self.text.lock().unwrap() = contents.concat();
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// # let path = std::env::temp_dir().join(format!("towerkit-lifecycle-doc-{}", std::process::id()));
/// # std::fs::write(&path, "hello")?;
/// let text = Mutex::new(read_file(&path)?); // in earnest: "/etc/greeter/greeting"
/// let greeting = Arc::new(Greeting { path, text });
/// let watch = WatchFiles::new(greeting.clone()).interval(Duration::from_secs(5)).on_event(|event| eprintln!("{event}"));
/// let group = Group::new().with(watch);
/// # std::fs::remove_file(&greeting.path)?;
/// # drop(group);
/// # Ok(())
/// # }
/// ```
#[must_use = "it does nothing until it is run"]
pub struct WatchFiles {
    files: Arc<dyn Reload>,
    interval: Duration,
    on_event: Arc<OnEvent>,
}

impl WatchFiles {
    /// Looks each 30 s, and tells no one.
    pub fn new(files: Arc<impl Reload>) -> Self {
        Self { files, interval: Duration::from_secs(30), on_event: Arc::new(|_| {}) }
    }

    /// The time between two looks, in place of 30 s; no less than 1 ms.
    pub fn interval(mut self, time: Duration) -> Self {
        // None at all would keep a thread busy.
        self.interval = time.max(Duration::from_millis(1));
        self
    }

    /// Tells of each reload, and of each that failed: for a log. The function must not block.
    pub fn on_event(mut self, tell: impl Fn(&FileEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(tell);
        self
    }

    /// Looks once. What was of no use before, and still is, is nothing new.
    async fn look(&self, no_use: Option<&NoUse>) -> Result<Look, BoxError> {
        let read = || {
            let files = Arc::clone(&self.files);
            spawn_blocking(move || Seen::now(&*files))
        };
        let seen = match read().await? {
            Ok(Seen { is_used: Ok(true), .. }) => return Ok(Look::AsItWas),
            Ok(seen) if no_use.is_some_and(|no_use| no_use.is_of(&seen.contents)) => return Ok(Look::StillOfNoUse),
            Ok(seen) => seen,
            Err(error) if no_use.is_some_and(|no_use| no_use.is_by(&error)) => return Ok(Look::StillOfNoUse),
            Err(error) => return Ok(Look::OfNoUse(NoUse::Unreadable(error.clone()), error.into())),
        };
        sleep(SETTLE).await;
        if !matches!(read().await?, Ok(again) if again.contents == seen.contents) {
            return Ok(Look::Unsettled);
        }
        let files = Arc::clone(&self.files);
        spawn_blocking(move || match seen.take(&*files) {
            Ok(()) => Look::Taken(seen.paths),
            Err(error) => Look::OfNoUse(NoUse::Refused(seen.contents), error),
        })
        .await
        .map_err(Into::into)
    }
}

/// What the files are at a time.
struct Seen {
    paths: Vec<PathBuf>,
    contents: Vec<Vec<u8>>,
    /// Whether it is what is used, or what went wrong with that question.
    is_used: Result<bool, String>,
}

impl Seen {
    fn now(files: &dyn Reload) -> Result<Self, String> {
        let paths = guarded(NO_NAMES, || files.paths())?;
        let contents = read_all(&paths)?;
        let is_used = guarded(&names(&paths), || files.is_of(&contents));
        Ok(Self { paths, contents, is_used })
    }

    fn take(&self, files: &dyn Reload) -> Result<(), BoxError> {
        self.is_used.clone()?;
        guarded(&names(&self.paths), || files.reload(&self.contents))?
    }
}

/// In place of the files' names, where to ask for them is to panic.
const NO_NAMES: &str = "files";

/// What panics over what is new must not take what runs down, which has the old.
fn guarded<T>(names: &str, what: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(what)).map_err(|_| format!("{names}: what reads it has panicked"))
}

fn names_of(files: &dyn Reload) -> String {
    guarded(NO_NAMES, || names(&files.paths())).unwrap_or_else(|_| NO_NAMES.to_owned())
}

/// What a look has shown.
enum Look {
    /// The files are what is used.
    AsItWas,
    /// They are being written.
    Unsettled,
    /// They have changed, and are used now.
    Taken(Vec<PathBuf>),
    OfNoUse(NoUse, BoxError),
    StillOfNoUse,
}

/// What was told to be of no use.
enum NoUse {
    Unreadable(String),
    Refused(Vec<Vec<u8>>),
}

impl NoUse {
    fn is_of(&self, contents: &[Vec<u8>]) -> bool {
        matches!(self, Self::Refused(refused) if refused == contents)
    }

    fn is_by(&self, error: &str) -> bool {
        matches!(self, Self::Unreadable(told) if told == error)
    }
}

impl Member for WatchFiles {
    fn name(&self) -> Cow<'static, str> {
        names_of(&*self.files).into()
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
                Look::Taken(paths) => {
                    no_use = None;
                    (self.on_event)(&FileEvent::Reloaded(paths));
                }
                Look::OfNoUse(what, error) => {
                    no_use = Some(what);
                    (self.on_event)(&FileEvent::Failed(error));
                }
            }
            lifeline.ready();
            tokio::select! {
                () = &mut stopping => return Ok(()),
                () = sleep(self.interval) => {}
            }
        }
    }
}

impl fmt::Debug for WatchFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchFiles")
            .field("files", &names_of(&*self.files))
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Reads a file as [`WatchFiles`] does: for what is made of it at the start. It blocks for a short time.
///
/// # Errors
///
/// Where it can't be read, is no regular file (to open a pipe would be to wait for who writes to it), or has more than 16 MiB. The error does
/// not name the file.
pub fn read_file(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it has more than {LONGEST} bytes")));
    }
    Ok(bytes)
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    paths.iter().map(|path| read_file(path).map_err(|error| format!("{}: {error}", path.display()))).collect()
}

//! What is made of files, and made anew when they change; by the keys of a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member, Stopper, WatchFiles};

/// A folder of a test's own.
pub(crate) fn folder() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("auth-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Files that are watched, each 5 ms.
pub(crate) struct Watched {
    events: mpsc::UnboundedReceiver<String>,
    stopper: Stopper,
    running: JoinHandle<Result<(), BoxError>>,
}

impl Watched {
    pub(crate) fn start(files: WatchFiles) -> Self {
        Self::every(Duration::from_millis(5), files)
    }

    pub(crate) fn every(time: Duration, files: WatchFiles) -> Self {
        let (tell, events) = mpsc::unbounded_channel();
        let files = files.interval(time).on_event(move |event| tell.send(event.to_string()).unwrap_or_default());
        let (lifeline, stopper) = Lifeline::detached();
        Self { events, stopper, running: tokio::spawn(files.run(lifeline)) }
    }

    /// What is told next, and must be.
    pub(crate) async fn told(&mut self) -> String {
        timeout(Duration::from_secs(20), self.events.recv()).await.expect("nothing was told for 20 s").unwrap()
    }

    /// What was told and not yet looked at.
    #[cfg(feature = "api-key")]
    pub(crate) fn untold(&mut self) -> Option<String> {
        self.events.try_recv().ok()
    }

    pub(crate) async fn stop(self) {
        self.stopper.stop(Duration::from_secs(1));
        timeout(Duration::from_secs(5), self.running).await.expect("it did not stop").unwrap().unwrap();
    }
}

#[cfg(feature = "api-key")]
mod of_keys {
    use std::os::unix::fs::symlink;

    use tokio::time::sleep;
    use towerkit_auth::{ApiKey, ApiKeys};

    use super::*;
    use crate::authenticate::{context, said};

    fn line(key: &str) -> String {
        // The key is its own name here.
        format!("{key}:{}\n", crate::api_key::sha256(key))
    }

    async fn is_known(keys: &ApiKeys, key: &str) -> bool {
        said(keys, &context([("x-api-key", key.as_bytes())])).await == format!("is {key}")
    }

    #[tokio::test]
    async fn a_file_that_is_written_over_is_read_again() {
        let file = folder().join("keys");
        fs::write(&file, line("old")).unwrap();
        let keys = ApiKeys::open(&file).unwrap();
        let mut watched = Watched::start(keys.watch());
        assert!(is_known(&keys, "old").await);

        fs::write(&file, line("new")).unwrap();
        assert_eq!(watched.told().await, format!("{}: read again", file.display()));
        assert!(is_known(&keys, "new").await && !is_known(&keys, "old").await);
        watched.stop().await;
    }

    #[tokio::test]
    async fn a_file_that_another_takes_the_place_of_is_read_again() {
        let folder = folder();
        let (file, next) = (folder.join("keys"), folder.join("keys.tmp"));
        fs::write(&file, line("old")).unwrap();
        let keys = ApiKeys::open(&file).unwrap();
        let mut watched = Watched::start(keys.watch());
        fs::write(&next, line("new")).unwrap();
        fs::rename(&next, &file).unwrap();
        assert!(watched.told().await.ends_with("keys: read again"));
        assert!(is_known(&keys, "new").await && !is_known(&keys, "old").await);
    }

    /// Kubernetes mounts `keys`, a link to `..data/keys`, where `..data` is a link to a folder that is replaced as a whole.
    #[tokio::test]
    async fn a_file_behind_links_is_read_again_when_a_link_is_swapped() {
        let folder = folder();
        for (name, key) in [("..1", "old"), ("..2", "new")] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("keys"), line(key)).unwrap();
        }
        symlink("..1", folder.join("..data")).unwrap();
        symlink("..data/keys", folder.join("keys")).unwrap();
        let keys = ApiKeys::open(folder.join("keys")).unwrap();
        assert!(is_known(&keys, "old").await);
        let mut watched = Watched::start(keys.watch());

        symlink("..2", folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
        fs::remove_dir_all(folder.join("..1")).unwrap();
        assert!(watched.told().await.ends_with("keys: read again"));
        assert!(is_known(&keys, "new").await && !is_known(&keys, "old").await);
        assert_eq!(watched.untold(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_what_is_being_written_is_not_taken() {
        let file = folder().join("keys");
        fs::write(&file, line("old")).unwrap();
        let keys = ApiKeys::open(&file).unwrap();
        let mut watched = Watched::every(Duration::from_secs(1), keys.watch());
        let whole = [line("new"), line("newer")].concat();

        // It looks each second, and once more 100 ms later.
        sleep(Duration::from_millis(950)).await;
        fs::write(&file, &whole[..whole.len() / 2 + 5]).unwrap();
        sleep(Duration::from_millis(100)).await;
        fs::write(&file, &whole).unwrap();
        sleep(Duration::from_millis(100)).await;
        assert!(is_known(&keys, "old").await);
        assert_eq!(watched.untold(), None);

        assert!(watched.told().await.ends_with("keys: read again"));
        assert!(is_known(&keys, "new").await && is_known(&keys, "newer").await);
        assert_eq!(watched.untold(), None);
    }

    #[tokio::test]
    async fn what_is_of_no_use_is_told_once_and_what_was_there_before_is_kept() {
        let file = folder().join("keys");
        fs::write(&file, line("old")).unwrap();
        let keys = ApiKeys::open(&file).unwrap();
        let mut watched = Watched::start(keys.watch());
        for bad in ["no line", "name:no hash"] {
            fs::write(&file, format!("{}{bad}\n", line("new"))).unwrap();
            let told = watched.told().await;
            assert!(told.contains("keys: line 2: ") && told.ends_with("; what was read before is kept"), "{told}");
            assert!(!told.contains(bad), "{told}");
            assert!(is_known(&keys, "old").await && !is_known(&keys, "new").await);
        }
        // Were it told again, it would be within these looks; and what is used has not changed when it is there again.
        sleep(Duration::from_millis(300)).await;
        assert_eq!(watched.untold(), None);
        fs::write(&file, line("old")).unwrap();
        sleep(Duration::from_millis(300)).await;
        assert_eq!(watched.untold(), None);
        fs::write(&file, line("new")).unwrap();
        assert!(watched.told().await.ends_with("keys: read again"));
        assert!(is_known(&keys, "new").await);
    }

    #[tokio::test]
    async fn a_file_that_goes_away_is_told_and_its_return_is_nothing_to_tell_of() {
        let file = folder().join("keys");
        fs::write(&file, line("old")).unwrap();
        let keys = ApiKeys::open(&file).unwrap();
        let mut watched = Watched::start(keys.watch());
        for _ in 0..2 {
            fs::remove_file(&file).unwrap();
            let told = watched.told().await;
            assert!(told.contains("keys: No such file") && told.ends_with("is kept"), "{told}");
            assert!(is_known(&keys, "old").await);
            fs::write(&file, line("old")).unwrap();
            sleep(Duration::from_millis(300)).await;
            assert_eq!(watched.untold(), None);
        }
    }

    #[tokio::test]
    async fn what_is_no_file_or_too_long_a_one_is_not_read() {
        let folder = folder();
        let (file, next) = (folder.join("keys"), folder.join("next"));
        fs::write(&file, line("old")).unwrap();
        let keys = ApiKeys::open(&file).unwrap();
        let mut watched = Watched::start(keys.watch());

        fs::write(&next, vec![b'\n'; 16 * 1024 * 1024 + 1]).unwrap();
        fs::rename(&next, &file).unwrap();
        assert!(watched.told().await.contains("it has more than 16777216 bytes"));
        fs::remove_file(&file).unwrap();
        assert!(watched.told().await.contains("No such file"));
        fs::create_dir(&file).unwrap();
        assert!(watched.told().await.contains("it is no regular file"));
        assert!(is_known(&keys, "old").await);

        // A device has no end, and a pipe no beginning.
        assert!(ApiKeys::open("/dev/zero").unwrap_err().to_string().ends_with("it is no regular file"));
        assert!(ApiKeys::open(&folder).unwrap_err().to_string().ends_with("it is no regular file"));
        let longest = folder.join("longest");
        fs::write(&longest, vec![b'\n'; 16 * 1024 * 1024]).unwrap();
        assert!(ApiKeys::open(&longest).is_ok());
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_with_its_path_told_once() {
        let file = folder().join("keys");
        let error = ApiKeys::open(&file).unwrap_err();
        assert_eq!(error.path(), file);
        assert!(error.to_string().starts_with(&format!("{}: No such file", file.display())), "{error}");
        assert!(std::error::Error::source(&error).is_none());
    }

    #[tokio::test]
    async fn the_member_has_the_name_of_its_file_and_ends_when_it_is_to_stop() {
        let file = folder().join("keys");
        fs::write(&file, line("old")).unwrap();
        let watch = ApiKeys::open(&file).unwrap().watch();
        assert_eq!(watch.name(), file.display().to_string());
        Watched::every(Duration::from_secs(3600), watch).stop().await;
    }

    #[tokio::test]
    async fn keys_that_are_of_no_file_stay_as_they_are() {
        let keys = ApiKeys::new([ApiKey::hashed("old", &crate::api_key::sha256("old")).unwrap()]).unwrap();
        let mut watched = Watched::every(Duration::from_millis(1), keys.watch());
        sleep(Duration::from_millis(300)).await;
        assert_eq!(watched.untold(), None);
        assert!(is_known(&keys, "old").await);
        watched.stop().await;
    }
}

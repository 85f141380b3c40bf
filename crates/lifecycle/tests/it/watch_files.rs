//! Files that are read again when they change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member, MemberEnding, Reload, Running, WatchFiles, read_file};

/// The text of two files, one of which must not be `bad`, and must not make it panic.
struct Texts {
    paths: [PathBuf; 2],
    has_paths: AtomicBool,
    held: Mutex<Vec<Vec<u8>>>,
}

impl Reload for Texts {
    fn paths(&self) -> Vec<PathBuf> {
        assert!(self.has_paths.load(Ordering::Relaxed), "a defect");
        self.paths.to_vec()
    }

    fn is_of(&self, contents: &[Vec<u8>]) -> bool {
        assert!(!contents[0].starts_with(b"panic at once"), "a defect");
        *self.held.lock().unwrap() == contents
    }

    fn reload(&self, contents: &[Vec<u8>]) -> Result<(), BoxError> {
        match contents[0].as_slice() {
            b"bad" => Err("it is bad".into()),
            b"panic" => panic!("a defect"),
            _ => {
                *self.held.lock().unwrap() = contents.to_vec();
                Ok(())
            }
        }
    }
}

impl Texts {
    fn text(&self) -> String {
        String::from_utf8(self.held.lock().unwrap().concat()).unwrap()
    }
}

struct Watched {
    texts: Arc<Texts>,
    told: mpsc::UnboundedReceiver<String>,
    running: Running,
}

/// Two files that hold `a` and `b`, and are looked at each 5 ms.
fn watch() -> (Arc<Texts>, mpsc::UnboundedReceiver<String>, WatchFiles) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lifecycle-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let paths = [folder.join("a"), folder.join("b")];
    fs::write(&paths[0], "a").unwrap();
    fs::write(&paths[1], "b").unwrap();
    let held = Mutex::new(paths.iter().map(|path| read_file(path).unwrap()).collect());
    let texts = Arc::new(Texts { paths, has_paths: AtomicBool::new(true), held });
    let (tell, told) = mpsc::unbounded_channel();
    let watch = WatchFiles::new(Arc::clone(&texts)).interval(Duration::from_millis(5));
    let watch = watch.on_event(move |event| tell.send(event.to_string()).unwrap_or_default());
    (texts, told, watch)
}

impl Watched {
    fn start() -> Self {
        let (texts, told, watch) = watch();
        Self { texts, told, running: watch.spawn() }
    }

    async fn told(&mut self) -> String {
        timeout(Duration::from_secs(20), self.told.recv()).await.expect("nothing was told for 20 s").unwrap()
    }

    /// Sees to it that nothing else was told, and that it stops.
    async fn end(mut self) {
        let report = self.running.stop(Duration::from_secs(10)).await;
        assert!(matches!(report.ending, MemberEnding::Stopped), "{report}");
        assert_eq!(self.told.try_recv().ok(), None);
    }
}

// Time stands still while files are read, so a look and what is done between two of them have an order.
#[tokio::test(start_paused = true)]
async fn what_has_changed_is_used_and_told_once_for_all_files_that_changed_together() {
    let mut watched = Watched::start();
    let [a, b] = watched.texts.paths.clone();
    fs::write(&a, "A").unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    fs::write(&b, "B").unwrap();
    assert_eq!(watched.told().await, format!("{}, {}: read again", a.display(), b.display()));
    assert_eq!(watched.texts.text(), "AB");
    watched.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_once_it_uses_what_was_there_at_the_start() {
    let (texts, _told, watch) = watch();
    fs::write(&texts.paths[0], "A").unwrap();
    let (lifeline, stopper) = Lifeline::detached();
    let (start, hour) = (Instant::now(), Duration::from_secs(3600));
    let running = tokio::spawn(watch.interval(hour).run(lifeline));
    stopper.ready().await;
    assert_eq!(texts.text(), "Ab");
    assert!(start.elapsed() < hour, "{:?}", start.elapsed());
    stopper.stop(hour);
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_has_not_changed_is_not_made_anew() {
    let watched = Watched::start();
    tokio::time::sleep(Duration::from_millis(300)).await;
    watched.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_use_again_after_it_was_set_right_is_told_again() {
    let mut watched = Watched::start();
    let a = watched.texts.paths[0].clone();
    for right in ["a", "good"] {
        fs::write(&a, "bad").unwrap();
        assert!(watched.told().await.starts_with("it is bad"));
        fs::write(&a, right).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(watched.told().await.ends_with("read again"));
    fs::write(&a, "bad").unwrap();
    assert!(watched.told().await.starts_with("it is bad"));
    watched.end().await;
}

#[test]
fn it_looks_each_millisecond_at_most() {
    let (_, _, watch) = watch();
    let shown = format!("{:?}", watch.interval(Duration::ZERO));
    assert!(shown.contains("interval: 1ms"), "{shown}");
}

#[test]
fn it_has_a_name_where_to_ask_for_the_files_is_to_panic() {
    let (texts, _, watch) = watch();
    texts.has_paths.store(false, Ordering::Relaxed);
    assert_eq!(watch.name(), "files");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_or_panics_or_is_gone_is_told_once_and_what_was_there_is_kept() {
    let mut watched = Watched::start();
    let [a, b] = watched.texts.paths.clone();
    for (write, told) in [
        ("bad", "it is bad; what was read before is kept".to_owned()),
        (
            "panic",
            format!("{}, {}: what reads it has panicked; what was read before is kept", a.display(), b.display()),
        ),
    ] {
        fs::write(&a, write).unwrap();
        assert_eq!(watched.told().await, told);
        // It looks some more times, and settles nothing anew.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(watched.told.try_recv().ok(), None);
    }
    fs::remove_file(&a).unwrap();
    let gone = watched.told().await;
    assert!(gone.starts_with(&format!("{}: No such file", a.display())), "{gone}");
    assert_eq!(watched.texts.text(), "ab");

    fs::write(&a, "good").unwrap();
    assert!(watched.told().await.ends_with("read again"));
    assert_eq!(watched.texts.text(), "goodb");
    watched.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_panics_when_it_names_or_compares_the_files_is_told_once_too_and_looked_at_again() {
    let mut watched = Watched::start();
    let [a, b] = watched.texts.paths.clone();
    for text in ["panic at once", "panic at once, otherwise"] {
        fs::write(&a, text).unwrap();
        let told = watched.told().await;
        assert!(told.starts_with(&format!("{}, {}: what reads it has panicked", a.display(), b.display())), "{told}");
    }
    watched.texts.has_paths.store(false, Ordering::Relaxed);
    assert!(watched.told().await.starts_with("files: what reads it has panicked"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(watched.told.try_recv().ok(), None);

    watched.texts.has_paths.store(true, Ordering::Relaxed);
    fs::write(&a, "good").unwrap();
    assert!(watched.told().await.ends_with("read again"));
    assert_eq!(watched.texts.text(), "goodb");
    watched.end().await;
}

#[test]
fn a_file_that_is_read_is_a_regular_one_of_16_mib_at_most() {
    assert_eq!(read_file("/dev/zero").unwrap_err().to_string(), "it is no regular file");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lifecycle-longest-{}", std::process::id()));
    fs::write(&path, vec![0; 16 * 1024 * 1024]).unwrap();
    assert_eq!(read_file(&path).unwrap().len(), 16 * 1024 * 1024);
    fs::write(&path, vec![0; 16 * 1024 * 1024 + 1]).unwrap();
    assert_eq!(read_file(&path).unwrap_err().to_string(), "it has more than 16777216 bytes");
    fs::remove_file(&path).unwrap();
}

//! Servers that tests start beside themselves, on ports of their own, and stop by the id they were started with.
//!
//! ```
//! use std::process::Command;
//! use std::time::Duration;
//! use towerkit_testing::process::Process;
//!
//! let mut server = Process::start(Command::new("sh").args(["-c", "echo it is up; exec sleep 60"]));
//! // One that listens is told a `free_port()`, and waited for by `listens_on(port, ..)`.
//! server.wait_until_said("it is up", 1, Duration::from_secs(10));
//! server.kill();
//! ```

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::ops::Range;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A port of 127.0.0.1 where nothing listens just now. It is below those that the system gives to connections by itself (Linux:
/// from 32768 on), so that nobody else takes it while a server is away for a moment.
///
/// # Panics
///
/// Where there is none.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without")]
pub fn free_port() -> u16 {
    const PORTS: Range<u16> = 15_000..32_000;
    // Each hasher is made with numbers of chance.
    let by_lot = |_| PORTS.start + (RandomState::new().hash_one(()) % PORTS.len() as u64) as u16;
    // Asked, and not taken to be given back: a program that another thread starts meanwhile would inherit the listener, and the
    // first connections to the port would go to that one.
    (0..1000).map(by_lot).find(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_err()).expect("a free port")
}

/// A program that runs beside a test. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    said: Said,
    /// They read what it writes, each to its end.
    readers: Vec<JoinHandle<()>>,
}

type Said = Arc<Mutex<String>>;

impl Process {
    /// Starts it. What it writes is read and kept, see [`said`](Self::said).
    ///
    /// # Panics
    ///
    /// Where it can't be started.
    #[must_use]
    #[expect(clippy::panic, reason = "a test can't go on without")]
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{name} can't be started: {error}"));
        let said = Said::default();
        let readers = [keep(child.stdout.take(), &said), keep(child.stderr.take(), &said)];
        Self { name, child, said, readers: readers.into_iter().flatten().collect() }
    }

    /// Waits until it listens on a port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Where it ends before, or takes too long: with what it said.
    #[must_use]
    pub fn listens_on(mut self, port: u16, within: Duration) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.wait_for(&format!("listens on {port}"), within, || TcpStream::connect(address).is_ok());
        self
    }

    /// Waits for a condition while it runs.
    ///
    /// # Panics
    ///
    /// Where it ends before, or takes too long: with what it said.
    pub fn wait_for(&mut self, what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
        self.wait(what, within, |_| condition());
    }

    /// Waits until it has written a text so often.
    ///
    /// # Panics
    ///
    /// Where it ends before, or takes too long: with what it said.
    pub fn wait_until_said(&mut self, text: &str, times: usize, within: Duration) {
        let said = |process: &Self| process.said().matches(text).count() >= times;
        self.wait(&format!("said {text:?} {times} times"), within, said);
    }

    fn wait(&mut self, what: &str, within: Duration, mut condition: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "{} has ended ({ended:?}) before it {what}; it said:\n{}", self.name, self.said());
            assert!(
                start.elapsed() < within,
                "{} took more than {within:?} until it {what}; it said:\n{}",
                self.name,
                self.said()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The id it was started with.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote up to now.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends it a signal by its name: `TERM`, `STOP`, `CONT`. After `STOP` it stands still, all of its threads.
    ///
    /// # Panics
    ///
    /// Where there is no such signal, or it does not stop within ten seconds.
    #[expect(clippy::expect_used, reason = "a test can't go on without")]
    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.id().to_string()]).status();
        assert!(status.expect("kill runs").success(), "kill -{signal} of {} failed", self.name);
        let start = Instant::now();
        while signal == "STOP" && !self.stands_still() {
            assert!(start.elapsed() < Duration::from_secs(10), "{} does not stop", self.name);
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether each of its threads is stopped (proc(5), `stat`, the field after the name); where the system does not tell, that is believed.
    fn stands_still(&self) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.id())) else { return true };
        let stats = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
        stats.filter_map(|stat| Some(stat.rsplit_once(')')?.1.trim_start().starts_with('T'))).all(|stopped| stopped)
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop, and waits for that.
    ///
    /// # Panics
    ///
    /// Where it takes too long.
    #[expect(clippy::must_use_candidate, reason = "most want it gone, and no more")]
    pub fn terminate(mut self, within: Duration) -> ExitStatus {
        self.signal("TERM");
        self.ended(within).0
    }

    /// Waits until it has ended by itself, or since it was [asked to](Self::signal): how it did, and all that it [said](Self::said).
    ///
    /// # Panics
    ///
    /// Where it takes too long.
    pub fn ended(&mut self, within: Duration) -> (ExitStatus, String) {
        let start = Instant::now();
        let status = loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                break status;
            }
            assert!(start.elapsed() < within, "{} still runs after {within:?}; it said:\n{}", self.name, self.said());
            thread::sleep(Duration::from_millis(5));
        };
        // What it wrote last may be read yet. A program of its own that lives on holds the output open: that is not waited for.
        let last = Instant::now();
        while self.readers.iter().any(|reader| !reader.is_finished()) && last.elapsed() < Duration::from_secs(1) {
            thread::sleep(Duration::from_millis(1));
        }
        (status, self.said())
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads on, so that the program never waits for a reader.
fn keep(output: Option<impl Read + Send + 'static>, said: &Said) -> Option<JoinHandle<()>> {
    let mut output = output?;
    let said = Arc::clone(said);
    Some(thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = output.read(&mut bytes) {
            let text = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned();
            said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    }))
}

//! A writer that never makes its callers wait: a bounded buffer, and a thread that empties it.

mod flusher;
mod queue;
mod thread;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::Stats;
pub use flusher::Flusher;
pub(crate) use queue::Lines;
pub(crate) use queue::Queue;
use thread::Plain;
pub(crate) use thread::Sink;

/// A writer that never blocks: what is written goes into a bounded buffer, which a thread of its own writes out.
///
/// Where the buffer is full, because the other end is slow, lines are dropped and [counted](Self::stats). The next line that gets through is
/// followed by one that says how many were lost (`msg="log lines were lost" count=17`, where a [`Logger`](crate::Logger) writes).
///
/// ```
/// use towerkit_lifecycle::Group;
/// use towerkit_log::{Logger, NonBlocking};
///
/// let (writer, flusher) = NonBlocking::new(std::io::stderr());
/// let log = Logger::json(writer);
/// let group = Group::new().with(flusher); // first, so that it stops last
/// # let _ = (log, group);
/// ```
///
/// Each `write` is one line, whole. Lines come together for 5 ms before they are written, unless somebody waits for them or the buffer is half full: so the
/// thread is not woken for each of them. A process that is killed, or aborts, loses what came within that time. Clones share the buffer. The thread ends when the last clone is gone and all is written; the other end
/// is then dropped. A thread that can't be started drops all, countably.
#[derive(Clone)]
pub struct NonBlocking {
    held: Arc<Held>,
}

/// Ends the thread with the last writer.
struct Held {
    queue: Arc<Queue>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// How much waits at most to be written: 1 MiB.
const CAPACITY: usize = 1024 * 1024;

impl NonBlocking {
    /// Around a writer, with a buffer of 1 MiB, and what flushes it.
    #[must_use]
    pub fn new(writer: impl Write + Send + 'static) -> (Self, Flusher) {
        Self::with_capacity(writer, CAPACITY)
    }

    /// The same with a buffer of so many bytes. Twice as much memory may be taken: one such buffer fills while the other is written.
    #[must_use]
    pub fn with_capacity(writer: impl Write + Send + 'static, bytes: usize) -> (Self, Flusher) {
        Self::over(Plain(writer), bytes)
    }

    pub(crate) fn over(sink: impl Sink, bytes: usize) -> (Self, Flusher) {
        let queue = Arc::new(Queue::new(bytes));
        thread::start(&queue, sink);
        (Self { held: Arc::new(Held { queue: Arc::clone(&queue) }) }, Flusher::new(queue))
    }

    /// What has become of the lines so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.held.queue.stats()
    }

    /// Waits until all that was written up to now is out, for so long at most. Whether it is.
    #[expect(clippy::must_use_candidate, reason = "some want it out, and no more")]
    pub fn flush_within(&self, time: Duration) -> bool {
        self.held.queue.wait_out(time)
    }

    pub(crate) fn push(&self, line: &[u8]) -> Option<u64> {
        self.held.queue.push(line)
    }

    pub(crate) fn tell(&self, line: &[u8], lost: u64) {
        self.held.queue.tell(line, lost);
    }
}

/// A line that is dropped is no error. `flush` does nothing, as it must not wait: see [`flush_within`](NonBlocking::flush_within).
impl Write for NonBlocking {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(lost) = self.push(line) {
            // There is nobody here who could tell of them.
            self.held.queue.tell_later(lost);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for NonBlocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonBlocking").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

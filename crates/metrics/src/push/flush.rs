use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::sink::{AnySink, Fate};
use super::{Batch, Encode, Payload, PushEvent, SendError, Snapshot, Store};

/// One flush after the other: what is sent, what is held, what is lost.
pub(super) struct Flush {
    pub(super) name: &'static str,
    pub(super) sink: Box<dyn AnySink>,
    pub(super) timeout: Duration,
    pub(super) hold: Duration,
    pub(super) listener: Option<Listener>,
    pub(super) store: Store,
    encode: Box<dyn Encode>,
    failing: Option<Failing>,
}

type Listener = Box<dyn Fn(&PushEvent) + Send + Sync>;

/// Since when flushes fail.
struct Failing {
    since: Instant,
    times: u32,
    /// Until then nothing is tried.
    pause_until: Instant,
    lost: u64,
}

/// The pause after the first failure; each further one doubles it. It is no longer than the longest, so that a restarted backend
/// is soon found.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How a flush went.
#[derive(Default)]
struct Tally {
    sent: u64,
    lost: u64,
    /// Lost as well: what can't be sent at all.
    invalid: u64,
    /// Lost of flushes before: counted already, but not told.
    late: u64,
    error: Option<String>,
    /// Whether the backend was out of reach.
    failed: bool,
    /// Whether the stop left no time for it.
    stopped: bool,
}

impl Flush {
    pub(super) fn new(name: &'static str, store: Store, encode: Box<dyn Encode>, sink: Box<dyn AnySink>) -> Self {
        Self {
            name,
            sink,
            timeout: Duration::from_secs(5),
            hold: Duration::ZERO,
            listener: None,
            store,
            encode,
            failing: None,
        }
    }

    /// Flushes once; the last time nothing is held. When `over` is done, what is not sent by then is lost.
    pub(super) async fn once(&mut self, last: bool, mut over: Pin<&mut (impl Future<Output = ()> + Send)>) {
        let paused = self.failing.as_ref().is_some_and(|failing| Instant::now() < failing.pause_until);
        if paused && !last && self.holds() {
            return;
        }
        let mut tally = Tally::default();
        if paused && !last {
            self.lose_all(&mut tally);
            return self.conclude(tally);
        }
        self.late(&mut tally);
        match within(self.timeout, over.as_mut(), self.sink.ready()).await {
            Ok(()) => self.send_all(last, over, &mut tally).await,
            Err(error) => {
                tally.failed = true;
                tally.stopped = is_stop(&*error);
                tally.error = Some(error.to_string());
                if last || !self.holds() {
                    self.lose_all(&mut tally);
                }
            }
        }
        self.late(&mut tally);
        self.conclude(tally);
    }

    async fn send_all(&mut self, last: bool, mut over: Pin<&mut (impl Future<Output = ()> + Send)>, tally: &mut Tally) {
        let snapshot = self.store.snapshot();
        let batch = self.encode_all(&snapshot, tally);
        let mut payloads = batch.payloads.into_iter();
        for payload in payloads.by_ref() {
            let Err(error) = within(self.timeout, over.as_mut(), self.sink.send(&payload)).await else {
                tally.sent += payload.points;
                continue;
            };
            let lost = error.lost.unwrap_or(payload.points).min(payload.points);
            tally.error = Some(error.to_string());
            tally.stopped |= is_stop(&*error.source);
            match error.fate {
                Fate::Undelivered => self.give_back(&snapshot, &payload, last, tally),
                Fate::Refused | Fate::Unknown => {
                    tally.lost += lost;
                    tally.sent += payload.points - lost;
                }
            }
            if error.fate != Fate::Refused {
                tally.failed = true;
                break;
            }
        }
        for payload in payloads {
            self.give_back(&snapshot, &payload, last, tally);
        }
    }

    fn encode_all(&mut self, snapshot: &Snapshot, tally: &mut Tally) -> Batch {
        let batch = self.encode.encode(snapshot);
        let invalid = self.store.take_invalid();
        tally.invalid += batch.refused + invalid;
        if batch.refused > 0 {
            tally.error = Some("what the backend could not read, since it is too long or no number".to_owned());
        } else if invalid > 0 {
            tally.error = Some("a value that is no finite number".to_owned());
        }
        batch
    }

    fn give_back(&self, snapshot: &Snapshot, payload: &Payload, last: bool, tally: &mut Tally) {
        let back = if last || !self.holds() { 0 } else { self.store.give_back(snapshot, payload) };
        tally.lost += payload.points.saturating_sub(back);
    }

    fn lose_all(&mut self, tally: &mut Tally) {
        let snapshot = self.store.snapshot();
        let error = tally.error.take();
        let batch = self.encode_all(&snapshot, tally);
        tally.lost += batch.payloads.iter().map(|payload| payload.points).sum::<u64>();
        tally.failed = true;
        tally.error = error.or_else(|| self.store.stats().last_error.map(|error| error.to_string()));
    }

    /// Whether what can't be delivered is still held back.
    fn holds(&self) -> bool {
        self.failing.as_ref().map_or(Duration::ZERO, |failing| failing.since.elapsed()) < self.hold
    }

    fn late(&mut self, tally: &mut Tally) {
        let points = self.sink.lost_late();
        if points > 0 {
            // Some may be of this very flush.
            let now = points.min(tally.sent);
            tally.sent -= now;
            tally.lost += now;
            tally.late += points - now;
            self.store.count(|stats| {
                // They were taken for sent.
                stats.sent = stats.sent.saturating_sub(points - now);
                stats.lost_failed += points - now;
            });
            let error = tally.error.take();
            tally.error = Some(error.unwrap_or_else(|| "what was sent did not arrive".to_owned()));
        }
    }

    fn conclude(&mut self, tally: Tally) {
        let Tally { sent, lost, invalid, late, error, failed, stopped } = tally;
        let error: Option<Arc<str>> = error.map(Into::into);
        self.store.count(|stats| {
            stats.sent += sent;
            stats.lost_invalid += invalid;
            *(if stopped { &mut stats.lost_stopped } else { &mut stats.lost_failed }) += lost;
            if error.is_some() {
                stats.last_error.clone_from(&error);
            }
        });
        let lost = lost + invalid + late;
        if failed {
            self.fail(lost);
        }
        match error {
            Some(error) if lost > 0 => self.tell(&PushEvent::Lost { points: lost, error }),
            Some(error) if failed => self.tell(&PushEvent::Held { error }),
            _ => {}
        }
        if !failed && let Some(failing) = self.failing.take() {
            self.tell(&PushEvent::Recovered { after: failing.since.elapsed(), lost: failing.lost });
        }
    }

    fn fail(&mut self, lost: u64) {
        let now = Instant::now();
        let failing = self.failing.get_or_insert(Failing { since: now, times: 0, pause_until: now, lost: 0 });
        failing.lost += lost;
        if now >= failing.pause_until {
            let pause = FIRST_PAUSE.saturating_mul(1 << failing.times.min(16)).min(LONGEST_PAUSE);
            failing.times += 1;
            failing.pause_until = now + pause;
        }
    }

    fn tell(&self, event: &PushEvent) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }
}

/// What gives up in time.
async fn within<T, E: From<GivenUp>>(
    time: Duration,
    over: Pin<&mut (impl Future<Output = ()> + Send)>,
    attempt: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        biased;
        done = timeout(time, attempt) => done.unwrap_or_else(|_| Err(GivenUp::Late.into())),
        () = over => Err(GivenUp::Stopped.into()),
    }
}

#[derive(Debug)]
enum GivenUp {
    Late,
    Stopped,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "it took too long",
            Self::Stopped => "the stop came first",
        })
    }
}

impl StdError for GivenUp {}

impl From<GivenUp> for SendError {
    fn from(given_up: GivenUp) -> Self {
        Self::unknown(given_up)
    }
}

fn is_stop(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(GivenUp::Stopped))
}

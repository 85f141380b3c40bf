use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::JwksError;
use super::schedule::{Limits, No, Schedule, Step};
use crate::Reason;
use crate::jwt::{KeySet, KeySource, Refresh};

/// What the member and the callers share.
pub(super) struct Shared {
    url: Arc<str>,
    set: ArcSwap<KeySet>,
    /// Held for a moment, and never beyond an await. What a fetch has brought is in `set` before the schedule knows of
    /// its end.
    schedule: Mutex<Schedule>,
    /// Tells those who wait of each end.
    progress: watch::Sender<Progress>,
    /// Wakes the member when a caller asks for a fetch.
    wanted: Notify,
    /// Why the last fetch failed, if it did.
    failure: ArcSwap<Option<Arc<JwksError>>>,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    running: bool,
    ended: u64,
}

impl Shared {
    pub(super) fn new(url: Arc<str>, limits: Limits) -> Self {
        Self {
            url,
            set: ArcSwap::default(),
            schedule: Mutex::new(Schedule::new(limits)),
            progress: watch::Sender::new(Progress { running: false, ended: 0 }),
            wanted: Notify::new(),
            failure: ArcSwap::default(),
        }
    }

    pub(super) const fn url(&self) -> &Arc<str> {
        &self.url
    }

    pub(super) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the member is to do now.
    pub(super) fn step(&self) -> Step {
        self.schedule().step(Instant::now())
    }

    /// Until a caller asks for a fetch.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Begins to be kept by a member, until what it returns is dropped.
    pub(super) fn run(self: &Arc<Self>) -> Running {
        self.progress.send_modify(|progress| progress.running = true);
        self.schedule().start(Instant::now());
        Running(Arc::clone(self))
    }

    /// Takes new keys, or none; before the end of the fetch is told.
    pub(super) fn replace(&self, set: KeySet) {
        self.set.store(Arc::new(set));
    }

    pub(super) fn note(&self, failure: Option<Arc<JwksError>>) {
        self.failure.store(Arc::new(failure));
    }

    /// Tells those who wait that a fetch has ended.
    pub(super) fn tell(&self) {
        let ended = self.schedule().ended();
        self.progress.send_modify(|progress| progress.ended = ended);
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.set.load().keys().is_empty()
    }

    /// Whether there is the key of an id. A token that names none is asked for where there was no key at all.
    fn has(&self, kid: Option<&str>) -> bool {
        self.set.load().keys().iter().any(|key| kid.is_none() || key.kid() == kid)
    }

    /// Until so many fetches have ended; false where the member has, before that.
    async fn has_ended(&self, count: u64) -> bool {
        let mut progress = self.progress.subscribe();
        let ended = progress.wait_for(|progress| progress.ended >= count || !progress.running).await;
        ended.is_ok_and(|progress| progress.ended >= count)
    }

    /// Asks for one more fetch after one that went well and has not brought the key of an id, where one may be made: gives its number.
    fn ask_again(&self, kid: Option<&str>) -> Option<u64> {
        if self.has(kid) || self.failure.load().is_some() {
            return None;
        }
        let joined = self.schedule().join_again(Instant::now()).ok()?;
        self.wanted.notify_one();
        Some(joined)
    }

    fn unavailable(&self, what: Why) -> Reason {
        let error = Option::clone(&self.failure.load()).filter(|_| what == Why::NoKeys);
        Reason::Unavailable(Box::new(NoKeys { url: Arc::clone(&self.url), what, error }))
    }

    /// For who has waited: the keys are looked at once more, if there are any.
    fn outcome(&self) -> Result<(), Reason> {
        if self.has_keys() { Ok(()) } else { Err(self.unavailable(Why::NoKeys)) }
    }
}

/// That a member keeps the keys.
pub(super) struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.schedule().stop();
        self.0.progress.send_modify(|progress| progress.running = false);
    }
}

/// The keys, for verifiers.
pub(super) struct Source(pub(super) Arc<Shared>);

impl KeySource for Source {
    fn current(&self) -> Guard<Arc<KeySet>> {
        self.0.set.load()
    }

    fn refresh(&self, kid: Option<&str>) -> Option<Refresh> {
        let shared = &self.0;
        let (begun, joined, wait) = {
            let mut schedule = shared.schedule();
            // It may have come since the caller has looked.
            if shared.has(kid) {
                return Some(Box::pin(ready(Ok(()))));
            }
            (schedule.is_fetching(), schedule.join(Instant::now()), schedule.limits.wait)
        };
        let refused = match joined {
            Ok(end) => {
                shared.wanted.notify_one();
                let (waiter, kid) = (Waiter(Arc::clone(shared)), kid.map(str::to_owned));
                return Some(Box::pin(async move {
                    let shared = &waiter.0;
                    let fetched = async {
                        // One that had begun may have been answered before the key was published. Another one decides, unless
                        // it would come too soon after one on demand.
                        shared.has_ended(end).await
                            && match begun.then(|| shared.ask_again(kid.as_deref())).flatten() {
                                Some(end) => shared.has_ended(end).await,
                                None => true,
                            }
                    };
                    let stopped = matches!(timeout(wait, fetched).await, Ok(false));
                    if stopped { Err(shared.unavailable(Why::Stopped)) } else { shared.outcome() }
                }));
            }
            // Anybody can name keys that are not known, and so fill the places: with keys at hand that is no fault of the service.
            Err(No::Cooling | No::Crowded) if shared.has_keys() => return None,
            Err(No::Cooling) => shared.unavailable(Why::NoKeys),
            Err(No::Stopped) => shared.unavailable(Why::Stopped),
            Err(No::Crowded) => Reason::Overloaded,
        };
        Some(Box::pin(ready(Err(refused))))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksUrl").field("url", &self.0.url).finish_non_exhaustive()
    }
}

/// One who waits, until it is dropped.
struct Waiter(Arc<Shared>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.schedule().leave();
    }
}

/// There are no keys to check a token with; for operators.
#[derive(Debug)]
struct NoKeys {
    url: Arc<str>,
    what: Why,
    error: Option<Arc<JwksError>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    NoKeys,
    Stopped,
}

impl fmt::Display for NoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            Why::NoKeys => write!(f, "there are no keys from {}", self.url),
            Why::Stopped => write!(
                f,
                "the keys from {} are not fetched: their member does not run: add the JwksUrl to the run group",
                self.url
            ),
        }
    }
}

impl std::error::Error for NoKeys {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.as_deref().map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::schedule::{Limits, Step};
    use super::{Shared, Source};
    use crate::Reason;
    use crate::jwt::{Algorithm, KeySet, KeySource, VerifyingKey};

    fn shared(waiters: usize) -> Arc<Shared> {
        let (interval, cool_down, wait) = (Duration::from_secs(300), Duration::ZERO, Duration::from_secs(5));
        let limits = Limits { interval, cool_down, stale_for: None, waiters, wait };
        Arc::new(Shared::new("http://localhost".into(), limits))
    }

    fn fetched(shared: &Shared) {
        let key = VerifyingKey::hmac(Algorithm::HS256, b"32 bytes that nobody else knows.").unwrap();
        assert_eq!(shared.step(), Step::Fetch);
        shared.replace(KeySet::new([key.with_kid("new")]));
        shared.schedule().fetched(Instant::now(), None, 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_came_between_the_look_and_the_question_are_for_tokens_without_a_kid_too() {
        let shared = shared(1);
        let _running = shared.run();
        let source = Source(Arc::clone(&shared));
        // Whoever comes now waits; whoever has looked now asks when the fetch has ended.
        fetched(&shared);
        source.refresh(None).unwrap().await.unwrap();
        assert!(matches!(shared.step(), Step::Wait(_)), "there is no fetch for it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_joins_a_fetch_that_had_begun_is_decided_by_the_next_one() {
        let shared = shared(1);
        let _running = shared.run();
        let source = Source(Arc::clone(&shared));
        assert_eq!(shared.step(), Step::Fetch);
        let refresh = tokio::spawn(source.refresh(Some("new")).unwrap());
        tokio::task::yield_now().await;
        // It was answered before the key was published.
        shared.schedule().fetched(Instant::now(), None, 0.0);
        shared.tell();
        tokio::task::yield_now().await;
        assert!(!refresh.is_finished());
        fetched(&shared);
        shared.tell();
        refresh.await.unwrap().unwrap();
        assert!(matches!(shared.step(), Step::Wait(_)), "one more fetch is enough");
    }

    #[tokio::test(start_paused = true)]
    async fn where_too_many_wait_it_is_an_overload_without_keys_and_an_unknown_key_with_them() {
        let shared = shared(1);
        let _running = shared.run();
        let source = Source(Arc::clone(&shared));
        let waits = source.refresh(Some("a")).unwrap();
        assert!(matches!(source.refresh(Some("b")).unwrap().await, Err(Reason::Overloaded)));
        drop(waits);
        fetched(&shared);
        let _waits = source.refresh(Some("a")).unwrap();
        assert!(source.refresh(Some("b")).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_came_between_the_look_and_the_question_makes_no_fetch() {
        let shared = shared(1);
        let _running = shared.run();
        fetched(&shared);

        let source = Source(Arc::clone(&shared));
        source.refresh(Some("new")).unwrap().await.unwrap();
        assert!(matches!(shared.step(), Step::Wait(_)));
        // An other one does.
        let refresh = source.refresh(Some("other")).unwrap();
        assert_eq!(shared.step(), Step::Fetch);
        // Nobody ends that: the caller goes after its time, and the key is unknown.
        let begun = Instant::now();
        refresh.await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
    }
}

//! When a pusher flushes, and what becomes of what it can't deliver. Over a sink of the test's own, in paused time.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{Counter, Histogram, Key, Level, Metadata, Recorder};
use tokio::time::{Instant, sleep, timeout};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Group, Lifeline, Member, member_fn};
use towerkit_metrics::push::{
    Batch, Encode, Packer, Payload, PushEvent, Pusher, SendError, Sink, Snapshot, Store, Value,
};
use towerkit_testing::events::Events;

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const SECOND: Duration = Duration::from_secs(1);

/// `name growth`, `name=value` for each of a histogram; a payload each.
struct Lines;

impl Encode for Lines {
    fn encode(&mut self, snapshot: &Snapshot) -> Batch {
        let mut packer = Packer::new(100).max_points(1);
        for (place, series) in snapshot.series.iter().enumerate() {
            let name = series.key.name();
            match &series.value {
                Value::Counter(growth) => packer.line(place, 1, |line| *line = format!("{name} {growth}")),
                Value::Gauge(level) => packer.line(place, 1, |line| *line = format!("{name}:{level}")),
                Value::Histogram(samples) => {
                    for value in &samples.values {
                        packer.line(place, 1, |line| *line = format!("{name}={value}"));
                    }
                }
            }
        }
        packer.finish()
    }
}

type Answer = Box<dyn FnOnce() -> Result<(), SendError> + Send>;

#[derive(Clone, Default)]
struct Backend {
    got: Arc<Mutex<Vec<(Duration, String)>>>,
    /// What is answered to the next payloads; then all is well.
    answers: Arc<Mutex<VecDeque<Answer>>>,
    away: Arc<Mutex<bool>>,
    stalled: Arc<Mutex<bool>>,
    late: Arc<Mutex<u64>>,
    tries: Arc<Mutex<u32>>,
    start: Option<Instant>,
}

impl Backend {
    fn new() -> Self {
        Self { start: Some(Instant::now()), ..Self::default() }
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(_, line)| line.clone()).collect()
    }

    fn answer(&self, answer: impl FnOnce() -> Result<(), SendError> + Send + 'static) {
        self.answers.lock().unwrap().push_back(Box::new(answer));
    }
}

impl Sink for Backend {
    fn target(&self) -> Cow<'_, str> {
        "nowhere".into()
    }

    async fn ready(&mut self) -> Result<(), BoxError> {
        *self.tries.lock().unwrap() += 1;
        if *self.away.lock().unwrap() { Err("it is away".into()) } else { Ok(()) }
    }

    async fn send(&mut self, payload: &Payload) -> Result<(), SendError> {
        if *self.stalled.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        let answer = self.answers.lock().unwrap().pop_front();
        if let Some(answer) = answer {
            answer()?;
        }
        let line = String::from_utf8(payload.body.clone()).unwrap();
        self.got.lock().unwrap().push((self.start.unwrap().elapsed(), line));
        Ok(())
    }

    fn lost_late(&mut self) -> u64 {
        std::mem::take(&mut *self.late.lock().unwrap())
    }
}

struct Setup {
    backend: Backend,
    hits: Counter,
    size: Histogram,
    events: Events<String>,
    pusher: Pusher,
}

fn setup() -> Setup {
    let store = Store::default();
    let hits = store.register_counter(&Key::from_name("hits"), &METADATA);
    let size = store.register_histogram(&Key::from_name("size"), &METADATA);
    let (backend, events) = (Backend::new(), Events::new());
    let told = events.clone();
    let pusher = Pusher::new("test", store, Lines, backend.clone())
        .interval(SECOND)
        .on_event(move |event: &PushEvent| told.push(event.to_string()));
    Setup { backend, hits, size, events, pusher }
}

#[tokio::test(start_paused = true)]
async fn it_flushes_at_its_interval_and_at_the_stop() {
    let Setup { backend, hits, pusher, .. } = setup();
    let store = pusher.store().clone();
    let running = pusher.spawn();
    hits.increment(1);
    sleep(SECOND * 3 + SECOND / 2).await;
    hits.increment(2);
    sleep(SECOND).await;
    hits.increment(3);
    running.stop(SECOND).await;
    let at = |seconds: f64, line: &str| (Duration::from_secs_f64(seconds), line.to_owned());
    assert_eq!(*backend.got.lock().unwrap(), [at(1.0, "hits 1"), at(4.0, "hits 2"), at(4.5, "hits 3")]);
    assert_eq!((store.stats().sent, store.stats().lost(), store.stats().last_error), (3, 0, None));
}

#[tokio::test(start_paused = true)]
async fn one_that_runs_without_a_group_and_is_dropped_flushes_once_more() {
    let Setup { backend, hits, pusher, .. } = setup();
    hits.increment(1);
    drop(pusher.spawn());
    sleep(SECOND / 2).await;
    assert_eq!(backend.got(), ["hits 1"]);
}

#[tokio::test(start_paused = true)]
async fn added_first_to_a_group_it_sends_what_the_others_measured_until_they_stopped() {
    let Setup { backend, hits, pusher, .. } = setup();
    assert_eq!(pusher.name(), "test at nowhere");
    let server = member_fn("server", move |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        hits.increment(5); // during its drain
        Ok(())
    });
    let done = member_fn("done", |lifeline: Lifeline| async move {
        lifeline.ready();
        sleep(SECOND / 3).await;
        Ok(())
    });
    Group::new().with(pusher).with(server).with(done).run().await.unwrap();
    assert_eq!(backend.got(), ["hits 5"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_backend_is_away_nothing_is_taken_and_all_is_sent_when_it_is_back() {
    let Setup { backend, hits, size, events, pusher } = setup();
    let store = pusher.store().clone();
    *backend.away.lock().unwrap() = true;
    let running = pusher.spawn();
    for _ in 0..10 {
        hits.increment(1);
        size.record(1.0);
        sleep(SECOND).await;
    }
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 0));
    assert_eq!(store.stats().last_error.as_deref(), Some("it is away"));
    *backend.away.lock().unwrap() = false;
    sleep(SECOND * 30).await; // it tries less and less often, but every 30 s
    assert_eq!((store.stats().sent, store.stats().lost()), (11, 0));
    assert_eq!(backend.got()[0], "hits 10");
    let events = events.take();
    assert_eq!(events[0], "not sent yet: it is away");
    assert!(events.last().unwrap().starts_with("sends again after"), "{events:?}");
    running.stop(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_too_long_is_lost_and_counted() {
    let Setup { backend, hits, events, pusher, .. } = setup();
    let store = pusher.store().clone();
    *backend.away.lock().unwrap() = true;
    let running = pusher.hold(SECOND * 5).spawn();
    for _ in 0..4 {
        hits.increment(1);
        sleep(SECOND).await;
    }
    assert_eq!(store.stats().lost(), 0);
    sleep(SECOND * 4).await;
    assert_eq!(store.stats().lost(), 1, "a counter, which grew by four");
    hits.increment(9);
    sleep(SECOND * 2).await;
    assert_eq!(store.stats().lost(), 2, "from then on each flush");
    *backend.away.lock().unwrap() = false;
    sleep(SECOND * 30).await;
    hits.increment(1);
    sleep(SECOND).await;
    assert_eq!(backend.got(), ["hits 1"]);
    assert!(events.take().last().unwrap().ends_with("data points lost meanwhile: 2"));
    running.stop(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_pusher_of_a_long_interval_holds_longer() {
    let Setup { backend, hits, pusher, .. } = setup();
    let store = pusher.store().clone();
    *backend.away.lock().unwrap() = true;
    let running = pusher.interval(SECOND * 60).spawn();
    hits.increment(1);
    sleep(SECOND * 330).await;
    assert_eq!(store.stats().lost(), 0, "for six intervals");
    sleep(SECOND * 120).await;
    assert_eq!(store.stats().lost(), 1);
    running.stop(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn it_tries_less_and_less_often_but_every_half_minute() {
    let Setup { backend, pusher, .. } = setup();
    *backend.away.lock().unwrap() = true;
    let running = pusher.spawn();
    sleep(SECOND * 60).await;
    let tries = *backend.tries.lock().unwrap();
    assert!((6..=9).contains(&tries), "{tries}");
    sleep(SECOND * 300).await;
    let more = *backend.tries.lock().unwrap() - tries;
    assert!((9..=11).contains(&more), "{more}");
    running.stop(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn counters_that_were_not_delivered_are_sent_with_the_next_flush() {
    let Setup { backend, hits, size, mut pusher, .. } = setup();
    let store = pusher.store().clone();
    hits.increment(3);
    size.record(1.0);
    size.record(2.0);
    backend.answer(|| Err(SendError::undelivered("the line is cut")));
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 2), "the values of the histogram are lost");
    hits.increment(4);
    sleep(SECOND).await;
    pusher.flush().await;
    assert_eq!(backend.got(), ["hits 7"]);
    assert_eq!((store.stats().sent, store.stats().lost()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_arrived_is_not_sent_twice() {
    let Setup { backend, hits, size, mut pusher, .. } = setup();
    let store = pusher.store().clone();
    hits.increment(3);
    size.record(1.0);
    backend.answer(|| Err(SendError::unknown("the answer did not come")));
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 2));
    hits.increment(4);
    sleep(SECOND).await;
    pusher.flush().await;
    assert_eq!(backend.got(), ["hits 4"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_backend_refuses_is_lost_and_the_rest_is_sent() {
    let Setup { backend, hits, size, events, mut pusher } = setup();
    let store = pusher.store().clone();
    hits.increment(3);
    size.record(1.0);
    backend.answer(|| Err(SendError::refused("a bad line")));
    pusher.flush().await;
    assert_eq!(backend.got(), ["size=1"]);
    assert_eq!((store.stats().sent, store.stats().lost()), (1, 1));
    assert_eq!(events.take(), ["a data point lost: a bad line"]);
    hits.increment(1);
    pusher.flush().await;
    assert_eq!(backend.got(), ["size=1", "hits 1"], "it goes on without a pause");
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_takes_nothing_is_given_up_in_time() {
    let Setup { backend, hits, size, pusher, .. } = setup();
    let mut pusher = pusher.timeout(SECOND * 2);
    let store = pusher.store().clone();
    *backend.stalled.lock().unwrap() = true;
    hits.increment(1);
    (0..10).for_each(|_| size.record(1.0));
    let start = Instant::now();
    pusher.flush().await;
    assert_eq!(start.elapsed(), SECOND * 2, "it is not waited for eleven times");
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 11));
    assert_eq!(store.stats().last_error.as_deref(), Some("it took too long"));
}

#[tokio::test(start_paused = true)]
async fn the_last_flush_ends_in_time_and_counts_what_it_could_not_send() {
    let Setup { backend, hits, pusher, .. } = setup();
    let store = pusher.store().clone();
    *backend.stalled.lock().unwrap() = true;
    let running = pusher.spawn();
    hits.increment(1);
    sleep(SECOND + SECOND / 2).await; // a flush is under way, and stuck
    hits.increment(1);
    let start = Instant::now();
    timeout(SECOND * 2, running.stop(SECOND * 2)).await.unwrap();
    assert!(start.elapsed() < SECOND * 2);
    let stats = store.stats();
    assert_eq!((stats.sent, stats.lost_stopped, stats.lost()), (0, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn at_the_stop_nothing_is_held() {
    let Setup { backend, hits, size, pusher, .. } = setup();
    let store = pusher.store().clone();
    *backend.away.lock().unwrap() = true;
    let running = pusher.spawn();
    hits.increment(1);
    size.record(1.0);
    sleep(SECOND * 2).await;
    running.stop(SECOND).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_lost_later_is_no_longer_counted_as_sent() {
    let Setup { backend, hits, events, mut pusher, .. } = setup();
    let store = pusher.store().clone();
    hits.increment(1);
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost()), (1, 0));
    *backend.late.lock().unwrap() = 1;
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 1));
    assert_eq!(events.take(), ["a data point lost: what was sent did not arrive"]);
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_lost_of_this_flush_and_those_before_is_told_once() {
    let Setup { backend, hits, size, events, mut pusher } = setup();
    let store = pusher.store().clone();
    hits.increment(1);
    size.record(1.0);
    pusher.flush().await;
    hits.increment(1);
    let late = backend.late.clone();
    backend.answer(move || {
        *late.lock().unwrap() = 2; // this one, and one of the flush before
        Ok(())
    });
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost()), (1, 2));
    assert_eq!(events.take(), ["2 data points lost: what was sent did not arrive"]);
}

#[tokio::test(start_paused = true)]
async fn the_longest_times_do_no_harm() {
    let Setup { backend, hits, pusher, .. } = setup();
    let running = pusher.interval(Duration::MAX).timeout(Duration::MAX).hold(Duration::MAX).spawn();
    hits.increment(1);
    sleep(SECOND * 3600).await;
    assert!(backend.got().is_empty());
    running.stop(SECOND).await;
    assert_eq!(backend.got(), ["hits 1"]);
}

#[tokio::test(start_paused = true)]
async fn values_that_are_no_numbers_count_as_lost() {
    let Setup { size, events, mut pusher, .. } = setup();
    let store = pusher.store().clone();
    size.record(f64::NAN);
    size.record(1.0);
    pusher.flush().await;
    let stats = store.stats();
    assert_eq!((stats.sent, stats.lost_invalid, stats.lost()), (1, 1, 1));
    assert_eq!(events.take(), ["a data point lost: a value that is no finite number"]);
}

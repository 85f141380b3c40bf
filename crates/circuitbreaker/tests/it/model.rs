//! The breaker against a model of it that is as plain as can be: any sequence of events, the same admissions and states.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::advance;
use towerkit_circuitbreaker::policy::ConsecutiveFailures;
use towerkit_circuitbreaker::{BreakerSettings, SleepWindow};

use super::{Do, FAIL, Held, Rig, poll};

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A call that is held.
    Begin,
    /// The oldest of those that are held ends.
    End(Ends),
    Advance(u64),
    ForceOpen,
    ForceClosed,
    Reset,
}

#[derive(Clone, Copy, Debug)]
enum Ends {
    Good,
    Bad,
    Cancelled,
}

fn event() -> impl Strategy<Value = Event> {
    let ends = prop_oneof![Just(Ends::Good), Just(Ends::Bad), Just(Ends::Bad), Just(Ends::Cancelled)];
    prop_oneof![
        8 => Just(Event::Begin),
        8 => ends.prop_map(Event::End),
        4 => (0_u64..150).prop_map(Event::Advance),
        1 => prop_oneof![Just(Event::ForceOpen), Just(Event::ForceClosed), Just(Event::Reset)],
    ]
}

const FAILURES: u32 = 2;
const SLEEPS: [u64; 2] = [100, 200];
const PROBES: u32 = 2;
const PROBE_TIME: u64 = 300;

#[derive(Debug)]
struct Model {
    now: u64,
    /// Counts the stays in a state.
    stay: u32,
    state: ModelState,
    forced: bool,
    failures: u32,
    opened: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum ModelState {
    Closed,
    Open { until: u64 },
    HalfOpen { admitted: u32, good: u32, since: u64 },
}

impl Model {
    fn enter(&mut self, state: ModelState) {
        self.stay += 1;
        self.state = state;
    }

    fn open(&mut self) {
        let until = self.now + SLEEPS[self.opened.min(SLEEPS.len() - 1)];
        self.opened += 1;
        self.enter(ModelState::Open { until });
    }

    fn close(&mut self) {
        self.failures = 0;
        self.opened = 0;
        if self.state != ModelState::Closed {
            self.enter(ModelState::Closed);
        }
    }

    /// The stay that a call is admitted in.
    fn begin(&mut self) -> Option<u32> {
        if let ModelState::Open { until } = self.state
            && until <= self.now
        {
            self.enter(ModelState::HalfOpen { admitted: 0, good: 0, since: self.now });
        }
        match &mut self.state {
            ModelState::Closed => Some(self.stay),
            ModelState::HalfOpen { admitted, .. } if *admitted < PROBES => {
                *admitted += 1;
                Some(self.stay)
            }
            ModelState::HalfOpen { since, .. } if self.now - *since >= PROBE_TIME => {
                self.open();
                None
            }
            _ => None,
        }
    }

    fn end(&mut self, stay: u32, ends: Ends) {
        if stay != self.stay {
            return;
        }
        match (&mut self.state, ends) {
            (ModelState::Closed, Ends::Good) => self.failures = 0,
            (ModelState::Closed, Ends::Bad) => {
                self.failures += 1;
                if self.failures >= FAILURES && !self.forced {
                    self.open();
                }
            }
            (ModelState::HalfOpen { admitted, .. }, Ends::Cancelled) => *admitted -= 1,
            (ModelState::HalfOpen { .. }, Ends::Bad) => self.open(),
            (ModelState::HalfOpen { good, .. }, Ends::Good) => {
                *good += 1;
                if *good == PROBES {
                    self.close();
                }
            }
            _ => {}
        }
    }

    fn name(&self) -> &'static str {
        match self.state {
            ModelState::Closed => "closed",
            ModelState::Open { .. } => "open",
            ModelState::HalfOpen { .. } => "half_open",
        }
    }
}

async fn compare(events: Vec<Event>) -> Result<(), TestCaseError> {
    let sleep = SleepWindow::each(SLEEPS.map(Duration::from_millis));
    let settings = BreakerSettings::new(ConsecutiveFailures::new(FAILURES)).sleep_window(sleep).probes(PROBES);
    let mut rig = Rig::new(settings.probe_timeout(Duration::from_millis(PROBE_TIME)));
    let mut model = Model { now: 0, stay: 0, state: ModelState::Closed, forced: false, failures: 0, opened: 0 };
    // How a held call ends is chosen at its end: one future that goes well, one that fails, of which one is dropped unpolled,
    // would be two admissions; so the end is agreed on beforehand, by what the next `End` events say.
    let mut ends = events
        .iter()
        .filter_map(|event| if let Event::End(ends) = event { Some(*ends) } else { None })
        .collect::<Vec<_>>()
        .into_iter();
    let mut held: std::collections::VecDeque<(Held, u32, Ends)> = std::collections::VecDeque::new();
    for event in events {
        match event {
            Event::Begin => {
                let ends = ends.next().unwrap_or(Ends::Cancelled);
                let call = rig.start(if matches!(ends, Ends::Bad) { FAIL } else { Do::Succeed });
                let before = rig.reached();
                let admitted = model.begin();
                prop_assert_eq!(before, rig.reached());
                match admitted {
                    Some(stay) => held.push_back((call, stay, ends)),
                    None => {
                        let mut call = call;
                        let std::task::Poll::Ready(result) = poll(&mut call) else {
                            return Err(TestCaseError::fail("waits"));
                        };
                        prop_assert!(super::is_refused(&result), "the model refuses");
                    }
                }
            }
            Event::End(_) => {
                if let Some((mut call, stay, ends)) = held.pop_front() {
                    if matches!(ends, Ends::Cancelled) {
                        drop(call);
                    } else {
                        let std::task::Poll::Ready(result) = poll(&mut call) else {
                            return Err(TestCaseError::fail("waits"));
                        };
                        prop_assert!(!super::is_refused(&result), "the model admits");
                    }
                    model.end(stay, ends);
                }
            }
            Event::Advance(ms) => {
                advance(Duration::from_millis(ms)).await;
                model.now += ms;
            }
            Event::ForceOpen => {
                rig.breaker.force_open();
                model.forced = true;
                model.enter(ModelState::Open { until: u64::MAX });
            }
            Event::ForceClosed => {
                rig.breaker.force_closed();
                model.forced = true;
                let failures = model.failures;
                let was_closed = model.state == ModelState::Closed;
                model.close();
                if was_closed {
                    model.failures = failures;
                }
            }
            Event::Reset => {
                rig.breaker.reset();
                model.forced = false;
                model.close();
            }
        }
        prop_assert_eq!(rig.state(), model.name());
    }
    Ok(())
}

proptest! {
    #[test]
    fn it_does_what_the_model_does(events in vec(event(), 0..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(compare(events))?;
    }
}

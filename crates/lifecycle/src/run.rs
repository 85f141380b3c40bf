use std::borrow::Cow;
use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use towerkit_endpoint::BoxError;

use crate::group::{Entry, Group};
use crate::health::{HealthReport, MemberState};
use crate::{Ending, Event, GroupError, Lifeline, MemberReport, Report, Stopper};

pub(crate) async fn run(group: Group) -> Result<Report, GroupError> {
    let mut run = Run {
        slots: Vec::new(),
        // Dropped with the future of `run`, it aborts whatever still runs.
        tasks: JoinSet::new(),
        requests: watch::Sender::new(0),
        on_event: group.on_event,
        health: group.health,
    };
    let mut waiting = group.members.into_iter();
    if run.start(&mut waiting, group.start_limit, group.stop_limit).await {
        run.until_stop().await;
    }
    run.stop().await;
    run.report(waiting)
}

struct Run {
    /// The members that were started, in order.
    slots: Vec<Slot>,
    tasks: JoinSet<Result<(), BoxError>>,
    /// How often a stop was asked for.
    requests: watch::Sender<u32>,
    on_event: Box<dyn FnMut(&Event<'_>) + Send>,
    health: watch::Sender<HealthReport>,
}

struct Slot {
    name: Cow<'static, str>,
    stop_limit: Duration,
    task: Id,
    abort: AbortHandle,
    stopper: Stopper,
    asked: Option<Instant>,
    stop_took: Option<Duration>,
    ending: Option<Ending>,
}

impl Run {
    /// Starts one after the other. False where the group is to stop before all are up.
    async fn start(
        &mut self,
        waiting: &mut impl Iterator<Item = Entry>,
        start_limit: Duration,
        stop_limit: Duration,
    ) -> bool {
        for entry in waiting {
            let index = self.spawn(entry, stop_limit);
            let not_ready_at = Instant::now().checked_add(start_limit);
            let mut requests = self.requests.subscribe();
            tokio::select! {
                // In the order written: a member that is up and ends at once is up first.
                biased;
                () = self.slots[index].stopper.ready() => {
                    self.set_state(index, MemberState::Running);
                    self.tell(&Event::Ready { member: &self.slots[index].name.clone() });
                }
                Some(ended) = next_ended(&mut self.tasks) => {
                    let ended = self.ended(ended);
                    // One that ends well before it is ever up was a job to be done at start.
                    if ended != index || !self.ended_well(ended) {
                        return false;
                    }
                }
                _ = requests.wait_for(|requests| *requests > 0) => return false,
                () = sleep_to(not_ready_at) => {
                    self.abort(index, Ending::NotReady { limit: start_limit }).await;
                    return false;
                }
            }
        }
        self.health.send_modify(|health| health.ready = true);
        self.tell(&Event::GroupReady);
        true
    }

    fn spawn(&mut self, entry: Entry, stop_limit: Duration) -> usize {
        let (lifeline, stopper) = Lifeline::new(self.requests.clone());
        self.tell(&Event::Starting { member: &entry.name });
        let abort = self.tasks.spawn((entry.start)(lifeline));
        let index = self.slots.len();
        self.slots.push(Slot {
            name: entry.name,
            stop_limit: entry.stop_limit.unwrap_or(stop_limit),
            task: abort.id(),
            abort,
            stopper,
            asked: None,
            stop_took: None,
            ending: None,
        });
        self.set_state(index, MemberState::Starting);
        index
    }

    /// Until a member ends or asks for the stop. A group in which nothing runs any more is at its end.
    async fn until_stop(&mut self) {
        let mut requests = self.requests.subscribe();
        tokio::select! {
            ended = next_ended(&mut self.tasks) => {
                if let Some(ended) = ended {
                    self.ended(ended);
                }
            }
            _ = requests.wait_for(|requests| *requests > 0) => {}
        }
    }

    async fn stop(&mut self) {
        self.health.send_modify(|health| health.ready = false);
        self.tell(&Event::GroupStopping);
        // Asked for twice, the drain is given up.
        let mut requests = self.requests.subscribe();
        for index in (0..self.slots.len()).rev() {
            if self.slots[index].ending.is_some() {
                continue;
            }
            let limit = self.slots[index].stop_limit;
            let (name, now) = (self.slots[index].name.clone(), Instant::now());
            let stop_by = now.checked_add(limit);
            self.slots[index].asked = Some(now);
            self.set_state(index, MemberState::Stopping);
            self.tell(&Event::Stopping { member: &name, limit });
            match stop_by {
                Some(stop_by) => self.slots[index].stopper.stop_at(stop_by),
                None => self.slots[index].stopper.stop(limit),
            }
            while self.slots[index].ending.is_none() {
                tokio::select! {
                    biased;
                    Some(ended) = next_ended(&mut self.tasks) => { self.ended(ended); }
                    _ = requests.wait_for(|requests| *requests > 1) => {
                        self.tell(&Event::GivenUp);
                        self.abort_all().await;
                        return;
                    }
                    () = sleep_to(stop_by) => self.abort(index, Ending::Overdue { limit }).await,
                }
            }
        }
    }

    /// Aborts a member, and waits until its task is gone.
    async fn abort(&mut self, index: usize, ending: Ending) {
        self.slots[index].abort.abort();
        let mut ending = Some(ending);
        while self.slots[index].ending.is_none() {
            let Some((task, result)) = next_ended(&mut self.tasks).await else { break };
            if task == self.slots[index].task {
                // It may have ended between the limit and the abort; then that is how it ended.
                match result {
                    Err(error) if error.is_cancelled() => {
                        self.set_ending(index, ending.take().unwrap_or(Ending::Aborted));
                    }
                    result => {
                        self.ended((task, result));
                    }
                }
            } else {
                self.ended((task, result));
            }
        }
    }

    async fn abort_all(&mut self) {
        self.tasks.abort_all();
        while let Some(ended) = next_ended(&mut self.tasks).await {
            self.ended(ended);
        }
    }

    /// Notes that a task ended, and says whose it was.
    fn ended(&mut self, (task, result): Ended) -> usize {
        // Every task was spawned for a slot.
        let index = self.slots.iter().position(|slot| slot.task == task).unwrap_or_default();
        let ending = match result {
            Ok(Ok(())) if self.slots[index].asked.is_some() => Ending::Stopped,
            Ok(Ok(())) => Ending::Finished,
            Ok(Err(error)) => Ending::Failed(error),
            Err(error) if error.is_cancelled() => Ending::Aborted,
            Err(error) => Ending::Panicked(panic_text(error)),
        };
        self.set_ending(index, ending);
        index
    }

    fn set_ending(&mut self, index: usize, ending: Ending) {
        self.set_state(index, MemberState::Ended);
        let slot = &mut self.slots[index];
        slot.stop_took = slot.asked.map(|asked| asked.elapsed());
        let name = slot.name.clone();
        self.tell(&Event::Ended { member: &name, ending: &ending });
        self.slots[index].ending = Some(ending);
    }

    fn ended_well(&self, index: usize) -> bool {
        self.slots[index].ending.as_ref().is_some_and(Ending::is_good)
    }

    fn set_state(&self, index: usize, state: MemberState) {
        self.health.send_modify(|health| health.members[index].1 = state);
    }

    fn tell(&mut self, event: &Event<'_>) {
        (self.on_event)(event);
    }

    fn report(self, waiting: impl Iterator<Item = Entry>) -> Result<Report, GroupError> {
        let started = self.slots.into_iter().map(|slot| MemberReport {
            name: slot.name,
            ending: slot.ending.unwrap_or(Ending::Aborted),
            stop_took: slot.stop_took,
        });
        let waiting =
            waiting.map(|entry| MemberReport { name: entry.name, ending: Ending::NotStarted, stop_took: None });
        let report = Report { members: started.chain(waiting).collect() };
        if report.members.iter().all(|member| member.ending.is_good()) {
            Ok(report)
        } else {
            Err(GroupError::new(report))
        }
    }
}

type Ended = (Id, Result<Result<(), BoxError>, JoinError>);

/// The next task that ends; none where no task is left.
async fn next_ended(tasks: &mut JoinSet<Result<(), BoxError>>) -> Option<Ended> {
    Some(match tasks.join_next_with_id().await? {
        Ok((task, result)) => (task, Ok(result)),
        Err(error) => (error.id(), Err(error)),
    })
}

fn panic_text(error: JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return String::new() };
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}

/// A limit too long for the clock never comes.
async fn sleep_to(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

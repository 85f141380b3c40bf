mod stop;

use std::borrow::Cow;
use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use towerkit_endpoint::BoxError;

use crate::group::{Entry, Group};
use crate::health::{Board, MemberState};
use crate::lifeline::Requests;
use crate::{GroupError, GroupEvent, GroupReport, Lifeline, MemberEnding, MemberReport, Stopper};

pub(crate) use stop::ABORT_LIMIT;

pub(crate) async fn run(group: Group) -> Result<GroupReport, GroupError> {
    let mut run = Run {
        slots: Vec::new(),
        // Dropped with the future of `run`, it aborts whatever still runs.
        tasks: JoinSet::new(),
        requests: watch::Sender::default(),
        on_event: group.on_event,
        health: group.health,
    };
    let mut waiting = group.members.into_iter();
    if run.start(&mut waiting, group.start_timeout, group.stop_timeout).await {
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
    requests: watch::Sender<Requests>,
    on_event: Box<dyn FnMut(&GroupEvent<'_>) + Send>,
    health: Board,
}

struct Slot {
    name: Cow<'static, str>,
    stop_timeout: Duration,
    task: Id,
    abort: AbortHandle,
    stopper: Stopper,
    asked: Option<Instant>,
    stop_took: Option<Duration>,
    ending: Option<MemberEnding>,
    left_behind: bool,
}

impl Run {
    /// Starts one after the other. False where the group is to stop before all are up.
    async fn start(
        &mut self,
        waiting: &mut impl Iterator<Item = Entry>,
        start_timeout: Duration,
        stop_timeout: Duration,
    ) -> bool {
        loop {
            // The last one may have come up in the moment in which another ended, or a signal came: then no one else starts.
            if self.reap() || self.requests.borrow().count > 0 {
                return false;
            }
            let Some(entry) = waiting.next() else { break };
            let index = self.spawn(entry, stop_timeout);
            let not_ready_at = Instant::now().checked_add(start_timeout);
            let asked = asked(self.requests.subscribe(), 1);
            tokio::select! {
                // In the order written: a member that is up and ends at once is up first.
                biased;
                () = self.slots[index].stopper.ready() => {
                    self.health.set(index, MemberState::Running);
                    self.tell(&GroupEvent::Ready { member: &self.slots[index].name.clone() });
                }
                Some(ended) = next_ended(&mut self.tasks) => {
                    let ended = self.ended(ended);
                    // One that ends well before it is ever up was a job to be done at start.
                    if ended != index || !self.ended_well(ended) {
                        return false;
                    }
                    self.health.set(index, MemberState::Done);
                }
                () = asked => return false,
                () = sleep_to(not_ready_at) => {
                    self.abort(index, MemberEnding::NotReady { limit: start_timeout }).await;
                    return false;
                }
            }
        }
        self.health.set_ready(true);
        self.tell(&GroupEvent::GroupReady);
        true
    }

    fn spawn(&mut self, entry: Entry, stop_timeout: Duration) -> usize {
        let (lifeline, stopper) = Lifeline::new(entry.name.clone(), self.requests.clone());
        self.tell(&GroupEvent::Starting { member: &entry.name });
        // Called within the task, so that what the member does before its first await is its own too: a panic, a block.
        let start = entry.start;
        let abort = self.tasks.spawn(async move { start(lifeline).await });
        let index = self.slots.len();
        self.slots.push(Slot {
            name: entry.name,
            stop_timeout: entry.stop_timeout.unwrap_or(stop_timeout),
            task: abort.id(),
            abort,
            stopper,
            asked: None,
            stop_took: None,
            ending: None,
            left_behind: false,
        });
        self.health.set(index, MemberState::Starting);
        index
    }

    /// Until a member ends or asks for the stop. A group in which nothing runs any more is at its end.
    async fn until_stop(&mut self) {
        let asked = asked(self.requests.subscribe(), 1);
        tokio::select! {
            ended = next_ended(&mut self.tasks) => {
                if let Some(ended) = ended {
                    self.ended(ended);
                }
            }
            () = asked => {}
        }
    }

    /// Notes the tasks that have ended already; whether there was one.
    fn reap(&mut self) -> bool {
        let mut any = false;
        while let Some(joined) = self.tasks.try_join_next_with_id() {
            self.ended(by_task(joined));
            any = true;
        }
        any
    }

    /// Notes that a task ended, and says whose it was.
    fn ended(&mut self, (task, result): Ended) -> usize {
        // Every task was spawned for a slot.
        let index = self.slots.iter().position(|slot| slot.task == task).unwrap_or_default();
        let asked = self.slots[index].asked.is_some();
        self.set_ending(index, ending(result, asked));
        index
    }

    fn set_ending(&mut self, index: usize, ending: MemberEnding) {
        let slot = &mut self.slots[index];
        if slot.ending.is_some() {
            // It was left behind, and came to its end after all. How it ended for the group is known.
            slot.left_behind = false;
            return;
        }
        slot.stop_took = slot.asked.map(|asked| asked.elapsed());
        let name = slot.name.clone();
        self.health.set(index, MemberState::Ended);
        self.tell(&GroupEvent::Ended { member: &name, ending: &ending });
        self.slots[index].ending = Some(ending);
    }

    fn ended_well(&self, index: usize) -> bool {
        self.slots[index].ending.as_ref().is_some_and(MemberEnding::is_good)
    }

    fn tell(&mut self, event: &GroupEvent<'_>) {
        (self.on_event)(event);
    }

    fn report(self, waiting: impl Iterator<Item = Entry>) -> Result<GroupReport, GroupError> {
        let started = self.slots.into_iter().map(|slot| MemberReport {
            name: slot.name,
            ending: slot.ending.unwrap_or(MemberEnding::Aborted),
            stop_took: slot.stop_took,
            left_behind: slot.left_behind,
        });
        let waiting = waiting.map(|entry| MemberReport {
            name: entry.name,
            ending: MemberEnding::NotStarted,
            stop_took: None,
            left_behind: false,
        });
        let stop_asked_by = self.requests.borrow().first.clone();
        let report = GroupReport { members: started.chain(waiting).collect(), stop_asked_by };
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
    tasks.join_next_with_id().await.map(by_task)
}

fn by_task(joined: Result<(Id, Result<(), BoxError>), JoinError>) -> Ended {
    match joined {
        Ok((task, result)) => (task, Ok(result)),
        Err(error) => (error.id(), Err(error)),
    }
}

/// How a task ended that was not aborted for its limit.
pub(crate) fn ending(result: Result<Result<(), BoxError>, JoinError>, asked: bool) -> MemberEnding {
    match result {
        Ok(Ok(())) if asked => MemberEnding::Stopped,
        Ok(Ok(())) => MemberEnding::Finished,
        Ok(Err(error)) => MemberEnding::Failed(error),
        Err(error) if error.is_cancelled() => MemberEnding::Aborted,
        Err(error) => MemberEnding::Panicked(panic_text(error)),
    }
}

fn panic_text(error: JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return String::new() };
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}

/// Until the group was asked to stop so often. A guard of the channel must not be held across another await, for the group runs in tasks
/// as well.
async fn asked(mut requests: watch::Receiver<Requests>, times: u32) {
    let _ = requests.wait_for(|requests| requests.count >= times).await;
}

/// A limit too long for the clock never comes.
async fn sleep_to(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Run, asked, next_ended, sleep_to};
use crate::health::MemberState;
use crate::{GroupEvent, MemberEnding};

/// How long an aborted task may take to be gone. It is gone when it next awaits, so one that takes longer blocks its thread, and
/// may do so for ever.
pub(crate) const ABORT_LIMIT: Duration = Duration::from_secs(1);

impl Run {
    /// Asks one after the other, the last first.
    pub(super) async fn stop(&mut self) {
        self.health.set_ready(false);
        let by = self.requests.borrow().first.clone();
        if let Some(by) = by {
            self.tell(&GroupEvent::StopAsked { by: &by });
        }
        self.tell(&GroupEvent::GroupStopping);
        // Asked for twice, the drain is given up.
        for index in (0..self.slots.len()).rev() {
            // What has ended by now has ended by itself.
            self.reap();
            if self.slots[index].ending.is_some() {
                continue;
            }
            let limit = self.slots[index].stop_timeout;
            let stop_by = self.ask(index, limit);
            while self.slots[index].ending.is_none() {
                let given_up = asked(self.requests.subscribe(), 2);
                tokio::select! {
                    biased;
                    Some(ended) = next_ended(&mut self.tasks) => { self.ended(ended); }
                    () = given_up => {
                        self.tell(&GroupEvent::GivenUp);
                        self.abort_all().await;
                        return;
                    }
                    () = sleep_to(stop_by) => self.abort(index, MemberEnding::Overdue { limit }).await,
                }
            }
        }
    }

    /// Asks a member to stop, and says when its time is over; none for a limit too long for the clock.
    fn ask(&mut self, index: usize, limit: Duration) -> Option<Instant> {
        let (name, now) = (self.slots[index].name.clone(), Instant::now());
        let stop_by = now.checked_add(limit);
        self.slots[index].asked = Some(now);
        self.health.set(index, MemberState::Stopping);
        self.tell(&GroupEvent::Stopping { member: &name, limit });
        match stop_by {
            Some(stop_by) => self.slots[index].stopper.stop_at(stop_by),
            None => self.slots[index].stopper.stop(limit),
        }
        stop_by
    }

    /// Aborts a member, and waits until its task is gone, but not for ever.
    pub(super) async fn abort(&mut self, index: usize, ending: MemberEnding) {
        self.slots[index].abort.abort();
        let gone_by = Instant::now() + ABORT_LIMIT;
        while self.slots[index].ending.is_none() {
            tokio::select! {
                biased;
                Some((task, result)) = next_ended(&mut self.tasks) => {
                    let aborted = result.as_ref().is_err_and(tokio::task::JoinError::is_cancelled);
                    if task == self.slots[index].task && aborted {
                        return self.set_ending(index, ending);
                    }
                    // Another one; or it ended between its limit and the abort, and then that is how it ended.
                    self.ended((task, result));
                }
                () = sleep_until(gone_by) => {
                    self.slots[index].left_behind = true;
                    return self.set_ending(index, ending);
                }
            }
        }
    }

    async fn abort_all(&mut self) {
        self.tasks.abort_all();
        let gone_by = Instant::now() + ABORT_LIMIT;
        loop {
            tokio::select! {
                biased;
                ended = next_ended(&mut self.tasks) => match ended {
                    Some(ended) => { self.ended(ended); }
                    None => return,
                },
                () = sleep_until(gone_by) => break,
            }
        }
        for index in (0..self.slots.len()).rev().filter(|&index| self.slots[index].ending.is_none()).collect::<Vec<_>>()
        {
            self.slots[index].left_behind = true;
            self.set_ending(index, MemberEnding::Aborted);
        }
    }
}

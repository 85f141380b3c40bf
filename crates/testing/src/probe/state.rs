use core::task::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How a [`Probe`](super::Probe) treats one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Answer at the first poll, with the reply function.
    #[default]
    Answer,
    /// Fail at the first poll, with [`ProbeError::Scripted`](super::ProbeError::Scripted).
    Fail,
    /// Answer with the reply function, once [`ProbeHandle::release`](super::ProbeHandle::release) is called.
    Hold,
}

/// What a [`Probe`](super::Probe) and all its clones have seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Calls of `Service::call`.
    pub calls: usize,
    /// Calls whose future was polled at least once.
    pub started: usize,
    /// Calls whose future gave its result, good or bad.
    pub completed: usize,
    /// Calls whose future was dropped before it gave its result, polled or not.
    pub cancelled: usize,
    /// Calls started, not yet completed and not yet cancelled.
    pub in_flight: usize,
    /// The highest `in_flight` there was.
    pub peak: usize,
    /// Calls on an instance that was not ready.
    pub violations: usize,
    /// Times an instance became ready. Polling a ready instance again does not count.
    pub readied: usize,
    /// Instances that are ready at this moment and wait to be called.
    pub idle: usize,
    /// Instances dropped while ready, without a call.
    pub wasted: usize,
    /// Calls of `Service::poll_ready`.
    pub polls: usize,
    /// Clones made.
    pub clones: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Script {
    #[default]
    Ready,
    Pending,
    Failing,
}

pub(super) enum Granted {
    Ready,
    Pending,
    Failed,
}

/// One call, from its first poll on.
#[derive(Clone, Copy)]
pub(super) struct Started {
    pub(super) id: u64,
    pub(super) reply: Reply,
    /// The number of releases before this call started: one more lets it go.
    releases: u64,
}

#[derive(Default)]
pub(super) struct State {
    inner: Mutex<Inner>,
    pub(super) changed: Notify,
}

#[derive(Default)]
struct Inner {
    ids: u64,
    counts: Counts,
    readiness: Script,
    next: VecDeque<Reply>,
    default: Reply,
    releases: u64,
    /// Who waits, by instance for readiness and by call for a release. One entry each, however often it is polled.
    waiting: BTreeMap<u64, Waker>,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then wakes. Nothing foreign runs under the lock.
    fn change<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        let result = f(&mut self.lock());
        self.changed.notify_waiters();
        result
    }

    fn change_and_wake(&self, f: impl FnOnce(&mut Inner)) {
        let wakers = self.change(|inner| {
            f(inner);
            core::mem::take(&mut inner.waiting)
        });
        wakers.into_values().for_each(Waker::wake);
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().counts
    }

    pub(super) fn id(&self) -> u64 {
        let mut inner = self.lock();
        inner.ids += 1;
        inner.ids
    }

    // The script.

    pub(super) fn set_readiness(&self, script: Script) {
        self.change_and_wake(|inner| inner.readiness = script);
    }

    pub(super) fn set_default(&self, reply: Reply) {
        self.change(|inner| inner.default = reply);
    }

    pub(super) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        // Collected first: the iterator is the caller's code.
        let replies: VecDeque<_> = replies.into_iter().collect();
        self.change(|inner| inner.next = replies);
    }

    pub(super) fn release(&self) {
        self.change_and_wake(|inner| inner.releases += 1);
    }

    // What instances report.

    pub(super) fn poll_ready(&self, id: u64, readied: bool, waker: &Waker) -> Granted {
        // A waker that is replaced or removed goes out with the result: dropping it may run foreign code.
        let (granted, _waker) = self.change(|inner| {
            inner.counts.polls += 1;
            if readied {
                return (Granted::Ready, None);
            }
            match inner.readiness {
                Script::Ready => {
                    inner.counts.readied += 1;
                    inner.counts.idle += 1;
                    (Granted::Ready, inner.waiting.remove(&id))
                }
                Script::Pending => (Granted::Pending, inner.waiting.insert(id, waker.clone())),
                Script::Failing => (Granted::Failed, None),
            }
        });
        granted
    }

    pub(super) fn called(&self, readied: bool) {
        self.change(|inner| {
            inner.counts.calls += 1;
            if readied {
                inner.counts.idle -= 1;
            } else {
                inner.counts.violations += 1;
            }
        });
    }

    pub(super) fn cloned(&self) {
        self.change(|inner| inner.counts.clones += 1);
    }

    pub(super) fn instance_dropped(&self, id: u64, readied: bool) {
        let _waker = self.change(|inner| {
            if readied {
                inner.counts.idle -= 1;
                inner.counts.wasted += 1;
            }
            inner.waiting.remove(&id)
        });
    }

    // What calls report.

    pub(super) fn started(&self) -> Started {
        self.change(|inner| {
            inner.ids += 1;
            inner.counts.started += 1;
            inner.counts.in_flight += 1;
            inner.counts.peak = inner.counts.peak.max(inner.counts.in_flight);
            Started { id: inner.ids, reply: inner.next.pop_front().unwrap_or(inner.default), releases: inner.releases }
        })
    }

    /// Whether a held call may go. If not, `waker` is kept for the release.
    pub(super) fn released(&self, call: Started, waker: &Waker) -> bool {
        let (released, _waker) = self.change(|inner| {
            if inner.releases > call.releases {
                (true, inner.waiting.remove(&call.id))
            } else {
                (false, inner.waiting.insert(call.id, waker.clone()))
            }
        });
        released
    }

    pub(super) fn completed(&self) {
        self.change(|inner| {
            inner.counts.completed += 1;
            inner.counts.in_flight -= 1;
        });
    }

    pub(super) fn cancelled(&self, call: Option<Started>) {
        let _waker = self.change(|inner| {
            inner.counts.cancelled += 1;
            let call = call?;
            inner.counts.in_flight -= 1;
            inner.waiting.remove(&call.id)
        });
    }
}

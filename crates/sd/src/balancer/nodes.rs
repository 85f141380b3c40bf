use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::{Call, Choices, Choose, Shared, Strategy};
use crate::Instance;
use crate::endpointer::{Fleet, Member};

/// The instances, as a [strategy](Choose) sees them for one call: by their number in the set.
pub struct Nodes<'a> {
    members: &'a [Member],
    fleet: &'a Fleet,
    conditions: Conditions,
    /// An instance that failed since then is avoided; none where the call is the first.
    avoided_since: Option<u64>,
    /// Most calls need no look at the clock.
    now: Cell<Option<Instant>>,
}

/// What was chosen.
#[derive(Clone, Copy)]
pub(super) struct Chosen {
    pub(super) number: usize,
    /// When, where the clock was looked at: the call needs no second look then.
    pub(super) at: Option<Instant>,
}

/// What must hold of an instance to be chosen: each time that none is found, it is less.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Conditions {
    /// It may be called, it is warm, and it did not just fail this call.
    All,
    /// It is not ejected.
    In,
    /// There is nothing better.
    None,
}

/// A failure is told at once, but layers in between may take a moment.
const TOLD_WITHIN: Duration = Duration::from_millis(50);

pub(super) fn choose<S, P, R>(shared: &Shared<S, P>, choices: &Choices<S, P::Index>, request: &R) -> Option<Chosen>
where
    P: Strategy + Choose<R>,
    R: Call,
{
    let fleet = &*shared.fleet;
    let avoided_since = request
        .repeated()
        .map(|repeated| fleet.micros(repeated.since.checked_sub(TOLD_WITHIN).unwrap_or(repeated.since)));
    let conditions = if fleet.panics() { Conditions::None } else { Conditions::All };
    let mut nodes = Nodes { members: &choices.members, fleet, conditions, avoided_since, now: Cell::new(None) };
    if nodes.is_empty() {
        return None;
    }
    loop {
        if let Some(chosen) = shared.strategy.choose(&choices.index, &nodes, request).filter(|one| *one < nodes.len()) {
            return Some(Chosen { number: chosen, at: nodes.now.get() });
        }
        nodes.conditions = match nodes.conditions {
            Conditions::All => Conditions::In,
            Conditions::In => Conditions::None,
            // A strategy that finds none among all of them.
            Conditions::None => return None,
        };
    }
}

impl Nodes<'_> {
    /// How many there are: at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Never: a strategy is not asked where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether one may be chosen: it is not ejected, a repeated call has not just failed there, and while it is new it is so only
    /// now and then. An instance of a number that is not there is not usable.
    #[must_use]
    pub fn is_usable(&self, number: usize) -> bool {
        self.is_in(number) && (self.conditions != Conditions::All || self.is_warm(number))
    }

    /// As [`is_usable`](Self::is_usable), of one that is not to get less while it is new.
    pub(super) fn is_in(&self, number: usize) -> bool {
        let Some(Member { node, .. }) = self.members.get(number) else { return false };
        match self.conditions {
            Conditions::None => true,
            _ if node.is_out(|| self.now()) => false,
            Conditions::In => true,
            Conditions::All => self.avoided_since.is_none_or(|since| !node.has_failed_since(since)),
        }
    }

    fn is_warm(&self, number: usize) -> bool {
        let warmth = self.members.get(number).map_or(1.0, |member| member.node.warmth(|| self.now()));
        warmth >= 1.0 || fastrand::f64() < warmth
    }

    /// A usable one by lot.
    #[must_use]
    pub fn any(&self) -> Option<usize> {
        /// Where half of all are out, one call in 256 has to look at all of them.
        const LOTS: usize = 8;
        let len = self.members.len();
        (0..LOTS)
            .map(|_| fastrand::usize(..len))
            .find(|number| self.is_usable(*number))
            .or_else(|| self.after(fastrand::usize(..len)))
    }

    /// The first usable one from a number on, in a circle.
    #[must_use]
    pub fn after(&self, number: usize) -> Option<usize> {
        let len = self.members.len();
        (0..len).map(|next| (number + next) % len).find(|number| self.is_usable(*number))
    }

    /// The better of two usable ones by lot: that of the lower cost.
    pub(super) fn better_of_two(&self, cost: impl Fn(usize) -> f64) -> Option<usize> {
        let one = self.any()?;
        let len = self.members.len();
        if len == 1 {
            return Some(one);
        }
        // Any other than the first.
        let other = (one + 1 + fastrand::usize(..len - 1)) % len;
        let other = if self.is_usable(other) { other } else { self.any()? };
        Some(if cost(other) < cost(one) { other } else { one })
    }

    /// The instance of a number.
    #[must_use]
    pub fn instance(&self, number: usize) -> Option<&Instance> {
        self.members.get(number).map(|member| &member.instance)
    }

    /// The calls under way to one, from this endpointer; 0 for one that is not there.
    #[must_use]
    pub fn in_flight(&self, number: usize) -> u32 {
        self.members.get(number).map_or(0, |member| member.node.in_flight())
    }

    /// The calls under way to all, where the strategy [has them counted](Strategy::COUNTS_ALL).
    #[must_use]
    pub fn all_in_flight(&self) -> u64 {
        self.fleet.in_flight()
    }

    /// The moving average of the latency of one, and how long ago it was last touched; none before its first reply, and where the
    /// strategy does not [have latencies measured](Strategy::LATENCY_DECAY).
    #[must_use]
    pub fn latency(&self, number: usize) -> Option<(Duration, Duration)> {
        let (nanos, touched) = self.latency_nanos(number)?;
        Some((Duration::from_nanos(nanos as u64), self.since(touched)))
    }

    /// As [`latency`](Self::latency), in nanoseconds, and without a look at the clock.
    pub(super) fn latency_nanos(&self, number: usize) -> Option<(f64, u64)> {
        self.members.get(number)?.node.latency()
    }

    /// How long a time of the fleet is ago.
    pub(super) fn since(&self, time: u64) -> Duration {
        Duration::from_micros(self.now().saturating_sub(time))
    }

    fn now(&self) -> u64 {
        let now = self.now.get().unwrap_or_else(Instant::now);
        self.now.set(Some(now));
        self.fleet.micros(now)
    }
}

impl fmt::Debug for Nodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nodes").field("len", &self.len()).finish_non_exhaustive()
    }
}

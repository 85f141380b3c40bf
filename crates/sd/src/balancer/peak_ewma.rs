use std::time::Duration;

use super::strategy::Members;
use super::{Choose, Nodes, Strategy};

/// Of two by lot, the one with the lower product of latency and calls under way.
///
/// The latency is a moving average that is sensitive to peaks: a higher one counts at once, a lower one bit by bit, within ten
/// seconds (Finagle's Peak EWMA). An instance without calls is forgiven in the same time; one that was never called counts as one of 1 ms.
/// Replies alone are measured, since a failure may be quick; and calls that were given up, for they took at least so long.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeakEwma {
    _private: (),
}

impl PeakEwma {
    /// Nothing is to be set.
    #[must_use]
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

const DECAY: Duration = Duration::from_secs(10);
const UNKNOWN: Duration = Duration::from_millis(1);

impl Strategy for PeakEwma {
    type Index = ();

    const LATENCY_DECAY: Option<Duration> = Some(DECAY);

    fn index(&self, _: Members<'_>) {}
}

impl<R> Choose<R> for PeakEwma {
    fn choose(&self, (): &(), nodes: &Nodes<'_>, _: &R) -> Option<usize> {
        nodes.better_of_two(|node| {
            let latency = nodes.latency_nanos(node);
            cost(latency.map(|(nanos, touched)| (nanos, move || nodes.since(touched))), nodes.in_flight(node))
        })
    }
}

/// Of a latency in nanoseconds, and how long ago it was touched, which is asked only where it counts.
fn cost(latency: Option<(f64, impl FnOnce() -> Duration)>, in_flight: u32) -> f64 {
    let latency = match latency {
        // Calls under way will tell: only silence makes one forget.
        Some((latency, age)) if in_flight == 0 => latency * (-age().as_secs_f64() / DECAY.as_secs_f64()).exp(),
        Some((latency, _)) => latency,
        None => UNKNOWN.as_nanos() as f64,
    };
    latency * (f64::from(in_flight) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_instance_is_forgiven_and_a_busy_one_is_not() {
        let slow = |age, in_flight| cost(Some((1e9, || Duration::from_secs(age))), in_flight);
        let unknown = cost(None::<(f64, fn() -> Duration)>, 0);
        assert!((slow(0, 0) - 1e9).abs() < 1.0);
        assert!(slow(100, 0) < unknown);
        assert!((slow(100, 1) - 2e9).abs() < 1.0);
    }
}

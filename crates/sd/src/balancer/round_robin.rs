use std::sync::atomic::{AtomicUsize, Ordering};

use super::strategy::Members;
use super::{Choose, Nodes, Strategy};

/// One after the other, by address. Clones of a balancer take turns.
#[derive(Debug, Default)]
pub struct RoundRobin {
    next: AtomicUsize,
}

impl RoundRobin {
    /// Beginning with the first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Strategy for RoundRobin {
    type Index = ();

    fn index(&self, _: Members<'_>) {}
}

impl<R> Choose<R> for RoundRobin {
    fn choose(&self, (): &(), nodes: &Nodes<'_>, _: &R) -> Option<usize> {
        // Each that is passed over takes a turn, so that the one behind it does not get the share of both.
        (0..nodes.len())
            .map(|_| self.next.fetch_add(1, Ordering::Relaxed) % nodes.len())
            .find(|one| nodes.is_usable(*one))
    }
}

use super::strategy::Members;
use super::{Choose, Nodes, Strategy};

/// Of two by lot, the one with fewer calls under way from here.
///
/// Two are enough: the longest queue grows with the logarithm of a logarithm of their number (M. Mitzenmacher, "The Power of Two Choices in Randomized Load
/// Balancing", 2001), and clients that do not know of each other do not all run to the same idle instance, as they would if they
/// took the least loaded of all.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastLoaded {
    _private: (),
}

impl LeastLoaded {
    /// Nothing is to be set.
    #[must_use]
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

impl Strategy for LeastLoaded {
    type Index = ();

    fn index(&self, _: Members<'_>) {}
}

impl<R> Choose<R> for LeastLoaded {
    fn choose(&self, (): &(), nodes: &Nodes<'_>, _: &R) -> Option<usize> {
        nodes.better_of_two(|node| f64::from(nodes.in_flight(node)))
    }
}

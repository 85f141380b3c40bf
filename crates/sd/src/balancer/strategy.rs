use std::time::Duration;

use super::Nodes;
use crate::Instance;
use crate::endpointer::Member;

/// How instances are chosen: what it prepares when their set changes. How it chooses is [`Choose`].
///
/// ```
/// use std::time::Duration;
/// use towerkit_sd::Instance;
/// use towerkit_sd::balancer::{Choose, Members, Nodes, Strategy};
///
/// /// The first that can be called: the others are for when it can't.
/// struct Primary;
///
/// impl Strategy for Primary {
///     type Index = ();
///     fn index(&self, _: Members<'_>) {}
/// }
///
/// impl<R> Choose<R> for Primary {
///     fn choose(&self, (): &(), nodes: &Nodes<'_>, _: &R) -> Option<usize> {
///         (0..nodes.len()).find(|node| nodes.is_usable(*node))
///     }
/// }
/// ```
pub trait Strategy: Send + Sync + 'static {
    /// What is prepared for a set of instances.
    type Index: Send + Sync + 'static;

    /// The time in which a latency is forgotten, where latencies are to be measured. By default they are not: it costs two looks at the
    /// clock for each call.
    const LATENCY_DECAY: Option<Duration> = None;

    /// Whether the calls to all instances together are to be counted: those of all balancers of the endpointer, from the first on that
    /// asks for it. By default they are not: all threads would meet there.
    const COUNTS_ALL: bool = false;

    /// Prepares for a set of instances, which are numbered as they stand there. It is called at each change, away from those who call.
    fn index(&self, members: Members<'_>) -> Self::Index;
}

/// Chooses an instance for a request.
pub trait Choose<R>: Strategy {
    /// The number of the instance, or none where no [usable](Nodes::is_usable) one was found: then it is asked once more with fewer
    /// conditions. It is called for each call, must not block, and should not allocate.
    fn choose(&self, index: &Self::Index, nodes: &Nodes<'_>, request: &R) -> Option<usize>;
}

/// The instances of a set, in order.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(pub(crate) &'a [Member]);

impl<'a> Members<'a> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a Instance> + Clone + use<'a> {
        self.0.iter().map(|member| &member.instance)
    }
}

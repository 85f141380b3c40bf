use std::fmt;
use std::hash::{Hash, Hasher};

use super::strategy::Members;
use super::{Choose, Nodes, Ring, Strategy};
use crate::hash::Fnv;

/// The same instance for the same key, while that instance is there and not overloaded.
///
/// Instances lie on a ring of hashes, each at several points, and a key at several places; the instance that is next to one of them owns it
/// (D. Karger and others, "Consistent Hashing and Random Trees", 1997; B. Appleton and M. O'Reilly, "Multi-probe consistent hashing", 2015). When an instance comes or goes, only its own keys move. An instance with more than a [factor](Self::load_factor) of its
/// fair share of the calls under way passes them on to the next (V. Mirrokni and others, "Consistent Hashing with Bounded Loads", 2018), so that
/// a popular key does not break its instance.
///
/// All clients that see the same set agree, whatever program they are, if the key is of the same type: the hashes are fixed. The part of
/// the ring an instance has grows with its [weight](crate::Instance::weight), in steps of an eighth of that of one of 100, and up to eight times.
///
/// ```
/// use towerkit_endpoint::Request;
/// use towerkit_sd::balancer::ConsistentHash;
///
/// # struct Purchase { user: u64 }
/// let by_user = ConsistentHash::by(|request: &Request<Purchase>| request.message().user).load_factor(1.5);
/// # let _ = by_user;
/// ```
pub struct ConsistentHash<F> {
    key: F,
    load_factor: f64,
}

impl<F> ConsistentHash<F> {
    /// By a key of the request, with a load factor of 1.25.
    pub const fn by<R, K>(key: F) -> Self
    where
        F: Fn(&R) -> K,
        K: Hash,
    {
        Self { key, load_factor: 1.25 }
    }

    /// How many times its fair share of the calls under way an instance may have: more than 1. A high one keeps keys where they
    /// belong, a low one spreads the load.
    ///
    /// # Panics
    ///
    /// Where it is 1 or less: the load could not be placed.
    #[must_use]
    pub fn load_factor(mut self, factor: f64) -> Self {
        assert!(factor > 1.0, "the load factor must be more than 1, and is {factor}");
        self.load_factor = factor;
        self
    }
}

impl<F: Send + Sync + 'static> Strategy for ConsistentHash<F> {
    type Index = Ring;

    const COUNTS_ALL: bool = true;

    fn index(&self, members: Members<'_>) -> Ring {
        Ring::new(members.iter())
    }
}

impl<F, K, R> Choose<R> for ConsistentHash<F>
where
    F: Fn(&R) -> K + Send + Sync + 'static,
    K: Hash,
{
    fn choose(&self, ring: &Ring, nodes: &Nodes<'_>, request: &R) -> Option<usize> {
        /// Where so many in a row are out or full, any will do.
        const STEPS: usize = 4096;
        let mut hasher = Fnv::new();
        (self.key)(request).hash(&mut hasher);
        let all = (nodes.all_in_flight() + 1) as f64 * self.load_factor;
        let has_room = |number: usize| f64::from(nodes.in_flight(number)) < (all * ring.share(number)).ceil();
        let owners = || ring.owners(hasher.finish()).take(STEPS);
        owners()
            .find(|number| nodes.is_in(*number) && has_room(*number))
            .or_else(|| owners().find(|number| nodes.is_in(*number)))
    }
}

impl<F> fmt::Debug for ConsistentHash<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsistentHash").field("load_factor", &self.load_factor).finish_non_exhaustive()
    }
}

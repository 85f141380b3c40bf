use super::alias::Alias;
use super::strategy::Members;
use super::{Choose, Nodes, Strategy};

/// By lot, in proportion to the [weight](crate::Instance::weight) of each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weighted {
    _private: (),
}

/// What [`Weighted`] draws from.
#[derive(Debug)]
pub struct Weights(Alias);

impl Weighted {
    /// Nothing is to be set.
    #[must_use]
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

impl Strategy for Weighted {
    type Index = Weights;

    fn index(&self, members: Members<'_>) -> Weights {
        Weights(Alias::new(members.iter().map(crate::Instance::weight)))
    }
}

impl<R> Choose<R> for Weighted {
    fn choose(&self, Weights(weights): &Weights, nodes: &Nodes<'_>, _: &R) -> Option<usize> {
        /// Where half of all are out, one call in 65 536 forgets about the weights.
        const LOTS: usize = 16;
        (0..LOTS).filter_map(|_| weights.draw()).find(|number| nodes.is_usable(*number)).or_else(|| nodes.any())
    }
}

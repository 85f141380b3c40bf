use super::strategy::Members;
use super::{Choose, Nodes, Strategy};

/// By lot, each alike.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random {
    _private: (),
}

impl Random {
    /// Nothing is to be set.
    #[must_use]
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

impl Strategy for Random {
    type Index = ();

    fn index(&self, _: Members<'_>) {}
}

impl<R> Choose<R> for Random {
    fn choose(&self, (): &(), nodes: &Nodes<'_>, _: &R) -> Option<usize> {
        nodes.any()
    }
}

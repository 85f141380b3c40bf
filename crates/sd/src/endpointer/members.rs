use std::sync::Arc;

use super::{Fleet, Node};
use crate::Instance;

/// An instance that is connected to.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) instance: Instance,
    pub(crate) node: Arc<Node>,
}

/// The instances that are connected to, by address, and beside each its connection.
pub(crate) struct Connected<C> {
    pub(crate) members: Arc<[Member]>,
    pub(crate) connections: Vec<C>,
}

impl<C> Default for Connected<C> {
    fn default() -> Self {
        Self { members: Arc::default(), connections: Vec::new() }
    }
}

/// How an instance is, see [`Endpointer::members`](super::Endpointer::members).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemberStatus {
    /// Which it is.
    pub instance: Instance,
    /// Calls under way to it, from here.
    pub in_flight: u32,
    /// Whether it is left out, since too many calls in a row failed.
    pub ejected: bool,
}

impl Member {
    pub(super) fn status(&self, fleet: &Fleet) -> MemberStatus {
        MemberStatus {
            instance: self.instance.clone(),
            in_flight: self.node.in_flight(),
            ejected: self.node.is_ejected(|| fleet.now()),
        }
    }
}

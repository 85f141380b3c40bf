use std::sync::{Mutex, Weak};

use super::Connected;
use crate::balancer::{Choices, Members, Shared, Strategy};

/// The balancers of an endpointer.
pub(super) type Views<C> = Mutex<Vec<Box<dyn Follow<C>>>>;

/// What is made of the connections, and kept in step with them.
pub(super) trait Follow<C>: Send {
    /// Whether anybody still wants it.
    fn follow(&self, connected: &Connected<C>) -> bool;
}

/// One balancer's: a service of each connection.
pub(super) struct View<C, S, P: Strategy> {
    pub(super) balancer: Weak<Shared<S, P>>,
    pub(super) method: Box<dyn Fn(&C) -> S + Send + Sync>,
}

impl<C, S, P> Follow<C> for View<C, S, P>
where
    S: Clone + Send + Sync,
    P: Strategy,
{
    fn follow(&self, connected: &Connected<C>) -> bool {
        let Some(balancer) = self.balancer.upgrade() else { return false };
        let last = balancer.choices.load();
        let services = services(&last, connected, &self.method);
        let index = balancer.strategy.index(Members(&connected.members));
        balancer.choices.store(Choices { members: connected.members.clone(), services, index }.into());
        true
    }
}

/// The services of those that stayed, and new ones of those that came: both lists are by address.
fn services<C, S: Clone, I>(last: &Choices<S, I>, connected: &Connected<C>, method: &dyn Fn(&C) -> S) -> Vec<S> {
    let mut old = last.members.iter().zip(&last.services).peekable();
    let mut services = Vec::with_capacity(connected.members.len());
    for (member, connection) in connected.members.iter().zip(&connected.connections) {
        while old.next_if(|(before, _)| before.instance.address() < member.instance.address()).is_some() {}
        // Another node at the same address is another connection.
        let stayed = old.next_if(|(before, _)| std::sync::Arc::ptr_eq(&before.node, &member.node));
        services.push(stayed.map_or_else(|| method(connection), |(_, service)| service.clone()));
    }
    services
}

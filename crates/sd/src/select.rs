//! Which instances of a set a client uses.

use std::cmp::Reverse;

use crate::Instance;
use crate::hash::{hash_of, mix};

/// Those of a zone alone, where they are enough.
pub(crate) fn prefer_zone(instances: &mut Vec<Instance>, zone: &str, at_least: usize) {
    let here = |instance: &Instance| instance.zone() == Some(zone);
    let there = instances.iter().filter(|instance| here(instance)).count();
    if there >= at_least.max(1) {
        instances.retain(here);
    }
}

/// So many at most: those that stand highest when a client's lot is drawn for each (rendezvous hashing). They stay in their order.
pub(crate) fn subset(instances: &mut Vec<Instance>, client: &str, size: usize) {
    if instances.len() <= size {
        return;
    }
    let client = hash_of(client.as_bytes());
    let lot = |instance: &Instance| mix(client ^ hash_of(instance.address().as_bytes()));
    let mut lots: Vec<_> = instances.iter().map(lot).collect();
    let Some(nth) = size.checked_sub(1) else { return instances.clear() };
    let (_, &mut last, _) = lots.select_nth_unstable_by_key(nth, |lot| Reverse(*lot));
    instances.retain(|instance| lot(instance) >= last);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(size: u16) -> Vec<Instance> {
        (1..=size)
            .map(|port| Instance::new("10.0.0.1", port).with_zone(if port % 4 == 0 { "a" } else { "b" }))
            .collect()
    }

    #[test]
    fn a_zone_is_preferred_while_it_has_enough() {
        let mut enough = fleet(8);
        prefer_zone(&mut enough, "a", 2);
        assert_eq!(enough.iter().map(Instance::port).collect::<Vec<_>>(), [4, 8]);
        let mut too_few = fleet(8);
        prefer_zone(&mut too_few, "a", 3);
        assert_eq!(too_few.len(), 8);
        let mut none = fleet(3);
        prefer_zone(&mut none, "a", 0);
        assert_eq!(none.len(), 3);
    }

    #[test]
    fn a_subset_has_its_size_and_changes_by_one_when_an_instance_goes() {
        let mut before = fleet(100);
        subset(&mut before, "client-1", 20);
        assert_eq!(before.len(), 20);
        for gone in 0..100 {
            let mut after = fleet(100);
            after.remove(gone);
            subset(&mut after, "client-1", 20);
            assert_eq!(after.len(), 20);
            assert!(after.iter().filter(|instance| !before.contains(instance)).count() <= 1);
        }
    }

    #[test]
    fn over_many_clients_all_instances_are_used_alike() {
        let mut uses = vec![0_u32; 101];
        for client in 0..1000 {
            let mut mine = fleet(100);
            subset(&mut mine, &format!("client-{client}"), 20);
            mine.iter().for_each(|instance| uses[usize::from(instance.port())] += 1);
        }
        // 200 each, with a deviation of 12.6 where it is by lot.
        assert!(uses[1..].iter().all(|uses| (140..=260).contains(uses)), "{uses:?}");
    }

    #[test]
    fn no_more_than_there_are_and_none_of_none() {
        let mut few = fleet(3);
        subset(&mut few, "a", 20);
        assert_eq!(few.len(), 3);
        subset(&mut few, "a", 0);
        assert!(few.is_empty());
        subset(&mut few, "a", 2);
        assert!(few.is_empty());
    }
}

use std::fmt;

use crate::Instance;
use crate::hash::{hash_of, mix};

/// The points of an instance of weight 100. With so many, and so many probes, what it owns is within some 12 % of its share, most of the
/// time.
const POINTS: u16 = 8;
/// So that a weight of a registry can't fill the memory.
const MOST_POINTS: u16 = 8 * POINTS;
/// How many places of the ring are looked at for a key. Eight times as many points would do as well with one, and not fit in a
/// processor's cache.
const PROBES: u64 = 5;

/// The ring of a [`ConsistentHash`](super::ConsistentHash).
///
/// It is an ordered hash table (O. Amble and D. E. Knuth, "Ordered Hash Tables", 1974): the points in their order, each in the slot that
/// the high bits of its hash name, or as soon after it as there is room. So it is made without sorting, and the next point to a place is found
/// without a search.
pub struct Ring {
    /// In each slot the first point that is in it or behind it: the high 40 bits of a hash, and the number of an instance. Where there is
    /// none any more, [`END`].
    slots: Vec<u64>,
    shift: u32,
    /// How many points each instance has.
    shares: Vec<u16>,
    points: f64,
}

const NUMBER_BITS: u32 = 24;
const NUMBERS: u64 = (1 << NUMBER_BITS) - 1;
/// Greater than all points.
const END: u64 = u64::MAX;

impl Ring {
    pub(super) fn new<'a>(instances: impl Iterator<Item = &'a Instance> + Clone) -> Self {
        // Sixteen million are all that fit.
        let instances = instances.take(NUMBERS as usize);
        let mut shares: Vec<_> = instances.clone().map(share).collect();
        if shares.iter().all(|share| *share == 0) {
            shares.fill(POINTS);
        }
        let points: usize = shares.iter().map(|share| usize::from(*share)).sum();
        let bits = (points + points / 2).max(2).next_power_of_two().ilog2();
        let (shift, mut slots) = (u64::BITS - bits, vec![END; 1 << bits]);
        let lots: Vec<_> = (0..u64::from(MOST_POINTS)).map(mix).collect();
        for ((instance, share), number) in instances.zip(&shares).zip(0_u64..) {
            let seed = hash_of(instance.address().as_bytes());
            for lot in lots.iter().take(usize::from(*share)) {
                insert(&mut slots, shift, mix(seed ^ lot) & !NUMBERS | number);
            }
        }
        let mut next = END;
        for slot in slots.iter_mut().rev() {
            next = next.min(*slot);
            *slot = next;
        }
        Self { slots, shift, shares, points: points as f64 }
    }

    /// The owner of a key, and those behind it on the ring, once around; the same may come more than once.
    pub(super) fn owners(&self, key: u64) -> impl Iterator<Item = usize> {
        let distance = |place: &u64| (self.next(*place) & !NUMBERS).wrapping_sub(*place);
        let places = (0..PROBES).map(|probe| mix(key.wrapping_add(probe)) & !NUMBERS);
        let nearest = places.min_by_key(distance).unwrap_or_default();
        self.points(nearest).map(|point| (point & NUMBERS) as usize)
    }

    /// The slot of the next point to a place.
    fn slot(&self, place: u64) -> usize {
        /// Where it is nearly always. They are looked at without a branch, which a processor could not foresee.
        const NEAR: usize = 4;
        // None stands ahead of its slot.
        let first = (place >> self.shift) as usize;
        let rest = self.slots.get(first..).unwrap_or_default();
        let less = |slots: &[u64]| slots.iter().map(|point| usize::from(*point < place)).sum::<usize>();
        match rest.first_chunk::<NEAR>().map(|near| less(near)) {
            Some(near) if near < NEAR => first + near,
            _ => first + rest.iter().take_while(|point| **point < place).count(),
        }
    }

    fn next(&self, place: u64) -> u64 {
        let point = self.slots.get(self.slot(place)).copied().filter(|point| *point != END);
        point.or_else(|| self.slots.first().copied()).unwrap_or(END)
    }

    /// The points from a place on, once around.
    fn points(&self, place: u64) -> impl Iterator<Item = u64> {
        let (before, after) = self.slots.split_at(self.slot(place).min(self.slots.len()));
        // The first slots may hold a point that was passed already.
        let before = before.iter().take_while(move |point| **point < place);
        let mut last = END;
        let points = after.iter().chain(before).copied();
        points.filter(move |point| *point != END && std::mem::replace(&mut last, *point) != *point)
    }

    /// Which part of the points an instance has.
    pub(super) fn share(&self, number: usize) -> f64 {
        self.shares.get(number).map_or(0.0, |share| f64::from(*share) / self.points)
    }
}

/// As many points as its weight says, and one at least, unless it is 0.
fn share(instance: &Instance) -> u16 {
    let points = (u64::from(instance.weight()) * u64::from(POINTS)).saturating_add(50) / 100;
    let least = u64::from(instance.weight() > 0);
    u16::try_from(points.max(least)).map_or(MOST_POINTS, |points| points.min(MOST_POINTS))
}

/// Those that are greater move on.
fn insert(slots: &mut Vec<u64>, shift: u32, mut point: u64) {
    let first = (point >> shift) as usize;
    for other in slots.iter_mut().skip(first) {
        if *other == END {
            *other = point;
            return;
        }
        if point < *other {
            std::mem::swap(&mut point, other);
        }
    }
    slots.push(point);
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("points", &self.points).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: u64 = 20_000;

    fn fleet(size: u16) -> Vec<Instance> {
        (1..=size).map(|port| Instance::new("10.0.0.1", port)).collect()
    }

    /// The port of the owner of each key.
    fn owners(instances: &[Instance]) -> Vec<u16> {
        let ring = Ring::new(instances.iter());
        (0..KEYS).map(|key| instances[ring.owners(mix(key)).next().unwrap()].port()).collect()
    }

    #[test]
    fn when_an_instance_comes_or_goes_only_its_own_keys_move() {
        let (all, mut some) = (fleet(50), fleet(50));
        some.remove(17);
        let (with, without) = (owners(&all), owners(&some));
        assert!(with.iter().zip(&without).all(|(with, without)| with == without || *with == 18));
        assert!(with.contains(&18));
    }

    #[test]
    fn each_instance_owns_about_its_share() {
        let mut owned = [0_u32; 51];
        owners(&fleet(50)).iter().for_each(|port| owned[usize::from(*port)] += 1);
        assert!(owned[1..].iter().all(|keys| (240..=560).contains(keys)), "400 each: {owned:?}");
    }

    #[test]
    fn all_points_are_passed_once_around_in_their_order() {
        let all = fleet(100);
        let ring = Ring::new(all.iter());
        for key in 0..1000 {
            let place = mix(key);
            let points: Vec<_> = ring.points(place).collect();
            assert_eq!(points.len(), 100 * usize::from(POINTS));
            assert!(points.iter().is_sorted_by_key(|point| point.wrapping_sub(place)));
        }
    }

    #[test]
    fn a_small_weight_is_not_none_and_a_great_one_fills_no_memory() {
        let weights = |weights: [u32; 3]| {
            let instances: Vec<_> =
                fleet(3).into_iter().zip(weights).map(|(one, weight)| one.with_weight(weight)).collect();
            Ring::new(instances.iter()).shares
        };
        assert_eq!(weights([0, 1, 100]), [0, 1, POINTS]);
        assert_eq!(weights([50, 800, u32::MAX]), [POINTS / 2, MOST_POINTS, MOST_POINTS]);
        assert_eq!(weights([0, 0, 0]), [POINTS; 3]);
        assert_eq!(Ring::new([].into_iter()).owners(7).next(), None);
    }
}

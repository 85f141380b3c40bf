//! How a cargo goes to where it is to go.

use std::fmt;
use std::time::SystemTime;

use super::handling::{Activity, HandlingEvent};
use super::location::UnLocode;
use super::voyage::VoyageNumber;

/// A part of the way, on one voyage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) voyage: VoyageNumber,
    pub(crate) from: UnLocode,
    pub(crate) to: UnLocode,
    pub(crate) load_time: SystemTime,
    pub(crate) unload_time: SystemTime,
}

/// Legs, each of which begins where the one before ends, and not before it does. There is one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Itinerary {
    first: Leg,
    more: Vec<Leg>,
}

impl Itinerary {
    /// Fails where the legs are no way.
    pub(crate) fn new(legs: Vec<Leg>) -> Result<Self, InvalidItinerary> {
        for (number, leg) in legs.iter().enumerate() {
            if leg.unload_time < leg.load_time {
                return Err(InvalidItinerary::Backwards { leg: number });
            }
        }
        for (number, (before, leg)) in legs.iter().zip(legs.iter().skip(1)).enumerate() {
            if before.to != leg.from {
                return Err(InvalidItinerary::Gap { leg: number + 1 });
            }
            if leg.load_time < before.unload_time {
                return Err(InvalidItinerary::Missed { leg: number + 1 });
            }
        }
        let mut legs = legs.into_iter();
        let first = legs.next().ok_or(InvalidItinerary::NoLegs)?;
        Ok(Self { first, more: legs.collect() })
    }

    pub(crate) fn legs(&self) -> impl DoubleEndedIterator<Item = &Leg> {
        std::iter::once(&self.first).chain(&self.more)
    }

    fn last(&self) -> &Leg {
        self.more.last().unwrap_or(&self.first)
    }

    /// Where it begins.
    pub(crate) const fn origin(&self) -> &UnLocode {
        &self.first.from
    }

    /// Where it ends.
    pub(crate) fn destination(&self) -> &UnLocode {
        &self.last().to
    }

    /// When it ends.
    pub(crate) fn arrival(&self) -> SystemTime {
        self.last().unload_time
    }

    /// Whether an event is one that happens on this way.
    pub(crate) fn expects(&self, event: &HandlingEvent) -> bool {
        let at = &event.location;
        match &event.activity {
            Activity::Receive => self.origin() == at,
            Activity::Load(voyage) => self.legs().any(|leg| leg.from == *at && leg.voyage == *voyage),
            Activity::Unload(voyage) => self.legs().any(|leg| leg.to == *at && leg.voyage == *voyage),
            Activity::Claim => self.destination() == at,
            // Customs may look at it anywhere.
            Activity::Customs => true,
        }
    }

    /// What is to be done after an event that was expected, and where.
    pub(crate) fn after(&self, event: &HandlingEvent) -> Option<(Activity, &UnLocode)> {
        let at = &event.location;
        match &event.activity {
            Activity::Load(voyage) => {
                let leg = self.legs().find(|leg| leg.from == *at && leg.voyage == *voyage)?;
                Some((Activity::Unload(leg.voyage.clone()), &leg.to))
            }
            Activity::Unload(voyage) => {
                let mut later = self.legs().skip_while(|leg| !(leg.to == *at && leg.voyage == *voyage));
                later.next()?;
                Some(later.next().map_or_else(|| (Activity::Claim, self.destination()), load))
            }
            // Where it waits, it waits for what takes it away.
            Activity::Receive | Activity::Customs => match self.legs().find(|leg| leg.from == *at) {
                Some(leg) => Some(load(leg)),
                None => (self.destination() == at).then(|| (Activity::Claim, self.destination())),
            },
            Activity::Claim => None,
        }
    }
}

fn load(leg: &Leg) -> (Activity, &UnLocode) {
    (Activity::Load(leg.voyage.clone()), &leg.from)
}

/// Legs that are no way. They are counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidItinerary {
    /// There are none.
    NoLegs,
    /// One ends before it begins.
    Backwards { leg: usize },
    /// One begins elsewhere than the one before it ends.
    Gap { leg: usize },
    /// One begins before the one before it ends.
    Missed { leg: usize },
}

impl fmt::Display for InvalidItinerary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLegs => "has no legs",
            Self::Backwards { .. } => "ends before it begins",
            Self::Gap { .. } => "begins elsewhere than the leg before it ends",
            Self::Missed { .. } => "begins before the leg before it ends",
        })
    }
}

impl std::error::Error for InvalidItinerary {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::{code, event, leg, voyage};

    fn by_rotterdam() -> Itinerary {
        Itinerary::new(vec![leg("V300", "CNHKG", "NLRTM", 1, 3), leg("V500", "NLRTM", "SESTO", 4, 6)]).unwrap()
    }

    #[test]
    fn legs_make_a_way_only_if_they_meet_in_place_and_in_time() {
        let invalid = |legs| Itinerary::new(legs).unwrap_err();
        assert_eq!(invalid(vec![]), InvalidItinerary::NoLegs);
        assert_eq!(invalid(vec![leg("V300", "CNHKG", "NLRTM", 3, 1)]), InvalidItinerary::Backwards { leg: 0 });
        let first = leg("V300", "CNHKG", "NLRTM", 1, 3);
        let elsewhere = vec![first.clone(), leg("V500", "DEHAM", "SESTO", 4, 6)];
        assert_eq!(invalid(elsewhere), InvalidItinerary::Gap { leg: 1 });
        assert_eq!(invalid(vec![first, leg("V500", "NLRTM", "SESTO", 2, 6)]), InvalidItinerary::Missed { leg: 1 });
    }

    #[test]
    fn what_happens_on_the_way_is_expected() {
        for (activity, location) in [
            (Activity::Receive, "CNHKG"),
            (Activity::Load(voyage("V300")), "CNHKG"),
            (Activity::Unload(voyage("V300")), "NLRTM"),
            (Activity::Load(voyage("V500")), "NLRTM"),
            (Activity::Customs, "NLRTM"),
            (Activity::Unload(voyage("V500")), "SESTO"),
            (Activity::Customs, "AUMEL"),
            (Activity::Claim, "SESTO"),
        ] {
            assert!(by_rotterdam().expects(&event(activity.clone(), location, 1)), "{activity:?} in {location}");
        }
    }

    #[test]
    fn what_happens_elsewhere_or_on_another_voyage_is_not() {
        for (activity, location) in [
            (Activity::Receive, "NLRTM"),
            (Activity::Load(voyage("V100")), "CNHKG"),
            (Activity::Load(voyage("V300")), "NLRTM"),
            (Activity::Unload(voyage("V300")), "DEHAM"),
            (Activity::Claim, "NLRTM"),
        ] {
            assert!(!by_rotterdam().expects(&event(activity.clone(), location, 1)), "{activity:?} in {location}");
        }
    }

    #[test]
    fn one_activity_follows_the_other_until_the_claim() {
        let way = by_rotterdam();
        let (hong_kong, rotterdam, stockholm) = (code("CNHKG"), code("NLRTM"), code("SESTO"));
        for (done, location, next) in [
            (Activity::Receive, "CNHKG", Some((Activity::Load(voyage("V300")), &hong_kong))),
            (Activity::Load(voyage("V300")), "CNHKG", Some((Activity::Unload(voyage("V300")), &rotterdam))),
            (Activity::Unload(voyage("V300")), "NLRTM", Some((Activity::Load(voyage("V500")), &rotterdam))),
            (Activity::Customs, "NLRTM", Some((Activity::Load(voyage("V500")), &rotterdam))),
            (Activity::Load(voyage("V500")), "NLRTM", Some((Activity::Unload(voyage("V500")), &stockholm))),
            (Activity::Unload(voyage("V500")), "SESTO", Some((Activity::Claim, &stockholm))),
            (Activity::Customs, "SESTO", Some((Activity::Claim, &stockholm))),
            (Activity::Customs, "AUMEL", None),
            (Activity::Claim, "SESTO", None),
        ] {
            assert_eq!(way.after(&event(done.clone(), location, 1)), next, "after {done:?} in {location}");
        }
    }
}

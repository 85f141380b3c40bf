//! How a cargo goes to where it is to go.

use std::time::SystemTime;

use super::error::Error;
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
    /// Legs at most.
    pub(crate) const MOST: usize = 50;

    /// Fails where the legs are no way.
    pub(crate) fn new(legs: Vec<Leg>) -> Result<Self, Error> {
        if legs.len() > Self::MOST {
            return Err(Error::TooManyLegs);
        }
        for (number, leg) in legs.iter().enumerate() {
            if leg.unload_time < leg.load_time {
                return Err(Error::Backwards(number));
            }
        }
        for (number, (before, leg)) in legs.iter().zip(legs.iter().skip(1)).enumerate() {
            if before.to != leg.from {
                return Err(Error::Gap(number + 1));
            }
            if leg.load_time < before.unload_time {
                return Err(Error::Missed(number + 1));
            }
        }
        let mut legs = legs.into_iter();
        let first = legs.next().ok_or(Error::NoLegs)?;
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

    /// What is to be done next after all that was done, and where; none where the last of that was not expected, or was
    /// the claim. A port may be called at twice, so how far the cargo has come is looked for from the first event on.
    pub(crate) fn after(&self, done: &[HandlingEvent]) -> Option<(Activity, &UnLocode)> {
        let mut steps = self.steps();
        let mut next = Some(0);
        let mut reached = 0;
        for event in done {
            next = place_after(&steps, reached, event);
            reached = next.unwrap_or(reached);
        }
        next.filter(|next| *next < steps.len()).map(|next| steps.swap_remove(next))
    }

    /// All that is done on the way.
    fn steps(&self) -> Vec<(Activity, &UnLocode)> {
        let of_leg = |leg: &'_ Leg| [Activity::Load(leg.voyage.clone()), Activity::Unload(leg.voyage.clone())];
        let legs = self.legs().flat_map(|leg| of_leg(leg).into_iter().zip([&leg.from, &leg.to]));
        let (receive, claim) = ((Activity::Receive, self.origin()), (Activity::Claim, self.destination()));
        std::iter::once(receive).chain(legs).chain([claim]).collect()
    }
}

/// The number of the step that is next after an event, where those before `reached` were done.
fn place_after(steps: &[(Activity, &UnLocode)], reached: usize, event: &HandlingEvent) -> Option<usize> {
    // Where it is received or looked at, it waits for what takes it away.
    let waits = matches!(event.activity, Activity::Receive | Activity::Customs);
    let (done, onwards) = steps.split_at_checked(reached)?;
    let before = done.last().filter(|(_, location)| **location == event.location);
    if before.is_some_and(|(activity, _)| waits || *activity == event.activity) {
        return Some(reached); // It has not moved, or is told of twice.
    }
    // What comes later is looked at first; what came before is done again by a cargo that was sent back.
    let later = onwards.iter().zip(reached..).chain(done.iter().zip(0..));
    let mut here = later.filter(|((_, location), _)| **location == event.location);
    if waits {
        here.find(|((activity, _), _)| matches!(activity, Activity::Load(_) | Activity::Claim)).map(|(_, step)| step)
    } else {
        here.find(|((activity, _), _)| *activity == event.activity).map(|(_, step)| step + 1)
    }
}

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
        assert_eq!(invalid(vec![]), Error::NoLegs);
        let to_and_fro = |number| if number % 2 == 0 { ("CNHKG", "NLRTM") } else { ("NLRTM", "CNHKG") };
        let legs = |count| {
            let leg = |number| leg("V300", to_and_fro(number).0, to_and_fro(number).1, number, number + 1);
            (0..count).map(leg).collect::<Vec<_>>()
        };
        assert!(Itinerary::new(legs(50)).is_ok());
        assert_eq!(invalid(legs(51)), Error::TooManyLegs);
        assert_eq!(invalid(vec![leg("V300", "CNHKG", "NLRTM", 3, 1)]), Error::Backwards(0));
        let first = leg("V300", "CNHKG", "NLRTM", 1, 3);
        let elsewhere = vec![first.clone(), leg("V500", "DEHAM", "SESTO", 4, 6)];
        assert_eq!(invalid(elsewhere), Error::Gap(1));
        assert_eq!(invalid(vec![first, leg("V500", "NLRTM", "SESTO", 2, 6)]), Error::Missed(1));
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
            assert_eq!(way.after(&[event(done.clone(), location, 1)]), next, "after {done:?} in {location}");
        }
    }

    /// What comes next after each of the events, the ones before it being done.
    fn told(way: &Itinerary, events: &[(&str, &str, &str)]) -> Vec<String> {
        let told: Vec<_> = events
            .iter()
            .map(|(activity, number, location)| {
                let activity = match *activity {
                    "receive" => Activity::Receive,
                    "load" => Activity::Load(voyage(number)),
                    "unload" => Activity::Unload(voyage(number)),
                    _ => Activity::Customs,
                };
                event(activity, location, 1)
            })
            .collect();
        let next = |count| match way.after(&told[..count]) {
            Some((Activity::Load(voyage), location)) => format!("load {voyage} in {location}"),
            Some((Activity::Unload(voyage), location)) => format!("unload {voyage} in {location}"),
            other => format!("{other:?}"),
        };
        (1..=told.len()).map(next).collect()
    }

    #[test]
    fn in_a_port_that_is_called_at_twice_it_is_known_which_time_it_is() {
        let (a, b, c) = ("SESTO", "DEHAM", "NLRTM");
        let way = Itinerary::new(vec![leg("V1", a, b, 1, 2), leg("V2", b, a, 3, 4), leg("V3", a, c, 5, 6)]).unwrap();
        let events = [
            ("receive", "", a),
            ("load", "V1", a),
            ("unload", "V1", b),
            ("customs", "", b),
            ("load", "V2", b),
            ("unload", "V2", a),
            ("customs", "", a),
            ("customs", "", a),
        ];
        assert_eq!(
            told(&way, &events),
            [
                "load V1 in SESTO",
                "unload V1 in DEHAM",
                "load V2 in DEHAM",
                "load V2 in DEHAM",
                "unload V2 in SESTO",
                "load V3 in SESTO",
                "load V3 in SESTO",
                "load V3 in SESTO",
            ]
        );
    }

    #[test]
    fn on_a_voyage_that_is_taken_twice_from_one_port_it_is_known_which_time_it_is() {
        let (a, b, c) = ("SESTO", "DEHAM", "NLRTM");
        let way = Itinerary::new(vec![leg("V1", a, b, 1, 2), leg("V2", b, a, 3, 4), leg("V1", a, c, 5, 6)]).unwrap();
        // That it was loaded is told twice.
        let events = [
            ("load", "V1", a),
            ("load", "V1", a),
            ("unload", "V1", b),
            ("load", "V2", b),
            ("unload", "V2", a),
            ("load", "V1", a),
        ];
        assert_eq!(
            told(&way, &events),
            [
                "unload V1 in DEHAM",
                "unload V1 in DEHAM",
                "load V2 in DEHAM",
                "unload V2 in SESTO",
                "load V1 in SESTO",
                "unload V1 in NLRTM",
            ]
        );
    }

    #[test]
    fn what_is_missing_or_was_not_expected_does_not_stand_in_the_way() {
        let events = [("load", "V300", "CNHKG"), ("customs", "", "AUMEL"), ("load", "V500", "NLRTM")];
        assert_eq!(told(&by_rotterdam(), &events), ["unload V300 in NLRTM", "None", "unload V500 in SESTO"]);
        let sent_back = [("unload", "V300", "NLRTM"), ("load", "V300", "CNHKG")];
        assert_eq!(told(&by_rotterdam(), &sent_back), ["load V500 in NLRTM", "unload V300 in NLRTM"]);
    }

    #[test]
    fn what_was_not_expected_does_not_set_it_back() {
        let (a, b, c) = ("SESTO", "DEHAM", "NLRTM");
        let way = Itinerary::new(vec![leg("V1", a, b, 1, 2), leg("V2", b, a, 3, 4), leg("V1", a, c, 5, 6)]).unwrap();
        let events = [("unload", "V1", b), ("unload", "V2", a), ("customs", "", "AUMEL"), ("load", "V1", a)];
        assert_eq!(told(&way, &events)[2..], ["None", "unload V1 in NLRTM"]);
    }

    #[test]
    fn customs_that_look_at_it_when_it_is_loaded_do_not_have_it_loaded_again() {
        let events = [("load", "V300", "CNHKG"), ("customs", "", "CNHKG")];
        assert_eq!(told(&by_rotterdam(), &events), ["unload V300 in NLRTM"; 2]);
    }
}

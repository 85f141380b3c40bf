//! What the tests of the domain speak of.

use std::time::{Duration, SystemTime};

use super::handling::{Activity, HandlingEvent, History};
use super::itinerary::Leg;
use super::location::UnLocode;
use super::voyage::VoyageNumber;

pub(crate) fn code(text: &str) -> UnLocode {
    text.parse().unwrap()
}

pub(crate) fn voyage(text: &str) -> VoyageNumber {
    text.parse().unwrap()
}

pub(crate) fn day(number: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(number * 24 * 3600)
}

pub(crate) fn leg(number: &str, from: &str, to: &str, load_day: u64, unload_day: u64) -> Leg {
    let (from, to) = (code(from), code(to));
    Leg { voyage: voyage(number), from, to, load_time: day(load_day), unload_time: day(unload_day) }
}

pub(crate) fn event(activity: Activity, location: &str, on_day: u64) -> HandlingEvent {
    HandlingEvent { activity, location: code(location), completed: day(on_day) }
}

pub(crate) fn history(told: Vec<HandlingEvent>) -> History {
    let mut history = History::default();
    told.into_iter().for_each(|event| history.add(event).unwrap());
    history
}

//! What is done to a cargo on its way.

use std::time::SystemTime;

use super::error::Error;
use super::location::UnLocode;
use super::voyage::VoyageNumber;

/// What can be done to it. It is loaded and unloaded for a voyage, and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    Receive,
    Load(VoyageNumber),
    Unload(VoyageNumber),
    Customs,
    Claim,
}

/// What was done to a cargo, where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandlingEvent {
    pub(crate) activity: Activity,
    pub(crate) location: UnLocode,
    pub(crate) completed: SystemTime,
}

/// All that was done to one cargo, in the order in which it was done, whenever it was told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Vec<HandlingEvent>);

impl History {
    /// Events of one cargo at most. The longest of itineraries takes half of them.
    pub(crate) const MOST: usize = 200;

    /// What was done at the same time stays in the order in which it was told of.
    pub(crate) fn add(&mut self, event: HandlingEvent) -> Result<(), Error> {
        if self.0.len() >= Self::MOST {
            return Err(Error::Full(Self::MOST, "events of a cargo"));
        }
        let at = self.0.partition_point(|before| before.completed <= event.completed);
        self.0.insert(at, event);
        Ok(())
    }

    pub(crate) fn events(&self) -> &[HandlingEvent] {
        &self.0
    }

    /// What was done last.
    pub(crate) fn last(&self) -> Option<&HandlingEvent> {
        self.0.last()
    }

    /// Where it was unloaded, and has not been loaded since. What else is done to it there does not move it.
    pub(crate) fn unloaded_at(&self) -> Option<&UnLocode> {
        let mut moves = self.0.iter().rev().filter_map(|event| match event.activity {
            Activity::Load(_) => Some(None),
            Activity::Unload(_) => Some(Some(&event.location)),
            Activity::Receive | Activity::Customs | Activity::Claim => None,
        });
        moves.next().flatten()
    }

    /// Whether something was done to it after it was claimed.
    pub(crate) fn goes_on_after_claim(&self) -> bool {
        self.0.iter().rev().skip(1).any(|event| event.activity == Activity::Claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::{code, event, history, voyage};

    #[test]
    fn what_is_told_late_stands_where_it_was_done() {
        let history = history(vec![event(Activity::Claim, "SESTO", 9), event(Activity::Receive, "CNHKG", 1)]);
        assert_eq!(history.last().unwrap().activity, Activity::Claim);
        assert!(!history.goes_on_after_claim());
    }

    #[test]
    fn of_what_was_done_at_the_same_time_the_later_told_is_the_last() {
        let history = history(vec![event(Activity::Receive, "CNHKG", 1), event(Activity::Customs, "CNHKG", 1)]);
        assert_eq!(history.last().unwrap().activity, Activity::Customs);
    }

    #[test]
    fn a_claim_that_is_not_the_last_event_is_noticed() {
        let after = history(vec![event(Activity::Claim, "SESTO", 1), event(Activity::Receive, "SESTO", 2)]);
        assert!(after.goes_on_after_claim());
        assert!(!History::default().goes_on_after_claim());
    }

    #[test]
    fn it_lies_where_it_was_unloaded_until_it_is_loaded_again() {
        let unload = event(Activity::Unload(voyage("V300")), "SESTO", 1);
        assert_eq!(history(vec![unload.clone()]).unloaded_at(), Some(&code("SESTO")));
        let claimed = history(vec![event(Activity::Claim, "SESTO", 2), unload.clone()]);
        assert_eq!(claimed.unloaded_at(), Some(&code("SESTO")));
        let loaded = history(vec![unload, event(Activity::Load(voyage("V600")), "SESTO", 2)]);
        assert_eq!((loaded.unloaded_at(), History::default().unloaded_at()), (None, None));
    }

    #[test]
    fn no_more_events_are_taken_note_of_than_there_is_room_for() {
        let mut full = History::default();
        let customs = event(Activity::Customs, "SESTO", 1);
        assert!((0..History::MOST).all(|_| full.add(customs.clone()).is_ok()));
        assert_eq!(full.add(customs), Err(Error::Full(History::MOST, "events of a cargo")));
        assert_eq!(full.events().len(), History::MOST);
    }
}

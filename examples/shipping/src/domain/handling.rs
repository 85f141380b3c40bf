//! What is done to a cargo on its way.

use std::time::SystemTime;

use super::cargo::TrackingId;
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
    pub(crate) tracking_id: TrackingId,
    pub(crate) activity: Activity,
    pub(crate) location: UnLocode,
    pub(crate) completed: SystemTime,
}

/// All that was done to one cargo.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Vec<HandlingEvent>);

impl History {
    /// Of events in the order in which they were told of. What was done at the same time stays in that order.
    pub(crate) fn new(mut events: Vec<HandlingEvent>) -> Self {
        events.sort_by_key(|event| event.completed);
        Self(events)
    }

    /// In the order in which it was done, whenever it was told of.
    pub(crate) fn events(&self) -> &[HandlingEvent] {
        &self.0
    }

    /// What was done last.
    pub(crate) fn last(&self) -> Option<&HandlingEvent> {
        self.0.last()
    }

    /// Whether something was done to it after it was claimed.
    pub(crate) fn goes_on_after_claim(&self) -> bool {
        self.0.iter().rev().skip(1).any(|event| event.activity == Activity::Claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::event;

    #[test]
    fn what_is_told_late_stands_where_it_was_done() {
        let history = History::new(vec![event(Activity::Claim, "SESTO", 9), event(Activity::Receive, "CNHKG", 1)]);
        assert_eq!(history.last().unwrap().activity, Activity::Claim);
        assert!(!history.goes_on_after_claim());
    }

    #[test]
    fn of_what_was_done_at_the_same_time_the_later_told_is_the_last() {
        let history = History::new(vec![event(Activity::Receive, "CNHKG", 1), event(Activity::Customs, "CNHKG", 1)]);
        assert_eq!(history.last().unwrap().activity, Activity::Customs);
    }

    #[test]
    fn a_claim_that_is_not_the_last_event_is_noticed() {
        let history = History::new(vec![event(Activity::Claim, "SESTO", 1), event(Activity::Receive, "SESTO", 2)]);
        assert!(history.goes_on_after_claim());
        assert!(!History::default().goes_on_after_claim());
    }
}

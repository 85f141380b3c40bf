//! What a customer reads.

use crate::domain::delivery::{Delivery, TransportStatus};
use crate::domain::handling::{Activity, HandlingEvent};
use crate::wire;

/// How it stands.
pub(super) fn status(delivery: &Delivery) -> String {
    match &delivery.transport {
        TransportStatus::NotReceived => "Not received".to_owned(),
        TransportStatus::InPort(location) => format!("In port {location}"),
        TransportStatus::OnboardCarrier(voyage) => format!("Onboard voyage {voyage}"),
        TransportStatus::Claimed => "Claimed".to_owned(),
        TransportStatus::Unknown => "Unknown".to_owned(),
    }
}

/// What comes next.
pub(super) fn next_expected_activity(delivery: &Delivery) -> String {
    let Some((activity, location)) = &delivery.next_expected else {
        return "There are currently no expected activities for this cargo.".to_owned();
    };
    let what = match activity {
        Activity::Receive => "receive cargo".to_owned(),
        Activity::Load(voyage) => format!("load cargo onto voyage {voyage}"),
        Activity::Unload(voyage) => format!("unload cargo off of voyage {voyage}"),
        Activity::Customs => "clear cargo through customs".to_owned(),
        Activity::Claim => "claim cargo".to_owned(),
    };
    format!("Next expected activity is to {what} in {location}.")
}

/// What was done, where and when.
pub(super) fn description(event: &HandlingEvent) -> Result<String, time::Error> {
    let HandlingEvent { activity, location, completed } = event;
    let what = match activity {
        Activity::Receive => "Received".to_owned(),
        Activity::Load(voyage) => format!("Loaded onto voyage {voyage}"),
        Activity::Unload(voyage) => format!("Unloaded off voyage {voyage}"),
        Activity::Customs => "Cleared customs".to_owned(),
        Activity::Claim => "Claimed".to_owned(),
    };
    Ok(format!("{what} in {location}, at {}.", wire::rfc3339(*completed)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::event;

    #[test]
    fn an_event_is_told_with_the_time_at_which_it_was_done() {
        let voyage = || "V100".parse().unwrap();
        for (activity, what) in [
            (Activity::Receive, "Received"),
            (Activity::Load(voyage()), "Loaded onto voyage V100"),
            (Activity::Unload(voyage()), "Unloaded off voyage V100"),
            (Activity::Customs, "Cleared customs"),
            (Activity::Claim, "Claimed"),
        ] {
            let told = description(&event(activity, "SESTO", 1)).unwrap();
            assert_eq!(told, format!("{what} in SESTO, at 1970-01-02T00:00:00Z."));
        }
    }
}

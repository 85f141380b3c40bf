use std::time::Duration;

use fleet::report::Outcome;
use fleet::scenario::{Phase, Plan};

use crate::programs;

/// One run for all laws: it takes half a minute.
#[tokio::test(flavor = "multi_thread")]
async fn who_retries_and_watches_health_loses_no_call_and_nobody_does_by_a_restart_or_without_a_registry() {
    let test = "who_retries_and_watches_health_loses_no_call_and_nobody_does_by_a_restart_or_without_a_registry";
    let Some(programs) = programs::find(test) else { return };
    // More time than on the page: a machine that is busy must not look like a server that hangs.
    let (deadline, attempt_timeout) = (Duration::from_secs(2), Duration::from_millis(500));
    let outcome = fleet::run(programs, Plan { deadline, attempt_timeout, ..Plan::quick() }).await.unwrap();

    // All calls are idempotent, so that those are made again too of which nobody knows whether they were done.
    for phase in Phase::ALL {
        lost(&outcome, phase, "both", 0..=0);
    }
    for phase in [Phase::Well, Phase::Restarted, Phase::NoRegistry, Phase::RegistryBack] {
        for client in &outcome.names {
            lost(&outcome, phase, client, 0..=0);
        }
    }
    // What an instance that is gone is worth to a client that has nothing against it: that is seen here at all.
    let calls = outcome.row(Phase::Killed, "deadline alone").calls;
    lost(&outcome, Phase::Killed, "deadline alone", calls / 4..=calls / 2);
    lost(&outcome, Phase::Killed, "passive health", 1..=calls / 10);
    // Until five calls have met their deadline nobody knows that it hangs.
    lost(&outcome, Phase::Hung, "passive health", 1..=calls / 2);
    assert!(outcome.row(Phase::Hung, "both").p99 >= attempt_timeout, "an attempt was waited for");
}

fn lost(outcome: &Outcome, phase: Phase, client: &str, allowed: std::ops::RangeInclusive<usize>) {
    let row = outcome.row(phase, client);
    let (reasons, details) = (outcome.reasons(phase, client), outcome.details());
    assert!(allowed.contains(&row.lost()), "{}, {client}: not {allowed:?}\n{reasons}\n{details}", phase.name());
}

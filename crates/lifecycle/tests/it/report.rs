use std::fmt;
use std::time::Duration;

use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Group, Lifeline, Linger, member_fn};

use crate::support::{Log, ends, fails, good};

#[tokio::test(start_paused = true)]
async fn the_report_reads_as_a_line_a_member_with_the_time_its_stop_took() {
    let group = Group::new().with(Linger::new(Duration::from_millis(1500))).with(ends());
    assert_eq!(group.run().await.unwrap().to_string(), "linger: stopped in 1.5s\nends: ended by itself\n");
}

/// An error of two levels.
#[derive(Debug)]
struct Outer(BoxError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot register")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_names_the_member_and_every_cause_also_where_main_returns_it() {
    let bad = member_fn("registration", |_lifeline| async { Err(Outer("connection refused".into()).into()) });
    let error: BoxError = fails(Group::new().with(bad)).await.into();
    let text = "registration: failed: cannot register: connection refused";
    assert_eq!(error.to_string(), text);
    // What Rust's runtime prints of an error that `main` returns.
    assert_eq!(format!("{error:?}"), text);
}

#[tokio::test(start_paused = true)]
async fn events_come_in_the_order_things_happen() {
    let log = Log::default();
    let (silent, events) = (Log::default(), log.clone());
    let asks = member_fn("asks", |lifeline: Lifeline| async move {
        lifeline.ready();
        Ok(())
    });
    let group = Group::new().on_event(move |event| events.add(event.to_string()));
    group.with(good("a", &silent)).with(asks).run().await.unwrap();
    assert_eq!(
        log.lines(),
        [
            "a: starting",
            "a: ready",
            "asks: starting",
            "asks: ready",
            "asks: ended by itself",
            "stopping",
            "a: stopping, within 10s",
            "a: stopped",
        ]
    );
}

use std::time::Duration;

use tokio::time::Instant;
use towerkit_lifecycle::{Group, Lifeline, member_fn};

use crate::support::{Log, endings, fails, good};

#[tokio::test(start_paused = true)]
async fn a_member_may_ask_the_whole_group_to_stop() {
    let log = Log::default();
    let admin = member_fn("admin", |lifeline: Lifeline| async move {
        lifeline.ready();
        tokio::time::sleep(Duration::from_secs(1)).await;
        lifeline.stop_group();
        lifeline.stopping().await;
        Ok(())
    });
    let report = Group::new().with(admin).with(good("server", &log)).run().await.unwrap();
    assert_eq!(endings(&report), ["admin: stopped", "server: stopped"]);
}

#[tokio::test(start_paused = true)]
async fn asked_for_once_more_the_drain_is_given_up() {
    let log = Log::default();
    let admin = member_fn("admin", |lifeline: Lifeline| async move {
        lifeline.ready();
        tokio::time::sleep(Duration::from_secs(1)).await;
        lifeline.stop_group();
        tokio::time::sleep(Duration::from_secs(2)).await;
        lifeline.stop_group();
        Ok(())
    });
    let slow = member_fn("slow", |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        Ok(())
    });
    let began = Instant::now();
    let group = Group::new().stop_timeout(Duration::from_secs(7200)).with(admin).with(good("a", &log)).with(slow);
    let error = fails(group).await;
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    let overdue: Vec<_> = error.report().overdue().map(|member| member.name.as_ref()).collect();
    assert_eq!(overdue, ["a", "slow"]);
    assert_eq!(endings(error.report())[0], "admin: ended by itself");
}

#[tokio::test(start_paused = true)]
async fn the_report_and_the_events_say_who_asked_and_why() {
    let log = Log::default();
    let admin = member_fn("admin", |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stop_group_because("a new version is out");
        lifeline.stopping().await;
        Ok(())
    });
    let events = log.clone();
    let group = Group::new().on_event(move |event| events.add(event.to_string())).with(admin);
    let report = group.run().await.unwrap();
    assert_eq!(report.stop_asked_by(), Some("admin: a new version is out"));
    assert!(report.to_string().starts_with("stop asked for by admin: a new version is out\n"), "{report}");
    assert!(log.lines().contains(&"stop asked for by admin: a new version is out".to_owned()), "{log:?}");
}

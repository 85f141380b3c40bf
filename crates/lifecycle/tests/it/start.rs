use std::time::Duration;

use tokio::time::Instant;
use towerkit_lifecycle::{Group, Lifeline, MemberEnding, member_fn};

use crate::support::{Log, endings, ends, fails, good};

#[tokio::test(start_paused = true)]
async fn members_start_in_the_order_they_were_added() {
    let log = Log::default();
    Group::new().with(good("a", &log)).with(good("b", &log)).with(good("c", &log)).with(ends()).run().await.unwrap();
    assert_eq!(log.lines()[..3], ["a up", "b up", "c up"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_member_starts_only_when_the_last_is_ready() {
    let began = Instant::now();
    let slow = member_fn("slow", |lifeline: Lifeline| async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        lifeline.ready();
        lifeline.stopping().await;
        Ok(())
    });
    let next = member_fn("next", move |lifeline: Lifeline| async move {
        lifeline.ready();
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        Ok(())
    });
    Group::new().with(slow).with(next).run().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_member_that_fails_to_start_stops_those_that_started_in_reverse() {
    let log = Log::default();
    let bad = member_fn("bad", |_lifeline| async { Err("no port".into()) });
    let group = Group::new().with(good("a", &log)).with(good("b", &log)).with(bad).with(good("never", &log));
    let error = fails(group).await;
    assert_eq!(log.lines(), ["a up", "b up", "b down", "a down"]);
    assert_eq!(endings(error.report()), ["a: stopped", "b: stopped", "bad: failed: no port", "never: not started"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_not_ready_in_time_fails_the_start() {
    let log = Log::default();
    let stuck = member_fn("stuck", |lifeline: Lifeline| async move {
        lifeline.stopping().await;
        Ok(())
    });
    let began = Instant::now();
    let group = Group::new().start_timeout(Duration::from_secs(5)).with(good("a", &log)).with(stuck);
    let error = fails(group).await;
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert_eq!(log.lines(), ["a up", "a down"]);
    assert!(matches!(error.report().members()[1].ending, MemberEnding::NotReady { limit } if limit.as_secs() == 5));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ends_well_before_it_is_ready_does_not_stop_the_group() {
    let log = Log::default();
    let done = log.clone();
    let job = member_fn("migrate", move |_lifeline| async move {
        done.add("migrated");
        Ok(())
    });
    let after = log.clone();
    let server = member_fn("server", move |lifeline: Lifeline| async move {
        lifeline.ready();
        tokio::time::sleep(Duration::from_secs(60)).await;
        after.add("a minute later");
        Ok(())
    });
    let report = Group::new().with(job).with(server).run().await.unwrap();
    assert_eq!(log.lines(), ["migrated", "a minute later"]);
    assert_eq!(endings(&report), ["migrate: ended by itself", "server: ended by itself"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_dies_while_another_starts_stops_the_start() {
    let dies = member_fn("dies", |lifeline: Lifeline| async move {
        lifeline.ready();
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err("gone".into())
    });
    let slow = member_fn("slow", |lifeline: Lifeline| async move {
        lifeline.stopping().await;
        Ok(())
    });
    let began = Instant::now();
    let error = fails(Group::new().with(dies).with(slow)).await;
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(endings(error.report()), ["dies: failed: gone", "slow: stopped"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_asked_for_while_starting_starts_no_one_else() {
    let log = Log::default();
    let asks = member_fn("asks", |lifeline: Lifeline| async move {
        lifeline.stop_group();
        lifeline.ready();
        lifeline.stopping().await;
        Ok(())
    });
    let report = Group::new().with(asks).with(good("never", &log)).run().await.unwrap();
    assert_eq!(log.lines(), Vec::<String>::new());
    assert_eq!(endings(&report), ["asks: stopped", "never: not started"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_without_members_ends_at_once() {
    assert!(Group::new().run().await.unwrap().members().is_empty());
}

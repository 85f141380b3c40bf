//! Passive health: which instances are left out, and for how long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use tower::{Layer, ServiceExt};
use towerkit_endpoint::{Code, DeadlineLayer, Endpoint, Request};
use towerkit_sd::balancer::RoundRobin;
use towerkit_sd::{Endpointer, EndpointerEvent, Instancer, Outliers};

use crate::endpointer::settle;
use crate::servers::{Servers, at, connect, fleet, plain};

#[tokio::test(start_paused = true)]
async fn an_instance_that_fails_is_left_out_for_a_while_and_then_comes_back() {
    let (servers, events) = (Servers::default(), Arc::new(Mutex::new(Vec::new())));
    let told = events.clone();
    let endpointer = connect(Endpointer::builder(fleet(3)).on_event(move |event| match event {
        EndpointerEvent::Ejected { instance, time } => {
            told.lock().unwrap().push(format!("{instance} out for {time:?}"));
        }
        EndpointerEvent::Returned { instance } => told.lock().unwrap().push(format!("{instance} back")),
        _ => {}
    }));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    servers.fail(2, Code::Unavailable);
    for _ in 0..15 {
        let _ = balancer.invoke(0).await;
    }
    assert_eq!(servers.calls()[&2], 5);
    assert!(endpointer.members()[1].ejected);
    for _ in 0..30 {
        balancer.invoke(0).await.unwrap();
    }
    assert!(!servers.calls().contains_key(&2));
    servers.heal(2);
    sleep(Duration::from_secs(11)).await;
    for _ in 0..30 {
        balancer.invoke(0).await.unwrap();
    }
    assert_eq!(servers.calls()[&2], 10);
    assert_eq!(*events.lock().unwrap(), ["10.0.0.1:2 out for 10s", "10.0.0.1:2 back"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_ejection_is_twice_as_long() {
    let (servers, times) = (Servers::default(), Arc::new(Mutex::new(Vec::new())));
    let told = times.clone();
    let outliers = Outliers::new()
        .consecutive_faults(1)
        .base_ejection_time(Duration::from_secs(1))
        .max_ejection_time(Duration::from_secs(5));
    let endpointer = connect(Endpointer::builder(fleet(2)).outliers(outliers).on_event(move |event| {
        if let EndpointerEvent::Ejected { time, .. } = event {
            told.lock().unwrap().push(time.as_secs());
        }
    }));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    servers.fail(1, Code::Internal);
    let fail_for = async |seconds: u64| {
        for _ in 0..seconds * 10 {
            let _ = balancer.invoke(0).await;
            sleep(Duration::from_millis(100)).await;
        }
    };
    fail_for(15).await;
    assert_eq!(*times.lock().unwrap(), [1, 2, 4, 5, 5]);
    // After it was well for as long as the longest, it begins anew.
    servers.heal(1);
    fail_for(12).await;
    servers.fail(1, Code::Internal);
    fail_for(1).await;
    assert_eq!(times.lock().unwrap().last(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn however_many_fail_no_more_than_the_share_is_out() {
    let servers = Servers::default();
    let endpointer = plain(fleet(10));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    (1..=10).for_each(|port| servers.fail(port, Code::Unavailable));
    for _ in 0..500 {
        let _ = balancer.invoke(0).await;
    }
    assert_eq!(endpointer.members().iter().filter(|member| member.ejected).count(), 5);
}

#[tokio::test(start_paused = true)]
async fn where_too_many_are_out_all_are_called() {
    let servers = Servers::default();
    let outliers = Outliers::new().consecutive_faults(1).max_ejected(1.0);
    let endpointer = connect(Endpointer::builder(fleet(4)).outliers(outliers).panic_threshold(0.5));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    [1, 2, 3].iter().for_each(|port| servers.fail(*port, Code::Unavailable));
    for _ in 0..8 {
        let _ = balancer.invoke(0).await;
    }
    // Three of four are out: less than half are in.
    servers.calls();
    for _ in 0..8 {
        let _ = balancer.invoke(0).await;
    }
    assert_eq!(servers.calls(), BTreeMap::from([(1, 2), (2, 2), (3, 2), (4, 2)]));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_callers_own_making_is_no_fault() {
    let servers = Servers::default();
    let endpointer = plain(fleet(2));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    for code in [Code::InvalidArgument, Code::NotFound, Code::PermissionDenied, Code::ResourceExhausted] {
        servers.fail(1, code);
        for _ in 0..20 {
            let _ = balancer.invoke(0).await;
        }
    }
    assert!(endpointer.members().iter().all(|member| !member.ejected));
}

#[tokio::test(start_paused = true)]
async fn a_good_reply_ends_the_row_of_faults() {
    let servers = Servers::default();
    let endpointer = plain(fleet(2));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    for _ in 0..10 {
        servers.fail(1, Code::Unavailable);
        for _ in 0..8 {
            let _ = balancer.invoke(0).await;
        }
        servers.heal(1);
        for _ in 0..2 {
            balancer.invoke(0).await.unwrap();
        }
    }
    assert!(!endpointer.members()[0].ejected);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_hangs_is_ejected_by_the_deadline_of_its_calls() {
    let servers = Servers::default();
    servers.slow(1, Duration::from_secs(1000));
    let endpointer = plain(fleet(2));
    let balancer =
        DeadlineLayer::new(Duration::from_millis(100)).layer(servers.balance(&endpointer, RoundRobin::new()));
    for _ in 0..20 {
        let _ = balancer.invoke(0).await;
    }
    assert!(endpointer.members()[0].ejected);
    assert_eq!(servers.calls()[&1], 5);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_before_its_deadline_says_nothing_of_the_instance() {
    let servers = Servers::default();
    servers.slow(1, Duration::from_secs(1));
    let endpointer = plain(fleet(1));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    let outliers = Outliers::new().consecutive_faults(1).max_ejected(1.0);
    let strict = connect(Endpointer::builder(fleet(1)).outliers(outliers));
    let strict_balancer = servers.balance(&strict, RoundRobin::new());
    for balancer in [balancer, strict_balancer] {
        let mut request = Request::new(0);
        request.context_mut().shorten_deadline_within(Duration::from_secs(5));
        let _ = tokio::time::timeout(Duration::from_millis(10), balancer.oneshot(request)).await;
    }
    let member = &strict.members()[0];
    assert_eq!((member.ejected, member.in_flight), (false, 0));
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_leaves_while_it_is_out_takes_up_no_share() {
    let (publisher, instancer) = Instancer::channel("test");
    let servers = Servers::default();
    let endpointer = connect(Endpointer::builder(instancer).outliers(Outliers::new().consecutive_faults(1)));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    publisher.publish([at(1), at(2)]);
    servers.fail(1, Code::Unavailable);
    for _ in 0..2 {
        let _ = balancer.invoke(0).await;
    }
    assert!(endpointer.members()[0].ejected);
    publisher.publish([at(2), at(3)]);
    settle().await;
    servers.fail(3, Code::Unavailable);
    for _ in 0..3 {
        let _ = balancer.invoke(0).await;
    }
    assert!(endpointer.members()[1].ejected);
}

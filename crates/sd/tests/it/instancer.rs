//! What an instancer promises, whatever its registry.

use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::Code;
use towerkit_sd::{Instance, Instancer, RegistryError};

fn at(port: u16) -> Instance {
    Instance::new("127.0.0.1", port)
}

fn ports(instancer: &Instancer) -> Vec<u16> {
    instancer.state().instances().iter().map(Instance::port).collect()
}

fn broken(what: &'static str) -> RegistryError {
    RegistryError::unavailable("test", what)
}

#[test]
fn a_set_is_ordered_by_address_and_has_each_address_once() {
    let (publisher, instancer) = Instancer::channel("test");
    publisher.publish([at(8082).with_id("b"), at(8081), at(8082).with_id("a")]);
    let state = instancer.state();
    assert_eq!(state.instances().iter().map(Instance::id).collect::<Vec<_>>(), ["127.0.0.1:8081", "a"]);
}

#[tokio::test]
async fn the_same_set_in_another_order_is_told_to_nobody() {
    let (publisher, mut instancer) = Instancer::channel("test");
    publisher.publish([at(1), at(2)]);
    instancer.changed().await;
    publisher.publish([at(2), at(1)]);
    publisher.publish([at(1), at(2), at(3)]);
    assert_eq!(instancer.changed().await.instances().len(), 3);
}

#[test]
fn metadata_alone_are_a_change() {
    let (publisher, instancer) = Instancer::channel("test");
    publisher.publish([at(1)]);
    publisher.publish([at(1).with_weight(7)]);
    assert_eq!(instancer.state().instances()[0].weight(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_failing_registry_leaves_the_last_set_standing_and_says_since_when() {
    let (publisher, instancer) = Instancer::channel("test");
    publisher.publish([at(1)]);
    let begun = Instant::now();
    publisher.fail(broken("first"));
    tokio::time::advance(Duration::from_secs(5)).await;
    publisher.fail(broken("second"));
    let state = instancer.state();
    let failure = state.failure().unwrap();
    assert_eq!((failure.error().to_string(), failure.since()), ("test: second".to_owned(), begun));
    assert_eq!(ports(&instancer), [1]);
}

#[test]
fn a_good_answer_ends_the_failure_though_the_set_is_the_same() {
    let (publisher, instancer) = Instancer::channel("test");
    publisher.publish([at(1)]);
    publisher.fail(broken("gone"));
    publisher.publish([at(1)]);
    assert!(instancer.state().failure().is_none());
}

#[test]
fn an_empty_set_is_known_and_one_that_was_never_told_is_not() {
    let (publisher, instancer) = Instancer::channel("test");
    assert!(!instancer.state().is_known());
    publisher.publish([]);
    assert!(instancer.state().is_known());
}

#[tokio::test]
async fn a_source_that_ends_is_a_failure() {
    let mut instancer = Instancer::spawn("test", |publisher| async move { publisher.publish([at(1)]) });
    loop {
        let state = instancer.changed().await;
        if let Some(failure) = state.failure() {
            assert_eq!(failure.error().code(), Code::Unavailable);
            assert_eq!(state.instances().len(), 1);
            return;
        }
    }
}

#[tokio::test]
async fn the_source_ends_with_the_last_clone() {
    let (told, ended) = tokio::sync::oneshot::channel::<()>();
    let instancer = Instancer::spawn("test", |publisher| async move {
        let _told = told;
        publisher.publish([]);
        std::future::pending::<()>().await;
    });
    let other = instancer.clone();
    drop(instancer);
    tokio::task::yield_now().await;
    assert!(other.state().is_known());
    drop(other);
    // The sender is dropped with the task.
    assert!(tokio::time::timeout(Duration::from_secs(5), ended).await.unwrap().is_err());
}

#[tokio::test]
async fn a_slow_reader_skips_states_and_blocks_nobody() {
    let (publisher, mut instancer) = Instancer::channel("test");
    (1..=1000).for_each(|port| publisher.publish([at(port)]));
    assert_eq!(instancer.changed().await.instances()[0].port(), 1000);
}

//! A server that hangs, ends, lies; and how often it is asked.

use std::time::Duration;

use tokio::time::sleep;
use towerkit_endpoint::Code;

use super::dns;
use super::servers::Dnsmasq;
use super::wire::{Wire, with_code};
use crate::support::{addresses, until, until_addresses, until_failure};

const SRV: &str = "--srv-host=_http._tcp.svc.test,i1.svc.test,8081";
const OTHER_SRV: &str = "--srv-host=_http._tcp.svc.test,i2.svc.test,8082";

const SERVFAIL: u8 = 2;

#[tokio::test]
async fn a_server_that_hangs_is_told_and_the_set_stands_until_it_goes_on() {
    let test = "a_server_that_hangs_is_told_and_the_set_stands_until_it_goes_on";
    let Some(server) = Dnsmasq::start(test, 1, &[SRV]) else { return };
    let query = dns(server.port).service("_http._tcp.svc.test").unwrap().timeout(Duration::from_secs(1));
    let mut instancer = query.instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;

    server.process.signal("STOP");
    let state = until_failure(&mut instancer).await;
    assert_eq!(addresses(&state), ["i1.svc.test:8081"]);
    assert_eq!(state.failure().unwrap().error().code(), Code::DeadlineExceeded);

    server.process.signal("CONT");
    let state = until(&mut instancer, "it heals", |state| state.failure().is_none()).await;
    assert_eq!(addresses(&state), ["i1.svc.test:8081"]);
}

#[tokio::test]
async fn what_changed_while_the_server_was_away_is_seen_when_it_is_back() {
    let test = "what_changed_while_the_server_was_away_is_seen_when_it_is_back";
    let Some(server) = Dnsmasq::start(test, 1, &[SRV]) else { return };
    let port = server.port;
    let mut instancer = dns(port).service("_http._tcp.svc.test").unwrap().instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;

    server.process.kill();
    let state = until_failure(&mut instancer).await;
    assert_eq!(addresses(&state), ["i1.svc.test:8081"]);

    let Some(_server) = Dnsmasq::start_at(test, port, 1, &[OTHER_SRV]) else { return };
    let state = until_addresses(&mut instancer, &["i2.svc.test:8082"]).await;
    assert!(state.failure().is_none());
}

#[tokio::test]
async fn a_quiet_name_is_asked_for_once_a_ttl() {
    let test = "a_quiet_name_is_asked_for_once_a_ttl";
    // The one of TTL 0 as if it had 1 s.
    for ttl in [0, 1] {
        let Some(server) = Dnsmasq::start(test, ttl, &[SRV]) else { return };
        let mut instancer = dns(server.port).service("_http._tcp.svc.test").unwrap().instancer();
        until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;
        sleep(Duration::from_millis(3500)).await;
        let questions = server.questions();
        assert!(
            (3..=5).contains(&questions),
            "{questions} questions with a TTL of {ttl} s:\n{}",
            server.process.said()
        );
    }
}

#[tokio::test]
async fn the_time_between_two_lookups_is_bounded_above() {
    let test = "the_time_between_two_lookups_is_bounded_above";
    let Some(server) = Dnsmasq::start(test, 3600, &[SRV]) else { return };
    let query = dns(server.port).service("_http._tcp.svc.test").unwrap().max_ttl(Duration::from_secs(1));
    let mut instancer = query.instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;
    sleep(Duration::from_millis(2500)).await;
    let questions = server.questions();
    assert!((2..=4).contains(&questions), "{questions} questions");
}

#[tokio::test]
async fn nothing_is_asked_when_the_last_clone_is_gone() {
    let test = "nothing_is_asked_when_the_last_clone_is_gone";
    let Some(server) = Dnsmasq::start(test, 0, &[SRV]) else { return };
    let query = dns(server.port).service("_http._tcp.svc.test").unwrap().min_ttl(Duration::from_millis(10));
    let mut instancer = query.instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;
    let clone = instancer.clone();
    drop(instancer);
    let before = server.questions();
    sleep(Duration::from_millis(300)).await;
    assert!(server.questions() > before, "the clone is left");

    drop(clone);
    sleep(Duration::from_millis(100)).await;
    let before = server.questions();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(server.questions(), before);
}

#[tokio::test]
async fn a_server_that_answers_errors_at_once_is_not_hammered() {
    let wire = Wire::start(|question| Some(with_code(question, SERVFAIL)));
    let mut instancer = dns(wire.port).service("_http._tcp.svc.test").unwrap().instancer();
    let state = until_failure(&mut instancer).await;
    assert_eq!(state.failure().unwrap().error().code(), Code::Unavailable);
    sleep(Duration::from_secs(4)).await;
    // Waits of 50 to 100 ms, and so on to 1.6 to 3.2 s; up to four datagrams each: a retry, and the question for an
    // alias.
    let datagrams = wire.datagrams();
    assert!((8..=32).contains(&datagrams), "{datagrams} datagrams");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_hammered() {
    let wire = Wire::start(|_| None);
    let mut instancer = dns(wire.port).service("_http._tcp.svc.test").unwrap().instancer();
    let state = until_failure(&mut instancer).await;
    assert_eq!(state.failure().unwrap().error().code(), Code::DeadlineExceeded);
    sleep(Duration::from_secs(2)).await;
    let datagrams = wire.datagrams();
    assert!((4..=32).contains(&datagrams), "{datagrams} datagrams");
}

#[tokio::test]
async fn an_answer_that_is_malformed_is_a_failure_and_no_busy_loop() {
    // It says that there is a record, and ends there; the one after it, in the midst of the header.
    for cut in [None, Some(7)] {
        let wire = Wire::start(move |question| {
            let mut answer = with_code(question, 0);
            answer[7] = 1;
            answer.truncate(cut.unwrap_or(answer.len()));
            Some(answer)
        });
        let query = dns(wire.port).service("_http._tcp.svc.test").unwrap().timeout(Duration::from_secs(1));
        let mut instancer = query.instancer();
        let state = until_failure(&mut instancer).await;
        assert!(!state.is_known());
        sleep(Duration::from_secs(1)).await;
        let datagrams = wire.datagrams();
        assert!((1..=24).contains(&datagrams), "{datagrams} datagrams");
    }
}

//! A real Consul that stops, starts again, or can't be reached.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use towerkit_sd::consul::Consul;
use towerkit_sd::{Instance, Registrar};

use super::agent::{Agent, client_at};
use super::counting::counting;
use crate::support::{Running, ports, until, until_failure, until_ports};
use crate::toxiproxy::Toxiproxy;

/// The set stands while Consul is away, and all is back when it is.
async fn comes_back_by_itself(mut agent: Agent) {
    let mut instancer = agent.client().service("addsvc").instancer();
    let registration = agent.client().registration("addsvc").ttl(Duration::from_secs(1));
    let mut running = Running::start(Registrar::new(registration, Instance::new("127.0.0.1", 8081)));
    running.registered(1).await;
    until_ports(&mut instancer, &[8081]).await;

    agent.stop();
    let state = until_failure(&mut instancer).await;
    assert_eq!(ports(&state), [8081]);
    running.failing().await;
    assert_eq!(ports(&instancer.state()), [8081], "it stands as long as nothing else is known");
    agent.restart();
    running.registered(2).await;
    until_ports(&mut instancer, &[8081]).await;
    assert!(agent.knows("addsvc"));

    agent.add("two", 8082, &[]);
    until_ports(&mut instancer, &[8081, 8082]).await;
    running.stop().await;
    until_ports(&mut instancer, &[8082]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_comes_back_when_consul_was_restarted_and_has_lost_its_data() {
    let Some(agent) = Agent::start("all_comes_back_when_consul_was_restarted_and_has_lost_its_data") else { return };
    comes_back_by_itself(agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_comes_back_when_consul_was_restarted_and_has_kept_its_data() {
    let Some(agent) = Agent::with_data("all_comes_back_when_consul_was_restarted_and_has_kept_its_data") else {
        return;
    };
    comes_back_by_itself(agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_the_connection_is_cut_is_seen_after() {
    let test = "what_changes_while_the_connection_is_cut_is_seen_after";
    let (Some(agent), Some(toxiproxy)) = (Agent::start(test), Toxiproxy::start(test)) else { return };
    let link = toxiproxy.proxy(agent.port());
    let mut instancer = client_at(link.port()).service("addsvc").instancer();
    agent.add("one", 8081, &[]);
    until_ports(&mut instancer, &[8081]).await;

    link.cut();
    until_failure(&mut instancer).await;
    agent.add("two", 8082, &[]);
    agent.remove("one");
    assert_eq!(ports(&instancer.state()), [8081]);
    link.restore();
    until_ports(&mut instancer, &[8082]).await;

    link.cut();
    until_failure(&mut instancer).await;
    link.restore();
    // Nothing has changed: that it is well again is told all the same.
    let began = Instant::now();
    until_ports(&mut instancer, &[8082]).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_died_without_a_word_is_found_out() {
    let test = "a_connection_that_has_died_without_a_word_is_found_out";
    let (Some(agent), Some(toxiproxy)) = (Agent::start(test), Toxiproxy::start(test)) else { return };
    let link = toxiproxy.proxy(agent.port());
    let consul = client_at(link.port()).request_timeout(Duration::from_millis(500));
    let mut instancer = consul.service("addsvc").wait(Duration::from_secs(1)).instancer();
    agent.add("one", 8081, &[]);
    until_ports(&mut instancer, &[8081]).await;

    link.hang();
    let began = Instant::now();
    agent.add("two", 8082, &[]);
    until_failure(&mut instancer).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    link.heal();
    until_ports(&mut instancer, &[8081, 8082]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn few_requests_are_sent_in_quiet_times_and_while_consul_is_down() {
    let Some(mut agent) = Agent::start("few_requests_are_sent_in_quiet_times_and_while_consul_is_down") else { return };
    let (client, count) = counting();
    let consul = Consul::with_client(&format!("http://127.0.0.1:{}", agent.port()), client).unwrap();
    agent.add("one", 8081, &[]);
    let mut instancer = consul.service("addsvc").instancer();
    until_ports(&mut instancer, &[8081]).await;
    let asked_in = async |time| {
        let before = count.load(Ordering::Relaxed);
        sleep(time).await;
        count.load(Ordering::Relaxed) - before
    };

    let quiet = asked_in(Duration::from_secs(3)).await;
    agent.stop();
    until_failure(&mut instancer).await;
    let down = asked_in(Duration::from_secs(3)).await;
    assert!(quiet <= 2, "{quiet} while it is quiet");
    assert!((2..=8).contains(&down), "{down} while it is down");
    eprintln!("requests in 3 s: {quiet} in quiet, {down} while Consul is down");

    agent.restart();
    until(&mut instancer, "it is well again", |state| state.failure().is_none()).await;
}

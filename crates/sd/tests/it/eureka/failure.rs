use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;
use towerkit_endpoint::Code;
use towerkit_sd::eureka::Eureka;
use towerkit_sd::{HttpClient, Instance};
use towerkit_testing::process::free_port;

use super::server::Server;
use super::{brief, eureka, fake, watched};
use crate::support::{Running, until_addresses, until_true};
use crate::toxiproxy::Toxiproxy;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_lost_when_the_registry_restarts_empty() {
    let Some(mut server) = Server::start("nobody_is_lost_when_the_registry_restarts_empty") else { return };
    let eureka = eureka(server.port());
    let mut one = Running::of(brief(&eureka, "addsvc"), Instance::new("10.0.0.7", 8081));
    let seen = eureka.service("addsvc").interval(Duration::from_millis(100)).instancer();
    until_addresses(&mut seen.clone(), &["10.0.0.7:8081"]).await;
    one.registered(1).await;
    // Looks at every set there is.
    let mut watched = seen.clone();
    let watching = tokio::spawn(async move {
        loop {
            assert_eq!(watched.changed().await.instances().len(), 1, "the set stands");
        }
    });

    server.crash();
    until_true("the failure is told", || seen.state().failure().is_some()).await;
    assert_eq!(seen.state().failure().expect("a failure").error().code(), Code::Unavailable);
    until_true("the registrar says so", || format!("{:?}", one.state.borrow()).contains("Failing")).await;
    server.go_on();
    one.registered(2).await;
    until_true("it is well again", || seen.state().failure().is_none()).await;
    assert!(!watching.is_finished());
    watching.abort();
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_made_while_the_wire_is_cut_or_hangs_are_seen_after() {
    let test = "changes_made_while_the_wire_is_cut_or_hangs_are_seen_after";
    let Some(server) = Server::shared(test) else { return };
    let Some(toxiproxy) = Toxiproxy::start(test) else { return };
    let link = toxiproxy.proxy(server.port());
    let direct = eureka(server.port());
    let mut first = Running::of(brief(&direct, "wire"), Instance::new("10.0.0.1", 8081));
    first.registered(1).await;
    let mut seen = watched(&eureka(link.port()).request_timeout(Duration::from_millis(500)), "wire").instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;

    link.cut();
    let mut second = Running::of(brief(&direct, "wire"), Instance::new("10.0.0.2", 8081));
    second.registered(1).await;
    until_true("the failure is told", || seen.state().failure().is_some()).await;
    assert_eq!(seen.state().instances().len(), 1, "the set stands");
    link.restore();
    until_addresses(&mut seen, &["10.0.0.1:8081", "10.0.0.2:8081"]).await;

    link.hang();
    first.stop().await;
    let is_late = |code| code == Some(Code::DeadlineExceeded);
    until_true("the failure is told", || is_late(seen.state().failure().map(|failure| failure.error().code()))).await;
    assert_eq!(seen.state().instances().len(), 2, "the set stands");
    link.heal();
    until_addresses(&mut seen, &["10.0.0.2:8081"]).await;
    assert!(seen.state().failure().is_none());
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_server_is_asked_and_then_first() {
    let Some(server) = Server::shared("the_next_server_is_asked_and_then_first") else { return };
    let (client, count) = fake::counting();
    let dead = free_port();
    let urls = [dead, dead, server.port()].map(|port| format!("http://127.0.0.1:{port}/eureka"));
    let eureka = Eureka::with_client(urls, client).expect("URLs");
    let mut running = Running::of(brief(&eureka, "peers"), Instance::new("10.0.0.7", 8081));
    running.registered(1).await;
    assert_eq!(count.get(), 3, "two that are dead, and the one");
    let mut seen = watched(&eureka, "peers").instancer();
    until_addresses(&mut seen, &["10.0.0.7:8081"]).await;
    assert!(seen.state().failure().is_none());
    running.stop().await;
}

/// As when the registrar's time is up before that of the server that hangs.
#[tokio::test(start_paused = true)]
async fn a_server_whose_answer_nobody_waits_for_any_more_is_not_asked_first_again() {
    let client = HttpClient::new(tower::service_fn(|request: http::Request<bytes::Bytes>| async move {
        if request.uri().host() == Some("hangs") {
            std::future::pending::<()>().await;
        }
        let body = fake::application(&fake::entry(8081));
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::new(bytes::Bytes::from(body))))
    }));
    let eureka = Eureka::with_client(["http://hangs", "http://well"], client)
        .expect("URLs")
        .request_timeout(Duration::from_secs(60));
    drop(tokio::time::timeout(Duration::from_secs(1), watched(&eureka, "addsvc").instancer().known()).await);
    tokio::task::yield_now().await;
    let start = Instant::now();
    until_addresses(&mut watched(&eureka, "addsvc").instancer(), &["10.0.0.7:8081"]).await;
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_knows_of_nobody_any_more_is_believed_after_a_while() {
    let begin = Instant::now();
    let (client, _) = fake::client(move |request| match begin.elapsed().as_secs() {
        0..100 => (StatusCode::OK, fake::application(&fake::entry(8081))),
        _ if request.uri().path() == "/apps/delta" => (StatusCode::OK, "{}".to_owned()),
        _ => (StatusCode::NOT_FOUND, String::new()),
    });
    let eureka = Eureka::with_client(["http://eureka"], client).expect("a URL");
    let seen = eureka.service("addsvc").instancer();
    tokio::time::sleep(Duration::from_secs(150)).await;
    assert_eq!(seen.state().instances().len(), 1, "the set stands");
    assert_eq!(seen.state().failure().expect("which is told").error().code(), Code::NotFound);
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert!(seen.state().instances().is_empty(), "it lasted 90 s: {seen:?}");
    assert!(seen.state().failure().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_quiet_registry_is_asked_as_often_as_is_said() {
    let (client, count) = fake::client(|_| (StatusCode::OK, fake::application(&fake::entry(8081))));
    let eureka = Eureka::with_client(["http://eureka"], client).expect("a URL");
    let seen = eureka.service("addsvc").interval(Duration::ZERO);
    let _seen = [seen.instancer(), eureka.service("addsvc").instancer()];
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!((600..=670).contains(&count.get()), "ten a second at most, whatever is asked for: {}", count.get());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_fails_is_not_hammered() {
    for answer in [(StatusCode::INTERNAL_SERVER_ERROR, ""), (StatusCode::OK, "junk"), (StatusCode::NOT_FOUND, "")] {
        let (client, count) = fake::client(move |_| (answer.0, answer.1.to_owned()));
        let eureka = Eureka::with_client(["http://eureka"], client).expect("a URL");
        let running = Running::of(eureka.registration("addsvc"), Instance::new("10.0.0.7", 8081));
        let seen = eureka.service("addsvc").instancer();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(seen.state().failure().is_some());
        assert!(count.get() <= 60, "{answer:?}: {} requests in a minute", count.get());
        running.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_registry_that_is_quiet_or_gone_is_seldom_asked() {
    let Some(server) = Server::shared("a_real_registry_that_is_quiet_or_gone_is_seldom_asked") else { return };
    for (port, most) in [(server.port(), 12), (free_port(), 20)] {
        let (client, count) = fake::counting();
        let eureka = Eureka::with_client([format!("http://127.0.0.1:{port}/eureka")], client).expect("a URL");
        let running = Running::of(brief(&eureka, "quiet"), Instance::new("10.0.0.7", 8081));
        let _seen = eureka.service("quiet").interval(Duration::from_secs(1)).instancer();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(count.get() <= most, "{} requests in 3 s", count.get());
        println!("{} requests in 3 s, at most {most}", count.get());
        running.kill().await;
    }
}

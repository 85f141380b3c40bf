use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use towerkit_endpoint::Code;
use towerkit_sd::HttpClient;
use towerkit_sd::kubernetes::Kubernetes;

use super::fake::{ApiServer, Store};
use super::{addsvc, kubernetes, ready, slice};
use crate::support::{until_addresses, until_true};
use crate::toxiproxy::Toxiproxy;

#[tokio::test(flavor = "multi_thread")]
async fn changes_made_while_the_wire_is_cut_or_hangs_are_seen_after() {
    let Some(toxiproxy) = Toxiproxy::start("changes_made_while_the_wire_is_cut_or_hangs_are_seen_after") else {
        return;
    };
    let server = ApiServer::start().await;
    let link = toxiproxy.proxy(server.port());
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    let kubernetes = kubernetes(link.port()).request_timeout(Duration::from_millis(500));
    let mut seen = kubernetes.service("addsvc").watch_timeout(Duration::from_secs(1)).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;

    link.cut();
    server.put(slice("a", 8081, &[ready("10.0.0.2")]));
    until_true("the failure is told", || seen.state().failure().is_some()).await;
    assert_eq!(seen.state().instances()[0].host(), "10.0.0.1", "the set stands");
    link.restore();
    until_addresses(&mut seen, &["10.0.0.2:8081"]).await;
    assert_eq!(server.count("list"), 1, "nothing was missed");

    link.hang();
    server.put(slice("a", 8081, &[ready("10.0.0.3")]));
    let is_late = |code| code == Some(Code::DeadlineExceeded);
    until_true("the failure is told", || is_late(seen.state().failure().map(|failure| failure.error().code()))).await;
    assert_eq!(seen.state().instances()[0].host(), "10.0.0.2", "the set stands");
    link.heal();
    until_addresses(&mut seen, &["10.0.0.3:8081"]).await;
    assert!(seen.state().failure().is_none());
}

#[tokio::test]
async fn a_server_that_restarts_is_listed_again_even_where_it_has_forgotten_all() {
    let server = ApiServer::start().await;
    let port = server.port();
    for n in 0..50 {
        server.put(slice("a", 8000 + n, &[ready("10.0.0.1")]));
    }
    let mut seen = addsvc(port).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8049"]).await;
    drop(server);
    until_true("the failure is told", || seen.state().failure().is_some()).await;
    assert_eq!(seen.state().instances().len(), 1, "the set stands");

    // Its versions are less than the one that is known.
    let server = ApiServer::start_on(port).await;
    server.put(slice("b", 8081, &[ready("10.0.0.2")]));
    until_addresses(&mut seen, &["10.0.0.2:8081"]).await;
    assert!(seen.state().failure().is_none());
    server.put(slice("b", 8081, &[ready("10.0.0.3")]));
    until_addresses(&mut seen, &["10.0.0.3:8081"]).await;
}

#[tokio::test]
async fn half_an_event_before_the_cut_is_none() {
    let server = ApiServer::start().await;
    server.store().no_bookmarks = true; // it would be the other half of the line
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    let mut seen = addsvc(server.port()).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
    until_true("it watches", || server.store().watching == 1).await;
    server.inject(r#"{"type":"DELETED","object":{"metadata":{"name":"a""#);
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.cut();
    until_true("it watches again", || server.count("watch") >= 2 && server.store().watching == 1).await;
    assert_eq!((seen.state().instances().len(), server.count("list")), (1, 1));
}

#[tokio::test]
async fn a_server_that_refuses_is_a_failure_that_says_so_and_it_heals() {
    for (status, code) in
        [(403, Code::PermissionDenied), (404, Code::NotFound), (500, Code::Unavailable), (429, Code::ResourceExhausted)]
    {
        let server = ApiServer::start().await;
        server.put(slice("a", 8081, &[ready("10.0.0.1")]));
        server.store().refuse = Some(status);
        let mut seen = addsvc(server.port()).instancer();
        let state = seen.known().await;
        assert_eq!(state.failure().expect("it failed").error().code(), code);
        assert!(!state.is_known());
        server.store().refuse = None;
        until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
        assert!(seen.state().failure().is_none());

        until_true("it watches", || server.store().watching == 1).await;
        server.store().refuse = Some(status);
        server.cut();
        until_true("the failure is told", || {
            seen.state().failure().is_some_and(|failure| failure.error().code() == code)
        })
        .await;
        server.store().refuse = None;
        until_true("it is well again", || seen.state().failure().is_none()).await;
    }
}

type Fault = fn(&mut Store);

#[tokio::test]
async fn a_quiet_or_a_failing_server_is_seldom_asked() {
    let faults: [(&str, Fault, usize); 4] = [
        ("quiet", |_| {}, 2),
        ("refuses", |store| store.refuse = Some(500), 10),
        ("watches end at once", |store| store.ends_at_once = true, 12),
        ("lists are junk", |store| store.list = Some("{}".to_owned()), 10),
    ];
    let mut running = Vec::new();
    for (what, fault, most) in faults {
        let server = ApiServer::start().await;
        fault(&mut server.store());
        // With the waits as they are.
        let seen = kubernetes(server.port()).service("addsvc").instancer();
        running.push((what, most, server, seen));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    for (what, most, server, _seen) in running {
        let asked = server.store().requests.len();
        println!("{what}: {asked} requests in 3 s, at most {most}");
        assert!(asked <= most, "{what}: {:?}", server.store().requests);
    }
}

/// One that takes the watch, and never says nor ends anything.
#[tokio::test(start_paused = true)]
async fn a_watch_that_is_not_over_when_it_should_be_is_given_up_and_the_list_is_read_again() {
    let asked: [Arc<AtomicUsize>; 2] = Default::default();
    let [lists, watches] = asked.clone();
    let client = HttpClient::new(tower::service_fn(move |request: Request<Bytes>| {
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        asked[usize::from(is_watch)].fetch_add(1, Ordering::SeqCst);
        let list = Bytes::from(r#"{"metadata":{"resourceVersion":"7"},"items":[]}"#);
        let frames = futures_util::stream::unfold(Some(list), move |list| async move {
            if is_watch {
                std::future::pending::<()>().await;
            }
            list.map(|list| (Ok::<_, Infallible>(Frame::data(list)), None))
        });
        async move { Ok::<_, Infallible>(Response::new(StreamBody::new(Box::pin(frames)))) }
    }));
    let kubernetes = Kubernetes::new("http://kubernetes", client).expect("a URL");
    let seen = kubernetes.service("addsvc").instancer();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!((lists.load(Ordering::SeqCst), watches.load(Ordering::SeqCst)), (1, 1));
    assert!(seen.state().is_known());
    // 120 s less up to a tenth, and 10 s.
    tokio::time::sleep(Duration::from_secs(500)).await;
    let asked = [lists, watches].map(|count| count.load(Ordering::SeqCst));
    assert!(asked == [5, 5] || asked == [6, 6], "{asked:?} in 10 min");
}

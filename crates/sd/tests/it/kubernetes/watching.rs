use std::time::{Duration, Instant};

use towerkit_endpoint::Code;

use super::fake::ApiServer;
use super::{addsvc, kubernetes, ready, slice};
use crate::support::{until_addresses, until_true};

#[tokio::test]
async fn changes_are_seen_by_one_list_and_one_watch() {
    let server = ApiServer::start().await;
    let mut seen = addsvc(server.port()).instancer();
    until_addresses(&mut seen, &[]).await;
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
    server.put(slice("a", 8081, &[ready("10.0.0.1"), ready("10.0.0.2")]));
    until_addresses(&mut seen, &["10.0.0.1:8081", "10.0.0.2:8081"]).await;
    server.delete("a");
    until_addresses(&mut seen, &[]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(server.store().requests, ["list", "watch"]);
}

#[tokio::test]
async fn a_long_list_is_read_in_pages() {
    let server = ApiServer::start().await;
    for n in 0..1200 {
        server.put(slice(&format!("s{n:04}"), 8081, &[ready(&format!("10.0.{}.{}", n / 256, n % 256))]));
    }
    let seen = addsvc(server.port()).instancer();
    until_true("all are seen", || seen.state().instances().len() == 1200).await;
    assert_eq!((server.count("list"), server.count("page")), (1, 2));
}

#[tokio::test]
async fn a_list_that_gets_too_old_between_its_pages_is_begun_anew() {
    let server = ApiServer::start().await;
    for n in 0..600 {
        server.put(slice(&format!("s{n:04}"), 8081, &[ready(&format!("10.0.{}.{}", n / 256, n % 256))]));
    }
    let seen = addsvc(server.port()).instancer();
    until_true("the first page is read", || {
        let read = server.count("list") == 1;
        server.compact();
        read
    })
    .await;
    until_true("all are seen", || seen.state().instances().len() == 600).await;
}

#[tokio::test]
async fn watches_are_renewed_without_a_gap_and_without_a_list() {
    let server = ApiServer::start().await;
    let mut seen = addsvc(server.port()).watch_timeout(Duration::from_secs(1)).instancer();
    until_addresses(&mut seen, &[]).await;
    let (start, mut port) = (Instant::now(), 8000);
    while start.elapsed() < Duration::from_millis(3300) {
        port += 1;
        server.put(slice("a", port, &[ready("10.0.0.1")]));
        until_addresses(&mut seen, &[&format!("10.0.0.1:{port}")]).await;
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    assert!(seen.state().failure().is_none());
    assert_eq!(server.count("list"), 1);
    assert!((3..=5).contains(&server.count("watch")), "{} watches", server.count("watch"));
}

#[tokio::test]
async fn a_version_that_is_too_old_is_no_failure_and_the_list_is_read_again() {
    for by_status in [false, true] {
        let server = ApiServer::start().await;
        server.store().gone_is_a_status = by_status;
        server.store().no_bookmarks = true;
        let mut seen = addsvc(server.port()).watch_timeout(Duration::from_secs(1)).instancer();
        server.put(slice("a", 8081, &[ready("10.0.0.1")]));
        until_addresses(&mut seen, &["10.0.0.1:8081"]).await;

        // Changes of others, of which it is not told.
        let mut other = slice("other", 8081, &[ready("10.0.0.9")]);
        other["metadata"]["namespace"] = "other".into();
        server.put(other);
        server.compact();
        until_true("it is read again", || server.count("list") == 2).await;
        server.put(slice("a", 8081, &[ready("10.0.0.2")]));
        until_addresses(&mut seen, &["10.0.0.2:8081"]).await;
        assert!(seen.state().failure().is_none());
    }
}

#[tokio::test]
async fn an_event_that_says_the_version_is_too_old_ends_the_watch() {
    let server = ApiServer::start().await;
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    let mut seen = addsvc(server.port()).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
    until_true("it watches", || server.store().watching == 1).await;
    server.inject("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n");
    until_true("it is read again", || server.count("list") == 2).await;
    server.put(slice("a", 8081, &[ready("10.0.0.2")]));
    until_addresses(&mut seen, &["10.0.0.2:8081"]).await;
    assert!(seen.state().failure().is_none());
}

#[tokio::test]
async fn bookmarks_keep_a_quiet_watch_from_getting_too_old() {
    let server = ApiServer::start().await;
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    let mut seen = addsvc(server.port()).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
    until_true("it watches", || server.store().watching == 1).await;
    let mut other = slice("other", 8081, &[ready("10.0.0.9")]);
    other["metadata"]["namespace"] = "other".into();
    server.put(other);
    tokio::time::sleep(Duration::from_millis(300)).await; // several bookmarks
    server.compact();
    server.cut();
    until_true("it watches again", || server.count("watch") >= 2 && server.store().watching == 1).await;
    server.put(slice("a", 8081, &[ready("10.0.0.2")]));
    until_addresses(&mut seen, &["10.0.0.2:8081"]).await;
    assert_eq!(server.count("list"), 1);
}

#[tokio::test]
async fn a_token_that_is_rotated_is_taken_up_and_shown_nowhere() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("token-{}", std::process::id()));
    std::fs::write(&file, "first\n").expect("a file");
    let server = ApiServer::start().await;
    server.store().token = Some("first".to_owned());
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    let kubernetes = kubernetes(server.port()).token_file(&file);
    let mut seen = kubernetes.service("addsvc").watch_timeout(Duration::from_secs(1)).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;

    server.store().token = Some("second".to_owned());
    server.cut();
    let refused = |code| code == Some(Code::Unauthenticated);
    until_true("the failure is told", || refused(seen.state().failure().map(|failure| failure.error().code()))).await;
    assert_eq!(seen.state().instances().len(), 1, "the set stands");
    let text = format!("{kubernetes:?} {seen:?}");
    assert!(!text.contains("first"), "{text}");
    std::fs::write(&file, "second").expect("a file");
    until_true("it is well again", || seen.state().failure().is_none()).await;

    std::fs::remove_file(&file).expect("it is gone");
    until_true("the failure is told", || refused(seen.state().failure().map(|failure| failure.error().code()))).await;
}

#[tokio::test]
async fn the_connection_ends_with_the_last_clone() {
    let server = ApiServer::start().await;
    let seen = addsvc(server.port()).instancer();
    until_true("it watches", || server.store().watching == 1).await;
    let clone = seen.clone();
    drop(seen);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.store().watching, 1, "a clone is left");
    drop(clone);
    until_true("it watches no more", || server.store().watching == 0).await;
    let asked = server.store().requests.len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.store().requests.len(), asked);
}

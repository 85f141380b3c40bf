//! Replies that the peer has no window for.

use std::time::Duration;

use tokio::time::Instant;
use towerkit_transport_http::ServeEvent;

use crate::frames::*;
use crate::site::Site;

const SHORT: Duration = Duration::from_millis(200);

/// `SETTINGS_INITIAL_WINDOW_SIZE`.
fn window(bytes: u32) -> Vec<u8> {
    [&4_u16.to_be_bytes()[..], &bytes.to_be_bytes()].concat()
}

fn stalls(site: &Site) -> usize {
    site.events.count(|event| matches!(event, ServeEvent::WriteStalled { .. }))
}

#[tokio::test]
async fn a_stream_whose_window_is_never_opened_is_reset_after_the_write_time() {
    for first in [0, 1, 20_000] {
        let site = Site::with(|serve| serve.write_timeout(SHORT, 1 << 30)).await;
        let mut peer = Peer::with_settings(&site, &window(first)).await;
        let begun = Instant::now();
        peer.send(get(1, "/big")).await;
        assert_eq!(peer.reset_of(1, "a closed window").await, CANCEL);
        assert!(begun.elapsed() >= SHORT - Duration::from_millis(20));
        assert_eq!(stalls(&site), 1);
        // The others go on.
        peer.send([open_window(3, 1000), get(3, "/")].concat()).await;
    }
}

#[tokio::test]
async fn a_connection_whose_window_is_never_opened_has_its_streams_reset() {
    let site = Site::with(|serve| serve.write_timeout(SHORT, 1 << 30)).await;
    let mut peer = Peer::with_settings(&site, &window(1 << 30)).await;
    // The window of the connection is 64 KiB.
    peer.send(streams(3).flat_map(|stream| get(stream, "/big")).collect::<Vec<_>>()).await;
    let mut left = vec![1, 3, 5];
    while !left.is_empty() {
        let stream = peer.until("three resets", |frame| frame.reset(frame.stream).map(|_| frame.stream)).await;
        left.retain(|one| *one != stream);
    }
    assert_eq!(stalls(&site), 3);
    peer.send(open_window(0, 1 << 20)).await;
    peer.is_served(7).await;
}

#[tokio::test]
async fn a_window_that_opens_too_slowly_is_no_window() {
    let site = Site::with(|serve| serve.write_timeout(SHORT, 1 << 30)).await;
    let mut peer = Peer::with_settings(&site, &window(0)).await;
    peer.send(get(1, "/big")).await;
    let begun = Instant::now();
    while stalls(&site) == 0 {
        peer.try_send(open_window(1, 1)).await;
        tokio::time::sleep(SHORT / 20).await;
        assert!(begun.elapsed() < 20 * SHORT);
    }
    assert_eq!(peer.reset_of(1, "byte by byte").await, CANCEL);
}

#[tokio::test]
async fn a_service_that_is_slow_is_not_taken_for_a_peer_that_takes_nothing() {
    let site = Site::with(|serve| serve.write_timeout(SHORT / 4, 1 << 30)).await;
    let mut peer = Peer::connect(&site).await;
    peer.send([get(1, "/wait"), get(3, "/holds")].concat()).await;
    peer.has_status(3, 200, "a body that begins").await;
    site.gate.has(2).await;
    tokio::time::sleep(SHORT).await;
    site.gate.let_out(2);
    let mut bodies = 0;
    while bodies < 2 {
        peer.until("both bodies", |frame| (frame.kind == DATA && !frame.payload.is_empty()).then_some(())).await;
        bodies += 1;
    }
    assert_eq!(stalls(&site), 0);
}

#[tokio::test]
async fn a_window_that_opens_in_time_gets_all() {
    let site = Site::with(|serve| serve.write_timeout(2 * SHORT, 500)).await;
    let mut peer = Peer::with_settings(&site, &window(1 << 20)).await;
    peer.send([open_window(0, 1 << 30), get(1, "/big")].concat()).await;
    let (mut got, mut pauses) = (0, 0);
    while got < crate::site::BIG {
        let frame = peer.next().await.unwrap();
        assert!(frame.reset(1).is_none() && frame.goaway().is_none(), "{frame:?}");
        if frame.kind != DATA {
            continue;
        }
        got += frame.payload.len();
        if got % (1 << 20) == 0 {
            // For longer than the time in all, and for less each time.
            if pauses < 4 {
                pauses += 1;
                tokio::time::sleep(SHORT).await;
            }
            peer.send(open_window(1, 1 << 20)).await;
        }
    }
    assert_eq!((got, stalls(&site)), (crate::site::BIG, 0));
}

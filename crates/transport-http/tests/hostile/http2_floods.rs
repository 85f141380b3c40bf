//! More of something than any peer needs.

use std::time::Duration;

use tokio::time::Instant;
use towerkit_transport_http::ServeEvent;

use crate::frames::*;
use crate::site::Site;

const SHORT: Duration = Duration::from_millis(200);

/// CVE-2023-44487.
#[tokio::test]
async fn requests_that_are_reset_at_once_end_the_connection() {
    let site = Site::start().await;
    let mut peer = Peer::connect(&site).await;
    let flood: Vec<u8> = streams(2000).flat_map(|stream| [get(stream, "/wait"), reset(stream)].concat()).collect();
    peer.try_send(flood).await;
    assert_eq!(peer.ends_with("rapid reset").await, ENHANCE_YOUR_CALM);
    site.gate.has(0).await;
    // Most were reset before they were begun, and those are not begun.
    assert!(site.gate.most() <= 20, "{}", site.gate.most());
    assert_eq!(site.connect().await.get("/").await.status, 200);
}

#[tokio::test]
async fn what_a_client_gave_up_while_the_server_was_held_up_does_not_end_the_connection() {
    let site = Site::with(|serve| serve.max_streams(50)).await;
    let mut peer = Peer::connect(&site).await;
    let given_up: Vec<u8> = streams(150).flat_map(|stream| [get(stream, "/wait"), reset(stream)].concat()).collect();
    peer.send(given_up).await;
    peer.is_served(301).await;
}

#[tokio::test]
async fn a_call_whose_stream_is_reset_is_dropped() {
    let site = Site::with(|serve| serve.max_streams(5)).await;
    let mut peer = Peer::connect(&site).await;
    for stream in streams(50) {
        peer.send(get(stream, "/wait")).await;
        site.gate.has(1).await;
        peer.send(reset(stream)).await;
        site.gate.has(0).await;
    }
    peer.is_served(101).await;
}

/// CVE-2025-8671: the server is made to reset what it has begun, and the streams no longer count against their limit.
#[tokio::test]
async fn resets_that_the_peer_provokes_end_the_connection() {
    let site = Site::start().await;
    let mut peer = Peer::connect(&site).await;
    let flood: Vec<u8> =
        streams(2000).flat_map(|stream| [post(stream, "/wait"), open_window(stream, 0x7fff_ffff)].concat()).collect();
    peer.try_send(flood).await;
    assert_eq!(peer.ends_with("provoked resets").await, ENHANCE_YOUR_CALM);
    site.gate.has(0).await;
}

/// CVE-2024-27316.
#[tokio::test]
async fn a_head_of_endless_continuations_ends_the_connection() {
    let site = Site::start().await;
    for (name, part) in [("full", literal(0, "x", "y".repeat(1000))), ("empty", Vec::new())] {
        let mut peer = Peer::connect(&site).await;
        peer.send(frame(HEADERS, END_STREAM, 1, &head("GET", "/wait", &[]))).await;
        peer.try_send(frame(CONTINUATION, 0, 1, &part).repeat(100)).await;
        assert_eq!(peer.ends_with(name).await, ENHANCE_YOUR_CALM, "{name}");
    }
    assert_eq!(site.gate.most(), 0);
}

#[tokio::test]
async fn empty_data_without_end_ends_the_connection() {
    let site = Site::start().await;
    let mut peer = Peer::connect(&site).await;
    peer.send(post(1, "/echo")).await;
    let sending = frame(DATA, 0, 1, &[]).repeat(100_000);
    peer.try_send(sending).await;
    assert_eq!(peer.ends_with("empty DATA").await, ENHANCE_YOUR_CALM);
}

/// Each wants an answer. Who does not read them is closed, and what is kept for it until then is no more than the buffers are.
#[tokio::test]
async fn who_does_not_read_the_answers_to_its_frames_is_closed() {
    const MOST: usize = 64 << 20;
    for (name, one) in [("PING", frame(PING, 0, 0, &[7; 8])), ("SETTINGS", frame(SETTINGS, 0, 0, &[]))] {
        let site = Site::with(|serve| serve.write_timeout(SHORT, 500)).await;
        let mut peer = Peer::connect(&site).await;
        let (many, mut sent) = (one.repeat(1000), 0);
        while sent < MOST && peer.try_send(&many).await {
            sent += many.len();
        }
        assert!(sent < MOST, "{name}");
        site.events.some(|event| matches!(event, ServeEvent::WriteStalled { .. })).await;
    }
}

#[tokio::test]
async fn frames_that_are_no_request_do_not_keep_a_connection_from_being_idle() {
    for (name, one) in [
        ("PING", frame(PING, 0, 0, &[7; 8])),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[])),
        ("PRIORITY", frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 7])),
        ("WINDOW_UPDATE", open_window(0, 1)),
        ("of no known kind", frame(0xbe, 0, 0, &[0; 100])),
    ] {
        let site = Site::with(|serve| serve.idle_timeout(SHORT)).await;
        let mut peer = Peer::connect(&site).await;
        let begun = Instant::now();
        loop {
            let _ = peer.stream.try_write(&one.repeat(20));
            if peer.ends_within(SHORT / 20).await {
                break;
            }
            assert!(begun.elapsed() < 30 * SHORT, "{name}");
        }
        assert!(begun.elapsed() >= SHORT / 2, "{name}");
    }
}

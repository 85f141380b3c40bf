//! Server-sent events on the wire: the rules of WHATWG HTML, section 9.2.

use std::time::Duration;

use futures_util::StreamExt;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint};
use towerkit_transport_http::codec::Empty;
use towerkit_transport_http::sse::{Event, EventDecoder, Events, LastEventId};
use towerkit_transport_http::{Pool, Router, Server};

use crate::lines::once;
use crate::site::{Site, fed, soon};

type Seen = (Option<String>, Option<String>, String);

/// Name, id and text of each event, with the bytes in pieces of a size.
fn decode(bytes: &[u8], piece: usize) -> Vec<Seen> {
    let mut decoder = EventDecoder::new(1 << 16);
    let mut seen = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        while let Some(event) = decoder.next_event().unwrap() {
            seen.push((event.name().map(Into::into), event.id().map(Into::into), event.text().to_owned()));
        }
    }
    seen
}

fn text(text: &str) -> Seen {
    (None, None, text.to_owned())
}

#[test]
fn streams_are_read_as_the_standard_says_in_pieces_of_any_size() {
    let with =
        |name: Option<&str>, id: Option<&str>, text: &str| (name.map(Into::into), id.map(Into::into), text.into());
    let cases: &[(&str, Vec<Seen>)] = &[
        // The examples of section 9.2.6.
        ("data: YHOO\ndata: +2\ndata: 10\n\n", vec![text("YHOO\n+2\n10")]),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            vec![
                with(None, Some("1"), "first event"),
                with(None, Some(""), "second event"),
                with(None, Some(""), " third event"),
            ],
        ),
        ("data\n\ndata\ndata\n\ndata:", vec![text(""), text("\n")]),
        ("data:test\n\ndata: test\n\n", vec![text("test"), text("test")]),
        // Each end of a line, and a mark of byte order.
        ("\u{feff}data: a\r\ndata: b\rdata: c\n\r\n", vec![text("a\nb\nc")]),
        ("data: a\r\rdata: b\r\r", vec![text("a"), text("b")]),
        ("event: tick\ndata: 1\n\ndata: 2\n\n", vec![with(Some("tick"), None, "1"), text("2")]),
        // Without data there is no event, but the id stays.
        ("event: x\nid: 9\n\ndata: y\n\n", vec![with(None, Some("9"), "y")]),
        ("id: a\0b\ndata: x\nunknown: field\nretry: soon\n\n", vec![text("x")]),
        ("data: not ended", vec![]),
    ];
    for (bytes, expected) in cases {
        for piece in [1, 2, 3, 7, bytes.len()] {
            assert_eq!(&decode(bytes.as_bytes(), piece), expected, "{bytes:?} in pieces of {piece}");
        }
    }
}

#[test]
fn what_is_no_text_is_replaced() {
    assert_eq!(decode(b"data: a\xffb\n\n", 1), [text("a\u{fffd}b")]);
}

#[test]
fn what_is_written_is_read_again() {
    for data in ["", "one", "two\nlines", " leading", "\n", "ends\n", "a:b", "é\u{1f600}"] {
        let event = Event::data(data).named("name").with_id("7").with_retry(Duration::from_millis(1500));
        let mut decoder = EventDecoder::new(1000);
        decoder.push(&event.to_bytes());
        assert_eq!(decoder.next_event().unwrap().unwrap(), event, "{data:?}");
    }
}

#[test]
fn a_name_or_an_id_can_forge_no_line() {
    let event = Event::data("x\r\ndata: y\rid: z").named("a\nid: b").with_id("c\r\n\0d");
    assert_eq!(event.to_bytes(), "event: aid: b\nid: cd\ndata: x\ndata: data: y\ndata: id: z\n\n");
}

#[test]
fn a_line_and_an_event_are_bounded() {
    for long in [format!("data: {}", "x".repeat(200)), "data: xxxxxxxxxxxxxxxxxxxx\n".repeat(20)] {
        let mut decoder = EventDecoder::new(100);
        decoder.push(long.as_bytes());
        assert_eq!(decoder.next_event().unwrap_err().code(), Code::ResourceExhausted);
        decoder.push(b"data: y\n\n");
        assert!(decoder.next_event().is_ok_and(|event| event.is_none()));
    }
}

#[tokio::test]
async fn silence_is_broken_by_comments() {
    let (_feed, stream) = fed::<Event>();
    let server = Server::new(once(stream), Empty, Events::new().keep_alive(Duration::from_millis(20)));
    let site = Site::start(Router::new().get("/", server)).await;
    let request = http::Request::get(&site.url).body(towerkit_transport_http::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(Pool::new(), request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let mut body = response.into_body();
    for _ in 0..3 {
        let frame = soon(http_body_util::BodyExt::frame(&mut body)).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), ":\n\n");
    }
}

#[tokio::test]
async fn events_are_read_by_our_client() {
    let (feed, stream) = fed();
    let site = Site::start(Router::new().get("/", Server::new(once(stream), Empty, Events::new()))).await;
    let events: BoxEndpoint<LastEventId, BoxStream<Event>> =
        site.remote().get("/").codecs(Events::new(), Events::new()).erased();
    feed.send(Event::json(&[1, 2])).await.unwrap();
    let mut events = events.invoke(LastEventId(None)).await.unwrap();
    assert_eq!(soon(events.next()).await.unwrap().unwrap().read_json::<Vec<u8>>().unwrap(), [1, 2]);
    drop(feed);
    assert!(soon(events.next()).await.is_none());
}

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use towerkit_endpoint::{Classify, Code, Report};
use towerkit_http_client::{HttpClient, NoReply, ReplyBody};

use crate::server::{LONG, get, reply, server};

/// A body of these frames; at its end it says so, or never comes to it.
struct Frames(std::vec::IntoIter<Frame<Bytes>>, bool);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.next() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if self.1 => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

fn frames(pieces: &[&'static str], ends: bool) -> ReplyBody {
    let mut frames: Vec<_> = pieces.iter().map(|piece| Frame::data(Bytes::from_static(piece.as_bytes()))).collect();
    frames.push(Frame::trailers(HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("1"))])));
    ReplyBody::new(Frames(frames.into_iter(), ends))
}

#[tokio::test]
async fn a_body_has_its_pieces_and_its_trailers() {
    let whole = frames(&["ab", "", "cd", "e"], true).whole(5).await.unwrap();
    assert_eq!((&whole.data[..], whole.trailers.unwrap()[http::header::ETAG].as_bytes()), (&b"abcde"[..], &b"1"[..]));

    let mut body = frames(&["ab", "cd"], true);
    assert_eq!(body.next().await.unwrap().unwrap(), "ab");
    assert_eq!(body.next().await.unwrap().unwrap(), "cd");
    assert_eq!(body.next().await.unwrap(), None, "trailers are no piece");

    let whole = frames(&[], true).whole(0).await.unwrap();
    assert!(whole.data.is_empty() && whole.trailers.is_some());
}

#[tokio::test]
async fn a_body_that_is_too_long_is_an_error_before_it_has_come() {
    for pieces in [&["abc", "de", "f"][..], &["abcdef"]] {
        // It would never end.
        let error = tokio::time::timeout(LONG, frames(pieces, false).whole(5)).await.unwrap().unwrap_err();
        assert!(matches!(error, NoReply::TooLong(5)), "{error:?}");
        assert_eq!((error.code(), Code::of(&error)), (Code::DataLoss, Code::DataLoss));
        assert_eq!(Report::new(&error).to_string(), "the reply has more than 5 bytes");
    }
}

#[tokio::test]
async fn a_reply_that_says_it_is_too_long_is_not_read() {
    let (url, _server) = server(vec!["HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n".to_owned()]).await;
    let error = HttpClient::plain().fetch(get(&url), LONG, 5).await.unwrap_err();
    assert!(matches!(error, NoReply::TooLong(5)), "{error:?}");
}

#[tokio::test]
async fn a_beginning_has_no_more_than_was_asked_for_and_waits_for_no_more() {
    for (pieces, beginning) in [(&["abc", "def"][..], "abcde"), (&["abcde"], "abcde"), (&["", "abcdefgh"], "abcde")] {
        let read = tokio::time::timeout(LONG, frames(pieces, false).beginning(5)).await.expect("it waits for more");
        assert_eq!(read.unwrap(), beginning);
    }
    assert_eq!(frames(&["ab", "cd"], true).beginning(5).await.unwrap(), "abcd");
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_broken_and_was_sent() {
    let half = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nhalf";
    let (url, server) = server(vec![half.to_owned()]).await;
    let reply = HttpClient::plain().send(get(&url)).await.unwrap();
    server.abort();
    let error = reply.into_body().whole(9).await.unwrap_err();
    assert!(matches!(error, NoReply::Broken(_)) && !error.is_not_sent(), "{error:?}");
    assert!(Report::new(&error).to_string().starts_with("the reply broke off: "), "{error:?}");
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_body_that_fits_exactly_is_no_error() {
    let (url, _server) = server(vec![reply("200 OK", "12345")]).await;
    assert_eq!(HttpClient::plain().fetch(get(&url), LONG, 5).await.unwrap().body(), "12345");
}

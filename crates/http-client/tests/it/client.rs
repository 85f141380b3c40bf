use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::net::TcpListener;
use towerkit_endpoint::{BoxError, Classify, Code, Error, NotSent, Report};
use towerkit_http_client::{HttpClient, NoReply};

use crate::server::{LONG, get, reply, server};

#[tokio::test]
async fn a_reply_is_whole_whatever_its_status_and_its_connection_is_kept() {
    let (url, server) = server(vec![reply("200 OK", "one"), reply("404 Not Found", "two")]).await;
    let client = HttpClient::plain();
    let (first, second) = (client.fetch(get(&url), LONG, 3).await, client.fetch(get(&url), LONG, 3).await);
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.status().as_u16(), &first.body()[..]), (200, &b"one"[..]));
    assert_eq!((second.status().as_u16(), &second.body()[..]), (404, &b"two"[..]));
    drop(client);
    assert_eq!(server.await.unwrap().len(), 2, "on one connection");
}

#[tokio::test]
async fn one_that_is_not_reached_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:hush@{}/?token=hush", listener.local_addr().unwrap());
    drop(listener);
    let error = HttpClient::plain().fetch(get(&url), LONG, 1).await.unwrap_err();
    assert!(matches!(error, NoReply::Unanswered(_)) && error.is_not_sent(), "{error:?}");
    assert_eq!(error.code(), Code::Unavailable);
    let told = Report::new(&error).to_string();
    assert!(told.starts_with("no answer: ") && told.contains("Connection refused"), "{told}");
    assert!(!format!("{told}{error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn one_that_is_cut_off_before_its_reply_may_have_been_sent() {
    let (url, _server) = server(vec![String::new()]).await;
    let error = HttpClient::plain().send(get(&url)).await.unwrap_err();
    assert!(matches!(error, NoReply::Unanswered(_)) && !error.is_not_sent(), "{error:?}");
}

#[tokio::test]
async fn what_a_client_that_is_passed_in_says_of_being_sent_is_believed() {
    let fails = |error: fn() -> BoxError| {
        HttpClient::new(tower::service_fn(move |_: Request<Full<Bytes>>| async move {
            Err::<Response<Full<Bytes>>, _>(error())
        }))
    };
    let unsent = || Error::from(Code::Unavailable).with_extension(NotSent).into();
    assert!(fails(unsent).send(get("http://host")).await.unwrap_err().is_not_sent());
    assert!(!fails(|| io::Error::other("broken").into()).send(get("http://host")).await.unwrap_err().is_not_sent());
    assert!(!fails(unsent).is_plain() && HttpClient::plain().is_plain());
}

#[tokio::test]
async fn one_whose_head_or_end_does_not_come_in_time_is_late() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
    for beginning in ["HTTP/1.1 ", half] {
        let (url, _server) = server(vec![beginning.to_owned()]).await;
        let within = Duration::from_millis(50);
        let error = HttpClient::plain().fetch(get(&url), within, 9).await.unwrap_err();
        assert!(matches!(error, NoReply::Late(late) if late == within), "{error:?}");
        assert_eq!((error.code(), Code::of(&error)), (Code::DeadlineExceeded, Code::DeadlineExceeded));
        assert_eq!(Report::new(&error).to_string(), "no answer within 50ms");
        assert!(!error.is_not_sent());
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http_2_begins_with_its_first_byte() {
    use tokio::io::AsyncReadExt;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asks = tokio::spawn(async move { HttpClient::plain_http2().send(get(&url)).await.map(drop) });
    let mut preface = [0; 24];
    listener.accept().await.unwrap().0.read_exact(&mut preface).await.unwrap();
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "RFC 9113, section 3.4");
    assert!(asks.await.unwrap().is_err());
}

//! What the caller is told where the backend fails.

use std::time::Duration;

use tokio::net::TcpListener;
use tower::ServiceBuilder;
use towerkit_endpoint::DeadlineLayer;
use towerkit_transport_http::proxy::{ReverseProxy, server};
use towerkit_transport_http::{Pool, Remote, Router};

use crate::backend::Backend;
use crate::site::{Site, exchange, front, header, status};

#[tokio::test]
async fn a_backend_that_is_not_there_is_502_without_its_address() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = ReverseProxy::new(Remote::new(&Pool::new(), &format!("http://{free}")).unwrap());
    let (address, _stopper) = front(Router::new().fallback(server(proxy))).await;
    let answer = exchange(address, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert_eq!(status(&answer), 502);
    assert!(answer.contains("can't be reached") && !answer.contains(&free.to_string()), "{answer}");
}

#[tokio::test]
async fn a_backend_that_closes_or_answers_what_is_no_http_is_502() {
    let site = Site::start().await;
    for path in ["/closed", "/garbage", "/two-lengths"] {
        assert_eq!(status(&site.ask(&format!("GET {path}"), "", "").await), 502, "{path}");
    }
}

#[tokio::test]
async fn a_backend_that_takes_too_long_is_504_and_its_call_is_dropped() {
    let site = Site::with(|proxy| proxy.head_timeout(Duration::from_millis(100))).await;
    assert_eq!(status(&site.ask("GET /slow", "", "").await), 504);
    site.backend.gone.wait_len(1, Duration::from_secs(20)).await;
}

#[tokio::test]
async fn a_deadline_around_the_proxy_is_504() {
    let backend = Backend::start().await;
    let proxy = ReverseProxy::new(Remote::new(&Pool::new(), &format!("http://{}", backend.address)).unwrap());
    let stack = ServiceBuilder::new().layer(DeadlineLayer::new(Duration::from_millis(100))).service(proxy);
    let (address, _stopper) = front(Router::new().fallback(server(stack))).await;
    let ask = |path: &str| exchange(address, format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    assert_eq!(status(&ask("/slow").await), 504);
    // And it bounds the body.
    let answer = ask("/drip").await;
    assert!(status(&answer) == 200 && !answer.ends_with("0\r\n\r\n"), "{answer}");
    backend.gone.wait_len(2, Duration::from_secs(20)).await;
}

#[tokio::test]
async fn the_time_that_is_left_is_told_to_the_backend() {
    let site = Site::start().await;
    site.ask("GET /", "towerkit-timeout: 5S\r\n", "").await;
    let left = header(&site.seen(), "towerkit-timeout").unwrap();
    assert!(left != "5S" && left.starts_with('4'), "{left}");
}

#[tokio::test]
async fn a_refusal_of_the_backend_passes_as_it_is() {
    let answer = Site::start().await.ask("GET /unavailable", "", "").await;
    assert_eq!((status(&answer), header(&answer, "retry-after").as_deref()), (503, Some("7")));
    assert!(answer.ends_with("busy"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_whole_one() {
    let site = Site::start().await;
    let short = site.ask("GET /short", "", "").await;
    assert!(short.ends_with("short") && header(&short, "content-length").unwrap() == "10", "{short}");
    let cut = site.ask("GET /cut", "", "").await;
    assert!(cut.contains("short") && !cut.ends_with("0\r\n\r\n"), "{cut}");
}

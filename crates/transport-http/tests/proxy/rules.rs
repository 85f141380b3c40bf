//! What is passed on, and what is not.

use towerkit_transport_http::proxy::Forwarding;

use crate::site::{Site, exchange, header, status};

#[tokio::test]
async fn the_target_is_passed_on_as_it_was_written() {
    let site = Site::start().await;
    for target in ["/", "/a?b=c&d=%20", "/a//b", "/a%2fb", "/a/../b", "/?", "/%e4%b8", "/a;b=1", "/a?b?c"] {
        assert_eq!(status(&site.ask(&format!("GET {target}"), "", "").await), 200);
        assert_eq!(site.seen().split(' ').nth(1), Some(target));
    }
}

#[tokio::test]
async fn a_target_with_a_host_is_passed_on_without_it() {
    let site = Site::start().await;
    site.ask("GET http://front.test/a?b", "", "").await;
    assert!(site.seen().starts_with("GET /a?b HTTP/1.1\r\n"), "{}", site.seen());
}

#[tokio::test]
async fn what_belongs_to_a_connection_stays_on_it() {
    let site = Site::start().await;
    let headers = "connection: x-mine\r\nx-mine: 1\r\nkeep-alive: timeout=9\r\nproxy-connection: keep-alive\r\n\
                   proxy-authorization: Basic eA==\r\nte: gzip, trailers\r\nx-other: 2\r\n";
    let answer = site.ask("GET /hop", headers, "").await;
    for name in ["x-mine", "keep-alive", "proxy-connection", "proxy-authorization"] {
        assert_eq!(header(&site.seen(), name), None, "{name}");
    }
    assert_eq!(header(&site.seen(), "te").unwrap(), "trailers");
    assert_eq!(header(&site.seen(), "x-other").unwrap(), "2");
    for name in ["x-secret", "keep-alive", "proxy-authenticate"] {
        assert_eq!(header(&answer, name), None, "{name}");
    }
}

#[tokio::test]
async fn a_caller_can_not_say_who_it_is() {
    let site = Site::start().await;
    let spoof = "x-forwarded-for: 6.6.6.6\r\nx-forwarded-for: 7.7.7.7\r\nx-forwarded-host: evil\r\nx-forwarded-proto: https\r\n\
                 forwarded: for=6.6.6.6\r\nx-real-ip: 6.6.6.6\r\n";
    site.ask("GET /", spoof, "").await;
    let seen = site.seen();
    assert_eq!(header(&seen, "x-forwarded-for").unwrap(), "127.0.0.1");
    assert_eq!(header(&seen, "x-forwarded-host").unwrap(), "front.test");
    assert_eq!(header(&seen, "x-forwarded-proto").unwrap(), "http");
    assert_eq!((header(&seen, "forwarded"), header(&seen, "x-real-ip")), (None, None));
}

#[tokio::test]
async fn a_caller_can_not_take_away_what_the_proxy_says() {
    let site = Site::start().await;
    site.ask("GET /", "connection: x-forwarded-for, via, host\r\n", "").await;
    assert_eq!(header(&site.seen(), "x-forwarded-for").unwrap(), "127.0.0.1");
    assert!(header(&site.seen(), "via").is_some() && header(&site.seen(), "host").is_some());
}

#[tokio::test]
async fn what_a_trusted_peer_says_is_added_to() {
    let site = Site::with(|proxy| proxy.trust(|peer| peer.is_loopback()).forwarding(Forwarding::Both)).await;
    let said = "x-forwarded-for: 1.2.3.4\r\nx-forwarded-host: first.test\r\nx-forwarded-proto: https\r\nforwarded: for=1.2.3.4\r\n";
    site.ask("GET /", said, "").await;
    let seen = site.seen();
    assert_eq!(header(&seen, "x-forwarded-for").unwrap(), "1.2.3.4, 127.0.0.1");
    assert_eq!(header(&seen, "x-forwarded-host").unwrap(), "first.test");
    assert_eq!(header(&seen, "x-forwarded-proto").unwrap(), "https");
    assert_eq!(header(&seen, "forwarded").unwrap(), "for=1.2.3.4, for=127.0.0.1;host=\"front.test\";proto=http");
}

#[tokio::test]
async fn the_host_is_the_backends_or_kept() {
    let site = Site::start().await;
    site.ask("GET /", "", "").await;
    assert_eq!(header(&site.seen(), "host").unwrap(), site.backend.address.to_string());
    let site = Site::with(towerkit_transport_http::proxy::ReverseProxy::keep_host).await;
    site.ask("GET /", "", "").await;
    assert_eq!(header(&site.seen(), "host").unwrap(), "front.test");
}

#[tokio::test]
async fn both_ways_say_through_whom_they_came() {
    let site = Site::with(|proxy| proxy.named("edge-1")).await;
    let answer = site.ask("GET /", "via: 1.0 other\r\n", "").await;
    assert_eq!(header(&site.seen(), "via").unwrap(), "1.0 other + 1.1 edge-1");
    assert_eq!(header(&answer, "via").unwrap(), "1.1 edge-1");
}

#[tokio::test]
async fn a_request_that_was_here_before_is_refused() {
    let site = Site::with(|proxy| proxy.named("edge-1")).await;
    assert_eq!(status(&site.ask("GET /", "via: 1.1 other, 1.1 edge-1\r\n", "").await), 508);
    assert!(site.backend.seen.is_empty());
}

#[tokio::test]
async fn a_prefix_is_taken_off_where_it_is_one() {
    let site = Site::with(|proxy| proxy.strip_prefix("/users/")).await;
    for (asked, seen) in [("/users/7?a", "/7?a"), ("/users", "/"), ("/users?a", "/?a"), ("/users7", "/users7")] {
        site.ask(&format!("GET {asked}"), "", "").await;
        assert_eq!(site.seen().split(' ').nth(1), Some(seen), "{asked}");
    }
}

#[tokio::test]
async fn upgrades_and_tunnels_are_refused_clearly() {
    let site = Site::start().await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    let answer = site.ask("GET /", upgrade, "").await;
    assert_eq!(status(&answer), 501);
    assert!(answer.contains("upgrade: websocket is not offered here"), "{answer}");
    for line in ["CONNECT a.test:80", "TRACE /", "OPTIONS *"] {
        assert_eq!(status(&site.ask(line, "", "").await), 501, "{line}");
    }
    assert!(site.backend.seen.is_empty());
    // One to HTTP/2 may be passed over.
    let upgrade = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n";
    assert_eq!(status(&site.ask("GET /", upgrade, "").await), 200);
    assert_eq!((header(&site.seen(), "upgrade"), header(&site.seen(), "http2-settings")), (None, None));
}

#[tokio::test]
async fn a_body_is_framed_once_and_anew() {
    let site = Site::start().await;
    site.ask("POST /", "content-length: 3\r\n", "abc").await;
    assert!(site.seen().ends_with("\r\n\r\nabc") && header(&site.seen(), "content-length").unwrap() == "3");
    site.ask("POST /", "transfer-encoding: chunked\r\n", "3;ext=1\r\nabc\r\n0\r\n\r\n").await;
    assert!(site.seen().ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), "{}", site.seen());
    assert_eq!(
        (header(&site.seen(), "content-length"), header(&site.seen(), "transfer-encoding")),
        (None, Some("chunked".into()))
    );
}

#[tokio::test]
async fn a_request_whose_framing_is_in_doubt_is_never_passed_on_so() {
    let site = Site::start().await;
    let both = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    exchange(site.address, both).await;
    for seen in site.backend.seen.snapshot() {
        assert!(header(&seen, "content-length").is_none() || header(&seen, "transfer-encoding").is_none(), "{seen}");
        assert!(!seen.contains("smuggled"), "{seen}");
    }
}

#[tokio::test]
async fn answers_without_a_body_stay_so() {
    let site = Site::start().await;
    let none = site.ask("GET /none", "", "").await;
    assert!(status(&none) == 204 && none.ends_with("\r\n\r\n") && header(&none, "etag").unwrap() == "\"1\"", "{none}");
    let head = site.ask("HEAD /head", "", "").await;
    assert!(
        status(&head) == 200 && head.ends_with("\r\n\r\n") && header(&head, "content-length").unwrap() == "1234",
        "{head}"
    );
    let same = site.ask("GET /not-modified", "", "").await;
    assert!(status(&same) == 304 && same.ends_with("\r\n\r\n"), "{same}");
}

#[tokio::test]
async fn hints_before_the_answer_are_left_out() {
    let answer = Site::start().await.ask("GET /early", "", "").await;
    assert!(status(&answer) == 200 && answer.ends_with("ok"), "{answer}");
}

#[tokio::test]
async fn who_waits_to_send_its_body_is_told_to() {
    let site = Site::start().await;
    let answer = site.ask("POST /", "expect: 100-continue\r\ncontent-length: 3\r\n", "abc").await;
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "{answer}");
    assert_eq!(header(&site.seen(), "expect"), None);
}

#[tokio::test]
async fn trailers_pass() {
    let site = Site::start().await;
    let answer = site.ask("GET /trailers", "te: trailers\r\n", "").await;
    assert!(answer.ends_with("0\r\nx-sum: 7\r\n\r\n"), "{answer}");
    let body = "3\r\nabc\r\n0\r\nx-check: 9\r\n\r\n";
    site.ask("POST /", "transfer-encoding: chunked\r\ntrailer: x-check\r\n", body).await;
    assert!(site.seen().ends_with("0\r\nx-check: 9\r\n\r\n"), "{}", site.seen());
}

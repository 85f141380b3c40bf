//! Heads that are not as they should be (RFC 9112, sections 2 to 5).

use crate::site::Site;
use crate::wire::{Case, SMUGGLED, all_hold, case, statuses, until_closed};

fn head(name: &'static str, head: impl AsRef<[u8]>, replies: &'static [u16]) -> Case {
    let mut bytes = head.as_ref().to_vec();
    bytes.extend_from_slice(SMUGGLED.as_bytes());
    case(name, bytes, replies)
}

#[tokio::test]
async fn a_malformed_head_gets_400_and_ends_the_connection() {
    all_hold(vec![
        head("a folded line", "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n", &[400]),
        head("a folded line with a tab", "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n\tz\r\n\r\n", &[400]),
        head("a folded line at once", "GET / HTTP/1.1\r\n host: a\r\n\r\n", &[400]),
        head("a bare carriage return", "GET / HTTP/1.1\r\nhost: a\r\nx: y\rz: v\r\n\r\n", &[400]),
        head("NUL in a value", "GET / HTTP/1.1\r\nhost: a\r\nx: y\0z\r\n\r\n", &[400]),
        head("NUL in a name", "GET / HTTP/1.1\r\nhost: a\r\nx\0: y\r\n\r\n", &[400]),
        head("NUL in the target", "GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        head("a space before the colon", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length : 4\r\n\r\nfour", &[400]),
        head("a tab before the colon", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length\t: 4\r\n\r\nfour", &[400]),
        head("no colon", "GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n", &[400]),
        head("no name", "GET / HTTP/1.1\r\nhost: a\r\n: y\r\n\r\n", &[400]),
        head("no version", "GET /\r\nhost: a\r\n\r\n", &[400]),
        head("another version", "GET / HTTP/1.2\r\nhost: a\r\n\r\n", &[400]),
        head("HTTP/3.0", "GET / HTTP/3.0\r\nhost: a\r\n\r\n", &[400]),
        head("two spaces", "GET  / HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        head("more words", "GET / x HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        head("a method that is no token", "G(T / HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        head("no host", "GET / HTTP/1.1\r\nconnection: close\r\n\r\n", &[400]),
        head("two hosts", "GET / HTTP/1.1\r\nconnection: close\r\nhost: a\r\nhost: b\r\n\r\n", &[400]),
        head("garbage", "\x01\x02\x03\x04garbage\r\n\r\n", &[400]),
        head("the hello of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", &[400]),
        head("a preface that goes wrong", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", &[400]),
    ])
    .await;
}

/// RFC 9112, section 2.2 allows it; and who passes a head on may leave no line feed within a value (RFC 9110, section 5.5).
#[tokio::test]
async fn a_line_may_end_without_a_carriage_return() {
    let site = Site::start().await;
    let all = until_closed(&site, "GET / HTTP/1.1\nhost: a\nconnection: close\n\n").await;
    assert_eq!(statuses(&all), [200], "{all}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_ends_the_connection() {
    let long = "x".repeat(17 * 1024);
    all_hold(vec![
        head("the request line", format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n"), &[431]),
        head("the method", format!("{long} / HTTP/1.1\r\nhost: a\r\n\r\n"), &[431]),
        head("a value", format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"), &[431]),
        head("a name", format!("GET / HTTP/1.1\r\nhost: a\r\n{long}: y\r\n\r\n"), &[431]),
        head("many headers", format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(100)), &[431]),
        head("empty lines before", format!("{}GET / HTTP/1.1\r\nhost: a\r\n\r\n", "\r\n".repeat(64 << 10)), &[431]),
        head("no end", format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}", "x".repeat(1 << 20)), &[431]),
    ])
    .await;
}

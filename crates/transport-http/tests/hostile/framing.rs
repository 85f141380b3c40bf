//! Where one request ends and the next begins (RFC 9112, section 6): whatever is not sure is refused, and nothing after it is read as a request.

use crate::site::Site;
use crate::wire::{Case, SMUGGLED, all_hold, case, statuses, until_closed};

/// `POST /echo` with some headers and a body, and then a request that must not be served.
fn post(name: &'static str, headers: &str, body: &str, replies: &'static [u16]) -> Case {
    case(name, format!("POST /echo HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n{body}{SMUGGLED}"), replies)
}

#[tokio::test]
async fn a_length_that_is_not_one_number_gets_400_and_ends_the_connection() {
    all_hold(vec![
        post("differing", "content-length: 4\r\ncontent-length: 5", "four", &[400]),
        post("the second is longer", "content-length: 0\r\ncontent-length: 400", "", &[400]),
        post("signed", "content-length: +4", "four", &[400]),
        post("negative", "content-length: -4", "four", &[400]),
        post("a list", "content-length: 4, 4", "four", &[400]),
        post("a differing list", "content-length: 4, 5", "four", &[400]),
        post("hexadecimal", "content-length: 0x4", "four", &[400]),
        post("two words", "content-length: 4 4", "four", &[400]),
        post("a fraction", "content-length: 4.0", "four", &[400]),
        post("empty", "content-length:", "", &[400]),
        post("over 64 bits", "content-length: 18446744073709551620", "four", &[400]),
        post("underscored", "content-length: 1_0", "four", &[400]),
        post("no digits", "content-length: four", "four", &[400]),
    ])
    .await;
}

#[tokio::test]
async fn the_same_length_twice_is_that_length() {
    let site = Site::start().await;
    let twice = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\nfour";
    let next = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let all = until_closed(&site, format!("{twice}{next}")).await;
    assert_eq!(statuses(&all), [200, 200], "{all}");
    assert!(all.contains("four") && all.ends_with("hello"), "{all}");
}

#[tokio::test]
async fn after_both_a_length_and_chunks_the_chunks_count_and_the_connection_is_closed() {
    let chunks = "4\r\nfour\r\n0\r\n\r\n";
    all_hold(vec![
        post("length first", "content-length: 4\r\ntransfer-encoding: chunked", chunks, &[200]),
        post("chunks first", "transfer-encoding: chunked\r\ncontent-length: 4", chunks, &[200]),
        post("no length's worth", "content-length: 0\r\ntransfer-encoding: chunked", chunks, &[200]),
        post("more", "transfer-encoding: chunked\r\ncontent-length: 400", chunks, &[200]),
        post("no number", "transfer-encoding: chunked\r\ncontent-length: x", chunks, &[200]),
        post("kept alive", "connection: keep-alive\r\ncontent-length: 4\r\ntransfer-encoding: chunked", chunks, &[200]),
        post("an end at once", "content-length: 400\r\ntransfer-encoding: chunked", "0\r\n\r\n", &[200]),
    ])
    .await;
}

#[tokio::test]
async fn a_coding_that_is_not_chunked_alone_is_refused_and_ends_the_connection() {
    let chunks = "4\r\nfour\r\n0\r\n\r\n";
    all_hold(vec![
        post("xchunked", "transfer-encoding: xchunked", chunks, &[400]),
        post("chunked is not the last", "transfer-encoding: chunked, identity", chunks, &[400]),
        post("identity", "transfer-encoding: identity", chunks, &[400]),
        post("empty", "transfer-encoding:", chunks, &[400]),
        post("quoted", "transfer-encoding: \"chunked\"", chunks, &[400]),
        post("with a parameter", "transfer-encoding: chunked;q=1", chunks, &[400]),
        post("a vertical tab", "transfer-encoding: \x0bchunked", chunks, &[400]),
        post("another later", "transfer-encoding: chunked\r\ntransfer-encoding: identity", chunks, &[400]),
        post("twice", "transfer-encoding: chunked, chunked", chunks, &[501]),
        post("on two lines", "transfer-encoding: chunked\r\ntransfer-encoding: chunked", chunks, &[501]),
        post("identity before", "transfer-encoding: identity, chunked", chunks, &[501]),
        post("identity on a line before", "transfer-encoding: identity\r\ntransfer-encoding: chunked", chunks, &[501]),
        post("gzip before", "transfer-encoding: gzip, chunked", chunks, &[501]),
        post("a comma too many", "transfer-encoding: ,chunked", chunks, &[501]),
        case(
            "in HTTP/1.0",
            format!("POST /echo HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{SMUGGLED}"),
            &[400],
        ),
        case(
            "in HTTP/1.0, kept alive, with a length",
            format!(
                "POST /echo HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\ncontent-length: 4\r\n\
                 transfer-encoding: chunked\r\n\r\n{chunks}{SMUGGLED}"
            ),
            &[400],
        ),
    ])
    .await;
}

fn chunked(name: &'static str, body: impl AsRef<str>) -> Case {
    post(name, "transfer-encoding: chunked", body.as_ref(), &[400])
}

#[tokio::test]
async fn a_chunk_that_is_not_well_formed_gets_400_and_ends_the_connection() {
    all_hold(vec![
        chunked("0x", "0x4\r\nfour\r\n0\r\n\r\n"),
        chunked("negative", "-1\r\nfour\r\n0\r\n\r\n"),
        chunked("signed", "+4\r\nfour\r\n0\r\n\r\n"),
        chunked("17 digits", "10000000000000004\r\nfour\r\n0\r\n\r\n"),
        chunked("over 64 bits", "ffffffffffffffffff\r\nfour\r\n0\r\n\r\n"),
        chunked("empty", "\r\nfour\r\n0\r\n\r\n"),
        chunked("a space before", " 4\r\nfour\r\n0\r\n\r\n"),
        chunked("a space within", "4 4\r\nfour\r\n0\r\n\r\n"),
        chunked("no hexadecimal", "g\r\nfour\r\n0\r\n\r\n"),
        chunked("underscored", "0_4\r\nfour\r\n0\r\n\r\n"),
        chunked("only an extension", ";x=y\r\nfour\r\n0\r\n\r\n"),
        chunked("no line feed after the size", "4\rfour\r\n0\r\n\r\n"),
        chunked("no carriage return after the size", "4\nfour\r\n0\r\n\r\n"),
        chunked("a line feed in an extension", "4;x\nfour\r\n0\r\n\r\n"),
        chunked("a carriage return in an extension", "4;x\ry\r\nfour\r\n0\r\n\r\n"),
        chunked("nothing after the data", "4\r\nfour0\r\n\r\n"),
        chunked("only a line feed after the data", "4\r\nfour\n0\r\n\r\n"),
        chunked("more data than said", "3\r\nfour\r\n0\r\n\r\n"),
        chunked("less data than said", "5\r\nfour\r\n0\r\n\r\n"),
        chunked("a bare line feed at the end", "4\r\nfour\r\n0\n\r\n"),
    ])
    .await;
}

#[tokio::test]
async fn chunk_extensions_and_trailers_have_an_end() {
    let long = "x".repeat(17 * 1024);
    all_hold(vec![
        chunked("a long extension", format!("4;{long}\r\nfour\r\n0\r\n\r\n")),
        chunked("many extensions", format!("{}0\r\n\r\n", format!("1;{}\r\nx\r\n", "y".repeat(1000)).repeat(20))),
        chunked("a long trailer", format!("4\r\nfour\r\n0\r\nx: {long}\r\n\r\n")),
        chunked("many trailers", format!("4\r\nfour\r\n0\r\n{}\r\n", "x: y\r\n".repeat(2000))),
        chunked("endless trailers", format!("4\r\nfour\r\n0\r\n{}", "x: y\r\n".repeat(20_000))),
    ])
    .await;
}

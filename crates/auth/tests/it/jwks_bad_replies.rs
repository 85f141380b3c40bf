//! Replies that are no key set: the keys that there are stay, and it is told. The server is written by hand, since no
//! decent one replies so.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use towerkit_auth::{JwksEvent, JwksUrl};
use towerkit_http_client::HttpClient;

use crate::jwks_issuer::{Running, SOON, told};
use crate::jwks_keys::{SigningKey, jwks, said_of, verifier};

#[derive(Clone)]
enum Reply {
    /// These bytes, and the end of the connection.
    Bytes(String),
    /// These, and then others again and again, with a pause.
    Endless(String, String, Duration),
}

fn reply(status: &str, body: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
}

/// Serves what is in it, which may change; gives its URL.
async fn server(replies: Arc<Mutex<Reply>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let reply = replies.lock().unwrap().clone();
            tokio::spawn(answer(connection, reply));
        }
    });
    url
}

async fn answer(mut connection: TcpStream, reply: Reply) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await?);
    }
    match reply {
        Reply::Bytes(bytes) => connection.write_all(bytes.as_bytes()).await,
        Reply::Endless(head, piece, pause) => {
            connection.write_all(head.as_bytes()).await?;
            loop {
                connection.write_all(piece.as_bytes()).await?;
                sleep(pause).await;
            }
        }
    }
}

/// What is told of a reply; the old key stays, and no other comes.
async fn failure(reply_after: impl FnOnce(&SigningKey) -> Reply) -> String {
    // Long enough for whatever does end, on a machine that is busy.
    failure_within(Duration::from_secs(20), reply_after).await
}

async fn failure_within(limit: Duration, reply_after: impl FnOnce(&SigningKey) -> Reply) -> String {
    let (old, evil) = (SigningKey::new("old", 1), SigningKey::new("evil", 66));
    let replies = Arc::new(Mutex::new(reply("200 OK", &jwks([&old]))));
    let url = server(Arc::clone(&replies)).await;
    let keys = JwksUrl::new(&url, HttpClient::plain()).unwrap().timeout(limit).max_wait(SOON);
    let (keys, events) = told(keys.cool_down(Duration::ZERO));
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");

    *replies.lock().unwrap() = reply_after(&evil);
    assert_eq!(said_of(&verifier, &evil.token()).await, "unknown_key");
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
    let told = events.wait_len(2, SOON).await;
    let JwksEvent::Failed { .. } = told[1] else { panic!("{told:?}") };
    let text = told[1].to_string();
    let text = text.strip_prefix(&format!("{url}: ")).unwrap();
    text.split("; the next fetch is in ").next().unwrap().to_owned()
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
/// For what would take for ever; the good reply before comes in time on a busy machine too.
const LIMIT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_reply_that_never_ends_is_cut_off_in_time() {
    let endless = |_: &_| Reply::Endless(format!("{OK}\r\n"), " ".into(), Duration::from_millis(10));
    assert_eq!(failure_within(LIMIT, endless).await, "no answer within 2s");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off_in_time() {
    let endless = |_: &_| Reply::Endless(format!("{OK}x: "), "x".into(), Duration::from_millis(10));
    assert_eq!(failure_within(LIMIT, endless).await, "no answer within 2s");
}

#[tokio::test]
async fn silence_is_cut_off_in_time() {
    let silence = |_: &_| Reply::Endless(String::new(), String::new(), Duration::from_millis(10));
    assert_eq!(failure_within(LIMIT, silence).await, "no answer within 2s");
}

#[tokio::test]
async fn a_huge_reply_is_not_read_whether_it_says_so_or_not() {
    let says_so =
        |_: &_| Reply::Endless(format!("{OK}content-length: 1000000000000\r\n\r\n"), String::new(), Duration::MAX);
    assert_eq!(failure(says_so).await, "the reply has more than 524288 bytes");
    let says_nothing = |_: &_| Reply::Endless(format!("{OK}\r\n"), " ".repeat(64 * 1024), Duration::ZERO);
    assert_eq!(failure(says_nothing).await, "the reply has more than 524288 bytes");
}

#[tokio::test]
async fn a_hundred_thousand_keys_are_too_many() {
    let empty = |_: &_| reply("200 OK", &format!(r#"{{"keys":[{}{{}}]}}"#, "{},".repeat(99_999)));
    assert_eq!(failure(empty).await, "the key set can't be used: it has more than 256 keys");
    let good = |evil: &SigningKey| reply("200 OK", &format!(r#"{{"keys":[{}]}}"#, [&*evil.jwk(); 100_000].join(",")));
    assert_eq!(failure(good).await, "the reply has more than 524288 bytes");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let evil = SigningKey::new("evil", 66);
    let elsewhere = server(Arc::new(Mutex::new(reply("200 OK", &jwks([&evil]))))).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let head = format!("HTTP/1.1 {status}\r\nlocation: {elsewhere}\r\nconnection: close\r\n");
        let redirect = |evil: &_| {
            let body = jwks([evil]);
            Reply::Bytes(format!("{head}content-length: {}\r\n\r\n{body}", body.len()))
        };
        assert_eq!(failure(redirect).await, format!("the reply is {status}, and redirects are not followed"));
    }
}

#[tokio::test]
async fn a_status_other_than_200_is_a_failure_whatever_it_brings() {
    for status in ["500 Internal Server Error", "404 Not Found", "201 Created", "206 Partial Content"] {
        let with_keys = |evil: &_| reply(status, &jwks([evil]));
        let said = failure(with_keys).await;
        assert!(said.starts_with(&format!("the reply is {status}: ")), "{said}");
    }
    let long = |_: &_| reply("500 Internal Server Error", &"a\n".repeat(10_000));
    assert!(failure(long).await.len() < 1000);
}

#[tokio::test]
async fn what_is_no_key_set_is_a_failure() {
    for garbage in ["", "\0", "null", "[]", "{}", "<html>", r#"{"keys":null}"#, r#"{"keys":{}}"#, r#"{"keys":[]"#] {
        let said = failure(|_| reply("200 OK", garbage)).await;
        assert!(said.starts_with("the key set can't be used: it can't be read at "), "{garbage}: {said}");
    }
    let deep = "[".repeat(100_000);
    assert!(failure(|_| reply("200 OK", &format!(r#"{{"keys":{deep}"#))).await.starts_with("the key set can't"));
}

#[tokio::test]
async fn a_set_without_a_key_that_can_be_used_is_a_failure() {
    assert_eq!(failure(|_| reply("200 OK", r#"{"keys":[]}"#)).await, "the key set can't be used: it has no keys");
    let secret =
        r#"{"keys":[{"kty":"oct","alg":"HS256","kid":"evil","k":"MzIgYnl0ZXMgdGhhdCBub2JvZHkgZWxzZSBrbm93cy4"}]}"#;
    let said = failure(|_| reply("200 OK", secret)).await;
    assert!(said.contains("it is a secret, and those are not allowed"), "{said}");
    assert!(!said.contains("MzIg"), "{said}");
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_a_failure() {
    let half = |evil: &_| {
        let body = jwks([evil]);
        Reply::Bytes(format!("{OK}content-length: {}\r\n\r\n{body}", body.len() + 1))
    };
    let said = failure(half).await;
    // Which of the two it is depends on whether the client sees the end before it gives the head on.
    assert!(said.starts_with("the reply broke off: ") || said.starts_with("no answer: "), "{said}");
}

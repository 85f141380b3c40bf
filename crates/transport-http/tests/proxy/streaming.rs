//! Bodies go through while they come.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::site::Site;

const BOUND: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_part_of_an_answer_arrives_before_the_rest_is_there_and_who_leaves_ends_it() {
    let site = Site::start().await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(b"GET /drip HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    let mut more = [0; 4096];
    while seen.iter().filter(|byte| **byte == b'x').count() < 5 {
        let read = tokio::time::timeout(BOUND, stream.read(&mut more)).await.unwrap().unwrap();
        assert!(read > 0);
        seen.extend_from_slice(&more[..read]);
    }
    drop(stream);
    site.backend.gone.wait_len(1, BOUND).await;
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_answer_ends_the_backends_call() {
    let site = Site::start().await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    site.backend.seen.wait_len(1, BOUND).await;
    drop(stream);
    site.backend.gone.wait_len(1, BOUND).await;
}

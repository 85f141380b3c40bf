use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const LONG: Duration = Duration::from_secs(10);

/// A server of one connection, which answers each request on it with the next of these texts. It hands over what it was sent, and lets go of the
/// connection only when it is dropped; a text that is empty ends the connection.
pub(crate) async fn server(replies: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut requests = Vec::new();
        for reply in replies {
            let mut request = String::new();
            while !request.contains("\r\n\r\n") {
                let mut piece = [0; 4096];
                let length = connection.read(&mut piece).await.unwrap();
                assert!(length > 0, "no request");
                request.push_str(std::str::from_utf8(&piece[..length]).unwrap());
            }
            requests.push(request);
            if reply.is_empty() {
                return requests;
            }
            connection.write_all(reply.as_bytes()).await.unwrap();
        }
        // Until the client lets go of it.
        let _ = connection.read(&mut [0]).await;
        requests
    });
    (url, task)
}

pub(crate) fn reply(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}
